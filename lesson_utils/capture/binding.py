"""The arguments of a call, bound to the names that PyTorch gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from lesson_utils.capture.signatures import Parameter, signatures
from lesson_utils.graph import Argument

_ALIASES = {"input": "self", "axis": "dim", "keepdims": "keepdim", "self": "self", "mat2": "other"}
_SHOWN = {"self": "input"}
_SETTINGS = (torch.dtype, torch.layout, torch.memory_format)
_PLAIN = (bool, int, float, complex, str, type(None), torch.device, *_SETTINGS)
_WHERE = torch.Tensor.where
LONGEST = 40  # characters of one argument as it is written


@dataclass(frozen=True, slots=True)
class Ref:
    """An input of the call, by its position; whether it is a tensor, or a number."""

    position: int
    tensor: bool = True


REFS = tuple(Ref(i) for i in range(64))  # ready made: a call is recorded often, and quickly


def ref(position: int) -> Ref:
    """A `Ref` to the tensor at a position."""
    return REFS[position] if position < len(REFS) else Ref(position)


Bound = tuple[Parameter, Any]
Given = Sequence[tuple[str, Any]]


def in_order(func: Any, name: str, kwargs: dict[str, Any]) -> list[tuple[str, Any]]:
    """Keyword arguments in the order in which the function declares them."""
    if len(kwargs) < 2:
        return list(kwargs.items())
    places = _places(func, name)
    return sorted(kwargs.items(), key=lambda item: places.get(_plain(item[0]), len(places)))


@lru_cache(maxsize=1024)
def _places(func: Any, name: str) -> dict[str, int]:
    """The position of each parameter in the function's declarations."""
    places: dict[str, int] = {}
    for parameters in signatures(func, name):
        for i, parameter in enumerate(parameters):
            places.setdefault(_plain(parameter.name), i)
    return places


def bind(func: Any, name: str, given: Given) -> tuple[Argument, ...]:
    """The arguments of a call, in the order of PyTorch's own declaration.

    Args:
        func: The function that was called.
        name: Its usual name.
        given: What it was called with, in order.

    Returns:
        Each argument with its name (empty where PyTorch does not tell), as it
        is written, and whether it says no more than the default.
    """
    if func is _WHERE and len(given) > 1 and not (given[0][0] or given[1][0]):
        # `z.where(condition, other)` is declared as `where(condition, z, other)`.
        given = [given[1], given[0], *given[2:]]
    only_values = all([type(item) is Ref for _, item in given])
    return (_bound_once if only_values else _bound)(func, name, tuple(given))


def _bound(func: Any, name: str, given: Given) -> tuple[Argument, ...]:
    for parameters in signatures(func, name):
        found = _match(parameters, given)
        if found is not None:
            return tuple(found)
    return tuple(Argument(key, *_written(item), keyword=bool(key)) for key, item in given)


# Where nothing but values is given, as mostly, the arguments are the same every time.
_bound_once = lru_cache(maxsize=1024)(_bound)


def _match(parameters: Sequence[Parameter], given: Given) -> list[Argument] | None:
    """The arguments, if these parameters can take them."""
    ordered = [parameter for parameter in parameters if not parameter.keyword]
    names = {_plain(parameter.name): parameter for parameter in parameters}
    positional = [item for key, item in given if not key]
    if len(positional) > len(ordered) and ordered:  # x.reshape(2, 3) for x.reshape((2, 3))
        at = next(
            (i for i, parameter in enumerate(ordered) if "List[" in parameter.kind), len(positional)
        )
        if at == len(positional) or not all(isinstance(item, int) for item in positional[at:]):
            return None
        positional = [*positional[:at], positional[at:]]
    bound = [
        (parameter, (item,) if parameter.many and isinstance(item, int) else item)
        for parameter, item in zip(ordered, positional, strict=False)
    ]
    for key, item in given:
        if not key:
            continue
        parameter = names.get(_plain(key))
        if parameter is None or any(other is parameter for other, _ in bound):
            return None
        bound.append((parameter, item))
    filled = [parameter for parameter, _ in bound]
    if not all(_fits(parameter, item) for parameter, item in bound):
        return None
    if any(not parameter.optional and parameter not in filled for parameter in parameters):
        return None
    bound.sort(key=lambda pair: parameters.index(pair[0]))
    return [
        Argument(
            _SHOWN.get(parameter.name, parameter.name),
            *_written(item),
            _is_default(parameter, item),
            keyword,
        )
        for (parameter, item), keyword in zip(bound, _by_keyword(parameters, bound), strict=True)
        if not parameter.name.startswith("_") and parameter.name != "out"
    ]


def _by_keyword(parameters: Sequence[Parameter], bound: list[Bound]) -> Iterator[bool]:
    """For each argument, whether it is written by keyword: all but the tensors at the front."""
    apart = False
    for i, (parameter, item) in enumerate(bound):
        front = isinstance(item, Ref) or (i == 0 and isinstance(item, (list, tuple)))
        apart = apart or not front or parameter.keyword or parameters.index(parameter) != i
        yield apart


def _fits(parameter: Parameter, item: Any) -> bool:
    kind = parameter.kind
    if kind.startswith("Optional["):
        kind = kind[len("Optional[") : -1]
        if item is None:
            return True
    if isinstance(item, _SETTINGS):  # schemas call a dtype, a layout and a memory format `int`
        return kind in ("", "int")
    if kind == "Tensor":
        return isinstance(item, Ref)
    if kind in ("number", "float", "int", "SymInt", "bool", "complex"):
        number = isinstance(item, (int, float, complex))
        return number or (isinstance(item, Ref) and not item.tensor)
    if kind == "Device":
        return isinstance(item, (torch.device, str))
    return kind != "str" or isinstance(item, str)


def _is_default(parameter: Parameter, item: Any) -> bool:
    if not parameter.optional or isinstance(item, Ref):
        return False
    return bool(type(item) is type(parameter.default) and item == parameter.default) or (
        isinstance(item, (int, float)) and not isinstance(item, bool) and item == parameter.default
    )


def _written(item: Any) -> tuple[str, tuple[int, ...]]:
    """How an argument is written, `{}` for each input, and the inputs' positions."""
    used: list[int] = []

    def write(it: Any) -> str:
        if isinstance(it, Ref):
            used.append(it.position)
            return "{}"
        if isinstance(it, slice):
            ends = ("" if end is None else write(end) for end in (it.start, it.stop))
            return ":".join(ends) + ("" if it.step is None else f":{write(it.step)}")
        if it is Ellipsis:
            return "..."
        if isinstance(it, (tuple, list)) and type(it) in (tuple, list, torch.Size):
            inside = ", ".join(map(write, it))
            if isinstance(it, list):
                return f"[{inside}]"
            return f"({inside}{',' * (len(it) == 1)})"
        if isinstance(it, np.number):
            it = it.item()
        text = repr(it) if isinstance(it, _PLAIN) else type(it).__name__
        if isinstance(it, (int, float, complex)):
            text = text.replace("-", "−")  # of a number, and not of a text such as `ij->ji`
        return text.replace("{", "{{").replace("}", "}}")

    text = write(item)
    return (text if len(text) <= LONGEST or used else "…"), tuple(used)


def _plain(name: str) -> str:
    return _ALIASES.get(name, name)
