"""A panel of a plot: where numbers lie in it, its grid and its ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lesson_utils.picture.pieces import EDGE_OF_PAPER, FAINT, line, text_width

PANEL, HEIGHT = 352.0, 210.0  # size of a panel in pixels


@dataclass(frozen=True)
class Frame:
    """Where numbers lie on the paper: a panel with its left upper corner and two ranges."""

    left: float
    top: float
    xs: tuple[float, float]
    ys: tuple[float, float]

    def x(self, number: float) -> float:
        """The place of a number from left to right."""
        low, high = self.xs
        return self.left + PANEL * (number - low) / (high - low)

    def y(self, number: float) -> float:
        """The place from above; numbers far beyond are brought nearer, so that SVG can clip."""
        low, high = self.ys
        share = min(40.0, max(-40.0, (number - low) / (high - low)))
        return self.top + HEIGHT * (1 - share)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        """A line through points, as SVG writes it."""
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)


def axes(frame: Frame, title: str) -> str:
    """Title, grid and numbers of a panel."""
    out = line((fit(title, PANEL, 15), "name")).draw(frame.left, frame.top - 24)
    bottom = frame.top + HEIGHT
    for tick in ticks(*frame.ys):
        y = frame.y(tick)
        strong = ' stroke-width="1.5"' if tick == 0 else ""
        out += (
            f'<path d="M{frame.left:.1f} {y:.1f}h{PANEL:.1f}" stroke="{EDGE_OF_PAPER}"{strong}/>'
            f'<text x="{frame.left - 7:.1f}" y="{y + 4.5:.1f}" font-size="13" fill="{FAINT}" '
            f'text-anchor="end">{tick:.10g}</text>'
        )
    for tick in ticks(*frame.xs):
        x, label = frame.x(tick), f"{tick:.10g}"
        middle = min(x, frame.left + PANEL + 20 - text_width(label, 13) / 2)
        out += (
            f'<path d="M{x:.1f} {frame.top:.1f}v{HEIGHT:.1f}" stroke="{EDGE_OF_PAPER}"/>'
            f'<text x="{middle:.1f}" y="{bottom + 16:.1f}" font-size="13" fill="{FAINT}" '
            f'text-anchor="middle">{label}</text>'
        )
    return out


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers within a range: steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * each for each in (1, 2, 5, 10) if (high - low) / (power * each) <= most)
    first = math.ceil(low / step)
    return [float(f"{i * step:.12g}") for i in range(first, math.floor(high / step) + 1)]


def clipped(frame: Frame, inside: str, mark: str) -> str:
    """What lies inside a panel, cut off at its edges; `mark` is an id of its own in the picture."""
    box = f'x="{frame.left:.1f}" y="{frame.top:.1f}" width="{PANEL}" height="{HEIGHT}"'
    return f'<clipPath id="{mark}"><rect {box}/></clipPath><g clip-path="url(#{mark})">{inside}</g>'


def fit(text: str, room: float, size: float) -> str:
    """As much of a text as `room` pixels hold."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text}…"
