"""Mistakes about paths: one is forgotten, or overwrites another; the wrong end is taken."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from lesson_utils.exercises.question import Answer, Question
from lesson_utils.exercises.replay import Array, array, gradients, on_the_way, uses_of
from lesson_utils.graph import Operation, Value
from lesson_utils.words.notation import derivative

FEW = 4  # uses of a value of which all selections are tried
Uses = tuple[tuple[Operation, int], ...]


def path_forgotten(q: Question) -> Iterator[Answer]:
    """Some uses of a value on the way are left out."""
    between = q.between
    for value in (q.value, *(q.graph[out] for op in between for out in op.outputs)):
        uses = tuple(use for use in uses_of(q.graph, value) if use[0] in between)
        if 2 <= len(uses) <= FEW:
            for count in range(1, len(uses)):
                for taken in combinations(uses, count):
                    yield _through(q, value, taken, uses)


def _through(q: Question, value: Value, taken: Uses, uses: Uses) -> Answer:
    """The way through some uses of a value alone."""

    def change(op: Operation, i: int, _: Array, flowing: Array) -> Array | None:
        return None if op.uses[i].value == value.id and (op, i) not in taken else flowing

    rest = tuple(use for use in uses if use not in taken)
    ways, others = (" and ".join(_places(q, some)) for some in (taken, rest))
    told = f"`{value.name}` is used again in {others}"
    shared = {op.id for op, _ in taken} & {op.id for op, _ in rest}
    if shared:
        (op, *_) = [op for op, _ in taken if op.id in shared]
        times = sum(it is op for it, _ in uses)
        told = f"`{value.name}` is used {times} times in {q.made(op)}, and each use counts"
    return Answer(q.answer(change), f"That is the way through {ways} alone; {told}.")


def _places(q: Question, uses: Uses) -> list[str]:
    return list(dict.fromkeys(q.made(op) for op, _ in uses))


def last_path_only(q: Question) -> Iterator[Answer]:
    """What comes later replaces what was there, instead of being added to it."""
    yield Answer(
        q.answer(overwrite=True),
        f"That is what is left if each path to `{q.value.name}` overwrites the one before; paths "
        "add up.",
    )


def local_for_total(q: Question) -> Iterator[Answer]:
    """The derivative of the next value, where that of the last one was asked."""
    uses: dict[int, list[Array | None]] = {}  # by operation: an operation may use it twice
    for op, i in uses_of(q.graph, q.value):
        uses.setdefault(op.id, []).append(array(op.uses[i].local))
    for id, locals in uses.items():
        op = q.graph.operations[id]
        out = q.graph[op.outputs[0]]
        alone = on_the_way(q.graph, q.value, out) == [op]  # else it is not all of ∂out/∂value
        if out.id != q.of.id and alone:
            yield Answer(
                _sum(locals),
                f"That is {derivative(q.graph, q.value, out)}, one step alone; the question is "
                f"{q.symbol}, all the way.",
            )


def _sum(parts: list[Array | None]) -> Array | None:
    """A sum, if all of its parts are told, and of one shape."""
    told = [it for it in parts if it is not None]
    return sum(told[1:], told[0]) if len(told) == len(parts) and _alike(told) else None


def _alike(parts: list[Array]) -> bool:
    return len({it.shape for it in parts}) == 1


def total_for_local(q: Question) -> Iterator[Answer]:
    """The derivative of the last value, where that of one before it was asked."""
    last = None if q.graph.of is None else q.graph[q.graph.of]
    if last is not None and last.id != q.of.id:
        yield Answer(
            array(q.value.gradient),
            f"That is {derivative(q.graph, q.value, last)}, all the way, and not {q.symbol}.",
        )


def forward_value(q: Question) -> Iterator[Answer]:
    """A value of the forward pass instead of a gradient."""
    between = [q.graph[out] for op in reversed(q.between) for out in op.outputs]
    for value in (*between, q.value):
        yield Answer(array(value.data), f"That is `{value.name}` itself, and no derivative.")


def seed_ignored(q: Question) -> Iterator[Answer]:
    """As if the pass started from ones."""
    if q.seed is not None:
        found = gradients(q.graph, q.of) or {}
        yield Answer(
            found.get(q.value.id),
            f"That starts from ones; the seed says how much each element of `{q.of.name}` counts.",
        )


def accumulated(q: Question) -> Iterator[Answer]:
    """Two passes added up."""
    numbers = q.answer()
    if numbers is not None and np.any(numbers):
        yield Answer(2 * numbers, "That would be the sum of two passes, and there is one.")
