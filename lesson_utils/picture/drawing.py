"""The picture of a computation graph, as SVG, DOT and words."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.dot import dot_source
from lesson_utils.picture.layout import INSTALL, NoLayoutProgram, lay_out
from lesson_utils.picture.page import image
from lesson_utils.picture.panel import panel
from lesson_utils.picture.pieces import (
    EDGE_OF_PAPER,
    FONT,
    PAPER,
    Piece,
    escape_lines,
    fold,
    fold_formula,
    line,
    rows_of,
    stack,
)
from lesson_utils.picture.sketch import Sketch
from lesson_utils.words import description as words
from lesson_utils.words.chain_rule import chain_rules
from lesson_utils.words.products import equations

WIDTH = 860.0  # what a 900 px wide notebook leaves for its outputs
MARGIN = 14.0
INDENT = "\u2003\u2003"
PANELS = (12, 6, 3, 1)  # operations in each panel of a graph too large for one picture


class Drawing:
    """A drawn graph. Shows itself in a notebook; the words stand beside it.

    Attributes:
        graph: The graph that is drawn.
        text: The graph in words.
    """

    def __init__(
        self,
        graph: ComputationGraph,
        *,
        gradients: bool,
        saved: bool,
        scale: float,
        jacobians: bool = False,
        width: float = WIDTH,
    ) -> None:
        self.graph = graph
        self._room = width - 2 * MARGIN
        self.text = words.describe(graph, gradients=gradients, saved=saved, jacobians=jacobians)
        self._gradients = gradients
        self._saved = saved
        self._jacobians = jacobians and gradients
        self._scale = scale

    @cached_property
    def _laid_out(self) -> tuple[str, str]:
        """DOT and SVG: left to right if that fits, else top to bottom, else in panels."""
        count = len(self.graph.operations)
        if count <= 2 * PANELS[0]:
            (whole,) = self._sketches(max(count, 1))
            for direction in ("LR", "TB"):
                if whole.span(direction) <= self._room * 1.05:
                    source = whole.dot("graph0", direction)
                    (layout,) = lay_out(source)
                    if layout.width <= self._room:
                        return source, self._page([panel(whole, layout)])
        for size, direction in product(PANELS, ("TB", "LR")):
            sketches = self._sketches(size)
            source = "".join(each.dot(f"graph{i}", direction) for i, each in enumerate(sketches))
            layouts = lay_out(source)
            widest = max(piece.width for each in sketches for piece in each.nodes.values())
            if max(each.width for each in layouts) <= self._room or widest > self._room:
                break  # it fits, or no arrangement could
        drawn = [panel(*each) for each in zip(sketches, layouts, strict=True)]
        return source, self._page(drawn)

    def _sketches(self, most: int) -> list[Sketch]:
        """The graph in parts of about the same size, none of more operations than `most`."""
        operations = self.graph.operations
        parts = max(1, -(-len(operations) // most))
        cuts = [round(i * len(operations) / parts) for i in range(parts + 1)]
        shown: dict[int, int] = {}
        return [
            Sketch(
                self.graph, operations[start:end],
                gradients=self._gradients, saved=self._saved, shown=shown,
                jacobians=self._jacobians,
            )
            for start, end in pairwise(cuts)
        ]  # fmt: skip

    def _page(self, panels: list[Piece]) -> str:
        """Panels in rows, the chain rule and the note under them, on opaque paper."""
        if not self.graph.values:
            panels = [line(("An empty graph: nothing was computed in this block.", "note"))]
        content = [rows_of(panels, self._room)]
        rules = chain_rules(self.graph) if self._gradients else []
        formulas = [
            line((row if i == 0 else f"{INDENT}{row}", "formula"))
            for rule in rules
            for i, row in enumerate(fold_formula(rule, self._room - 40, 14))
        ]
        if formulas:
            content.append(stack(*formulas, gap=3, centred=False))
        if self._jacobians:
            content += [rows_of(written, self._room)] if (written := equations(self.graph)) else []
        if self.graph.note and self.graph.values:
            notes = fold(self.graph.note.split(" "), self._room, 13)
            content.append(stack(*(line((each, "note")) for each in notes), centred=False))
        body = stack(*content, gap=14, centred=False)
        width, height = body.width + 2 * MARGIN, body.height + 2 * MARGIN
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * self._scale:.0f}" '
            f'height="{height * self._scale:.0f}" viewBox="0 0 {width:.1f} {height:.1f}" '
            f'role="img" aria-label="{escape_lines(self.text)}" font-family="{FONT}" '
            'xml:space="preserve">'
            f'<rect class="paper" x="0.5" y="0.5" width="{width - 1:.1f}" '
            f'height="{height - 1:.1f}" rx="8" fill="{PAPER}" stroke="{EDGE_OF_PAPER}"/>'
            + body.draw(MARGIN, MARGIN)
            + "</svg>"
        )

    @property
    def plan(self) -> str:
        """The sizes told to the layout program; several digraphs where the picture is in panels.

        Raises:
            NoLayoutProgram: No layout program is installed.
        """
        return self._laid_out[0]

    @cached_property
    def source(self) -> str:
        """The graph as labelled DOT text, for Graphviz and the tools that read it."""
        try:
            direction = "TB" if "rankdir=TB" in self.plan else "LR"
        except NoLayoutProgram:
            direction = "LR"
        return dot_source(self.graph, direction, gradients=self._gradients, saved=self._saved)

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
            picture = image(self.svg, self.text)
        except NoLayoutProgram:
            words_only = f"<pre>{escape_lines(self.text)}</pre><p>{INSTALL}</p>"
            return {"text/html": words_only, "text/plain": f"{self.text}\n{INSTALL}"}
        return {"text/html": picture, "text/plain": self.text}


def draw(
    t_or_graph: Any,
    *,
    gradients: bool = True,
    saved: bool = False,
    jacobians: bool = False,
    scale: float = 1.0,
) -> Drawing:
    """Draw a traced block, or a graph taken from it.

    Args:
        t_or_graph: A `trace()` or a `ComputationGraph`.
        gradients: Whether to show gradients, local derivatives and chain rule.
        saved: Whether to show what each operation keeps for the backward pass.
        jacobians: Whether to show the numbers of small Jacobians (at most 64 entries) on the arcs,
            and the vector-Jacobian products of the backward pass under the graph.
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
    return Drawing(graph, gradients=gradients, saved=saved, jacobians=jacobians, scale=scale)
