"""What a call is given: the values that it reads, and all the rest."""

from __future__ import annotations

from typing import Any

import torch

from lesson_utils.capture.binding import Ref, in_order, ref
from lesson_utils.capture.origins import Origins
from lesson_utils.capture.records import Call, LiveValue, constant
from lesson_utils.capture.traits import NUMBER_KEYWORDS, Traits


def read(
    call: Call, known: Traits, args: tuple[Any, ...], kwargs: dict[str, Any], origins: Origins
) -> None:
    """Take down what a call is given: the values that it reads, and all the rest.

    Args:
        call: The record to fill.
        known: What the function's name tells.
        args: What it is called with.
        kwargs: Likewise, by keyword.
        origins: Where values are found.
    """
    name, reflected, elementwise = known.name, known.reflected, known.elementwise
    if reflected and "other" in kwargs:
        args = (*args, kwargs["other"])
        kwargs = {key: item for key, item in kwargs.items() if key != "other"}
    call.name, call.elementwise = name, elementwise
    given: list[tuple[str, Any]] = []
    call.given = given
    for i, item in enumerate(args[::-1] if reflected else args):
        numeric = elementwise or (name == "setitem" and i == 2)
        given.append(("", _take(item, call.inputs, numeric, origins)))
    for key, item in in_order(call.func, name, kwargs) if kwargs else ():
        if key != "out":
            numeric = elementwise and key in NUMBER_KEYWORDS
            given.append((key, _take(item, call.inputs, numeric, origins)))


def _take(item: Any, found: list[LiveValue], numeric: bool, origins: Origins) -> Any:
    """Add the values in an argument; gives the argument with `Ref`s in their places."""
    if isinstance(item, torch.Tensor):
        found.append(origins.value_of(item))
        return ref(len(found) - 1)
    if isinstance(item, (int, float, complex)):
        if not numeric or isinstance(item, bool):
            return item
        value = constant(item)
        origins.values.append(value)
        found.append(value)
        return Ref(len(found) - 1, False)
    if isinstance(item, (tuple, list)):
        parts = [_take(part, found, False, origins) for part in item]
        return tuple(parts) if isinstance(item, tuple) else parts
    if isinstance(item, dict):
        return {key: _take(part, found, False, origins) for key, part in item.items()}
    return item
