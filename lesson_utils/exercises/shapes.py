"""Mistakes that only tensors allow: means, sums, copies, rows for columns."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from lesson_utils.exercises.question import Answer, Question
from lesson_utils.exercises.replay import array, gradients, uses_of
from lesson_utils.operations import base_name


def mean_and_sum(q: Question) -> Iterator[Answer]:
    """A mean as if it were a sum, or the reverse."""
    numbers = q.answer()
    for op in q.between if numbers is not None else ():
        kind = base_name(op.name)
        count = prod(q.graph[op.inputs[0]].shape) // max(prod(q.graph[op.outputs[0]].shape), 1)
        if kind == "mean" and numbers is not None:
            told = f"A mean of {count} numbers has a factor of 1/{count} in its derivative."
            yield Answer(numbers * count, told)
        elif kind == "sum" and count and numbers is not None:
            told = f"That has a factor of 1/{count}, as a mean has; a sum has none."
            yield Answer(numbers / count, told)


def not_summed_back(q: Question) -> Iterator[Answer]:
    """What was broadcast, without the sum over its copies."""
    found = gradients(q.graph, q.of, seed=q.seed) or {}
    for op, i in uses_of(q.graph, q.value):
        out = q.graph[op.outputs[0]]
        local = array(op.uses[i].local)
        if out.id not in found or local is None or out.shape == q.value.shape:
            continue
        if not op.elementwise:
            continue
        whole = found[out.id] * local
        told = (
            f"`{q.value.name}` was broadcast to the shape {list(out.shape)}: its gradient is the "
            "sum over all its copies."
        )
        yield Answer(whole, told)
        if whole.ndim and whole.shape[0] > 1:
            yield Answer(whole[0], told)


def transposed(q: Question) -> Iterator[Answer]:
    """Rows for columns."""
    numbers = q.answer()
    if numbers is not None and numbers.ndim == 2 and min(numbers.shape) > 1:
        yield Answer(
            numbers.T.copy(),
            f"Rows and columns are exchanged: the gradient has the shape of `{q.value.name}`, "
            f"{list(q.value.shape)}.",
        )
