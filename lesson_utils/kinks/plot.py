"""The plot of a kink: the function with its slopes, and its derivative with PyTorch's choice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lesson_utils.kinks.axes import HEIGHT, PANEL, Frame, axes, clipped
from lesson_utils.kinks.rules import plain
from lesson_utils.picture.page import image
from lesson_utils.picture.pieces import (
    BLUE,
    EDGE_OF_PAPER,
    FONT,
    INK,
    ORANGE,
    PAPER,
    RED,
    VIOLET,
    escape,
    escape_lines,
    fold,
    line,
    text_width,
)

if TYPE_CHECKING:
    from lesson_utils.kinks.kink import Kink

WIDTH, MARGIN = 860.0, 16.0
GUTTER = 46.0  # room for the numbers of a panel


def picture(kink: Kink) -> str:
    """The plot as HTML: an image that is readable in both themes, its words as `alt`."""
    return image(svg(kink), kink.text)


def svg(kink: Kink) -> str:
    """The plot as SVG, the same bytes on every run."""
    body, y = "", MARGIN
    if kink.curve:
        body = _function(kink, MARGIN + GUTTER, y + 26)
        body += _derivative(kink, WIDTH - MARGIN - 8 - PANEL, y + 26)
        body += _legend(kink, MARGIN + GUTTER, y + HEIGHT + 62)
        y += HEIGHT + 80
    for sentence in kink.text.split("\n"):
        for row in fold(sentence.split(" "), WIDTH - 2 * MARGIN, 14):
            body += line((row, "formula")).draw(MARGIN, y)
            y += 20
    return paper(body, WIDTH, y + MARGIN - 4, kink.text)


def paper(body: str, width: float, height: float, words: str) -> str:
    """Opaque paper around a drawing."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}" role="img" aria-label="{escape_lines(words)}" '
        f'font-family="{FONT}" xml:space="preserve">'
        f'<rect x="0.5" y="0.5" width="{width - 1:.1f}" height="{height - 1:.1f}" rx="8" '
        f'fill="{PAPER}" stroke="{EDGE_OF_PAPER}"/>{body}</svg>'
    )


def _function(kink: Kink, left: float, top: float) -> str:
    """The function, the fan of lines between its two slopes, and the line PyTorch takes."""
    reach = kink.curve[-1][0] - kink.at
    fan = kink.subdifferential or ()
    room = [kink.value + way * reach * slope for slope in fan for way in (-0.35, 0.35)]
    frame = _framed(kink, left, top, [f for _, f, _ in kink.curve], [kink.value, *room])
    out = axes(frame, f"{kink.name}: the function")
    inside = ""
    if fan:
        for sign in (-1, 1):
            ends = [(kink.at + sign * reach, kink.value + sign * reach * slope) for slope in fan]
            cone = frame.path([(kink.at, kink.value), *ends])
            inside += f'<path class="fan" d="{cone}z" fill="{VIOLET}" fill-opacity="0.13"/>'
    for points in _pieces(kink, frame, 1):
        inside += _curve(frame.path(points))
    for slope, sign, colour in ((kink.left, -1, VIOLET), (kink.right, 1, ORANGE)):
        if math.isfinite(slope) and math.isfinite(kink.value):
            end = kink.at + sign * 0.75 * reach, kink.value + sign * 0.75 * reach * slope
            inside += (
                f'<path class="slope" d="{frame.path([(kink.at, kink.value), end])}" '
                f'stroke="{colour}" stroke-width="3" stroke-dasharray="7 4" fill="none"/>'
            )
    if kink.autograd is not None and math.isfinite(kink.autograd) and math.isfinite(kink.value):
        ends = [
            (kink.at + way * reach, kink.value + way * reach * kink.autograd) for way in (-0.5, 0.5)
        ]
        inside += f'<path class="chosen" d="{frame.path(ends)}" stroke="{RED}" stroke-width="2"/>'
    if math.isfinite(kink.value):
        inside += _dot(frame.x(kink.at), frame.y(kink.value), INK)
    if not any(math.isfinite(f) for _, f, _ in kink.curve):
        inside += line(("not defined here", "note")).draw(frame.left + 130, frame.top + 90)
    return out + clipped(frame, inside, "f")


def _derivative(kink: Kink, left: float, top: float) -> str:
    """PyTorch's derivative, the interval between the slopes, and what it chose at the point."""
    slopes = [each for each in (kink.left, kink.right, kink.autograd) if each is not None]
    frame = _framed(kink, left, top, [d for _, _, d in kink.curve], slopes)
    out = axes(frame, "its derivative")
    inside = ""
    at = frame.x(kink.at)
    if kink.subdifferential is not None:
        low, high = map(frame.y, kink.subdifferential)
        inside += (
            f'<path class="interval" d="M{at:.1f} {low:.1f}V{high:.1f}" stroke="{VIOLET}" '
            'stroke-width="9" stroke-opacity="0.3" stroke-linecap="round"/>'
        )
    for points in _pieces(kink, frame, 2):
        inside += _curve(frame.path(points))
    for slope, colour in ((kink.left, VIOLET), (kink.right, ORANGE)):
        if math.isfinite(slope):
            inside += (
                f'<circle class="slope" cx="{at:.1f}" cy="{frame.y(slope):.1f}" r="6" '
                f'fill="{PAPER}" stroke="{colour}" stroke-width="2.5"/>'
            )
    out += clipped(frame, inside, "d")
    label = "PyTorch gives none"
    if kink.autograd is not None:
        label = f"PyTorch: {plain(kink.autograd)}"
        out += _choice(frame, at, kink.autograd, label)
    return out


def _choice(frame: Frame, at: float, answer: float, label: str) -> str:
    """A red dot at the answer; an arrow out of the panel for inf, a cross for nan."""
    if math.isfinite(answer):
        y = frame.y(answer)
        mark = _dot(at, y, RED)
    elif math.isnan(answer):
        y = frame.top + HEIGHT / 2
        cross = f"M{at - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12"
        mark = f'<path d="{cross}" stroke="{RED}" stroke-width="3"/>'
    else:
        up = answer > 0
        tip, way = (frame.top + 3, 1) if up else (frame.top + HEIGHT - 3, -1)
        y = tip + way * 22
        arrow = f"M{at:.1f} {tip + way * 44:.1f}V{tip:.1f}m-6 {way * 9}l6 {-way * 9}l6 {way * 9}"
        mark = f'<path d="{arrow}" stroke="{RED}" stroke-width="3" fill="none"/>'
    y = min(max(y - 9, frame.top + 16), frame.top + HEIGHT - 8)
    return f'<g class="choice">{mark}</g>' + _halo(at + 14, y, label, RED)


def _framed(
    kink: Kink, left: float, top: float, shown: list[float], sure: list[float] | None = None
) -> Frame:
    """A panel around the curve; what shoots off to infinity near the point does not count."""
    reach = 0.1 * (kink.curve[-1][0] - kink.at)
    rows = zip(kink.curve, shown, strict=False)
    away = [y for row, y in rows if math.isfinite(y) and abs(row[0] - kink.at) > reach]
    low, high = min(away, default=0.0), max(away, default=0.0)
    spread = high - low or 1.0
    kept = [y for y in shown if low - spread <= y <= high + spread]
    kept += [each for each in sure or [] if math.isfinite(each)]
    low, high = min(kept, default=0.0), max(kept, default=0.0)
    if high - low < 1e-9 * (1 + abs(high)):
        low, high = low - 1, high + 1
    room = 0.12 * (high - low)
    xs = kink.curve[0][0], kink.curve[-1][0]
    return Frame(left, top, xs, (low - room, high + room))


def _pieces(kink: Kink, frame: Frame, column: int) -> list[list[tuple[float, float]]]:
    """The curve in pieces: cut at the point, where it is not finite, and where it jumps."""
    tall = frame.ys[1] - frame.ys[0]
    pieces: list[list[tuple[float, float]]] = [[]]
    for row in kink.curve:
        x, y = row[0], row[column]
        if not math.isfinite(y):
            pieces.append([])
            continue
        if pieces[-1]:
            last_x, last_y = pieces[-1][-1]
            if last_x < kink.at < x or abs(y - last_y) > 0.2 * tall:
                pieces.append([])
        pieces[-1].append((x, y))
    return [each for each in pieces if len(each) > 1]


def _curve(path: str) -> str:
    return f'<path class="curve" d="{path}" stroke="{BLUE}" stroke-width="2.5" fill="none"/>'


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'


def _halo(x: float, y: float, text: str, colour: str) -> str:
    """Text that stays readable on the lines behind it."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="14" font-weight="bold" fill="{colour}" '
        f'stroke="{PAPER}" stroke-width="4" paint-order="stroke">{escape(text)}</text>'
    )


def _legend(kink: Kink, x: float, y: float) -> str:
    """One row for both panels: a colour means the same in either."""
    entries = [(BLUE, 3, "function, and PyTorch's derivative")]
    if math.isfinite(kink.left):
        entries.append((VIOLET, 3, "slope from the left"))
    if math.isfinite(kink.right):
        entries.append((ORANGE, 3, "slope from the right"))
    if kink.subdifferential is not None and kink.left != kink.right:
        entries.append(("#dcc9d8", 9, "all between"))
    if kink.autograd is not None:
        entries.append((RED, 3, "PyTorch's choice"))
    out = ""
    for colour, width, text in entries:
        out += (
            f'<path d="M{x:.1f} {y - 4.5:.1f}h16" stroke="{colour}" stroke-width="{width}"/>'
            f'<text x="{x + 21:.1f}" y="{y:.1f}" font-size="13" fill="{INK}">{escape(text)}</text>'
        )
        x += text_width(text, 13) + 40
    return out
