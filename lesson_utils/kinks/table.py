"""Many kinks side by side: what PyTorch chooses, one line for each function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lesson_utils.kinks.axes import fit
from lesson_utils.kinks.kink import Kink, kink
from lesson_utils.kinks.plot import MARGIN, WIDTH, paper
from lesson_utils.kinks.probe import Function
from lesson_utils.kinks.rules import plain
from lesson_utils.picture.page import image
from lesson_utils.picture.pieces import (
    EDGE_OF_PAPER,
    FAINT,
    ORANGE,
    PAPER,
    RED,
    VIOLET,
    line,
    text_width,
)

ROW, AXIS, NAME = 32.0, 190.0, 240.0  # height of a row; lengths of number line and longest name


@dataclass(frozen=True)
class Atlas:
    """A table of kinks. Shows itself in a notebook, with a number line for each.

    Attributes:
        kinks: Names and kinks, in order.
    """

    kinks: tuple[tuple[str, Kink], ...]

    @property
    def text(self) -> str:
        """The table in words."""
        rows = [("function", "left", "right", "PyTorch", "rule")]
        rows += [(name, *_numbers(each), verdict(each)) for name, each in self.kinks]
        wide = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join(
            f"{row[0]:<{wide[0]}}  {row[1]:>{wide[1]}}  {row[2]:>{wide[2]}}  "
            f"{row[3]:>{wide[3]}}  {row[4]}"
            for row in rows
        )

    @property
    def svg(self) -> str:
        """The table as SVG, the same bytes on every run."""
        heads = ("function", "left", "right", "PyTorch", "between the slopes ▬  PyTorch ●", "rule")
        names = [fit(name, NAME, 14) for name, _ in self.kinks]
        widest = max(text_width(each, 14) for each in names)
        lefts = [MARGIN, MARGIN + max(widest, 60) + 22]
        lefts += [lefts[1] + 58, lefts[1] + 116, lefts[1] + 190, lefts[1] + 190 + AXIS + 30]
        body = "".join(
            line((text, "note")).draw(x, MARGIN) for text, x in zip(heads, lefts, strict=True)
        )
        slopes = [s for _, k in self.kinks for s in (k.left, k.right, k.autograd or 0.0)]
        finite = [each for each in slopes if math.isfinite(each)] + [0.0, 1.0]
        ends = min(finite), max(finite)
        y = MARGIN + 26
        ends_at = max(lefts[5] + text_width(verdict(each), 13) for _, each in self.kinks)
        width = max(WIDTH, ends_at + MARGIN)
        for name, (_, each) in zip(names, self.kinks, strict=True):
            body += (
                f'<path d="M{MARGIN} {y - 3:.1f}H{width - MARGIN:.1f}" stroke="{EDGE_OF_PAPER}"/>'
            )
            numbers = zip((name, *_numbers(each)), lefts, strict=False)
            for i, (text, x) in enumerate(numbers):
                look = ("formula", "formula", "formula", "gradient")[i]
                body += line((text, look)).draw(x, y + 5)
            body += _number_line(each, lefts[4], y + ROW / 2 - 2, ends)
            body += line((verdict(each), "small")).draw(lefts[5], y + 5)
            y += ROW
        return paper(body, width, y + 4, self.text)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": image(self.svg, self.text), "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def atlas(functions: Mapping[str, Function | Kink], at: float = 0.0) -> Atlas:
    """Compare functions at a point: their slopes, and what PyTorch answers.

    Args:
        functions: Names, and functions as `kink` takes them; or kinks, where
            the points differ.
        at: The point, a finite number.

    Raises:
        TypeError: `functions` is no mapping; otherwise as `kink`.
        ValueError: There are none; otherwise as `kink`.
    """
    if not isinstance(functions, Mapping):
        raise TypeError(
            f"atlas() takes names and functions, not {type(functions).__name__}: "
            'write atlas({"relu": F.relu, "abs": torch.abs})'
        )
    if not functions:
        raise ValueError("atlas() takes at least one function")
    return Atlas(
        tuple(
            (str(name), each if isinstance(each, Kink) else kink(each, at))
            for name, each in functions.items()
        )
    )


def verdict(it: Kink) -> str:
    """Whether PyTorch keeps the rule that applies, in a few words."""
    rule = it.rule
    if rule.kept is None or (rule.kept and not rule.asks):
        return f"rule {rule.number}"
    if rule.kept:
        return f"keeps rule {rule.number}"
    asks = f"asks for {rule.asked}" if rule.asks else "refuses"
    if it.elementary or not it.operations:
        return f"departs: rule {rule.number} {asks}"
    many = f"{len(it.operations)} operations"
    if len(it.operations) == 1:
        many = f"{it.reads} inputs"
    return f"{many}; in all, rule {rule.number} {asks}"


def _numbers(it: Kink) -> tuple[str, str, str]:
    left, right = ("none" if math.isnan(each) else plain(each) for each in (it.left, it.right))
    return left, right, "refuses" if it.autograd is None else plain(it.autograd)


def _number_line(it: Kink, left: float, y: float, ends: tuple[float, float]) -> str:
    """All slopes from the least to the greatest: the interval, its ends, and PyTorch's choice."""

    def x(slope: float) -> float:
        return left + AXIS * (slope - ends[0]) / (ends[1] - ends[0])

    out = f'<path d="M{left:.1f} {y:.1f}h{AXIS}" stroke="{EDGE_OF_PAPER}"/>'
    out += f'<path d="M{x(0):.1f} {y - 5:.1f}v10" stroke="{FAINT}"/>'
    if it.subdifferential is not None:
        low, high = map(x, it.subdifferential)
        out += (
            f'<path class="interval" d="M{low:.1f} {y:.1f}H{high:.1f}" stroke="{VIOLET}" '
            'stroke-width="8" stroke-opacity="0.3"/>'
        )
    for slope, colour in ((it.left, VIOLET), (it.right, ORANGE)):
        if math.isfinite(slope):
            out += (
                f'<circle cx="{x(slope):.1f}" cy="{y:.1f}" r="5.5" fill="{PAPER}" '
                f'stroke="{colour}" stroke-width="2"/>'
            )
    if it.autograd is None or math.isnan(it.autograd):
        return out
    if math.isinf(it.autograd):
        tip, way = (left + AXIS + 14, 1) if it.autograd > 0 else (left - 14, -1)
        arrow = f"M{tip - way * 16:.1f} {y:.1f}H{tip:.1f}m{-way * 6} -5l{way * 6} 5l{-way * 6} 5"
        return (
            out
            + f'<path class="choice" d="{arrow}" stroke="{RED}" stroke-width="2.5" fill="none"/>'
        )
    return (
        out + f'<circle class="choice" cx="{x(it.autograd):.1f}" cy="{y:.1f}" r="4" fill="{RED}"/>'
    )
