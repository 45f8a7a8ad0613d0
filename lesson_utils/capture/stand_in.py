"""Asking the backward of a student's own Function without touching the student's program.

A Function's node is its `ctx`, so calling the node would run the student's
code with the real thing: counters would count, random numbers be used up, and
what `ctx` holds might change. Here the backward is run on copies: a stand-in
for `ctx`, and copies of the variables that the code reaches by name.
"""

from __future__ import annotations

import copy
import functools
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    SimpleNamespace,
)
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from lesson_utils.capture.aside import in_main_thread, random_state_kept
from lesson_utils.capture.records import Node
from lesson_utils.capture.sandbox import NotAsked, Sandbox, attributes
from lesson_utils.capture.saved import AGAIN
from lesson_utils.capture.torch_internals import (
    DisableTorchFunction,
    EnableTorchFunction,
    forward_class,
    input_metadata,
    user_backward,
)

_CALLABLE = (FunctionType, BuiltinFunctionType, MethodType, functools.partial, torch.nn.Module)


def ask(node: Node, cotangents: list[torch.Tensor | None]) -> tuple[torch.Tensor | None, ...]:
    """Run a Function's backward once, on copies.

    Args:
        node: The Function's node.
        cotangents: The gradient of each of its outputs.

    Returns:
        The products, one for each entry of `node.next_functions`.

    Raises:
        NotAsked: It cannot be run without the risk of changing something.
        Exception: What PyTorch raises for what was saved, or the backward itself.
    """
    if not in_main_thread():
        raise NotAsked("its backward is Python code, which looking runs in the main thread alone")
    if forward_class(node).__module__ == "torch.utils.checkpoint":
        raise NotAsked(AGAIN)
    ctx = _stand_in(node)
    backward = Sandbox().function(user_backward(node))
    given = _materialized(node, cotangents)
    boxed = getattr(forward_class(node), "boxed_grads_call", False)
    with random_state_kept(), _quietly(), EnableTorchFunction(), _NoPasses():
        try:
            found = backward(ctx, given) if boxed else backward(ctx, *given)
        except (SystemExit, GeneratorExit) as ending:
            raise NotAsked(f"its backward raises {type(ending).__name__}") from None
    products = list(found) if isinstance(found, (tuple, list)) else [found]
    _check(node, products)
    return tuple(_in_order(node, products))


def _check(node: Node, products: list[Any]) -> None:
    """What PyTorch's engine checks of the values that a backward returns."""
    expected = len(node.needs_input_grad)
    if len(products) < expected or any(product is not None for product in products[expected:]):
        raise RuntimeError(
            f"its backward returned {len(products)} values, and forward took {expected}"
        )
    for product in products:
        if product is not None and not isinstance(product, torch.Tensor):
            raise RuntimeError(f"its backward returned a {type(product).__name__}, not a tensor")


def _materialized(node: Node, cotangents: list[torch.Tensor | None]) -> list[torch.Tensor]:
    """Copies of the gradients; zeros where none arrives, unless the Function asked for None.

    Whether it did (`set_materialize_grads(False)`) cannot be read from the
    node, so that a Function whose code names it is not asked.
    """
    if any(cotangent is None for cotangent in cotangents):
        kind = forward_class(node)
        for code in (getattr(kind.forward, "__code__", None), kind.setup_context.__code__):
            if code is None or "set_materialize_grads" in attributes(code):
                raise NotAsked(
                    "no gradient arrives at one of its outputs, and it may want None there or zeros"
                )
    return [
        torch.zeros(tuple(expected.shape), dtype=expected.dtype, device=expected.device)
        if cotangent is None
        else cotangent.clone()
        for cotangent, expected in zip(cotangents, input_metadata(node), strict=True)
    ]


def _in_order(node: Node, products: list[Any]) -> Iterator[torch.Tensor | None]:
    """The products in the order of `next_functions`, which knows the tensors alone."""
    needed = node.needs_input_grad
    wanted = iter([item for item, needs in zip(products, needed, strict=False) if needs])
    for parent, _ in node.next_functions:
        product = None if parent is None else next(wanted, None)
        yield product.detach() if isinstance(product, torch.Tensor) else None


class _NoPasses(TorchFunctionMode):
    """Refuses backward passes: one inside a backward would write the student's `.grad`."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__name__", "") in ("backward", "grad"):
            raise NotAsked("its backward runs a backward pass of its own")
        with DisableTorchFunction():  # the student's modes do not see it
            return func(*args, **(kwargs or {}))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without prints, warnings and messages of `logging`."""
    page, level = io.StringIO(), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(page), redirect_stderr(page), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _stand_in(node: Node) -> SimpleNamespace:
    """An object with what a backward asks of its `ctx`, all of it copied."""
    ctx = SimpleNamespace(**{name: _plain(name, item) for name, item in vars(node).items()})
    ctx.needs_input_grad = tuple(node.needs_input_grad)
    ctx.saved_tensors = tuple(
        [None if tensor is None else tensor.detach().clone() for tensor in node.saved_tensors]
    )
    ctx.maybe_clear_saved_tensors = lambda: None
    return ctx


def _plain(name: str, item: Any) -> Any:
    """A copy of an attribute of `ctx`; what can be called, or cannot be copied, is refused."""
    if isinstance(item, torch.Tensor):
        return item.detach().clone()
    if isinstance(item, (tuple, list)) and type(item) in (tuple, list):
        return type(item)([_plain(name, part) for part in item])
    if type(item) is dict:
        return {key: _plain(name, part) for key, part in item.items()}
    held = vars(item).values() if hasattr(item, "__dict__") else ()
    if any(isinstance(part, _CALLABLE) for part in (item, *held)):
        raise NotAsked(f"its ctx.{name} can be called, and looking does not")
    try:
        return copy.deepcopy(item)
    except Exception:
        raise NotAsked(f"its ctx.{name} cannot be copied") from None
