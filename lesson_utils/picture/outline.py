"""The outlines of values: round a leaf, square a result, double the last one."""

from __future__ import annotations

from lesson_utils.graph import Value
from lesson_utils.picture.pieces import OUTLINE, PALE, STEP, Piece


def outlined(
    content: Piece, it: Value, pad: tuple[float, float], copy: bool, *, dense: bool
) -> Piece:
    """The outline tells what it is: round a leaf, square a result, double the last one."""
    rim = 4.0 if it.role == "output" and not copy else 0.0
    width = content.width + 2 * pad[0]
    if width < 200 and not dense:  # in steps, so that boxes look alike
        width = -(-width // STEP) * STEP
    height = content.height + 2 * pad[1]
    dash = ' stroke-dasharray="4 3"' if copy or it.role == "input" else ""
    stroke = 1.0 if copy else 1.5
    round_by = 12.0 if dense else 20.0  # where text comes near to the corners, less
    radius = min(height / 2, round_by) if it.role in ("input", "parameter") else 3.0

    def draw(x: float, y: float) -> str:
        out = ""
        if rim:
            out = (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width + 2 * rim:.1f}" '
                f'height="{height + 2 * rim:.1f}" rx="6" fill="none" '
                f'stroke="{OUTLINE["output"]}" stroke-width="1.5"/>'
            )
        x, y = x + rim, y + rim
        out += (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="{radius:.1f}" fill="{PALE[it.role]}" stroke="{OUTLINE[it.role]}" '
            f'stroke-width="{stroke:g}"{dash}/>'
        )
        return out + content.draw(x + (width - content.width) / 2, y + pad[1])

    return Piece(width + 2 * rim, height + 2 * rim, draw, 6.0 if rim else radius)
