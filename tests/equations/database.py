"""Calls from PyTorch's own database of operators, small ones, for `equations_of`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy
import setuptools  # noqa: F401  # torch.testing needs it before anything imports distutils
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_leaves, tree_map_only

FORMS = {"function": "op", "method": "method_variant", "in place": "inplace_variant"}
CODE = {"in place": "args = (args[0] * 1, *args[1:]); y = call(*args, **kwargs)"}
# Not the same twice, not on this processor, not strided, or told by strides that a copy has not.
UNFIT = (
    "empty",
    "new_empty",
    "jiterator",
    "to_sparse",
    "linalg.lstsq",
    "histogramdd",
    "as_strided",
)
LARGEST = 64  # elements of a tensor that is listed
WRITTEN = (bool, int, float, complex, str, torch.dtype, torch.device, torch.memory_format)


class Sample(NamedTuple):
    """A call that can be made again and again: `equations_of(code, make)`."""

    name: str
    code: str
    make: Callable[[], dict[str, Any]]


OPERATORS = sorted(
    (
        operator for operator in op_db
        if not operator.name.startswith(UNFIT) and torch.float64 in operator.supported_dtypes("cpu")
    ),
    key=lambda operator: (operator.name, operator.variant_test_name),
)  # fmt: skip


def samples(operator: Any, most: int) -> Iterator[Sample]:
    """Up to so many of an operator's samples, in every way to call it."""
    torch.manual_seed(0)
    random.seed(0)
    numpy.random.seed(0)
    followed = operator.supports_autograd
    small = filter(_is_small, operator.sample_inputs("cpu", torch.float64, requires_grad=followed))
    for sample, _ in zip(small, range(most), strict=False):
        for form, attribute in FORMS.items():
            function = getattr(operator, attribute, None)
            if function is not None:
                code = CODE.get(form, "call(*args, **kwargs)")
                name = f"{operator.name} {operator.variant_test_name} {form}"
                it = Sample(name, code, partial(_names, function, sample))
                if _gives_numbers(it):
                    yield it


def _gives_numbers(sample: Sample) -> bool:
    """Whether it can be called so, and its derivative is not lost in nan · 0."""
    names = sample.make()
    try:
        exec(sample.code if "y =" in sample.code else f"y = {sample.code}", names)
    except (RuntimeError, TypeError):
        return False
    made = [leaf for leaf in tree_leaves(names["y"]) if isinstance(leaf, torch.Tensor)]
    return all(bool(tensor.isfinite().all()) for tensor in made)


def _is_small(sample: Any) -> bool:
    """Whether tensors can be listed, and the rest can be written down."""
    leaves = tree_leaves((sample.input, sample.args, sample.kwargs))
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    rest = [leaf for leaf in leaves if not isinstance(leaf, (torch.Tensor, slice, *WRITTEN))]
    return bool(tensors) and not any(rest) and all(
        0 < tensor.numel() <= LARGEST and tensor.layout == torch.strided for tensor in tensors
    )  # fmt: skip


def _names(function: Callable[..., Any], sample: Any) -> dict[str, Any]:
    """Fresh tensors with names; a tensor that is met twice is one again."""
    done: dict[int, torch.Tensor] = {}

    def fresh(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in done:
            done[id(tensor)] = tensor.detach().clone().requires_grad_(tensor.requires_grad)
        return done[id(tensor)]

    given = ((sample.input, *sample.args), sample.kwargs)
    args, kwargs = tree_map_only(torch.Tensor, fresh, given)
    named = {f"a{i}": tensor for i, tensor in enumerate(done.values())}
    return {"call": function, "args": args, "kwargs": kwargs, **named}
