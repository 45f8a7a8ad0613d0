"""Derivatives of recorded calls, asked of PyTorch's own autograd nodes.

A node of the backward graph can be called like a function: it returns the
vector-Jacobian products with its inputs, frees nothing, fires no hook and
writes no `.grad`. Everything here rests on that, so that looking at a graph
never changes it.
"""

from __future__ import annotations

import re

import torch

from lesson_utils.capture.elements import numbers
from lesson_utils.capture.functions import is_function
from lesson_utils.capture.records import Answer, Call, LiveValue, Node, unit
from lesson_utils.capture.sandbox import NotAsked
from lesson_utils.capture.stand_in import ask
from lesson_utils.capture.torch_internals import input_metadata
from lesson_utils.graph import MAX_ELEMENTS, Data


def call_node(
    call: Call, node: Node, cotangents: list[torch.Tensor | None]
) -> tuple[torch.Tensor | None, ...]:
    """The vector-Jacobian products of one node of a call, in the order of its inputs.

    Raises:
        NotAsked: Calling it would run code of the student's that could matter.
        RuntimeError: PyTorch cannot run the node.
    """
    if call.python and is_function(node):
        return _answer(call, node, cotangents)
    result = node(*cotangents)
    return result if isinstance(result, tuple) else (result,)


def _answer(
    call: Call, node: Node, cotangents: list[torch.Tensor | None]
) -> tuple[torch.Tensor | None, ...]:
    """A Function's products; its backward is run for one gradient in a trace, and only once."""
    call.answers = {} if call.answers is None else call.answers
    known = call.answers.get(node)
    if known is None:
        products = ask(node, cotangents)
        kept = [None if cotangent is None else cotangent.clone() for cotangent in cotangents]
        call.answers[node] = Answer(kept, products)
        return products
    for cotangent, before in zip(cotangents, known.cotangents, strict=True):
        same = (
            cotangent is before
            if cotangent is None or before is None
            else torch.equal(cotangent, before)
        )
        if not same:
            raise NotAsked(
                "its backward was run for a different gradient, and looking runs it once"
            )
    return known.products


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
        NotAsked: Looking does not ask one of its nodes.
        RuntimeError: PyTorch cannot run a node, for instance because a
            backward pass has freed what it saved.
    """
    if call.unasked:
        raise NotAsked(call.unasked)
    if not call.slots:
        call.slots = [len(input_metadata(node)) for node in call.nodes]
    found: list[torch.Tensor | None] = [None] * len(call.inputs)
    if len(call.nodes) == 1:  # mostly
        buffer: list[torch.Tensor | None] = [None] * call.slots[0]
        node = call.nodes[0]
        for position, gradient in cotangents.items():
            edge = call.outputs[position].edge
            if edge is not None and edge[0] is node:
                buffer[edge[1]] = gradient
        products = call_node(call, node, buffer)
        for target, product in zip(call.targets[0], products, strict=False):
            if target is not None and product is not None:
                _arrive(call, found, target[1], product, fitted)
        return found
    buffers: list[list[torch.Tensor | None]] = [[None] * count for count in call.slots]
    for position, gradient in cotangents.items():
        edge = call.outputs[position].edge
        if edge is not None and edge[0] in call.nodes:
            buffers[call.nodes.index(edge[0])][edge[1]] = gradient
    for node, targets, buffer in zip(call.nodes, call.targets, buffers, strict=True):
        if all(cotangent is None for cotangent in buffer):
            continue
        for target, product in zip(targets, call_node(call, node, buffer), strict=False):
            if target is None or product is None:
                continue
            kind, index, slot = target
            if kind == "node":
                meta = input_metadata(call.nodes[index])[slot]
                held, product = buffers[index][slot], fit(product, tuple(meta.shape))
                product = product if product.dtype == meta.dtype else product.to(meta.dtype)
                buffers[index][slot] = product if held is None else held + product
                continue
            _arrive(call, found, index, product, fitted)
    return found


def _arrive(
    call: Call, found: list[torch.Tensor | None], index: int, product: torch.Tensor, fitted: bool
) -> None:
    """Add a product to what an input has received."""
    value = call.inputs[index]
    if fitted and product.shape != value.shape:
        product = product.sum_to_size(value.shape)
    if product.dtype != value.dtype and value.dtype is not None:
        product = product.to(value.dtype)
    held = found[index]
    found[index] = product if held is None else held + product


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
