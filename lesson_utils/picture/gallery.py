"""Pictures of graphs beside each other, to see what differs."""

from __future__ import annotations

from collections.abc import Mapping

from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.page import row
from lesson_utils.picture.pieces import escape
from lesson_utils.picture.shown import Shown

GAP = 10.0


class Gallery(Shown):
    """Drawings in one row, each under its title. Shows itself in a notebook.

    Attributes:
        drawings: The drawings, by title.
    """

    def __init__(self, drawings: Mapping[str, Drawing]) -> None:
        self.drawings = dict(drawings)

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
