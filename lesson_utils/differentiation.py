"""Derivatives of recorded calls, asked of PyTorch's own autograd nodes.

A node of the backward graph can be called like a function: it returns the
vector-Jacobian products with its inputs, frees nothing, fires no hook and
writes no `.grad`. Everything here rests on that, so that looking at a graph
never changes it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import torch

from lesson_utils.graph import MAX_ELEMENTS, Data
from lesson_utils.recording import Call, LiveValue, Node, numbers, unit

# Elementwise in effect, though torch does not tag them as pointwise.
_ALSO_ELEMENTWISE = frozenset(
    [
        "bfloat16",
        "clone",
        "contiguous",
        "double",
        "dropout",
        "float",
        "half",
        "hardswish",
        "logsigmoid",
        "relu6",
        "softsign",
        "square",
        "tanhshrink",
        "to",
        "type_as",
    ]
)


@cache
def is_elementwise(name: str) -> bool:
    """Whether torch tags the operation as pointwise (`torch.Tag.pointwise`)."""
    base = name.rstrip("_")
    packet = getattr(torch.ops.aten, base, None) if base.isidentifier() else None
    if base in _ALSO_ELEMENTWISE or packet is None:
        return base in _ALSO_ELEMENTWISE
    return any(torch.Tag.pointwise in getattr(packet, each).tags for each in packet.overloads())


def call_node(node: Node, cotangents: list[torch.Tensor | None]) -> tuple[Any, ...]:
    """The vector-Jacobian products of one node, in the order of its inputs."""
    if hasattr(node, "apply"):  # a custom torch.autograd.Function: not callable itself
        metadata = node._input_metadata
        filled = [
            torch.zeros(tuple(m.shape), dtype=m.dtype)
            if c is None
            else c.clone()  # a backward may write to what it is given
            if c.numel() <= MAX_ELEMENTS
            else c
            for c, m in zip(cotangents, metadata, strict=True)
        ]
        result = node.apply(*filled)
    else:
        result = node(*cotangents)
    return result if isinstance(result, tuple) else (result,)


def fit(gradient: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Sum a gradient over broadcast dimensions, as the engine does between nodes."""
    if gradient.shape == shape:
        return gradient
    return gradient.sum_to_size(shape)


def pull_back(
    call: Call, cotangents: dict[int, torch.Tensor], *, fitted: bool = True
) -> list[torch.Tensor | None]:
    """Vector-Jacobian products of one call with each of its inputs.

    Args:
        call: The recorded call.
        cotangents: Gradient of each output, by its position in `call.outputs`.
        fitted: Sum each product to its input's shape; without it the products
            of an elementwise operation keep the shape of the output.

    Raises:
        RuntimeError: PyTorch cannot run a node, for instance because a
            backward pass has freed what it saved.
    """
    if not call.slots:
        call.slots = [len(node._input_metadata) for node in call.nodes]
    buffers: list[list[torch.Tensor | None]] = [[None] * count for count in call.slots]
    for position, gradient in cotangents.items():
        root = call.root(call.outputs[position])
        if root is not None:
            _add(buffers[root[0]], root[1], gradient)
    found: list[torch.Tensor | None] = [None] * len(call.inputs)
    for node, targets, buffer in zip(call.nodes, call.targets, buffers, strict=True):
        if all(each is None for each in buffer):
            continue
        for target, product in zip(targets, call_node(node, buffer), strict=False):
            if target is None or product is None:
                continue
            kind, index, slot = target
            if kind == "node":
                shape = tuple(call.nodes[index]._input_metadata[slot].shape)
                _add(buffers[index], slot, fit(product, shape))
            else:
                value = call.inputs[index]
                if fitted:
                    product = fit(product, value.shape)
                if value.dtype is not None and product.dtype != value.dtype:
                    product = product.to(value.dtype)
                _add(found, index, product)
    return found


def reached(call: Call) -> list[bool]:
    """For each input, whether some node of the call sends a gradient to it."""
    found = [False] * len(call.inputs)
    for targets in call.targets:
        for target in targets:
            if target is not None and target[0] == "input":
                found[target[1]] = True
    return found


def _add(buffer: list[torch.Tensor | None], index: int, gradient: torch.Tensor) -> None:
    held = buffer[index]
    buffer[index] = gradient if held is None else held + gradient


def differentiable(call: Call) -> list[int]:
    """Positions of the outputs that have a node."""
    return [i for i, out in enumerate(call.outputs) if call.root(out) is not None]


def local_derivatives(call: Call) -> tuple[list[Data], list[Data]]:
    """Derivatives of this call alone, and its Jacobian matrices where small.

    Returns:
        For each input its derivative in the sense of
        `graph.Operation.local_derivatives`, and its Jacobian as rows (outputs)
        of numbers (inputs), for at most `MAX_ELEMENTS` entries; None where
        there is none.
    """
    nothing: list[Data] = [None] * len(call.inputs)
    sources = differentiable(call)
    sizes = [each.numel for each in call.inputs]
    if len(sources) != 1 or not sizes or min(sizes) > MAX_ELEMENTS:
        return nothing, list(nothing)
    position = sources[0]
    out = call.outputs[position]
    if out.numel > MAX_ELEMENTS or out.dtype is None:
        return nothing, list(nothing)
    ones = unit(out.shape, out.dtype)
    try:
        if out.numel == 1:
            products = pull_back(call, {position: ones})
            if max(sizes) <= MAX_ELEMENTS:
                call.unit = products
            return [_numbers(each) for each in products], [None] * len(products)
        if call.elementwise:
            products = pull_back(call, {position: ones}, fitted=False)
            same = [p if p is not None and tuple(p.shape) == out.shape else None for p in products]
            return [_numbers(each) for each in same], [None] * len(products)
        return _by_rows(call, position, out)
    except Exception:  # the backward of a student's own Function may raise anything
        return nothing, list(nothing)


def _by_rows(call: Call, position: int, out: LiveValue) -> tuple[list[Data], list[Data]]:
    wanted = [
        value.requires_grad and 0 < value.numel * out.numel <= MAX_ELEMENTS for value in call.inputs
    ]
    derivatives: list[Data] = [None] * len(call.inputs)
    jacobians: list[Data] = [None] * len(call.inputs)
    if not any(wanted) or out.numel == 0:
        return derivatives, jacobians
    rows: list[list[torch.Tensor | None]] = []
    for element in range(out.numel):
        basis = torch.zeros(out.numel, dtype=out.dtype)
        basis[element] = 1
        rows.append(pull_back(call, {position: basis.reshape(out.shape)}))
    for i, value in enumerate(call.inputs):
        column = [row[i] for row in rows]
        if not wanted[i] or all(each is None for each in column):
            continue
        zero = torch.zeros(value.shape, dtype=value.dtype)
        matrix = torch.stack([zero if c is None else c for c in column]).reshape(out.numel, -1)
        jacobians[i] = numbers(matrix) if matrix.numel() > 1 else ((numbers(matrix),),)
        if value.numel == 1:
            derivatives[i] = numbers(matrix.reshape(out.shape))
    return derivatives, jacobians


def _numbers(tensor: torch.Tensor | None) -> Data:
    return None if tensor is None else numbers(tensor)


def operation_name(node: Node) -> str:
    """`MulBackward0` gives `mul`, a custom `SquareBackward` gives `Square`."""
    name = re.sub(r"Backward\d*$", "", node.name().split("::")[-1])
    return name if hasattr(node, "apply") else name[:1].lower() + name[1:]
