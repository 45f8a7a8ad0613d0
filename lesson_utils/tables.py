"""Tensors as tables of numbers, and larger ones as heat maps."""

from __future__ import annotations

import math

from lesson_utils.graph import Data, Summary
from lesson_utils.notation import format_data, format_number
from lesson_utils.shapes import FAINT, RED, SMALL, Piece, beside, colour_of, line, stack, text_width

_SHADES = ((242, 9), (247, 44), (251, 92))  # red, green and blue of the smallest and the largest


def numbers(data: Data, summary: Summary | None, look: str) -> Piece | None:
    """A table of numbers, or the heat map of a larger tensor; None for a number alone."""
    if isinstance(data, tuple):
        return _table(data, look)
    if summary is None:
        return None
    look = "gradient" if look == "gradient" else "note"
    said = [
        line((f"{word} {format_number(number)}", look))
        for word, number in (("min", summary.min), ("mean", summary.mean), ("max", summary.max))
    ]
    extremes = stack(*said, centred=False)
    return beside(_heat_map(summary), extremes) if summary.thumbnail else extremes


def _rows(data: tuple[Data, ...]) -> list[tuple[Data, ...]]:
    if not data or not isinstance(data[0], tuple):
        return [data[i : i + 8] for i in range(0, len(data), 8)]
    return [row for each in data if isinstance(each, tuple) for row in _rows(each)]


def _table(data: tuple[Data, ...], look: str) -> Piece:
    """Rows and columns between brackets; long ones lose their middle."""
    rows = [[format_data(each) for each in row] for row in _rows(data)]
    if len(rows) > 10:
        rows = [*rows[:5], ["⋮"] * len(rows[0]), *rows[-4:]]
    if not any(rows):
        return line(("empty", "note"))
    size, colour = SMALL, colour_of(look)
    widths = [
        max(text_width(row[i], size) for row in rows if i < len(row)) + 10
        for i in range(max(map(len, rows)))
    ]
    across, step = sum(widths) + 4, size * 1.25

    def draw(x: float, y: float) -> str:
        right, bottom = x + across, y + step * len(rows) + 2
        out = [
            f'<path d="M{x + 4:.1f} {y:.1f}H{x:.1f}V{bottom:.1f}h4M{right - 4:.1f} {y:.1f}'
            f'H{right:.1f}V{bottom:.1f}h-4" fill="none" stroke="{colour}"/>'
        ]
        for j, row in enumerate(rows):
            at = x - 3
            for text, width in zip(row, widths, strict=False):
                at += width
                out.append(
                    f'<text class="{look}" x="{at:.1f}" y="{y + step * (j + 0.82):.1f}" '
                    f'font-size="{size:g}" fill="{colour}" text-anchor="end">{text}</text>'
                )
        return "".join(out)

    return Piece(across, step * len(rows) + 4, draw)


def _heat_map(summary: Summary) -> Piece:
    """Dark is large, light is small; not-a-number is crossed out."""
    rows = summary.thumbnail
    finite = [each for row in rows for each in row if math.isfinite(each)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)

    width, height = (min(max(56 / max(1, count), 7.0), 16.0) for count in (len(rows[0]), len(rows)))
    across, down = width * len(rows[0]), height * len(rows)

    def draw(x: float, y: float) -> str:
        out = ['<g shape-rendering="crispEdges">']
        for j, row in enumerate(rows):
            for i, each in enumerate(row):
                left, top = x + i * width, y + j * height
                if math.isfinite(each):
                    part = (each - low) / (high - low) if high > low else 0.5
                    shade = "".join(f"{round(a + (b - a) * part):02x}" for a, b in _SHADES)
                    out.append(
                        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                        f'height="{height:.1f}" fill="#{shade}"/>'
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
