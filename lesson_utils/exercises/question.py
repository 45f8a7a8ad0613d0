"""What an exercise asks of a graph, and what a mistake answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lesson_utils.exercises.replay import Array, Change, gradients, on_the_way
from lesson_utils.graph import ComputationGraph, Operation, Value
from lesson_utils.words.notation import derivative


@dataclass(frozen=True)
class Question:
    """What was asked.

    Attributes:
        graph: Where.
        value: With respect to what.
        of: The gradient of what.
        seed: What the pass starts from; None for ones.
    """

    graph: ComputationGraph
    value: Value
    of: Value
    seed: Array | None = None

    def answer(self, change: Change | None = None, *, overwrite: bool = False) -> Array | None:
        """The gradient, or what it is if one thing is done differently."""
        found = gradients(self.graph, self.of, seed=self.seed, change=change, overwrite=overwrite)
        return None if found is None else found.get(self.value.id)

    @property
    def symbol(self) -> str:
        """Of what is asked."""
        return derivative(self.graph, self.value, self.of)

    @property
    def between(self) -> list[Operation]:
        """The operations on the way from the value to what is differentiated."""
        return on_the_way(self.graph, self.value, self.of)

    def made(self, op: Operation) -> str:
        """What an operation made, for a sentence."""
        return f"`{self.graph[op.outputs[0]].name}`"


@dataclass(frozen=True, eq=False)
class Answer:
    """What a mistake leads to.

    Attributes:
        numbers: The answer; None where the mistake has none here.
        sentence: What was done, in the graph's own names; never the right number.
    """

    numbers: Array | None
    sentence: str


Mistake: TypeAlias = Callable[[Question], Iterator[Answer]]


def at(chosen: Operation, instead: Callable[[int, Array, Array], Array | None]) -> Change:
    """A change at one operation.

    Args:
        chosen: Which.
        instead: Gives what flows to its use at a position, for what arrives and what would flow.
    """

    def change(op: Operation, i: int, arriving: Array, flowing: Array) -> Array | None:
        return instead(i, arriving, flowing) if op is chosen else flowing

    return change
