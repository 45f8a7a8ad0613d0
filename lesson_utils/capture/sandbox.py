"""Copies of functions, with copies of every variable that their code can reach by name.

What they do then, they do to the copies. Where a copy is not possible, or the
code could reach further, they are not run at all.
"""

from __future__ import annotations

import copy
import io
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dis import Instruction, get_instructions
from functools import cache
from itertools import pairwise
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any

import torch

from lesson_utils.capture.torch_internals import OpOverload


class NotAsked(Exception):
    """A derivative that looking does not ask for; the message says why."""


_GLOBAL = frozenset(["LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"])
_WRITES = frozenset(["STORE_ATTR", "DELETE_ATTR"])
_SHARED = (BuiltinFunctionType, type(None), bool, int, float, complex, str, bytes)
# Things that act on others, or that a copy shares with the original.
_REFUSED = (
    torch.nn.Module, torch.optim.Optimizer, torch.Generator, weakref.ref, io.IOBase,
)  # fmt: skip
# Modules whose functions compute and do nothing else; random states are put back.
_MODULES = frozenset(
    [
        "cmath", "collections", "contextlib", "copy", "dataclasses", "einops", "enum", "functools",
        "itertools", "logging", "math", "numbers", "numpy", "operator", "random", "scipy", "time",
        "torch", "typing", "warnings",
    ]
)  # fmt: skip
_OPERATORS = frozenset(["aten", "prims", "torch_nn"])  # namespaces of torch's own operators
_REACHING = frozenset(
    [
        "__import__", "breakpoint", "delattr", "eval", "exec", "exit", "globals", "input",
        "locals", "open", "quit", "setattr", "vars",
    ]
)  # fmt: skip
_SETTINGS = frozenset(
    [
        "set_default_device", "set_default_dtype", "set_default_tensor_type", "set_flush_denormal",
        "set_num_interop_threads", "set_num_threads", "set_printoptions",
        "use_deterministic_algorithms",
    ]
)  # fmt: skip


class Sandbox:
    """Makes the copies; one for all functions that reach each other."""

    def __init__(self) -> None:
        self._spaces: dict[int, dict[str, Any]] = {}
        self._copies: dict[int, Any] = {}
        self._kept: list[Any] = []  # while their numbers are keys

    def function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same code, with copies of everything it can reach by name.

        Raises:
            NotAsked: Something cannot be copied, or the code could reach further.
        """
        if not isinstance(function, FunctionType):
            return function
        if id(function) in self._copies:
            made: Callable[..., Any] = self._copies[id(function)]
            return made
        if not _is_torchs(function):
            _inspect(function.__code__, function.__globals__)
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
        for name in sorted(_names(function.__code__)):
            if name in function.__globals__ and name not in space:
                space[name] = self._copy(function.__globals__[name])
        return twin

    def _space(self, function: FunctionType) -> dict[str, Any]:
        own = function.__globals__
        if id(own) not in self._spaces:
            self._kept.append(own)
            names = ("__builtins__", "__name__")
            self._spaces[id(own)] = {name: own[name] for name in names if name in own}
        return self._spaces[id(own)]

    def _remember(self, item: Any, twin: Any) -> Any:
        self._kept.append(item)
        self._copies[id(item)] = twin
        return twin

    def _copy(self, item: Any) -> Any:
        if id(item) in self._copies:
            return self._copies[id(item)]
        if isinstance(item, torch.Tensor):
            return self._remember(item, item.detach().clone().requires_grad_(item.requires_grad))
        if isinstance(item, ModuleType):
            if item.__name__.partition(".")[0] not in _MODULES:
                raise NotAsked(f"its backward reaches the module {item.__name__}")
            return item
        if isinstance(item, OpOverload) and item.namespace in _OPERATORS:
            return item
        if isinstance(item, _REFUSED) or hasattr(type(item), "__deepcopy__"):
            raise NotAsked(f"its backward reaches a {type(item).__name__}")
        if isinstance(item, _SHARED):
            return item
        if isinstance(item, type):
            return item if _is_torchs(item) else self._remember(item, self._shadow(item))
        if isinstance(item, FunctionType):
            return item if _is_torchs(item) else self.function(item)
        held = {n: f for n, f in getattr(item, "__dict__", {}).items() if type(f) is FunctionType}
        if held:  # as torch.library keeps the backward of an operator
            return self._holder(item, held)
        return item if _is_torchs(item) else self._data(item)

    def _data(self, item: Any) -> Any:
        if type(item) is list:
            twins: list[Any] = self._remember(item, [])
            twins += [self._copy(part) for part in item]
            return twins
        if type(item) is dict:
            table: dict[Any, Any] = self._remember(item, {})
            table |= {key: self._copy(part) for key, part in item.items()}
            return table
        if type(item) is tuple:
            return tuple(self._copy(part) for part in item)
        try:
            return self._remember(item, copy.deepcopy(item))
        except Exception:
            kind = type(item).__name__
            raise NotAsked(f"its backward reaches a {kind} that cannot be copied") from None

    def _holder(self, item: Any, held: dict[str, FunctionType]) -> Any:
        """A copy of an object whose functions are copies as well."""
        twin = self._remember(item, copy.copy(item))
        for name, function in held.items():
            object.__setattr__(twin, name, self._copy(function))
        return twin

    def _shadow(self, kind: type) -> type:
        """A subclass that takes what is written to the class, and holds copies of its data."""
        if type(kind) not in (type, type(torch.autograd.Function)):
            raise NotAsked(f"its backward reaches {kind.__name__}, a class of a special kind")
        data: dict[str, Any] = {}
        for base in reversed(kind.__mro__):
            for name, held in vars(base).items() if not _is_torchs(base) else ():
                if isinstance(held, (list, dict, set, torch.Tensor)) and name[:2] != "__":
                    data[name] = self._copy(held)
        try:
            return type(kind)(kind.__name__, (kind,), data)
        except TypeError:  # a class that allows no subclass
            raise NotAsked(f"its backward reaches the class {kind.__name__}") from None


def attributes(code: CodeType) -> Iterator[str]:
    """All names of attributes and globals in code and in the functions defined in it."""
    for part in _codes(code):
        yield from part.co_names


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _inspect(code: CodeType, space: dict[str, Any]) -> None:
    """Refuse code that reaches beyond what can be copied."""
    reached = (_names(code) & _REACHING) | (_SETTINGS & set(attributes(code)))
    if reached:
        raise NotAsked(f"its backward calls {min(reached)}")
    for part in _codes(code):
        for before, this in pairwise([*get_instructions(part)]):
            if this.opname == "IMPORT_NAME" and str(this.argval).partition(".")[0] not in _MODULES:
                raise NotAsked(f"its backward imports {this.argval}")
            if this.opname in _WRITES and _is_lasting(before, space):
                raise NotAsked(f"its backward writes to {before.argval}.{this.argval}")


def _is_lasting(loaded: Instruction, space: dict[str, Any]) -> bool:
    """Whether what was loaded is no copy: a module or a function, or an attribute of something."""
    if loaded.opname in _GLOBAL:
        return isinstance(space.get(loaded.argval), (ModuleType, FunctionType))
    return loaded.opname == "LOAD_ATTR" and loaded.argval in ("backward", "forward")


def _is_torchs(item: Any) -> bool:
    return str(getattr(item, "__module__", "")).partition(".")[0] in ("torch", "numpy", "builtins")


@cache
def _names(code: CodeType) -> frozenset[str]:
    """The global names that code, and the functions defined in it, look up or set.

    Not `co_names`, which holds the names of attributes as well: a backward that
    says `w.t()` has nothing to do with a variable called `t`.
    """
    return frozenset(
        instruction.argval
        for part in _codes(code)
        for instruction in get_instructions(part)
        if instruction.opname in _GLOBAL
    )
