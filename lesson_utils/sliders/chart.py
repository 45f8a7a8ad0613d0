"""The picture of a curve: with the point of now, and PyTorch's gradient as the slope there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lesson_utils.picture.page import inline, scrolling
from lesson_utils.picture.pieces import (
    BLUE,
    EDGE_OF_PAPER,
    FAINT,
    FONT,
    INK,
    PAPER,
    RED,
    SMALL,
    escape,
    fit,
    fold,
    line,
    text_width,
)
from lesson_utils.picture.shown import Picture
from lesson_utils.sliders.curve import Curve
from lesson_utils.sliders.here import Here, said_number

WIDTH, HEIGHT, MARGIN = 290.0, 200.0, 14.0  # of the sheet, and of the panel in it
TOP = 62.0  # of the panel: above it are the slope, and the name of the result
_REACH = 70.0  # pixels that the tangent goes to each side
_TICKS = 6
_NOTHING = "nothing is differentiated here"


class Chart(Picture):
    """A curve, the point of now on it, and its tangent there.

    Args:
        curve: The curve; it has points.
        x: The input of now.
        now: What the graph says there; None where nothing is differentiated.
        scale: Size on screen.
    """

    def __init__(self, curve: Curve, x: float, now: Here | None, scale: float = 1.0) -> None:
        self._by, self._points, self._x, self._now = curve.by, curve.points, x, now
        self._scale = scale
        self._held = [f"{name} = {said_number(number)}" for name, number in curve.held]
        pad = 0.08 * (curve.high - curve.low)
        self._low, self._high = curve.low - pad, curve.high + pad
        self._ticks = ticks(self._low, self._high)
        widest = max(text_width(text, SMALL) for _, text in self._ticks)
        self._left = MARGIN + widest + 6
        self._width = WIDTH - self._left - MARGIN - 6
        # How much a pixel is.
        self._per_x = (curve.by.max - curve.by.min) / self._width
        self._per_y = (self._high - self._low) / HEIGHT

    @property
    def svg(self) -> str:
        """The picture, the same bytes for the same point."""
        now = self._now
        look = "note" if now is None or now.slope is None else "gradient"
        told = now.says if now else _NOTHING
        if not self._by.min <= self._x <= self._by.max:
            told = f"{self._by.name} = {said_number(self._x)} lies outside"
        says = fit(told, WIDTH - 2 * MARGIN, SMALL)
        title = line((says, look)).draw(MARGIN, MARGIN - 4)
        name = line((fit(now.result if now else "", WIDTH - 2 * MARGIN, 15), "name"))
        axes, height = self._axes()
        width = WIDTH * self._scale
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
            f'height="{height * self._scale:.0f}" viewBox="0 0 {WIDTH:.1f} {height:.1f}" '
            f'role="img" aria-label="{escape(self.text)}" font-family="{FONT}">'
            f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1:.1f}" '
            f'height="{height - 1:.1f}" rx="8" fill="{PAPER}" stroke="{EDGE_OF_PAPER}"/>'
            + title + name.draw(MARGIN, TOP - 24) + axes
            # A picture in the picture cuts off what leaves it.
            + f'<svg x="{self._left:.1f}" y="{TOP:.1f}" width="{self._width:.1f}" '
            f'height="{HEIGHT:.1f}" overflow="hidden">{self._line()}{self._point()}</svg></svg>'
        )  # fmt: skip

    @property
    def inline(self) -> str:
        """The picture as a part of the page itself."""
        return scrolling(inline(self.svg))

    @property
    def text(self) -> str:
        """The same in words."""
        by, now = self._by, self._now
        result = now.result if now else "the result"
        ends = [y for _, y in self._points if math.isfinite(y)]
        held = f", with {', '.join(self._held)}" if self._held else ""
        gaps = "" if len(ends) == len(self._points) else ", with gaps"
        says = (
            f"{result} = {said_number(now.y)}; {now.says}"
            if now and now.y is not None
            else _NOTHING
        )
        return (
            f"Curve of {result} against {by.name} from {said_number(by.min)} to "
            f"{said_number(by.max)}{held}: it goes from {said_number(ends[0])} to "
            f"{said_number(ends[-1])}{gaps}. At {by.name} = {said_number(self._x)} {says}."
        )

    def _axes(self) -> tuple[str, float]:
        """Axes with round numbers, and below them what is held; and the height of it all."""
        right, bottom = self._left + self._width, TOP + HEIGHT
        out = []
        for y, text in self._ticks:
            at = TOP + self._down(y)
            out.append(_rule(f"M{self._left:.1f} {at:.1f}H{right:.1f}", is_zero=y == 0))
            label = line((text, "note"))
            out.append(label.draw(self._left - 6 - label.width, at - 8))
        by, last = self._by, -math.inf
        for x, text in ticks(by.min, by.max):
            at, label = self._left + self._across(x), line((text, "note"))
            out.append(_rule(f"M{at:.1f} {TOP:.1f}V{bottom:.1f}", is_zero=x == 0))
            start = min(at - label.width / 2, WIDTH - 4 - label.width)
            if start > last + 6:
                out.append(label.draw(start, bottom + 3))
                last = start + label.width
        name = line((fit(by.name, self._width, 15), "name"))
        out.append(name.draw(right - name.width, bottom + 19))
        y = bottom + 21
        parts = [f"{part}," for part in self._held[:-1]] + self._held[-1:]
        for row in fold(["with", *parts] if parts else [], self._width - name.width - 12, SMALL):
            out.append(line((fit(row, WIDTH - 2 * MARGIN, SMALL), "note")).draw(self._left, y))
            y += 17
        return "".join(out), max(y, bottom + 38) + MARGIN - 6

    def _line(self) -> str:
        """The line, which starts anew after each gap; a point that stands alone is a dot."""
        path, drawing = [], False
        for x, y in self._points:
            if math.isfinite(y):
                at = f"{self._across(x):.1f} {self._down(y):.1f}"
                path.append(at if drawing else f"M{at}L{at}")
            drawing = math.isfinite(y)
        return (
            f'<path class="curve" d="{" ".join(path)}" fill="none" stroke="{BLUE}" '
            'stroke-width="2.2" stroke-linejoin="round" stroke-linecap="round"/>'
        )

    def _point(self) -> str:
        """Where the curve is left and down of the point, its tangent, and the point."""
        now = self._now
        if now is None or now.y is None or not math.isfinite(now.y):
            return ""
        left, down = self._across(self._x), self._down(now.y)
        out = (
            f'<path class="foot" d="M0 {down:.1f}H{left:.1f}V{HEIGHT:.1f}" fill="none" '
            f'stroke="{FAINT}" stroke-dasharray="1 3"/>'
        )
        if now.slope is not None and not math.isnan(now.slope):
            rise = -now.slope * self._per_x / self._per_y  # pixels down for one across
            step = math.hypot(1.0, rise)
            across, along = (
                (_REACH / step, _REACH * rise / step)
                if math.isfinite(step)
                else (0.0, math.copysign(_REACH, rise))
            )
            out += (
                f'<path class="tangent" d="M{left - across:.1f} {down - along:.1f}'
                f'L{left + across:.1f} {down + along:.1f}" stroke="{RED}" stroke-width="3"/>'
            )
        return out + (
            f'<circle class="now" cx="{left:.1f}" cy="{down:.1f}" r="5.5" fill="{INK}" '
            f'stroke="{PAPER}" stroke-width="1.5"/>'
        )

    def _across(self, x: float) -> float:
        return (x - self._by.min) / self._per_x

    def _down(self, y: float) -> float:
        """Pixels below the upper edge; SVG knows no 1e300."""
        return min(max((self._high - y) / self._per_y, -50 * HEIGHT), 50 * HEIGHT)


@dataclass(frozen=True)
class Note:
    """What is said where there is no curve.

    Attributes:
        text: A sentence, or nothing.
    """

    text: str

    @property
    def html(self) -> str:
        """The sentence in a piece of a page."""
        return f"<p>{escape(self.text)}</p>" if self.text else ""

    @property
    def inline(self) -> str:
        """The same."""
        return self.html


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers in a range, and how they are written."""
    power = 10.0 ** math.floor(math.log10((high - low) / _TICKS))
    step = next(r * power for r in (1, 2, 5, 10) if r * power * _TICKS >= (high - low) * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    numbers = [float(f"{i * step:.12g}") for i in range(first, last + 1)]
    return [(number, f"{number:.12g}".replace("-", "−")) for number in numbers]


def _rule(path: str, *, is_zero: bool) -> str:
    """A line of the grid; those through zero are stronger."""
    return f'<path d="{path}" stroke="{FAINT if is_zero else EDGE_OF_PAPER}"/>'
