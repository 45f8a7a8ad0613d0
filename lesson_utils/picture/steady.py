"""A picture that stays in its place while its numbers change.

Every number gets the room of a long one: the layout is made for a stand-in
graph with such numbers throughout, so it is the same text for the layout
program, and found again, however the numbers run; and each number is filled up
with spaces, so that no box breathes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache

from lesson_utils.graph import ComputationGraph, Data
from lesson_utils.picture.drawing import PANELS, Drawing
from lesson_utils.picture.layout import lay_out
from lesson_utils.picture.panel import panel
from lesson_utils.picture.pieces import text_width
from lesson_utils.words.chain_rule import chain_rules

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

    @cached_property
    def _laid_out(self) -> tuple[str, str]:
        source, room, widths = _plan(_with(self.graph, _long))
        layouts = lay_out(source)
        filled = copy.copy(self)
        filled.graph = _with(self.graph, _Filled)
        whole = [max(len(self.graph.operations), 1)]
        sizes = PANELS if len(layouts) > 1 else whole
        parts = (filled._sketches(size) for size in sizes)
        sketches = next(each for each in parts if len(each) == len(layouts))
        for each in sketches:
            each.direction = "LR" if "rankdir=LR" in source else "TB"
        pieces = [panel(*each, widths) for each in zip(sketches, layouts, strict=True)]
        if len(pieces) == 1:  # the paper keeps its width too
            pieces = [replace(pieces[0], width=max(pieces[0].width, min(room, self._room)))]
        return source, self._page(pieces)


@lru_cache(maxsize=32)
def _plan(standin: ComputationGraph) -> tuple[str, float, dict[str, float]]:
    """The DOT text of a stand-in graph, the room of its chain rules, its labels' widths."""
    drawing = Drawing(standin, gradients=True, saved=False, scale=1.0)
    (whole,) = drawing._sketches(max(len(standin.operations), 1))
    rules = chain_rules(_with(standin, _middling))
    room = max((text_width(each, 14) for each in rules), default=0.0)
    return drawing.plan, room, {mark: whole.size(mark)[0] for mark in whole.roads}


def _long(_: float) -> float:
    return LONG


def _middling(_: float) -> float:
    """For sums and products, where few numbers are long at once."""
    return 12.3


def _with(graph: ComputationGraph, change: Callable[[float], float]) -> ComputationGraph:
    """The graph with each changeable number changed, and those of tables made alike."""

    def each(data: Data) -> Data:
        if isinstance(data, tuple):
            return data if change is _Filled else tuple(map(each, data))
        return change(data) if isinstance(data, float) else data

    values = (
        it if it.role == "constant" else replace(it, data=each(it.data), gradient=each(it.gradient))
        for it in graph.values
    )
    operations = (
        replace(
            op,
            local_derivatives=tuple(map(each, op.local_derivatives)),
            contributions=tuple(map(each, op.contributions)),
            jacobians=(),
        )
        for op in graph.operations
    )
    return replace(graph, values=tuple(values), operations=tuple(operations))
