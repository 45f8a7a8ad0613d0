"""Tensors as tables of numbers, and larger ones as heat maps."""

from __future__ import annotations

import math
import re

from lesson_utils.graph import Data, Summary
from lesson_utils.picture.pieces import (
    FAINT,
    RED,
    SMALL,
    Piece,
    beside,
    colour_of,
    line,
    stack,
    text_width,
)
from lesson_utils.words.captions import is_mapped
from lesson_utils.words.notation import format_data, format_number

_SHADES = ((242, 9), (247, 44), (251, 92))  # red, green and blue of the smallest and the largest
_WIDE = 360.0  # pixels for the numbers of a vector in one row
_ROOM = 340.0  # pixels for the matrices of a tensor with more than two dimensions


def numbers(data: Data, summary: Summary | None, look: str) -> Piece | None:
    """A table of numbers, or the heat map of a larger tensor; None for a number alone.

    A vector is a row, cut at eight or where it gets long; of more than two dimensions the last
    two are a matrix each.
    """
    if isinstance(data, tuple):
        return _tensor(data, look)
    if summary is None:
        return None
    look = "gradient" if look == "gradient" else "note"
    if summary.min == summary.max:
        return line((f"all {format_number(summary.min)}", look))
    low, high = _range(summary)
    said = [
        line((f"{word} {format_number(number)}", look))
        for word, number in (("min", summary.min), ("mean", summary.mean), ("max", summary.max))
    ]
    if not is_mapped(summary):
        return stack(*said, centred=False)
    keys = (_swatch(0.0), Piece(9, 9, lambda x, y: ""), _swatch(1.0))
    rows = [beside(key, text, gap=4) for key, text in zip(keys, said, strict=True)]
    return beside(_heat_map(summary.thumbnail, low, high), stack(*rows, centred=False))


def _depth(data: Data) -> int:
    return 1 + max(map(_depth, data), default=0) if isinstance(data, tuple) else 0


def _matrices(data: tuple[Data, ...]) -> list[tuple[Data, ...]]:
    if _depth(data) <= 2:
        return [data]
    return [matrix for part in data if isinstance(part, tuple) for matrix in _matrices(part)]


def _tensor(data: tuple[Data, ...], look: str) -> Piece:
    tables = [_table(matrix, look) for matrix in _matrices(data)]
    if not tables or not any(table.width for table in tables):
        return line(("empty", "note"))
    rows: list[list[Piece]] = [[]]
    for table in tables:
        if rows[-1] and sum(p.width + 6 for p in rows[-1]) + table.width > _ROOM:
            rows.append([])
        rows[-1].append(table)
    return stack(*(beside(*row, gap=6) for row in rows), gap=4, centred=False)


def _table(data: tuple[Data, ...], look: str) -> Piece:
    """Rows and columns between brackets, decimal points in line; long ones lose their middle."""
    if data and isinstance(data[0], tuple):
        listed = [row for row in data if isinstance(row, tuple)]
    else:
        count = next((n for n in (8, 4) if _span(data, n) <= _WIDE), 2)
        listed = [data[i : i + count] for i in range(0, len(data), count)]
    rows = [[format_data(number) for number in row] for row in listed]
    if not any(rows):
        return Piece(0, 0, lambda x, y: "")
    if len(rows) > 10:
        rows = [*rows[:5], ["⋮"] * len(rows[0]), *rows[-4:]]
    size, colour = SMALL, colour_of(look)
    columns = range(max(map(len, rows)))
    ends = [max(_after_point(row[i]) for row in rows if i < len(row)) for i in columns]
    fronts = [
        max(text_width(row[i], size) - _after_point(row[i]) for row in rows if i < len(row))
        for i in columns
    ]
    across, step = sum(fronts) + sum(ends) + 10 * len(columns) + 4, size * 1.25

    def draw(x: float, y: float) -> str:
        right, bottom = x + across, y + step * len(rows) + 2
        out = [
            f'<path d="M{x + 4:.1f} {y:.1f}H{x:.1f}V{bottom:.1f}h4M{right - 4:.1f} {y:.1f}'
            f'H{right:.1f}V{bottom:.1f}h-4" fill="none" stroke="{colour}"/>'
        ]
        for j, row in enumerate(rows):
            at = x - 3
            for text, front, end in zip(row, fronts, ends, strict=False):
                at += 10 + front
                stop = at + _after_point(text)
                at += end
                out.append(
                    f'<text class="{look}" x="{stop:.1f}" y="{y + step * (j + 0.82):.1f}" '
                    f'font-size="{size:g}" fill="{colour}" text-anchor="end">{text}</text>'
                )
        return "".join(out)

    return Piece(across, step * len(rows) + 4, draw)


def _span(data: tuple[Data, ...], count: int) -> float:
    """A guess at the width of a vector's table with so many numbers in a row."""
    longest = max((text_width(format_data(number), SMALL) for number in data), default=0.0)
    return (longest + 10) * min(count, len(data))


def _after_point(text: str) -> float:
    """Width of what is to the right of a number's last digit before the point."""
    head = re.match(r"-?\d+", text)
    return 0.0 if head is None else text_width(text[head.end() :], SMALL)


def _range(summary: Summary) -> tuple[float, float]:
    """What the lightest and the darkest square stand for."""
    if math.isfinite(summary.min) and math.isfinite(summary.max):
        return summary.min, summary.max
    finite = [number for row in summary.thumbnail for number in row if math.isfinite(number)]
    return (min(finite), max(finite)) if finite else (0.0, 0.0)


def _shade(part: float) -> str:
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in _SHADES)


def _swatch(part: float) -> Piece:
    """A square that says which shade an extreme has."""

    def draw(x: float, y: float) -> str:
        return (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="9" height="9" fill="{_shade(part)}" '
            f'stroke="{FAINT}"/>'
        )

    return Piece(9, 9, draw)


def _heat_map(rows: tuple[tuple[float, ...], ...], low: float, high: float) -> Piece:
    """Dark is large, light is small; not-a-number is crossed out."""
    width, height = (min(max(56 / max(1, count), 7.0), 16.0) for count in (len(rows[0]), len(rows)))
    across, down = width * len(rows[0]), height * len(rows)

    def draw(x: float, y: float) -> str:
        out = ['<g shape-rendering="crispEdges">']
        for j, row in enumerate(rows):
            for i, number in enumerate(row):
                left, top = x + i * width, y + j * height
                if math.isfinite(number):
                    part = (number - low) / (high - low) if high > low else 0.5
                    out.append(
                        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                        f'height="{height:.1f}" fill="{_shade(part)}"/>'
                    )
                else:
                    out.append(
                        f'<path d="M{left:.1f} {top:.1f}l{width:.1f} {height:.1f}'
                        f'm0 {-height:.1f}l{-width:.1f} {height:.1f}" stroke="{RED}"/>'
                    )
        out.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{down:.1f}" '
            f'fill="none" stroke="{FAINT}"/></g>'
        )
        return "".join(out)

    return Piece(across, down, draw)
