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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from lesson_utils.aside import in_main_thread, random_state_kept
from lesson_utils.recording import Node


class NotAsked(Exception):
    """A derivative that looking does not ask for; the message says why."""


_CALLABLE = (FunctionType, BuiltinFunctionType, MethodType, functools.partial, torch.nn.Module)
_SHARED = (ModuleType, BuiltinFunctionType, type(None), bool, int, float, complex, str, bytes)


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
    ctx = _stand_in(node)
    backward = _Sandbox().function(node._get_user_fn())
    given = _materialized(node, cotangents)
    with random_state_kept(), _quietly(), torch._C._EnableTorchFunction(), _NoPasses():
        if getattr(node._forward_cls, "boxed_grads_call", False):
            found = backward(ctx, given)
        else:
            found = backward(ctx, *given)
    products = list(found) if isinstance(found, (tuple, list)) else [found]
    return tuple(_in_order(node, products))


def _materialized(node: Node, cotangents: list[torch.Tensor | None]) -> list[torch.Tensor]:
    """Copies of the gradients; zeros where none arrives, unless the Function asked for None.

    Whether it did (`set_materialize_grads(False)`) cannot be read from the
    node, so that a Function whose code names it is not asked.
    """
    if any(each is None for each in cotangents):
        kind = node._forward_cls
        for code in (getattr(kind.forward, "__code__", None), kind.setup_context.__code__):
            if code is None or "set_materialize_grads" in _names(code):
                raise NotAsked(
                    "no gradient arrives at one of its outputs, and it may want None there or zeros"
                )
    return [
        torch.zeros(tuple(expected.shape), dtype=expected.dtype, device=expected.device)
        if each is None
        else each.clone()
        for each, expected in zip(cotangents, node._input_metadata, strict=True)
    ]


def _in_order(node: Node, products: list[Any]) -> Iterator[torch.Tensor | None]:
    """The products in the order of `next_functions`, which knows the tensors alone."""
    needed = node.needs_input_grad
    wanted = iter([each for each, needs in zip(products, needed, strict=False) if needs])
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
        with torch._C.DisableTorchFunction():  # the student's modes do not see it
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
    ctx = SimpleNamespace(**{name: _plain(name, each) for name, each in vars(node).items()})
    ctx.needs_input_grad = tuple(node.needs_input_grad)
    ctx.saved_tensors = tuple(
        [None if each is None else each.detach().clone() for each in node.saved_tensors]
    )
    ctx.maybe_clear_saved_tensors = lambda: None
    return ctx


def _plain(name: str, item: Any) -> Any:
    """A copy of an attribute of `ctx`; what can be called, or cannot be copied, is refused."""
    if isinstance(item, torch.Tensor):
        return item.detach().clone()
    if isinstance(item, (tuple, list)) and type(item) in (tuple, list):
        return type(item)([_plain(name, each) for each in item])
    if type(item) is dict:
        return {key: _plain(name, each) for key, each in item.items()}
    held = vars(item).values() if hasattr(item, "__dict__") else ()
    if any(isinstance(each, _CALLABLE) for each in (item, *held)):
        raise NotAsked(f"its ctx.{name} can be called, and looking does not")
    try:
        return copy.deepcopy(item)
    except Exception:
        raise NotAsked(f"its ctx.{name} cannot be copied") from None


class _Sandbox:
    """Copies of functions whose variables, global and enclosed, are copies too."""

    def __init__(self) -> None:
        self._spaces: dict[int, dict[str, Any]] = {}
        self._copies: dict[int, Any] = {}
        self._kept: list[Any] = []  # while their numbers are keys

    def function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same code, with copies of everything it can reach by name."""
        if not isinstance(function, FunctionType):
            return function
        if id(function) in self._copies:
            made: Callable[..., Any] = self._copies[id(function)]
            return made
        cells = tuple(CellType() for _ in function.__closure__ or ())
        space = self._space(function)
        twin = FunctionType(
            function.__code__, space, function.__name__, self._copy(function.__defaults__), cells
        )
        twin.__kwdefaults__ = self._copy(function.__kwdefaults__)
        self._remember(function, twin)
        for cell, own in zip(function.__closure__ or (), cells, strict=True):
            with suppress(ValueError):  # an empty cell
                own.cell_contents = self._copy(cell.cell_contents)
        for name in _names(function.__code__):
            if name in function.__globals__ and name not in space:
                space[name] = self._copy(function.__globals__[name])
        return twin

    def _space(self, function: FunctionType) -> dict[str, Any]:
        own = function.__globals__
        if id(own) not in self._spaces:
            self._kept.append(own)
            names = ("__builtins__", "__name__")
            self._spaces[id(own)] = {each: own[each] for each in names if each in own}
        return self._spaces[id(own)]

    def _remember(self, item: Any, twin: Any) -> Any:
        self._kept.append(item)
        self._copies[id(item)] = twin
        return twin

    def _copy(self, item: Any) -> Any:
        if id(item) in self._copies:
            return self._copies[id(item)]
        if isinstance(item, _SHARED):
            return item
        holds = {} if isinstance(item, (type, FunctionType)) else getattr(item, "__dict__", {})
        held = {n: f for n, f in holds.items() if type(f) is FunctionType and not _is_torchs(f)}
        if held:  # as torch.library keeps the backward of an operator
            return self._holder(item, held)
        if _is_torchs(item):
            return item
        if isinstance(item, FunctionType):
            return self.function(item)
        if isinstance(item, torch.Tensor):
            return self._remember(item, item.detach().clone().requires_grad_(item.requires_grad))
        if isinstance(item, type):
            return self._remember(item, self._shadow(item))
        if type(item) is list:
            twins: list[Any] = self._remember(item, [])
            twins += [self._copy(each) for each in item]
            return twins
        if type(item) is dict:
            table: dict[Any, Any] = self._remember(item, {})
            table |= {key: self._copy(each) for key, each in item.items()}
            return table
        if type(item) is tuple:
            return tuple(self._copy(each) for each in item)
        try:
            return self._remember(item, copy.deepcopy(item))
        except Exception:
            kind = type(item).__name__
            raise NotAsked(f"its backward reaches a {kind} that cannot be copied") from None

    def _holder(self, item: Any, held: dict[str, FunctionType]) -> Any:
        """A copy of an object whose functions are copies as well."""
        twin = self._remember(item, copy.copy(item))
        for name, each in held.items():
            object.__setattr__(twin, name, self.function(each))
        return twin

    def _shadow(self, kind: type) -> type:
        """A subclass that takes what is written to the class, and holds copies of its data."""
        data = {
            name: self._copy(each)
            for name, each in vars(kind).items()
            if not name.startswith("__") and isinstance(each, (list, dict, set, torch.Tensor))
        }
        try:
            return type(kind)(kind.__name__, (kind,), data)
        except TypeError:  # a class that allows no subclass
            return kind


def _is_torchs(item: Any) -> bool:
    return str(getattr(item, "__module__", "")).partition(".")[0] in ("torch", "numpy", "builtins")


def _names(code: Any) -> Iterator[str]:
    """All names that code and the functions defined in it look up."""
    yield from code.co_names
    for each in code.co_consts:
        if hasattr(each, "co_names"):
            yield from _names(each)
