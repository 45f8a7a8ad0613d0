"""Pictures of graphs beside each other, to see what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lesson_utils.picture.drawing import WIDTH, Drawing, draw
from lesson_utils.picture.pieces import escape

_GAP = 10.0


class Gallery:
    """Drawings in one row, each under its title. Shows itself in a notebook.

    Attributes:
        drawings: The drawings, by title.
        text: The graphs in words, one after the other.
    """

    def __init__(self, drawings: Mapping[str, Drawing]) -> None:
        self.drawings = dict(drawings)
        self.text = "\n\n".join(f"{title}:\n{each.text}" for title, each in self.drawings.items())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # Blocks in a line: they stand one above the other where the page is too narrow.
        cells = "".join(
            '<div style="display: inline-block; vertical-align: top; '
            f'max-width: calc(100% - {_GAP:g}px); margin-right: {_GAP:g}px">'
            f"<div><b>{escape(title)}</b></div>"
            f"{each._repr_mimebundle_()['text/html']}</div>"
            for title, each in self.drawings.items()
        )
        return {"text/html": f"<div>{cells}</div>", "text/plain": self.text}


def side_by_side(
    graphs: Mapping[str, Any], *, gradients: bool = True, saved: bool = False
) -> Gallery:
    """Draw two or three graphs beside each other.

    Args:
        graphs: A `trace()` or `ComputationGraph` for each title, as in
            `side_by_side({"x = 3": t, "x = -3": other})`.
        gradients: As in `draw`.
        saved: As in `draw`.

    Raises:
        TypeError: `graphs` is no mapping, or holds something else than graphs.
        ValueError: There are fewer than two graphs, or more than three.
    """
    if not isinstance(graphs, Mapping):
        raise TypeError(
            f"side_by_side() takes titles with their graphs, not {type(graphs).__name__}: "
            'write side_by_side({"first": t, "second": other})'
        )
    if not 2 <= len(graphs) <= 3:
        raise ValueError(f"side_by_side() takes two or three graphs, not {len(graphs)}")
    width = (WIDTH - _GAP * len(graphs)) / len(graphs)
    return Gallery(
        {
            str(title): Drawing(
                draw(each).graph, gradients=gradients, saved=saved, scale=1.0, width=width
            )
            for title, each in graphs.items()
        }
    )
