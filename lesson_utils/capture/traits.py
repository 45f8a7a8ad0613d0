"""What a torch function's name tells of its calls."""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any, NamedTuple

import torch

from lesson_utils.capture.elements import tensors_in
from lesson_utils.capture.names import function_name
from lesson_utils.capture.torch_internals import GRAD_MODE_SETTER

# They write running statistics, and the tensors' versions stay as they were.
_SILENT_WRITERS = ("batch_norm", "instance_norm")
NUMBER_KEYWORDS = ("other", "min", "max", "value", "exponent")
# Numbers taken out of a tensor, by the function's name.
READS = {
    "__array__": "numpy", "__complex__": "complex()", "__float__": "float()",
    "__index__": "index", "__int__": "int()", "item": "item", "numpy": "numpy", "tolist": "tolist",
}  # fmt: skip
NOT_OPERATIONS = frozenset(
    [
        "__format__",
        "__hash__",
        "__len__",
        "__repr__",
        "__str__",
        "__set__",
        GRAD_MODE_SETTER,
        "allclose",
        "data_ptr",
        "dim",
        "equal",
        "is_complex",
        "is_contiguous",
        "is_floating_point",
        "nelement",
        "numel",
        "register_hook",
        "requires_grad_",
        "retain_grad",
        "size",
        "storage_offset",
        "stride",
        "untyped_storage",
    ]
)


# Elementwise in effect, though torch does not tag them as pointwise.
_ALSO_ELEMENTWISE = frozenset(
    [
        "bfloat16",
        "clone",
        "contiguous",
        "double",
        "dropout",
        "float",
        "floor_divide",
        "half",
        "hardswish",
        "logsigmoid",
        "relu6",
        "softsign",
        "square",
        "tanhshrink",
        "to",
        "type_as",
    ]
)


@cache
def is_elementwise(name: str) -> bool:
    """Whether torch tags the operation as pointwise (`torch.Tag.pointwise`)."""
    base = name.rstrip("_")
    packet = getattr(torch.ops.aten, base, None) if base.isidentifier() else None
    if base in _ALSO_ELEMENTWISE or packet is None:
        return base in _ALSO_ELEMENTWISE
    return any(
        torch.Tag.pointwise in getattr(packet, overload).tags for overload in packet.overloads()
    )


@cache
def may_draw(func: Any) -> bool:
    """Whether a function may draw random numbers: torch says so, or its Python code names one."""
    waiting, seen = [func], set()
    while waiting:
        asked = waiting.pop()
        code = getattr(asked, "__code__", None)
        if code is None or asked in seen:
            continue
        seen.add(asked)
        if any(map(_draws, code.co_names)):
            return True
        called = [asked.__globals__.get(name) for name in code.co_names]
        called += [cell.cell_contents for cell in asked.__closure__ or ()]
        waiting += filter(_is_torchs, called)
    return _draws(getattr(func, "__name__", ""))


def _is_torchs(item: object) -> bool:
    """Whether something is a Python function of torch's."""
    return isinstance(item, FunctionType) and item.__module__.startswith("torch.")


@cache
def _draws(name: str) -> bool:
    base = name.rstrip("_")
    packet = getattr(torch.ops.aten, base, None) if base.isidentifier() else None
    if packet is None:
        return False
    tag = torch.Tag.nondeterministic_seeded
    return any(tag in getattr(packet, overload).tags for overload in packet.overloads())


class Traits(NamedTuple):
    """What a function's name tells of its calls.

    Attributes:
        name: The usual one.
        reflected: Whether its operands are reversed.
        elementwise: Whether torch tags it as pointwise.
        draws: Whether it may draw random numbers.
        in_place: Whether it writes to its first argument.
        silent: Whether it writes to tensors whose versions stay as they are.
    """

    name: str
    reflected: bool
    elementwise: bool
    draws: bool
    in_place: bool
    silent: bool


def is_in_place(name: str) -> bool:
    """Whether a function of this name writes to its first argument."""
    return name[-1:] == "_" or name == "setitem"


@cache
def traits(func: Any, called: str) -> Traits:
    name, reflected = function_name(called)
    return Traits(
        name, reflected, is_elementwise(name), may_draw(func), is_in_place(name),
        called in _SILENT_WRITERS,
    )  # fmt: skip


def asked_of(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[torch.Tensor], bool]:
    """What a call of `backward` or `grad` starts from, and whether it is given a gradient there."""
    given = args[:1] or tuple(kwargs.get(key) for key in ("tensors", "outputs"))
    seeds = [*(args[1:2] if name == "backward" else args[2:3])]
    seeds += [kwargs.get(key) for key in ("gradient", "grad_tensors", "grad_outputs")]
    return [*tensors_in(given)], any(seed is not None for seed in seeds)
