"""A forward and a backward pass, step by step, as frozen data.

The forward pass shows values in the order in which they were computed. The
backward pass runs as PyTorch's engine does: of the nodes that wait, the one
recorded last goes first, and it can run, since all that send it a gradient were
recorded later still. A value that several operations use adds up what arrives
from each of them (`Arrival`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lesson_utils.graph import ComputationGraph, Data, Operation, Use
from lesson_utils.words import narration
from lesson_utils.words.captions import question

MOST = 160
"""A longer film shows several steps in one frame."""


@dataclass(frozen=True)
class Arrival:
    """A gradient after what arrived for it in one frame.

    Attributes:
        value: Id of the value.
        terms: The contributions that have arrived so far, in their order.
        missing: How many are still to come.
        total: Their sum, if they are single numbers; PyTorch's own gradient
            once nothing is missing.
    """

    value: int
    terms: tuple[Data, ...]
    missing: int
    total: Data


@dataclass(frozen=True)
class Frame:
    """One step.

    Attributes:
        sentence: What happens, with its numbers.
        values: Ids of the values that become known.
        forward: Ids of the operations that run.
        branches: Positions of the questions that Python asks.
        backward: Ids of the operations that are differentiated.
        arrivals: The gradients that change.
    """

    sentence: str
    values: tuple[int, ...] = ()
    forward: tuple[int, ...] = ()
    branches: tuple[int, ...] = ()
    backward: tuple[int, ...] = ()
    arrivals: tuple[Arrival, ...] = ()


def frames(graph: ComputationGraph, most: int = MOST) -> tuple[Frame, ...]:
    """All steps of a graph.

    Args:
        graph: A graph; without gradients there is only the forward pass, and
            the last frame says why. Of a block that an error ended, what ran.
        most: How many frames at most, about; where the graph has more steps,
            neighbours of the same pass are shown together.

    Returns:
        What is given, the forward pass, the backward pass, and a last frame.
    """
    there, back = _forward(graph), _backward(graph)
    if graph.failure is not None and not graph.passes:
        back = []  # the block did not come that far
    size = max(1, -(-(len(there) + len(back)) // max(most - 3, 1)))
    opening, *steps = there
    return (opening, *_merged(steps, size), *_merged(back, size), Frame(narration.ending(graph)))


def _forward(graph: ComputationGraph) -> list[Frame]:
    made = {out for op in graph.operations for out in op.outputs}
    leaves = [value for value in graph.values if value.id not in made and value.role != "constant"]
    given = Frame(narration.opening(graph, leaves), tuple(leaf.id for leaf in leaves))
    steps = [given]
    waiting = list(enumerate(graph.branches))
    for op in graph.operations:
        while waiting and waiting[0][1].position <= op.id:
            steps.append(_question(graph, waiting.pop(0)[0]))
        steps.append(Frame(narration.forward(graph, op), op.outputs, (op.id,)))
    return steps + [_question(graph, number) for number, _ in waiting]


def _question(graph: ComputationGraph, number: int) -> Frame:
    return Frame(question(graph, graph.branches[number]), branches=(number,))


def _backward(graph: ComputationGraph) -> list[Frame]:
    if graph.of is None:
        return []
    seed = graph[graph.of].gradient
    steps = [Frame(narration.start(graph), arrivals=(Arrival(graph.of, (seed,), 0, seed),))]
    ran = [op for op in reversed(graph.operations) if narration.received(graph, op)]
    due: dict[int, int] = {}
    for op in ran:
        for use in _sends(op):
            due[use.value] = due.get(use.value, 0) + 1
    terms: dict[int, tuple[Data, ...]] = {}
    for op in ran:
        for use in _sends(op):
            terms[use.value] = (*terms.get(use.value, ()), use.contribution)
        changed = dict.fromkeys(use.value for use in _sends(op))
        arrivals = tuple(_arrival(graph, value, terms[value], due[value]) for value in changed)
        told = [narration.backward(graph, op)]
        for arrival in arrivals:
            if due[arrival.value] > 1:
                told.append(narration.joined(graph[arrival.value], arrival.terms, arrival.missing))
        steps.append(Frame(" ".join(told), backward=(op.id,), arrivals=arrivals))
    return steps


def _sends(op: Operation) -> list[Use]:
    """The uses that a gradient flows along, those among its own results too."""
    return [use for use in (*op.inside, *op.uses) if use.flowed]


def _arrival(graph: ComputationGraph, value: int, terms: tuple[Data, ...], due: int) -> Arrival:
    missing = due - len(terms)
    numbers = [term for term in terms if isinstance(term, (int, float, complex))]
    total: Data = sum(numbers) if len(numbers) == len(terms) else None
    return Arrival(value, terms, missing, total if missing else graph[value].gradient)


def _merged(steps: Sequence[Frame], size: int) -> Iterable[Frame]:
    for at in range(0, len(steps), size):
        part = steps[at : at + size]
        latest = {arrival.value: arrival for step in part for arrival in step.arrivals}
        yield Frame(
            " ".join(step.sentence for step in part),
            tuple(i for step in part for i in step.values),
            tuple(i for step in part for i in step.forward),
            tuple(i for step in part for i in step.branches),
            tuple(i for step in part for i in step.backward),
            tuple(latest.values()),
        )
