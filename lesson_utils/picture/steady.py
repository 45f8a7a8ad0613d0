"""A picture that stays in its place while its numbers change.

Every number gets the room of a long one: the layout is made for a stand-in
graph with such numbers throughout, so it is the same text for the layout
program, and found again, however the numbers run; and boxes and labels keep
the widths that they have there, with what is shorter in their middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache

from lesson_utils.graph import ComputationGraph, Data
from lesson_utils.picture.arrangement import Arrangement, arrange, sketches
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.formula import formula
from lesson_utils.words.chain_rule import chain_rules
from lesson_utils.words.look import Look

LONG = -0.1234


class SteadyDrawing(Drawing):
    """A drawing of a graph that will be drawn again with other numbers."""

    @cached_property
    def arrangement(self) -> Arrangement:
        """The places that a graph with long numbers has."""
        return _arranged(_with(self.graph, _long), self.look)


@lru_cache(maxsize=32)
def _arranged(standin: ComputationGraph, look: Look) -> Arrangement:
    """An arrangement that keeps the width of its labels and of its chain rules."""
    found = arrange(standin, look)
    (whole,) = sketches(
        standin, look, (0, len(standin.operations)), found.direction, dense=found.dense
    )
    rules = chain_rules(_with(standin, _middling))
    room = max((formula(rule, look.width).width for rule in rules), default=0.0)
    return replace(found, widths=whole.widths, least=room)


def _long(_: float) -> float:
    return LONG


def _middling(_: float) -> float:
    """For sums and products, where few numbers are long at once."""
    return 12.3


def _with(graph: ComputationGraph, change: Callable[[float], float]) -> ComputationGraph:
    """The graph with each changeable number changed, and those of tables made alike."""

    def changed(data: Data) -> Data:
        if isinstance(data, tuple):
            return tuple(map(changed, data))
        return change(data) if isinstance(data, float) else data

    values = [
        it
        if it.role == "constant"
        else replace(it, data=changed(it.data), gradient=changed(it.gradient))
        for it in graph.values
    ]
    operations = [
        replace(
            op,
            uses=tuple(
                replace(
                    use,
                    local=changed(use.local),
                    contribution=changed(use.contribution),
                    jacobian=None,
                )
                for use in op.uses
            ),
        )
        for op in graph.operations
    ]
    return replace(graph, values=tuple(values), operations=tuple(operations))
