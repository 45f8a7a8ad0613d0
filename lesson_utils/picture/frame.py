"""The frame around the steps of a module, and its heading."""

from __future__ import annotations

from lesson_utils.graph import Opened
from lesson_utils.picture.layout import Point
from lesson_utils.picture.pieces import FAINT, INK, PAPER, SMALL, Piece, line

_SIGN = 13.0  # pixels of the square with a minus in it


def heading(number: int, opened: Opened) -> Piece:
    """The name of a module in a frame; behind a sign where it can be folded.

    Args:
        number: Which frame it is.
        opened: The module.
    """
    words = line((opened.name, "name"), most=SMALL)
    left = _SIGN + 6 if opened.asked else 0.0
    width, height = left + words.width, 20.0

    def draw(x: float, y: float) -> str:
        top = y + (height - _SIGN) / 2
        box = (
            f'<rect x="{x - 4:.1f}" y="{y:.1f}" width="{width + 8:.1f}" height="{height:g}" '
            f'rx="4" fill="{PAPER}"/>'
        )
        name = words.draw(x + left, y + (height - words.height) / 2)
        if not opened.asked:
            return box + name
        sign = (
            f'<path d="M{x:.1f} {top:.1f}h{_SIGN:g}v{_SIGN:g}h-{_SIGN:g}z'
            f'm3 {_SIGN / 2:g}h{_SIGN - 6:g}" fill="none" stroke="{INK}" stroke-width="1.5"/>'
        )
        return f'<g id="fold-{number}" class="fold">{box}{sign}{name}</g>'

    return Piece(width, height, draw)


def frame(number: int, start: Point, end: Point) -> str:
    """A frame from corner to corner, to be drawn under what is in it."""
    size = end - start
    return (
        f'<g id="frame-{number}" class="frame">'
        f'<rect x="{start.real:.1f}" y="{start.imag:.1f}" width="{size.real:.1f}" '
        f'height="{size.imag:.1f}" rx="8" fill="{FAINT}" fill-opacity="0.07" stroke="{FAINT}"/></g>'
    )
