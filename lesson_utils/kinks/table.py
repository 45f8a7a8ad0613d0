"""Many kinks side by side: what PyTorch chooses, one line for each function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from lesson_utils.kinks.kink import Kink, kink
from lesson_utils.kinks.paper import HUGE, Box, axes, paper, plotted, scale_of
from lesson_utils.kinks.plot import MARGIN, SIDES
from lesson_utils.kinks.probe import Function
from lesson_utils.kinks.rules import plain
from lesson_utils.picture.pieces import (
    EDGE_OF_PAPER,
    FAINT,
    INDIGO,
    OLIVE,
    PAPER,
    RED,
    fit,
    line,
    text_width,
)
from lesson_utils.picture.shown import Picture
from lesson_utils.words.look import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, AXIS, NAME = 32.0, 190.0, 240.0  # height of a row; lengths of number line and longest name


@dataclass(frozen=True, repr=False)
class KinkTable(Picture):
    """A table of kinks. Shows itself in a notebook, with a number line for each.

    Attributes:
        kinks: Names and kinks, in order.
    """

    kinks: tuple[tuple[str, Kink], ...]

    @property
    def text(self) -> str:
        """The table in words."""
        rows = [("function", "left", "right", "PyTorch", "rule")]
        rows += [(name, *_numbers(entry), verdict(entry)) for name, entry in self.kinks]
        wide = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join(
            f"{row[0]:<{wide[0]}}  {row[1]:>{wide[1]}}  {row[2]:>{wide[2]}}  "
            f"{row[3]:>{wide[3]}}  {row[4]}"
            for row in rows
        )

    @property
    def svg(self) -> str:
        """The table as SVG, the same bytes on every run."""
        rows = [(fit(name, NAME, 14), *_numbers(entry)) for name, entry in self.kinks]
        cells = [("function", "left", "right", "PyTorch"), *rows]
        wide = [24 + max(text_width(row[i], 14) for row in cells) for i in range(4)]
        lefts = list(accumulate([MARGIN, *wide, AXIS + 30]))
        verdicts = [verdict(entry) for _, entry in self.kinks]
        width = max(WIDTH, lefts[5] + max(text_width(words, 13) for words in verdicts) + MARGIN)
        top, bottom = MARGIN + 22, MARGIN + 22 + ROW * len(rows)
        written = ""
        heads = (*cells[0], "between the slopes ▬  PyTorch ●", "rule")
        for text, x in zip(heads, lefts, strict=True):
            written += line((text, "note"), most=13).draw(x, MARGIN)
        for i, (row, said) in enumerate(zip(rows, verdicts, strict=True)):
            y = top + ROW * i
            written += (
                f'<path d="M{MARGIN} {y:.1f}H{width - MARGIN:.1f}" stroke="{EDGE_OF_PAPER}"/>'
            )
            looks = ("formula", "formula", "formula", "gradient", "small")
            for text, look, x in zip((*row, said), looks, (*lefts[:4], lefts[5]), strict=True):
                written += line((text, look), most=14 if look == "formula" else 13).draw(x, y + 8)

        def draw(figure: Figure) -> None:
            nonlocal written
            lines = _number_lines(figure, self.kinks, (lefts[4], top, AXIS, bottom - top))
            written += line((scale_of(lines.xaxis), "note"), most=13).draw(lefts[5], bottom + 3)

        body = plotted(width, bottom + 26, self.text, draw)
        return paper(body + written, width, bottom + 26, self.text)


def kink_table(functions: Mapping[str, Function | Kink], at: float = 0.0) -> KinkTable:
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
            f"kink_table() takes names and functions, not {type(functions).__name__}: "
            'write kink_table({"relu": F.relu, "abs": torch.abs})'
        )
    if not functions:
        raise ValueError("kink_table() takes at least one function")
    return KinkTable(
        tuple(
            (str(name), function if isinstance(function, Kink) else kink(function, at))
            for name, function in functions.items()
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
    left, right = ("none" if math.isnan(slope) else plain(slope) for slope in (it.left, it.right))
    return left, right, "refuses" if it.autograd is None else plain(it.autograd)


def _number_lines(figure: Figure, kinks: tuple[tuple[str, Kink], ...], box: Box) -> Axes:
    """All slopes in rows from left to right: an interval, its ends, and PyTorch's choice."""
    slopes = [s for _, k in kinks for s in (k.left, k.right, k.autograd or 0.0)]
    finite = [slope for slope in slopes if abs(slope) < HUGE] + [0.0, 1.0]
    low, high = min(finite), max(finite)
    room = 0.06 * (high - low)
    lines = axes(figure, box, (low - room, high + room), (len(kinks) - 0.5, -0.5))
    lines.yaxis.set_visible(False)
    for row, (_, it) in enumerate(kinks):
        if it.subdifferential is not None:
            look: dict[str, Any] = {"color": FAINT, "linewidth": 8, "alpha": 0.3}
            lines.plot(it.subdifferential, [row, row], gid="interval", **look)
        look = {"marker": "o", "linewidth": 2.5, "markevery": [-1], "clip_on": False}
        for slope, colour, head in ((it.left, INDIGO, SIDES[0]), (it.right, OLIVE, SIDES[1])):
            if abs(slope) < HUGE:
                shape = {**look, "marker": head, "markersize": 12}
                ring = lines.plot(slope, row, color=colour, gid="slope", **shape)
                ring[0].set(mfc=PAPER, mew=2)
        xs = [math.nan if it.autograd is None else it.autograd]
        if abs(xs[0]) >= HUGE:  # an arrow out of the panel
            xs = [high, high + 2.2 * room] if xs[0] > 0 else [low, low - 2.2 * room]
            look["marker"] = ">" if xs[0] == high else "<"
        if not math.isnan(xs[0]):
            lines.plot(xs, [row] * len(xs), color=RED, markersize=8, gid="choice", **look)
    return lines
