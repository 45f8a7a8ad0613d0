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


class Asked(NamedTuple):
    """What a call of `backward` or `grad` asks for.

    Attributes:
        roots: The tensors that it starts from.
        inputs: Those that it goes to; empty for all leaves.
        seeded: Whether it is given a gradient to start from.
        retains: Whether what the nodes saved is kept.
    """

    roots: list[torch.Tensor]
    inputs: list[torch.Tensor]
    seeded: bool
    retains: bool


def asked_of(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:
    """What a call of `backward` or `grad` asks for."""
    if name == "backward":
        names = ("tensors", "gradient", "retain_graph", "create_graph", "inputs")
    else:
        names = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    seeds = (given.get(key) for key in ("gradient", "grad_tensors", "grad_outputs"))
    retains = given.get("retain_graph")
    return Asked(
        [*tensors_in(given.get(names[0]))],
        [*tensors_in(given.get("inputs"))],
        any(seed is not None for seed in seeds),
        bool(given.get("create_graph") if retains is None else retains),
    )
