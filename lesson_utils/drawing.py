"""The picture of a computation graph, as SVG, DOT and words."""

from __future__ import annotations

import base64
from functools import cached_property
from pathlib import Path
from typing import Any

from lesson_utils import words
from lesson_utils.graph import ComputationGraph
from lesson_utils.layout import INSTALL, NoLayoutProgram, compose, lay_out, size_of
from lesson_utils.sketch import Sketch, escape

PAPER = "#fdfdfa"
WIDTH = 860.0  # what a 900 px wide notebook leaves for its outputs
TALLEST = 1600.0
PANEL = 15  # operations in a panel of a graph too large for one picture


class Drawing:
    """A drawn graph. Shows itself in a notebook; the words stand beside it.

    Attributes:
        graph: The graph that is drawn.
        text: The graph in words.
    """

    def __init__(
        self, graph: ComputationGraph, *, gradients: bool, saved: bool, scale: float
    ) -> None:
        self.graph = graph
        self.text = words.describe(graph, gradients=gradients, saved=saved)
        self._gradients = gradients
        self._saved = saved
        self._scale = scale

    @cached_property
    def _laid_out(self) -> tuple[str, str]:
        count = len(self.graph.operations)
        choices = ["LR", "TB"] if count <= 12 else ["TB"] if count <= 2 * PANEL else []
        for direction in choices:
            source = Sketch(self.graph, self._gradients, self._saved, direction).source()
            pieces = lay_out(source)
            wide, high = size_of(pieces[0])
            if wide <= WIDTH and (high <= TALLEST or direction == "LR"):
                return source, self._compose(pieces)
        sketch = Sketch(self.graph, self._gradients, self._saved, "TB", PANEL)
        source = sketch.source()
        return source, self._compose(lay_out(source))

    def _compose(self, pieces: list[str]) -> str:
        label = escape(self.text)
        return compose(pieces, label, scale=self._scale, width=WIDTH, paper=PAPER)

    @property
    def source(self) -> str:
        """The DOT text; several digraphs where the picture is in panels."""
        return self._laid_out[0]

    @property
    def svg(self) -> str:
        """The picture as SVG, the same bytes on every run.

        Raises:
            NoLayoutProgram: No layout program is installed.
        """
        return self._laid_out[1]

    def save(self, path: str | Path) -> None:
        """Write the picture to an `.svg` file, or the DOT text to a `.dot` or `.gv` file.

        Raises:
            ValueError: Another suffix.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".dot", ".gv"):
            raise ValueError(f"cannot save {path.name!r}: name it .svg (picture) or .dot (source)")
        path.write_text(self.svg if path.suffix == ".svg" else self.source, encoding="utf-8")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            data = base64.b64encode(self.svg.encode()).decode()
        except NoLayoutProgram:
            words_only = f"<pre>{escape(self.text)}</pre><p>{INSTALL}</p>"
            return {"text/html": words_only, "text/plain": f"{self.text}\n{INSTALL}"}
        picture = (
            '<div style="overflow-x: auto"><img style="max-width: none" '
            f'src="data:image/svg+xml;base64,{data}" alt="{escape(self.text)}"></div>'
        )
        return {"text/html": picture, "text/plain": self.text}


def draw(
    t_or_graph: Any, *, gradients: bool = True, saved: bool = False, scale: float = 1.0
) -> Drawing:
    """Draw a traced block, or a graph taken from it.

    Args:
        t_or_graph: A `trace()` or a `ComputationGraph`.
        gradients: Whether to show gradients, local derivatives and chain rule.
        saved: Whether to show what each operation keeps for the backward pass.
        scale: Size on screen; 1.5 suits most projectors.

    Raises:
        TypeError: `t_or_graph` is neither.
        ValueError: `scale` is not a positive number.
    """
    if not 0 < scale < 100:
        raise ValueError(f"scale must be a positive number such as 1.5, not {scale!r}")
    if isinstance(t_or_graph, ComputationGraph):
        graph = t_or_graph
    elif hasattr(t_or_graph, "snapshot") and hasattr(t_or_graph, "graph"):
        graph = t_or_graph.snapshot()
    else:
        raise TypeError(
            f"draw() takes a trace or its graph, not {type(t_or_graph).__name__}: "
            "write `with trace() as t: ...` and then draw(t)"
        )
    return Drawing(graph, gradients=gradients, saved=saved, scale=scale)
