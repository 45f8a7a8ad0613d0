"""Derivatives of one recorded call: its local ones, and where they lead."""

from __future__ import annotations

import re

import torch

from lesson_utils.capture.elements import numbers
from lesson_utils.capture.functions import is_function
from lesson_utils.capture.products import pull_back
from lesson_utils.capture.records import Call, LiveValue, Node, unit
from lesson_utils.graph import MAX_ELEMENTS, Data


def reached(call: Call) -> list[bool]:
    """For each input, whether some node of the call sends a gradient to it."""
    found = [False] * len(call.inputs)
    for targets in call.targets:
        for target in targets:
            if target is not None and target[0] == "input":
                found[target[1]] = True
    return found


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
    # Python code is run once, in a backward pass; and what a call has written to without a new
    # version, its node may read when it is asked again.
    if call.python or call.unasked or call.silent:
        return nothing, list(nothing)
    sources = [0] if len(call.outputs) == 1 and call.nodes else differentiable(call)
    if len(sources) != 1 or not call.inputs:
        return nothing, list(nothing)
    position = sources[0]
    out = call.outputs[position]
    if out.dtype is not None and out.dtype.is_complex:
        kinds = [value.dtype for value in call.inputs if value.requires_grad]
        if not all(kind is not None and kind.is_complex for kind in kinds):
            return nothing, list(nothing)  # no one number is the derivative of two
    sizes = [value.numel for value in call.inputs]
    if out.numel > MAX_ELEMENTS or out.dtype is None or min(sizes) > MAX_ELEMENTS:
        return nothing, list(nothing)
    ones = unit(out.shape, out.dtype)
    try:
        if out.numel == 1:
            products = pull_back(call, {position: ones})
            if max(sizes) <= MAX_ELEMENTS:
                call.unit = products
            told = [None if product is None else numbers(product) for product in products]
            return told, nothing
        if call.elementwise:
            products = pull_back(call, {position: ones}, fitted=False)
            same = [p if p is not None and tuple(p.shape) == out.shape else None for p in products]
            return [_numbers(product) for product in same], [None] * len(products)
        return _by_rows(call, position, out)
    except (RuntimeError, NotImplementedError):  # what PyTorch cannot run, nobody can show
        pass
    return nothing, list(nothing)


def factors(cotangent: torch.Tensor, products: list[torch.Tensor | None]) -> list[Data]:
    """Local derivatives of a call with one number for a result, from what flowed through it.

    The backward of a Function is run for the gradient that arrives there; what
    it multiplied this by is its local derivative.
    """
    arrived = cotangent.item()
    if arrived == 0 or arrived != arrived or abs(arrived) == float("inf"):
        return [None] * len(products)
    return [
        None
        if product is None or product.numel() > MAX_ELEMENTS
        else numbers(product if arrived == 1 else product / cotangent.reshape(()))
        for product in products
    ]


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
        if not wanted[i] or all(product is None for product in column):
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
    return name if is_function(node) else name[:1].lower() + name[1:]
