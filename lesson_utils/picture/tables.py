"""Tensors as tables of numbers, and larger ones as heat maps."""

from __future__ import annotations

import math
import re

from lesson_utils.graph import Data, Summary
from lesson_utils.picture.heat_map import heat_map
from lesson_utils.picture.pieces import (
    FIGURES,
    Piece,
    beside,
    colour_of,
    line,
    stack,
    text_width,
)
from lesson_utils.words.grids import COLUMNS, depth, is_wide, summarized
from lesson_utils.words.notation import MINUS, format_data

_WIDE = 360.0  # pixels for the numbers of a vector in one row
_ROOM = 340.0  # pixels for the matrices of a tensor with more than two dimensions


def numbers(data: Data, summary: Summary | None, look: str, most: float = FIGURES) -> Piece | None:
    """A table of numbers, or the heat map of a larger tensor; None for a number alone.

    A vector is a row, cut at six or where it gets long; of more than two dimensions the last two
    are a matrix each. What has more columns is a heat map.

    Args:
        data: The numbers.
        summary: Of a tensor with too many to list.
        look: The class of their text.
        most: Its largest size.
    """
    if isinstance(data, tuple):
        if not is_wide(data):
            return _tensor(data, look, min(most, FIGURES))
        summary = summarized(data)
    if summary is None:
        return None
    return heat_map(summary, "gradient" if look == "gradient" else "note", most)


def _matrices(data: tuple[Data, ...]) -> list[tuple[Data, ...]]:
    if depth(data) <= 2:
        return [data]
    return [matrix for part in data if isinstance(part, tuple) for matrix in _matrices(part)]


def _tensor(data: tuple[Data, ...], look: str, size: float) -> Piece:
    tables = [_table(matrix, look, size) for matrix in _matrices(data)]
    if not tables or not any(table.width for table in tables):
        return line(("empty", "note"))
    rows: list[list[Piece]] = [[]]
    for table in tables:
        if rows[-1] and sum(p.width + 6 for p in rows[-1]) + table.width > _ROOM:
            rows.append([])
        rows[-1].append(table)
    return stack(*(beside(*row, gap=6) for row in rows), gap=4, centred=False)


def _table(data: tuple[Data, ...], look: str, size: float) -> Piece:
    """Rows and columns between brackets, decimal points in line; long ones lose their middle."""
    if data and isinstance(data[0], tuple):
        listed = [row for row in data if isinstance(row, tuple)]
    else:
        count = next((n for n in (COLUMNS, 3) if _span(data, n) <= _WIDE), 2)
        listed = [data[i : i + count] for i in range(0, len(data), count)]
    rows = [[_three_digits(number) for number in row] for row in listed]
    if not any(rows):
        return Piece(0, 0, lambda x, y: "")
    if len(rows) > 10:
        rows = [*rows[:5], ["⋮"] * len(rows[0]), *rows[-4:]]
    colour = colour_of(look)
    columns = range(max(map(len, rows)))
    ends = [max(_after_point(row[i], size) for row in rows if i < len(row)) for i in columns]
    fronts = [
        max(text_width(row[i], size) - _after_point(row[i], size) for row in rows if i < len(row))
        for i in columns
    ]
    across, step = sum(fronts) + sum(ends) + 10 * len(columns) + 4, size * 1.25

    def draw(x: float, y: float) -> str:
        # Numbers have their middle where the piece has its own: what is beside is on one axis.
        top, right, bottom = y + 1, x + across, y + step * len(rows) + 3
        out = [
            f'<path d="M{x + 4:.1f} {top:.1f}H{x:.1f}V{bottom:.1f}h4M{right - 4:.1f} {top:.1f}'
            f'H{right:.1f}V{bottom:.1f}h-4" fill="none" stroke="{colour}"/>'
        ]
        for j, row in enumerate(rows):
            base = top + 1 + step * (j + 0.5) + 0.36 * size
            at = x - 3
            for text, front, end in zip(row, fronts, ends, strict=False):
                at += 10 + front
                stop = at + _after_point(text, size)
                at += end
                out.append(
                    f'<text class="{look}" x="{stop:.1f}" y="{base:.1f}" '
                    f'font-size="{size:g}" fill="{colour}" text-anchor="end">{text}</text>'
                )
        return "".join(out)

    return Piece(across, step * len(rows) + 4, draw)


def _three_digits(number: Data) -> str:
    """A number in a table, with at most three significant digits."""
    if isinstance(number, float) and math.isfinite(number) and abs(number) < 1000:
        return f"{number:.3g}".replace("-", MINUS)
    return format_data(number)


def _span(data: tuple[Data, ...], count: int) -> float:
    """A guess at the width of a vector's table with so many numbers in a row."""
    longest = max((text_width(_three_digits(number), FIGURES) for number in data), default=0.0)
    return (longest + 10) * min(count, len(data))


def _after_point(text: str, size: float) -> float:
    """Width of what is to the right of a number's last digit before the point."""
    head = re.match(rf"{MINUS}?\d+", text)
    return 0.0 if head is None else text_width(text[head.end() :], size)
