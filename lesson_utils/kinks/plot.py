"""The plot of a kink: the function with its slopes, and its derivative with PyTorch's choice."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lesson_utils.kinks.measurement import Measurement
from lesson_utils.kinks.paper import HUGE, axes, paper, plotted, scale_of
from lesson_utils.kinks.rules import plain
from lesson_utils.picture.pieces import (
    BLUE,
    FAINT,
    INDIGO,
    INK,
    OLIVE,
    PAPER,
    RED,
    fit,
    fold,
    line,
)
from lesson_utils.words.look import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 16.0
LEFTS, TOP, PANEL, HEIGHT = (74.0, 478.0), 60.0, 328.0, 210.0  # where the two panels are
LEFT, RIGHT = (2.3, 1.3), (0.9, 0.7)  # dashes of the two slopes, in line widths
SIDES = 8, 9  # matplotlib's heads of arrows, on the left and on the right of their place
BELOW = TOP + HEIGHT + 62  # where a plot ends and its words begin


def svg(kink: Measurement) -> str:
    """The plot as SVG, the same bytes on every run."""
    written: list[str] = []

    def draw(figure: Figure) -> None:
        titles = f"{kink.name}: the function", "its derivative"
        for left, title, draws in zip(LEFTS, titles, (_function, _derivative), strict=True):
            panel = draws(figure, kink)
            across = line((scale_of(panel.xaxis, "x: "), "note"), most=13)
            written.append(line((fit(title, PANEL, 15), "name"), most=15).draw(left, MARGIN - 4))
            written.append(line((scale_of(panel.yaxis), "note"), most=13).draw(left - 58, TOP - 24))
            written.append(across.draw(left + PANEL - across.width, TOP - 24))

    y, body = MARGIN, ""
    if kink.curve:
        y, body = BELOW, plotted(WIDTH, BELOW, f"{kink.curve}{kink.text}", draw) + _legend(kink)
    for sentence in kink.text.split("\n"):
        for row in fold(sentence.split(" "), WIDTH - 2 * MARGIN, 14):
            written.append(
                line((fit(row, WIDTH - 2 * MARGIN, 14), "formula"), most=14).draw(MARGIN, y)
            )
            y += 20
    return paper(body + "".join(written), WIDTH, y + MARGIN - 4, kink.text)


def _function(figure: Figure, kink: Measurement) -> Axes:
    """The function, the fan of lines between its two slopes, and the line PyTorch takes."""
    reach = kink.curve[-1][0] - kink.at
    fan = kink.subdifferential if _is_kink(kink) else None
    room = [kink.value + way * reach * slope for slope in fan or () for way in (-0.35, 0.35)]
    panel = _panel(figure, kink, 1, [kink.value, *room])
    low, high = panel.get_ylim()
    if not low <= kink.value <= high:
        return panel
    if fan:
        ways = [0.0, reach, reach, 0.0, -reach, -reach]
        ends = [kink.value + way * slope for way, slope in zip(ways, fan * 3, strict=True)]
        far = 50 * (high - low)  # SVG knows no 1e300
        ends = [sorted((low - far, end, high + far))[1] for end in ends]
        xs = [kink.at + way for way in ways]
        panel.fill(xs, ends, color=FAINT, alpha=0.16, linewidth=0, gid="fan")
    dashed: dict[str, Any] = {"linewidth": 3, "dashes": LEFT, "gid": "slope"}
    dotted: dict[str, Any] = {"linewidth": 3, "dashes": RIGHT, "gid": "slope"}
    band: dict[str, Any] = {"linewidth": 7, "alpha": 0.4, "zorder": 1.5, "gid": "chosen"}
    for slope, start, end, colour, look in (
        (_answer(kink), -0.5, 0.5, RED, band),
        (kink.left, -0.75, 0, INDIGO, dashed),
        (kink.right, 0, 0.75, OLIVE, dotted),
    ):
        if math.isfinite(slope):
            xs = [kink.at + start * reach, kink.at + end * reach]
            ys = [kink.value + part * reach * slope for part in (start, end)]
            panel.plot(xs, ys, color=colour, **look)
    panel.plot(kink.at, kink.value, "o", color=INK, markersize=10, clip_on=False, gid="value")
    return panel


def _derivative(figure: Figure, kink: Measurement) -> Axes:
    """PyTorch's derivative, the interval between the slopes, and what it chose at the point."""
    answer = _answer(kink)
    panel = _panel(figure, kink, 2, [kink.left, kink.right, answer])
    low, high = panel.get_ylim()
    if kink.subdifferential:
        xs = [kink.at, kink.at]
        bar = panel.plot(xs, kink.subdifferential, color=FAINT, linewidth=9, gid="interval")
        bar[0].set(alpha=0.3, zorder=1.5)
    for slope, colour, side in ((kink.left, INDIGO, SIDES[0]), (kink.right, OLIVE, SIDES[1])):
        if low <= slope <= high:
            ring = panel.plot(kink.at, slope, marker=side, color=colour, markersize=14, gid="slope")
            ring[0].set(mfc=PAPER, mew=2.5, clip_on=False)
    y, height, head = [answer], 10, "o"
    if math.isnan(answer):
        y, height, head = [(low + high) / 2], 12, "x"
    elif not low <= answer <= high:  # it lies beyond, or nowhere: an arrow out of the panel
        y, head = ([0.78, 0.97], "^") if answer > 0 else ([0.22, 0.03], "v")
        y, height = [low + share * (high - low) for share in y], 12
    mark = panel.plot([kink.at] * len(y), y, marker=head, markersize=height, color=RED)
    mark[0].set(
        markevery=[-1], mew=3 if head == "x" else 1, linewidth=3, clip_on=False, gid="choice"
    )
    return panel


def _panel(figure: Figure, kink: Measurement, column: int, sure: list[float]) -> Axes:
    """Axes with the curve: cut at the point, where it is not finite, and where it jumps."""
    xs, ys = [row[0] for row in kink.curve], [row[column] for row in kink.curve]
    low, high = _range(kink, ys, sure)
    low, high = low - 0.12 * (high - low), high + 0.12 * (high - low)
    panel = axes(figure, (LEFTS[column - 1], TOP, PANEL, HEIGHT), (xs[0], xs[-1]), (low, high))
    panel.axvline(kink.at, color=FAINT, linewidth=1, dashes=(1, 3))
    ys = [y if abs(y) < HUGE else math.nan for y in ys]
    steps = [0.0, *(b - a for a, b in pairwise(ys)), 0.0]
    for i in reversed(range(1, len(xs))):
        # A jump is large, and others before and after are not as large.
        large = abs(steps[i]) > 0.2 * (high - low)
        jumps = large and max(steps[i - 1] / steps[i], steps[i + 1] / steps[i]) < 0.25
        if jumps or xs[i - 1] < kink.at < xs[i]:
            xs.insert(i, xs[i])
            ys.insert(i, math.nan)
    panel.plot(xs, ys, color=BLUE, gid="curve")
    return panel


def _range(kink: Measurement, shown: list[float], sure: list[float]) -> tuple[float, float]:
    """The range of a curve; what shoots off to infinity does not count, nor what lies far off."""
    reach = 0.1 * (kink.curve[-1][0] - kink.at)
    rows = zip(kink.curve, shown, strict=True)
    away = sorted(y for row, y in rows if abs(y) < HUGE and abs(row[0] - kink.at) > reach)
    cut = len(away) // 10
    low, high = (away[cut], away[-1 - cut]) if away else (0.0, 0.0)
    if low == high and away:
        low, high = away[0], away[-1]
    spread = high - low
    # The outermost points may already lie on the next step of a staircase.
    kept = [y for y in shown[1:-1] if low - 2 * spread <= y <= high + 2 * spread]
    kept += [y for y in sure if not spread or low - 50 * spread <= y <= high + 50 * spread]
    kept = [y for y in kept if abs(y) < HUGE]
    low, high = min(kept, default=0.0), max(kept, default=0.0)
    room = max(1.0, 1e-6 * abs(high))
    return (low, high) if high - low > 1e-9 * (1 + abs(high)) else (low - room, high + room)


def _legend(kink: Measurement) -> str:
    """PyTorch's answer beside the title, and a row of colours, the same in both panels."""
    said = line((f"PyTorch: {plain(_answer(kink))}", "gradient"), most=13)
    out = said.draw(LEFTS[1] + PANEL - said.width, MARGIN - 4)
    if all(math.isnan(row[1]) for row in kink.curve):
        out += line(("not defined here", "note"), most=13).draw(LEFTS[0] + 24, TOP + 70)
    x, y = MARGIN, TOP + HEIGHT + 30
    left, right = "m8 -5.5l-8 5.5l8 5.5", "m0 -5.5l8 5.5l-8 5.5"
    dot = "a4.5 4.5 0 1 0 9 0 4.5 4.5 0 1 0 -9 0"
    for colour, look, mark, text, there in (
        (BLUE, 'stroke-width="2.5"', "", "function, and PyTorch's derivative", True),
        (INDIGO, _dashes(LEFT), left, "slope from the left", math.isfinite(kink.left)),
        (OLIVE, _dashes(RIGHT), right, "slope from the right", math.isfinite(kink.right)),
        (FAINT, 'stroke-width="9" stroke-opacity="0.3"', "", "all between", _is_kink(kink)),
        (RED, 'stroke-width="5"', dot, "PyTorch's choice", True),
    ):
        if there:
            words = line((text, "small"), most=13)
            out += f'<path d="M{x:.1f} {y + 8}h18" stroke="{colour}" {look}/>'
            x += 23
            if mark:
                fill = (
                    f'fill="{RED if mark == dot else PAPER}" stroke="{colour}" stroke-width="1.5"'
                )
                out += f'<path d="M{x:.1f} {y + 8}{mark}" {fill}/>'
                x += 14
            out += words.draw(x, y)
            x += words.width + 16
    return out


def _dashes(dashes: tuple[float, float]) -> str:
    drawn, gap = (3 * part for part in dashes)
    return f'stroke-width="3" stroke-dasharray="{drawn:g} {gap:g}"'


def _is_kink(kink: Measurement) -> bool:
    return kink.subdifferential is not None and kink.left != kink.right


def _answer(kink: Measurement) -> float:
    """PyTorch's; where there is a curve, it gives one."""
    return math.nan if kink.autograd is None else kink.autograd
