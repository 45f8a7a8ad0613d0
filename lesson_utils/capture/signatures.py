"""How torch's functions may be called, as PyTorch declares it.

`inspect.signature` fails on most of them, which are C++; their schemas name
the arguments. Functions written in Python have a signature.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from lesson_utils.capture.torch_internals import schema


@dataclass(frozen=True)
class Parameter:
    """A parameter of a torch function.

    Attributes:
        name: As it is written in a call.
        kind: Its type in the schema, empty for a Python function.
        keyword: Whether it is given by keyword only.
        optional: Whether it has a default.
        default: That.
        many: Whether it is a list of any length, which a single number is not.
    """

    name: str
    kind: str = ""
    keyword: bool = False
    optional: bool = False
    default: Any = None
    many: bool = False


@lru_cache(maxsize=1024)
def signatures(func: Any, name: str) -> tuple[tuple[Parameter, ...], ...]:
    """All ways to call a function: its overloads, or its signature if it is Python code."""
    try:
        signature = inspect.signature(func)
    except (TypeError, ValueError):
        pass
    else:
        kinds = [parameter.kind for parameter in signature.parameters.values()]
        if inspect.Parameter.VAR_KEYWORD not in kinds:  # else it passes on what it is given
            several = inspect.Parameter.VAR_POSITIONAL in kinds  # einsum(equation, *operands)
            return () if several else (_of_python(signature),)
    packet = getattr(torch.ops.aten, name, None) if name.isidentifier() else None
    if packet is None:
        return ()
    schemas = [schema(getattr(packet, overload)) for overload in packet.overloads()]
    return tuple(
        tuple(
            Parameter(
                a.name,
                str(a.type),
                a.kwarg_only,
                a.has_default_value(),
                a.default_value,
                "List[int]" in str(a.type) and a.N is None,
            )
            for a in declared.arguments
        )
        for declared in schemas
        if not any(a.is_out for a in declared.arguments)
    )


def _of_python(signature: inspect.Signature) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            parameter.name,
            keyword=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
            optional=parameter.default is not inspect.Parameter.empty,
            default=parameter.default,
        )
        for parameter in signature.parameters.values()
    )
