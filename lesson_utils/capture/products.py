"""Vector-Jacobian products of one call, asked of PyTorch's own autograd nodes.

A node of the backward graph can be called like a function: it returns the
vector-Jacobian products with its inputs, frees nothing, fires no hook and
writes no `.grad`. Everything here rests on that, so that looking at a graph
never changes it.
"""

from __future__ import annotations

import torch

from lesson_utils.capture.functions import is_function
from lesson_utils.capture.records import Answer, Call, Node
from lesson_utils.capture.sandbox import NotAsked
from lesson_utils.capture.stand_in import ask
from lesson_utils.capture.torch_internals import input_metadata


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


def added(held: torch.Tensor, product: torch.Tensor) -> torch.Tensor:
    """The sum of two gradients; a sparse one can be added to a dense one, not the reverse."""
    return product + held if held.is_sparse else held + product


def fit(gradient: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Sum a gradient over broadcast dimensions, as the engine does between nodes."""
    if gradient.shape == shape:
        return gradient
    return gradient.sum_to_size(shape)


def pull_back(
    call: Call,
    cotangents: dict[int, torch.Tensor],
    *,
    fitted: bool = True,
    inside: dict[int, torch.Tensor] | None = None,
) -> list[torch.Tensor | None]:
    """Vector-Jacobian products of one call with each of its inputs.

    Args:
        call: The recorded call.
        cotangents: Gradient of each output, by its position in `call.outputs`.
        fitted: Sum each product to its input's shape; without it the products
            of an elementwise operation keep the shape of the output.
        inside: Is filled with what outputs receive from other outputs of the
            same call, by position: a cell's new state gets some through its output.

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
                buffers[index][slot] = product if held is None else added(held, product)
                if inside is not None:
                    edge = call.nodes[index], slot
                    for position in [i for i, out in enumerate(call.outputs) if out.edge == edge]:
                        before = inside.get(position)
                        inside[position] = product if before is None else added(before, product)
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
    found[index] = product if held is None else added(held, product)
