"""What the layout program is told of a sketch: DOT text."""

from __future__ import annotations

from collections.abc import Iterator

from lesson_utils.picture.pieces import STEP, Piece, text_width
from lesson_utils.picture.sketch import Sketch


def plan(sketch: Sketch, name: str) -> str:
    """The DOT text of a sketch, with the sizes that its pieces need."""
    # Beside a label the road needs room: more width, or an empty line (of small type).
    # A label is told as zeros about as wide, so that other digits change nothing.
    size, room, below = (15, 15.0, "") if sketch.direction == "TB" else (12, 8.0, "\\n ")
    lines = [
        f"digraph {name} {{",
        f"  rankdir={sketch.direction} nodesep={0.14 if sketch.dense else 0.28} ranksep=0.32",
        '  node [shape=box fixedsize=true label="" fontname=Helvetica]',
        f"  edge [fontname=Helvetica fontsize={size}]",
        "  edge [arrowhead=none headclip=false tailclip=false]",
    ]
    for mark, piece in sketch.nodes.items():
        lines.append(f"  {mark} [width={piece.width / 72:.3f} height={piece.height / 72:.3f}]")
    for mark, (tail, head, label, _) in sketch.roads.items():
        steps = -(-(text_width(label, size) + room) // STEP)
        zeros = "0" * round(steps * STEP / (0.556 * size))
        shown = f' label="{zeros}{below}"' if label else ""
        if mark in sketch.tables:
            shown = _sized(sketch.tables[mark])
        lines.append(f'  {tail} -> {head} [id="{mark}"{shown}]')
    return "\n".join([*lines, *_clusters(sketch, set(sketch.nodes), -1), "}\n"])


def _clusters(sketch: Sketch, around: set[str], after: int) -> Iterator[str]:
    """The frames among some nodes, each with those in it."""
    rest = set(around)
    for i, (nodes, title) in sketch.frames.items():
        if i > after and nodes <= rest:
            yield f"  subgraph cluster{i} {{ margin={8 if sketch.dense else 10}{_sized(title)}"
            yield from (f"    {node}" for node in sorted(nodes))
            yield from _clusters(sketch, nodes, i)
            yield "  }"
            rest -= nodes


def _sized(piece: Piece) -> str:
    """A label that is only room for a piece."""
    size = f'width="{piece.width + 12:.0f}" height="{piece.height + 10:.0f}"'
    return f' label=<<table border="0" fixedsize="true" {size}><tr><td></td></tr></table>>'
