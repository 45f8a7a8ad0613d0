"""Names for values, from the student's own variables, and for torch's functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, count
from types import FrameType
from typing import Any

import torch

from lesson_utils.recording import LiveValue

_REFLECTED = {"rsub": "sub", "rdiv": "div", "rtruediv": "div", "rpow": "pow", "rmatmul": "matmul"}
_IN_PLACE = {"iadd": "add_", "isub": "sub_", "imul": "mul_", "itruediv": "div_", "idiv": "div_"}


@cache
def function_name(name: str) -> tuple[str, bool]:
    """The usual name of a torch function, and whether its operands stand reversed.

    `__rsub__` is `sub` with its operands reversed, `__iadd__` is `add_`.
    """
    base = name.strip("_") if name.startswith("__") else name
    return _IN_PLACE.get(base, _REFLECTED.get(base, base)), base in _REFLECTED


def name_values(
    values: list[LiveValue],
    tensors: list[tuple[str, torch.Tensor]],
    modules: list[tuple[str, torch.nn.Module]],
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
    """
    bound = {id(tensor): name for name, tensor in reversed(tensors)}
    if modules and any(not v.computed and id(v.tensor) not in bound for v in values):
        bound = {**_paths(modules), **bound}
    newest: dict[int, LiveValue] = {id(each.tensor): each for each in values}
    for value in values:
        if value.constant:
            value.name = str(value.data)
            continue
        name = bound.get(id(value.tensor), "")
        later = newest[id(value.tensor)] is not value
        value.bound = bool(name)
        value.name = f"{name}@{value.version}" if name and later else name
    used = {each.name for each in values if not each.constant}
    inner = _fresh(used, chain(("u", "v"), (f"v{i}" for i in count(1))))
    inputs = _fresh(used, (f"input{i}" for i in count(1)))
    parameters = _fresh(used, (f"parameter{i}" for i in count(1)))
    for value in values:
        if not value.name:
            source = inner if value.computed else parameters if value.requires_grad else inputs
            value.name = next(source)


def _fresh(used: set[str], names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name not in used)


Scope = tuple[list[tuple[str, torch.Tensor]], list[tuple[str, torch.nn.Module]]]


def variables(frame: FrameType) -> Scope:
    """The tensors and the modules that a frame's public variables hold, locals first."""
    spaces = [frame.f_locals]
    if frame.f_globals is not frame.f_locals:
        spaces.append(frame.f_globals)
    tensors: list[tuple[str, torch.Tensor]] = []
    modules: list[tuple[str, torch.nn.Module]] = []
    found: dict[type, list[tuple[str, Any]] | None] = {}  # where variables of a type belong
    for space in spaces:
        for name, item in list(space.items()):
            kind = type(item)
            if kind not in found:
                found[kind] = (
                    tensors if isinstance(item, torch.Tensor)
                    else modules if isinstance(item, torch.nn.Module) else None
                )  # fmt: skip
            where = found[kind]
            if where is not None and name[:1] != "_":
                where.append((name, item))
    return tensors, modules


def _paths(modules: list[tuple[str, torch.nn.Module]]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name, module in modules:
        for path, tensor in (*module.named_parameters(), *module.named_buffers()):
            found.setdefault(id(tensor), f"{name}.{path}")
    return found
