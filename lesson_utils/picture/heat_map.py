"""A tensor as a heat map: how large its numbers are, and which are negative."""

from __future__ import annotations

import math

from lesson_utils.graph import Summary
from lesson_utils.picture.pieces import FAINT, RED, Piece, beside, line, stack
from lesson_utils.words.grids import is_mapped
from lesson_utils.words.notation import format_number

# Red, green and blue of nothing and of the most, for numbers above zero and below; on those below
# there is a bar too, for those who see no colours.
_ABOVE = ((242, 9), (247, 44), (251, 92))
_BELOW = ((250, 110), (243, 52), (234, 8))
_SQUARE = 9.0  # pixels, of the scale


def heat_map(summary: Summary, look: str, most: float = 99.0) -> Piece:
    """The map of a tensor and its scale; what has one number, or no map, is told in words.

    Args:
        summary: Of its numbers.
        look: The class of its text.
        most: The largest size of that.
    """
    if summary.min == summary.max:
        return line((f"all {format_number(summary.min)}", look), most=most)
    said = [
        line((f"{word} {format_number(number)}", look), most=most)
        for word, number in (("min", summary.min), ("mean", summary.mean), ("max", summary.max))
    ]
    if not is_mapped(None, summary):
        return stack(*said, centred=False)
    shades = _Shades(summary)
    keys = (shades.square(shades.low), Piece(9, 9, lambda x, y: ""), shades.square(shades.high))
    rows = [beside(key, text, gap=4) for key, text in zip(keys, said, strict=True)]
    return beside(_map(summary.thumbnail, shades), stack(*rows, centred=False))


class _Shades:
    """The colours of numbers between two ends.

    Where the ends have different signs, nothing is white and dark is far from zero; else white is
    the end that is nearer to zero.
    """

    def __init__(self, summary: Summary) -> None:
        low, high = summary.min, summary.max
        if not (math.isfinite(low) and math.isfinite(high)):
            finite = [n for row in summary.thumbnail for n in row if math.isfinite(n)]
            low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
        self.low, self.high = low, high

    def part(self, number: float) -> float:
        """How dark a number is, from 0 to 1."""
        low, high = self.low, self.high
        if low < 0 < high:
            return abs(number) / max(-low, high)
        if high <= low:
            return 0.5
        return (high - number if high <= 0 else number - low) / (high - low)

    def colour(self, number: float) -> str:
        """Of a number."""
        part, ends = self.part(number), _BELOW if number < 0 else _ABOVE
        return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in ends)

    def bar(self, number: float, x: float, y: float, width: float, height: float) -> str:
        """The mark of a negative number on its square."""
        if number >= 0:
            return ""
        colour = "#ffffff" if self.part(number) > 0.4 else self.colour(self.low)
        return (
            f'<path d="M{x + width / 4:.1f} {y + height / 2:.1f}h{width / 2:.1f}" '
            f'stroke="{colour}"/>'
        )

    def square(self, number: float) -> Piece:
        """A square that says which colour an end has."""

        def draw(x: float, y: float) -> str:
            return (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{_SQUARE:g}" height="{_SQUARE:g}" '
                f'fill="{self.colour(number)}" stroke="{FAINT}"/>'
                + self.bar(number, x, y, _SQUARE, _SQUARE)
            )

        return Piece(_SQUARE, _SQUARE, draw)


def _map(rows: tuple[tuple[float, ...], ...], shades: _Shades) -> Piece:
    """Each number is a square that says it when it is pointed at; not-a-number is crossed out."""
    width, height = (min(max(80 / max(1, count), 7.0), 16.0) for count in (len(rows[0]), len(rows)))
    across, down = width * len(rows[0]), height * len(rows)

    def draw(x: float, y: float) -> str:
        out = ['<g shape-rendering="crispEdges">']
        for j, row in enumerate(rows):
            for i, number in enumerate(row):
                left, top = x + i * width, y + j * height
                if math.isfinite(number):
                    out.append(
                        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                        f'height="{height:.1f}" fill="{shades.colour(number)}">'
                        f"<title>{format_number(number)}</title></rect>"
                        + shades.bar(number, left, top, width, height)
                    )
                else:
                    out.append(
                        f'<path d="M{left:.1f} {top:.1f}l{width:.1f} {height:.1f}'
                        f'm0 {-height:.1f}l{-width:.1f} {height:.1f}" stroke="{RED}"/>'
                    )
        out.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{down:.1f}" '
            f'fill="none" stroke="{FAINT}" pointer-events="none"/></g>'
        )
        return "".join(out)

    return Piece(across, down, draw)
