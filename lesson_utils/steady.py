"""A picture that stays in its place while its numbers change.

Every number gets the room of a long one: the layout is made for a stand-in
graph with such numbers throughout, so it is the same text for the layout
program, and found again, however the numbers run; and each number is filled up
with spaces, so that no box breathes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lesson_utils.chainrule import chain_rules
from lesson_utils.drawing import Drawing
from lesson_utils.graph import ComputationGraph, Data
from lesson_utils.layout import Layout
from lesson_utils.shapes import Piece, text_width
from lesson_utils.sketch import Sketch

LONG = -0.1234
_WIDE = text_width(f"{LONG:.4g}")
_SPACE = text_width(" ")


class _Filled(float):
    """A number that is written with spaces up to the width of a long one."""

    def __format__(self, spec: str) -> str:
        text = super().__format__(spec)
        return text + " " * round((_WIDE - text_width(text)) / _SPACE)


class SteadyDrawing(Drawing):
    """A drawing of a graph that will be drawn again with other numbers."""

    def __init__(self, graph: ComputationGraph) -> None:
        super().__init__(graph, gradients=True, saved=False, scale=1.0)

    def _sketches(self, most: int) -> list[Sketch]:
        places, shown = (
            Drawing(each, gradients=True, saved=False, scale=1.0)._sketches(most)
            for each in (_with(self.graph, _long), _with(self.graph, _Filled))
        )
        return [_InPlace(*pair) for pair in zip(places, shown, strict=True)]

    def _page(self, panels: list[Piece]) -> str:
        rules = chain_rules(_with(self.graph, _middling))
        room = min(max((text_width(each, 14) for each in rules), default=0.0), self._room)
        widest = max(each.width for each in panels)
        if widest < room:  # the paper keeps its width too
            panels = [replace(each, width=room) if each.width == widest else each
                      for each in panels]  # fmt: skip
        return super()._page(panels)


class _InPlace(Sketch):
    """A sketch that takes the places of another one."""

    def __init__(self, places: Sketch, shown: Sketch) -> None:
        self._places, self._shown = places, shown

    def span(self, direction: str) -> float:
        return self._places.span(direction)

    def dot(self, name: str, direction: str) -> str:
        self._shown.dot(name, direction)
        return self._places.dot(name, direction)

    def piece(self, layout: Layout) -> Piece:
        return self._shown.piece(layout)


def _long(_: float) -> float:
    return LONG


def _middling(_: float) -> float:
    """For sums and products, where few numbers are long at once."""
    return 12.3


def _with(graph: ComputationGraph, change: Any) -> ComputationGraph:
    """The graph with each changeable number changed."""

    def each(data: Data) -> Data:
        return change(data) if isinstance(data, float) else data

    values = (
        it if it.role == "constant" else replace(it, data=each(it.data), gradient=each(it.gradient))
        for it in graph.values
    )
    operations = (
        replace(op, local_derivatives=tuple(map(each, op.local_derivatives)))
        for op in graph.operations
    )
    return replace(graph, values=tuple(values), operations=tuple(operations))
