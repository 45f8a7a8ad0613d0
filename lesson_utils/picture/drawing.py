"""The picture of a computation graph, as SVG, DOT and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.arrangement import Arrangement, arrange, paint
from lesson_utils.picture.dot import dot_source
from lesson_utils.picture.layout import INSTALL, NoLayoutProgram
from lesson_utils.picture.marks import UNMARKED, Marks
from lesson_utils.picture.page import image, page
from lesson_utils.picture.pieces import escape_lines
from lesson_utils.picture.pointing import answering
from lesson_utils.picture.shown import Picture
from lesson_utils.words.description import describe
from lesson_utils.words.look import Look


class Drawing(Picture):
    """A drawn graph. Shows itself in a notebook; the words are its alternative text.

    Attributes:
        graph: The graph that is drawn.
        look: How it is shown.
        marks: Classes for its parts, a style for them, and what is said below.
        remark: What is said below, in words.
    """

    def __init__(
        self,
        graph: ComputationGraph,
        look: Look | None = None,
        marks: Marks = UNMARKED,
        remark: str = "",
    ) -> None:
        self.graph = graph
        self.look = look or Look()
        self.marks, self.remark = marks, remark

    @cached_property
    def text(self) -> str:
        """The graph in words."""
        told = describe(self.graph, self.look)
        return f"{told}\n{self.remark}" if self.remark else told

    @cached_property
    def arrangement(self) -> Arrangement:
        """The places of everything.

        Raises:
            NoLayoutProgram: No layout program is installed.
        """
        return arrange(self.graph, self.look)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG, the same bytes on every run.

        Raises:
            NoLayoutProgram: No layout program is installed.
        """
        return paint(self.graph, self.look, self.arrangement, marks=self.marks)

    @cached_property
    def source(self) -> str:
        """The graph as labelled DOT text, for Graphviz and the tools that read it."""
        try:
            direction = self.arrangement.direction
        except NoLayoutProgram:
            direction = "LR"
        return dot_source(self.graph, direction, self.look)

    @property
    def html(self) -> str:
        """The picture as an image, which answers where scripts run; its words and a hint
        where it cannot be laid out.
        """
        try:
            still = image(self.svg, self.text, self.look.readable)
            return answering(still, self.graph, self.look, self._further())
        except NoLayoutProgram:
            return f"<pre>{escape_lines(self.text)}</pre><p>{INSTALL}</p>"

    def _further(self) -> dict[str, Any]:
        """Pictures that may take the place of this one."""
        return {}

    def files(self) -> Mapping[str, Callable[[], str]]:
        """A picture, its DOT text, a page or words."""
        return {
            **super().files(),
            ".html": lambda: page(self.html, "Picture of a computation graph"),
            **dict.fromkeys((".dot", ".gv"), lambda: self.source),
        }

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        html = self.html
        missing = f"\n{INSTALL}" if html.endswith(f"{INSTALL}</p>") else ""
        return {"text/html": html, "text/plain": self.text + missing}
