"""Names for values, from the student's own variables, and for torch's functions."""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from inspect import CO_OPTIMIZED
from itertools import count
from types import FrameType, FunctionType, ModuleType
from typing import Any

import torch
from torch.nn import Module

from lesson_utils.capture.records import LiveValue
from lesson_utils.capture.torch_internals import THRESHOLD

# Python's names of operators, and torch's.
_OPERATORS = {
    "and": "bitwise_and", "div": "div", "floordiv": "floor_divide", "invert": "bitwise_not",
    "lshift": "bitwise_left_shift", "matmul": "matmul", "mod": "remainder", "or": "bitwise_or",
    "pow": "pow", "rshift": "bitwise_right_shift", "sub": "sub", "truediv": "div",
    "xor": "bitwise_xor", "add": "add", "mul": "mul",
}  # fmt: skip


@cache
def function_name(name: str) -> tuple[str, bool]:
    """The usual name of a torch function, and whether its operands are reversed.

    `__rsub__` is `sub` with its operands reversed, `__iadd__` is `add_`.
    """
    base = name.strip("_") if name.startswith("__") else name
    if base in _OPERATORS:
        return (_OPERATORS[base] if name.startswith("__") else base), False
    if base[:1] == "r" and base[1:] in _OPERATORS and (name.startswith("__") or base == "rsub"):
        return _OPERATORS[base[1:]], True
    if base[:1] == "i" and base[1:] in _OPERATORS and name.startswith("__"):
        return f"{_OPERATORS[base[1:]]}_", False
    return (base[1:] if base == THRESHOLD else base), False


def name_values(
    values: list[LiveValue],
    tensors: list[tuple[str, torch.Tensor]],
    modules: list[tuple[str, torch.nn.Module]],
    scopes: Sequence[Collection[str]] = (),
) -> None:
    """Give every value a name.

    A tensor takes the caller's variable bound to it, or its path in a module
    in scope (`model.0.weight`). An earlier version of a tensor changed in
    place is `z@0`, after its version counter. What is left: `u`, `v`, `v1`, ...
    for results, `input1` and `parameter1` for leaves, skipping names in use.

    Args:
        values: The recorded values, in order of first appearance.
        tensors: The caller's variables, as `variables` finds them.
        modules: Likewise.
        scopes: The names of all variables there, which no given name may equal.
    """
    bound = {id(tensor): name for name, tensor in reversed(tensors)}
    twice = len(bound) < len(tensors)  # some tensor has a second name
    held: list[torch.Tensor | None] = []  # alive from here on, so that an id is a tensor's own
    newest: dict[int, LiveValue] = {}
    wanted: set[int] = set()
    leaves = False  # without a variable, which may be a module's
    for value in values:
        it = None if value.held is None else value.held()
        held.append(it)
        if it is not None:
            place = id(it)
            newest[place] = value
            if place not in bound:
                wanted.add(place)
                leaves = leaves or not value.computed
    if modules and leaves:
        bound = {**paths_of(modules, wanted), **bound}
    earlier: set[str] = set()
    for value, it in zip(values, held, strict=True):
        if value.constant:
            value.name = str(value.data).replace("-", "−")
            continue
        name = "" if it is None else bound.get(id(it), "")
        value.name, value.bound = name, bool(name)
        if name and newest[id(it)] is not value:
            # Several values may have one version, where it was written in silence.
            marks = (f"{name}@{number}" for number in count(value.version))
            value.name = next(mark for mark in marks if mark not in earlier)
            earlier.add(value.name)
        elif name and twice:
            value.also = tuple(n for n, other in tensors if other is it and n != name)
    nameless = [value for value in values if not value.name]
    if not nameless:
        return
    used = {value.name for value in values if not value.constant}
    sources: dict[str, Iterator[str]] = {}
    for value in nameless:
        stem = "v" if value.computed else "parameter" if value.requires_grad else "input"
        if stem not in sources:
            sources[stem] = _fresh(stem, [used, *scopes])
        value.name = next(sources[stem])


def _fresh(stem: str, scopes: Sequence[Collection[str]]) -> Iterator[str]:
    """Names that nothing has: `input1`, `input2`, ...; for results `u`, `v`, `v1`, ..."""
    for number in count(-1 if stem == "v" else 1):
        name = f"{stem}{number}" if number > 0 else "uv"[number + 1]
        for scope in scopes:
            if name in scope:
                break
        else:
            yield name


# What most variables are, and no tensor or module is: a shortcut, for this is read often.
_PLAIN = frozenset(
    [str, int, float, bool, list, dict, tuple, type, type(None), FunctionType, ModuleType]
)
Tensors = list[tuple[str, torch.Tensor]]
Modules = list[tuple[str, torch.nn.Module]]


def variables(frame: FrameType) -> tuple[Tensors, Modules, list[Collection[str]]]:
    """The tensors and modules in a frame's public variables, locals first; and all its names."""
    local = local_variables(frame)
    spaces: list[Mapping[str, Any]] = (
        [local] if local is frame.f_globals else [local, frame.f_globals]
    )
    tensors: list[tuple[str, torch.Tensor]] = []
    modules: list[tuple[str, torch.nn.Module]] = []
    found: dict[type, list[tuple[str, Any]] | None] = {}  # where variables of a type belong
    for space in spaces:
        for name, item in list(space.items()):
            kind = type(item)
            if kind in _PLAIN:
                continue
            if kind not in found:
                found[kind] = (
                    tensors if isinstance(item, torch.Tensor)
                    else modules if isinstance(item, torch.nn.Module) else None
                )  # fmt: skip
            where = found[kind]
            if where is not None and name[:1] != "_":
                where.append((name, item))
    # Of the globals a function's code can only mean those that it names.
    scopes: list[Collection[str]] = (
        [local] if local is frame.f_globals else [local, frame.f_code.co_names]
    )
    return tensors, modules, scopes


def local_variables(frame: FrameType) -> Mapping[str, Any]:
    """A frame's local variables, without leaving a copy of them in the frame.

    Before Python 3.13 `f_locals` is a dictionary that stays in the frame and
    keeps every tensor alive that a function later lets go of. One that was
    there before is the student's own, who called `locals()`.
    """
    if sys.version_info >= (3, 13) or not frame.f_code.co_flags & CO_OPTIMIZED:
        return frame.f_locals
    before = gc.get_referents(frame)
    snapshot = frame.f_locals
    found = dict(snapshot)
    if not any(referent is snapshot for referent in before):
        snapshot.clear()
    return found


def paths_of(modules: list[tuple[str, torch.nn.Module]], wanted: set[int]) -> dict[int, str]:
    """The paths of the `wanted` tensors; no module is searched further than they need."""
    found: dict[int, str] = {}
    for name, module in modules:
        for tensors in (Module.named_parameters(module), Module.named_buffers(module)):
            for path, tensor in tensors:
                if id(tensor) in wanted:
                    found.setdefault(id(tensor), f"{name}.{path}")
            if len(found) == len(wanted):
                return found
    return found
