"""Parts of a picture in thick frames: what went wrong, what differs."""

from __future__ import annotations

from collections.abc import Iterable

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.marks import Marks
from lesson_utils.picture.pieces import RED, Piece
from lesson_utils.picture.theme import DARK

CULPRIT = "culprit"
# Twice the class: the rules of dark pages are for two, and must not take the colour away. Of a
# double frame the outer one, for the inner is close to the text.
_STYLE = (
    f"<style>.{CULPRIT}.{CULPRIT}>rect:first-of-type{{stroke:{RED};"
    f"stroke:light-dark({RED},{DARK[RED]});stroke-width:4px}}</style>"
)


def framed(
    graph: ComputationGraph,
    operations: Iterable[int],
    values: Iterable[int] = (),
    footer: Piece | None = None,
) -> Marks:
    """The marks of a picture with some operations and values in thick frames.

    Args:
        graph: What is drawn.
        operations: Ids of those that are framed, with what they made.
        values: Ids of more values that are.
        footer: What is under everything else.
    """
    parts = [f"value-{i}" for i in values]
    for i in operations:
        made = graph.operations[i].outputs
        parts.append(f"value-{made[0]}" if len(made) == 1 else f"operation-{i}")
    return Marks(dict.fromkeys(parts, CULPRIT), style=_STYLE, footer=footer)
