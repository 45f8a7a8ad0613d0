"""Small programs from PyTorch's own database of operators: one for each sample and spelling."""

import copy
import random
from itertools import islice
from typing import Any, NamedTuple

import numpy
import setuptools  # noqa: F401  # torch.testing needs it before anything imports distutils
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_map_only

DTYPES = (torch.float64, torch.float32, torch.complex128)
FORMS = {
    "function": "op",
    "method": "method_variant",
    "in place": "inplace_variant",
    "operator": "operator_variant",
    "operator in place": "inplace_operator_variant",
}
# What is not the same twice without us, and why. A new entry is a decision, never an accident:
# the tests count what is left.
UNREPEATABLE = {
    "empty": "its elements are what memory held before",
    "empty_like": "as empty",
    "empty_permuted": "as empty",
    "empty_strided": "as empty",
    "new_empty": "as empty",
    "new_empty_strided": "as empty",
}


class Program(NamedTuple):
    """One operator on numbers of one type, called in one way with one sample."""

    name: str
    function: Any
    form: str
    sample: Any

    def arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """Copies that share no memory with the sample's; a tensor met twice is one again."""
        done: dict[int, torch.Tensor] = {}

        def fresh(tensor: torch.Tensor) -> torch.Tensor:
            if id(tensor) not in done:
                bare = tensor.detach()
                new = copy.deepcopy(bare) if bare.layout == torch.strided else bare.clone()
                done[id(tensor)] = new.requires_grad_(tensor.requires_grad)
            return done[id(tensor)]

        given = [self.sample.input, *self.sample.args], self.sample.kwargs
        return tree_map_only(torch.Tensor, fresh, given)


class Subject(NamedTuple):
    """An operator and the type of its numbers."""

    operator: Any
    dtype: torch.dtype

    @property
    def name(self) -> str:
        variant = self.operator.variant_test_name
        dtype = str(self.dtype).removeprefix("torch.")
        return f"{self.operator.name}{'.' if variant else ''}{variant}-{dtype}"

    @property
    def differentiable(self) -> bool:
        backward = self.operator.supported_backward_dtypes("cpu")
        return self.operator.supports_autograd and self.dtype in backward

    def samples(self, most: int | None = None) -> list[Any]:
        """The database's first samples, always the same; those that can be run twice alike."""
        seed(0)
        # LAPACK's gelsy, the driver where none is named, has other last digits at other addresses.
        found = self.operator.sample_inputs("cpu", self.dtype, requires_grad=self.differentiable)
        if self.operator.name == "linalg.lstsq":
            found = (sample for sample in found if sample.kwargs.get("driver", "gelsy") != "gelsy")
        return list(islice(found, most))

    def programs(self, sample: Any, number: int) -> list[Program]:
        """The sample in every way to write it: `torch.add(a, b)`, `a.add_(b)`, `a += b`..."""
        return [
            Program(
                f"{self.name} {form} #{number}", getattr(self.operator, attribute), form, sample
            )
            for form, attribute in FORMS.items()
            if getattr(self.operator, attribute) is not None
        ]


def subjects() -> list[Subject]:
    """Differentiable operators in every type of number, all others in the first they have."""
    found = []
    for operator in sorted(op_db, key=lambda entry: (entry.name, entry.variant_test_name)):
        if operator.name in UNREPEATABLE:
            continue
        several = [Subject(operator, dtype) for dtype in DTYPES]
        several = [
            subject for subject in several if subject.dtype in operator.supported_dtypes("cpu")
        ]
        found += [subject for subject in several if subject.differentiable] or several[:1]
    return found


def seed(number: int) -> None:
    """Every generator of random numbers that a sample or an operator may ask."""
    torch.default_generator.manual_seed(number)  # `torch.manual_seed` takes two milliseconds
    random.seed(number)
    numpy.random.seed(number)
