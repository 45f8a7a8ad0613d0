"""Pictures of graphs beside each other, to see what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.layout import NoLayoutProgram
from lesson_utils.picture.page import row
from lesson_utils.picture.pieces import escape
from lesson_utils.picture.shown import Shown
from lesson_utils.words.look import Look

GAP = 10.0


class Gallery(Shown):
    """Drawings beside or above one another, each under its title. Shows itself in a notebook.

    Graphs that run from left to right on their own do so here, one above the other if need be;
    all others stand beside one another.

    Args:
        graphs: The graphs, by title.
        look: How one of them is shown that is alone.
    """

    def __init__(self, graphs: Mapping[str, ComputationGraph], look: Look) -> None:
        self._graphs, self._look = dict(graphs), look

    @cached_property
    def drawings(self) -> dict[str, Drawing]:
        """The drawings, by title."""
        whole = self._drawn(self._look)
        try:
            if all(it.arrangement.direction == "LR" for it in whole.values()):
                return whole
        except NoLayoutProgram:
            return whole
        count = len(whole)  # together as wide as one picture
        return self._drawn(replace(self._look, width=self._look.width / count - GAP - 1))

    def _drawn(self, look: Look) -> dict[str, Drawing]:
        return {title: Drawing(graph, look) for title, graph in self._graphs.items()}

    @property
    def text(self) -> str:
        """The graphs in words, one after the other."""
        return "\n\n".join(f"{title}:\n{drawing.text}" for title, drawing in self.drawings.items())

    @property
    def html(self) -> str:
        """The pictures under their titles."""
        return row(
            (
                f"<div><b>{escape(title)}</b></div>{drawing.html}"
                for title, drawing in self.drawings.items()
            ),
            GAP,
        )
