"""The backward pass of a graph once more, in plain numbers, with one thing done differently.

Everything is taken from the frozen graph: its values and its local derivatives. Nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lesson_utils.graph import ComputationGraph, Data, Operation, Use, Value

Array: TypeAlias = "npt.NDArray[np.float64]"
# What flows to a use: the operation, the position there, what arrives and what would flow.
Change: TypeAlias = Callable[[Operation, int, Array, Array], "Array | None"]


def array(data: Data | Any, shape: tuple[int, ...] | None = None) -> Array | None:
    """Numbers as an array; None for what are none, or complex ones.

    Args:
        data: Of a graph, or a student's answer: a number, a tensor, a list.
        shape: To give it, where the number of elements fits.
    """
    if data is None or isinstance(data, (str, bytes, dict, set)):
        return None
    try:
        plain = data.detach().tolist() if hasattr(data, "detach") else data
        if np.iscomplexobj(np.asarray(plain)):  # NumPy would drop what is imaginary
            return None
        found: Array = np.asarray(plain, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
    return found.reshape(shape) if shape is not None and found.size == _count(shape) else found


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))


def pulled(graph: ComputationGraph, op: Operation, use: Use, arriving: Array) -> Array | None:
    """What a use hands on of what arrives; None where the graph does not tell its derivative."""
    before = graph[use.value].shape
    if use.jacobian is not None:
        matrix: Array = np.asarray(use.jacobian, dtype=np.float64)
        flowing: Array = (arriving.reshape(-1) @ matrix).reshape(before)
        return flowing
    local = array(use.local)
    if local is None:
        return None
    product = arriving * local
    return summed_to(np.asarray(product), before)


def summed_to(product: Array, shape: tuple[int, ...]) -> Array:
    """Summed over what was broadcast, so that it has the shape of the value again."""
    if product.size == 1 or product.shape == shape:
        return product.reshape(shape) if product.size == _count(shape) else product
    if _count(shape) == 1:
        return np.full(shape, product.sum())
    while product.ndim > len(shape):
        product = product.sum(0)
    for axis, length in enumerate(shape):
        if length == 1 and product.shape[axis] != 1:
            product = product.sum(axis, keepdims=True)
    return product


@np.errstate(all="ignore")  # where a number is infinite the answer is too, without a warning
def gradients(
    graph: ComputationGraph,
    of: Value,
    *,
    seed: Array | None = None,
    change: Change | None = None,
    overwrite: bool = False,
) -> dict[int, Array] | None:
    """The gradients of a value with respect to all before it, by value id.

    Args:
        graph: The graph.
        of: What is differentiated.
        seed: What the pass starts from; ones where nothing is said.
        change: May give something else than what would flow to a use, or None for nothing.
        overwrite: Whether what comes last replaces what was there, instead of being added.

    Returns:
        None where a derivative on the way is not told.
    """
    found = {of.id: np.ones(of.shape) if seed is None else seed}
    for op in reversed(graph.operations):
        if len(op.outputs) != 1 or op.outputs[0] not in found:
            if any(out in found for out in op.outputs):
                return None
            continue
        arriving = found[op.outputs[0]]
        for i, use in enumerate(op.uses):
            value = graph[use.value]
            if not value.requires_grad or not use.has_derivative:
                continue
            flowing = pulled(graph, op, use, arriving)
            if flowing is None:
                return None
            if change is not None:
                changed = change(op, i, arriving, flowing)
                if changed is None:
                    continue
                flowing = changed
            try:
                known = found.get(use.value)
                found[use.value] = flowing if known is None or overwrite else known + flowing
            except ValueError:  # shapes that do not fit, of a change
                return None
    return found


def uses_of(graph: ComputationGraph, value: Value) -> Iterator[tuple[Operation, int]]:
    """The uses of a value that a gradient can flow along, in the order of the operations."""
    for op in graph.operations:
        for i, use in enumerate(op.uses):
            if use.value == value.id and use.has_derivative:
                yield op, i


def on_the_way(graph: ComputationGraph, value: Value, of: Value) -> list[Operation]:
    """The operations between a value and what is differentiated, the value's own use first."""
    ahead, behind = {value.id}, {of.id}
    between = []
    for op in graph.operations:
        if ahead.intersection(op.inputs):
            ahead.update(op.outputs)
            between.append(op)
    for op in reversed(between):
        if behind.intersection(op.outputs):
            behind.update(op.inputs)
    return [op for op in between if behind.intersection(op.outputs)]
