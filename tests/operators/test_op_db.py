"""PyTorch's own database of operators, run plain and run under `trace()`.

It is what PyTorch tests its operators with: some 540 of them with samples,
each called as a function, as a method and in place. `make test` runs a fixed
part of it, `make test-all` everything.
"""

import copy
import random
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy
import pytest
import setuptools  # noqa: F401  # torch.testing needs it before anything imports distutils
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_leaves, tree_map_only

from lesson_utils import trace

FORMS = {"function": "op", "method": "method_variant", "in place": "inplace_variant"}
DTYPES = (torch.float64, torch.float32)
EVERY = 6  # in `make test`, one operator of six and one sample of it
# Not the same twice: what memory held before, and a solver whose answer depends on its alignment.
UNREPEATABLE = ("empty", "new_empty", "linalg.lstsq")
CANCELLING = {"cov": 1e10}  # how large the parts are of which its gradients are differences
OPERATORS = sorted(
    (
        op
        for op in op_db
        if not op.name.startswith(UNREPEATABLE)
        and any(each in op.supported_dtypes("cpu") for each in DTYPES)
    ),
    key=lambda op: (op.name, op.variant_test_name),
)


class Ran(NamedTuple):
    """What a program did, as far as anybody can tell."""

    results: list[torch.Tensor]
    error: tuple[str, str] | None
    gradients: list[torch.Tensor | None]
    versions: list[int]
    left: list[Any]  # `.grad` of the leaves, before the student asks for one
    states: tuple[Any, ...]
    graph: Any


def name_of(operator) -> str:
    variant = operator.variant_test_name
    return f"{operator.name}.{variant}" if variant else operator.name


def seed() -> None:
    torch.manual_seed(0)
    random.seed(0)
    numpy.random.seed(0)


def samples(operator) -> Iterator[Any]:
    dtype = next(each for each in DTYPES if each in operator.supported_dtypes("cpu"))
    followed = operator.supports_autograd and dtype in operator.supported_backward_dtypes("cpu")
    seed()
    yield from operator.sample_inputs("cpu", dtype, requires_grad=followed)


def copied(sample) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments that share no memory with the sample's; a tensor met twice is one again."""
    done: dict[int, torch.Tensor] = {}

    def fresh(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in done:
            plain = tensor.detach()
            new = copy.deepcopy(plain) if plain.layout == torch.strided else plain.clone()
            done[id(tensor)] = new.requires_grad_(tensor.requires_grad)
        return done[id(tensor)]

    return tree_map_only(torch.Tensor, fresh, ((sample.input, *sample.args), sample.kwargs))


def total(results: list[torch.Tensor]) -> torch.Tensor | None:
    """One number that depends on every element of every result, each with a weight of its own."""
    parts = [
        each.real if each.is_complex() else each
        for each in results
        if each.requires_grad and each.layout == torch.strided and each.numel()
    ]
    weighed = [
        (part * torch.arange(1, part.numel() + 1, dtype=part.dtype).reshape(part.shape)).mean()
        for part in parts
    ]
    return sum(weighed[1:], weighed[0]) if weighed else None


def tensors(item: Any) -> list[torch.Tensor]:
    return [each for each in tree_leaves(item) if isinstance(each, torch.Tensor)]


def run(function, form: str, sample, block: trace | None) -> Ran:
    args, kwargs = copied(sample)
    leaves = [each for each in tensors((args, kwargs)) if each.requires_grad]
    seed()
    results, s, error = [], None, None

    def program() -> None:
        nonlocal results, s
        start = args[0].clone() if form == "in place" and tensors(args[:1]) else args[0]
        results = tensors(function(start, *args[1:], **kwargs))
        s = total(results)

    try:
        if block is None:
            program()
        else:
            with block as t:
                program()
                t.name_from(sys._getframe(), {f"leaf{i}": each for i, each in enumerate(leaves)})
    except Exception as raised:  # some samples are meant to
        error = type(raised).__name__, str(raised)
    states = torch.get_rng_state(), random.getstate(), numpy.random.get_state()[1].tolist()
    versions, left = [each._version for each in leaves], [each.grad for each in leaves]
    graph = None if block is None or s is None else block.graph(of=s)
    gradients = []
    try:
        gradients = torch.autograd.grad(s, leaves, allow_unused=True) if s is not None else []
    except (
        RuntimeError
    ) as raised:  # some forms have no derivative, some samples none that is defined
        error = type(raised).__name__, str(raised)
    return Ran(results, error, list(gradients), versions, left, states, graph)


def same(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    if one.layout != torch.strided:
        one, other = one.to_dense(), other.to_dense()
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return torch.allclose(one.detach(), other.detach(), rtol=0, atol=0, equal_nan=True)


def alike(one: list[torch.Tensor | None], other: list[torch.Tensor | None]) -> bool:
    return len(one) == len(other) and all(map(same, one, other))


def agree(value, gradient: torch.Tensor, largest: float) -> bool:
    """Whether the graph tells PyTorch's own gradient of a leaf.

    Sums are taken in another order than the engine's: what cancels does so to
    the last digits of the largest gradient around.
    """
    if gradient.layout != torch.strided:
        gradient = gradient.to_dense()
    if value.gradient is None:
        summary = value.gradient_summary
        told = torch.tensor([summary.min, summary.max], dtype=gradient.dtype)
        gradient = torch.stack(torch.aminmax(gradient))
    else:
        told = torch.tensor(value.gradient, dtype=gradient.dtype).reshape(gradient.shape)
    return torch.allclose(told, gradient, rtol=1e-6, atol=1e-12 * largest, equal_nan=True)


def differences(function, form: str, sample, largest: float) -> Iterator[str]:
    """What a program did otherwise under `trace()`, and what its graph tells wrong."""
    plain, again = (run(function, form, sample, None) for _ in range(2))
    traced = run(function, form, sample, trace())
    if traced.error != plain.error:
        yield f"raised {traced.error} instead of {plain.error}"
    if plain.error is not None or not alike(plain.results, again.results):
        return  # `empty` and its like are not even the same without us
    for what in ("results", "gradients", "left"):
        one, other = getattr(plain, what), getattr(traced, what)
        if not alike(one, other):
            yield f"other {what}"
    if traced.versions != plain.versions:
        yield f"versions {traced.versions} instead of {plain.versions}"
    if not torch.equal(traced.states[0], plain.states[0]) or traced.states[1:] != plain.states[1:]:
        yield "another random state"
    if traced.graph is None:
        return
    if traced.graph.note:
        yield traced.graph.note
    sizes = [
        each.to_dense().abs().max().item() for each in tensors(traced.gradients) if each.numel()
    ]
    for i, gradient in enumerate(traced.gradients):
        if gradient is None:
            continue
        value = next((each for each in traced.graph if each.name == f"leaf{i}"), None)
        if value is None or not value.has_gradient:
            yield f"no gradient for leaf {i}"
        elif not agree(value, gradient, max([largest, *sizes])):
            yield f"a wrong gradient for leaf {i}: {value.gradient} instead of {gradient}"


def check(operator, most: int | None) -> int:
    """Compare an operator in all its forms; how many programs were compared."""
    count, largest = 0, CANCELLING.get(operator.name, 1e3)
    for number, sample in enumerate(samples(operator)):
        if number == most:
            break
        for form, attribute in FORMS.items():
            function = getattr(operator, attribute, None)
            if function is not None:
                count += 1
                found = list(differences(function, form, sample, largest))
                assert not found, f"{name_of(operator)}, {form}, sample {number}: {found}"
    return count


@pytest.mark.filterwarnings("ignore")
def test_a_part_of_the_operators_computes_what_it_computes_without_us():
    assert sum(check(operator, 1) for operator in OPERATORS[::EVERY]) > 150


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("operator", OPERATORS, ids=name_of)
def test_an_operator_computes_what_it_computes_without_us(operator):
    assert check(operator, 8) > 0


def test_the_database_is_there():
    assert len(OPERATORS) > 500
