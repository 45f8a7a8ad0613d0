"""PyTorch's own database of operators, plain and under `trace()`.

It is what PyTorch tests its operators with. Each sample is called as a function, as a method, in
place and with Python's signs. Looking changes nothing, and the gradients of the graph are those of
`torch.autograd.grad`, both to the bit. `make test` runs a part, `make test-all` everything.
"""

import random
import warnings
from collections import Counter
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy
import pytest
import torch
from samples import seed, subjects
from torch.utils._pytree import tree_leaves

from lesson_utils import trace

SUBJECTS = subjects()
PART = SUBJECTS[::19]  # of each of these, in `make test`, one sample in every form
# As a student's cell is run: its variables, the leaves among them, are the names in the graph.
CELL = compile(
    """
with looking as t:
    first = args[0].clone() if "in place" in form else args[0]
    out = function(first, *args[1:], **kwargs)
    loss = weighed(out)
""",
    "<cell>",
    "exec",
)


@pytest.fixture(autouse=True)
def _every_warning_and_one_thread():
    """Every warning is given each time, so that runs can be compared; sums have one order."""
    always, threads = torch.is_warn_always_enabled(), torch.get_num_threads()
    torch.set_warn_always(True)
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_warn_always(always)
    torch.set_num_threads(threads)


class Outcome(NamedTuple):
    """What a run did as far as anybody can see, and what the graph tells of it."""

    seen: dict[str, Any]
    leaves: list[torch.Tensor]
    gradients: tuple[torch.Tensor | None, ...] | None
    graph: Any


def exactly(item: Any) -> Any:
    """Everything of a tensor, each bit of its elements included; of anything else its looks."""
    if not isinstance(item, torch.Tensor):
        return type(item), repr(item)
    strided = item.layout == torch.strided
    bare = item.detach() if strided else item.detach().to_dense()
    plain = torch.empty(bare.shape, dtype=bare.dtype).copy_(bare)
    return (
        *(type(item), item.dtype, item.layout, tuple(item.shape), item.stride() if strided else ()),
        *(item.requires_grad, item._version, item.grad_fn and item.grad_fn.name()),
        plain.reshape(-1).view(torch.uint8).numpy().tobytes(),
    )


def weighed(out: Any) -> torch.Tensor | None:
    """One number of the first differentiable result, each element with a weight of its own."""
    for item in tree_leaves(out):
        if isinstance(item, torch.Tensor) and item.requires_grad:
            dense = item if item.layout == torch.strided else item.to_dense()
            weights = torch.rand(
                dense.shape, dtype=dense.dtype, generator=torch.Generator().manual_seed(1)
            )
            total = (dense * (weights + 0.5)).sum()
            return total.real if total.is_complex() else total
    return None


def run(program, number: int, looking: Any) -> Outcome:
    args, kwargs = program.arguments()
    given = [item for item in tree_leaves((args, kwargs)) if isinstance(item, torch.Tensor)]
    leaves = list({id(tensor): tensor for tensor in given if tensor.requires_grad}.values())
    for leaf in leaves:
        leaf.grad = torch.full_like(leaf, 42.0)
    before = [leaf.grad for leaf in leaves]
    cell = {f"leaf{i}": leaf for i, leaf in enumerate(leaves)}
    cell |= dict(looking=looking, form=program.form, function=program.function)
    cell |= dict(args=args, kwargs=kwargs, weighed=weighed)
    seen: dict[str, Any] = {}
    seed(number)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            exec(CELL, cell)
        except Exception as error:
            seen["error"] = type(error), str(error)
        loss, graph = cell.get("loss"), None
        followed = loss is not None and loss.requires_grad
        if isinstance(looking, trace):
            graph = looking.graph(of=loss) if followed else looking.snapshot()
    seen["warnings"] = {str(warning.message) for warning in warned}
    seen["random states"] = torch.get_rng_state().tolist(), random.getstate()
    seen["numpy's random state"] = numpy.random.get_state()[1].tolist()
    for name in ("first", "out", "loss"):
        seen[name] = [exactly(item) for item in tree_leaves(cell.get(name))]
    seen["arguments"] = [exactly(tensor) for tensor in given]
    seen[".grad"] = [exactly(leaf.grad) for leaf in leaves]
    seen[".grad is what it was"] = [
        leaf.grad is gradient for leaf, gradient in zip(leaves, before, strict=True)
    ]
    gradients = None
    if followed:
        try:
            gradients = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
            loss.backward()
        except Exception as error:
            seen["error of the backward pass"] = type(error), str(error)
        seen["gradients"] = [exactly(gradient) for gradient in gradients or ()]
        seen[".grad after backward()"] = [exactly(leaf.grad) for leaf in leaves]
    return Outcome(seen, leaves, gradients, graph)


def told(value: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What a graph says of a gradient, and the same said of PyTorch's own."""
    dense = gradient if gradient.layout == torch.strided else gradient.to_dense()
    if dense.numel() <= 64:
        return torch.tensor(value.gradient, dtype=dense.dtype).reshape(dense.shape), dense
    short = value.gradient_summary
    expected = torch.stack([dense.min(), dense.mean(), dense.max()])
    return torch.tensor([short.min, short.mean, short.max], dtype=dense.dtype), expected


def wrong_gradients(outcome: Outcome, count: Counter) -> list[str]:
    """Gradients that the graph and PyTorch tell differently; `count` learns what was compared."""
    wrong = []
    for i, (_, gradient) in enumerate(zip(outcome.leaves, outcome.gradients, strict=True)):
        value = next((item for item in outcome.graph if item.name == f"leaf{i}"), None)
        if gradient is not None and gradient.is_complex() and gradient.numel() > 64:
            continue  # complex numbers have no smallest one: such tensors are not summarised
        if value is None or gradient is None or not value.has_gradient:
            if gradient is not None or (value is not None and value.has_gradient):
                wrong.append(f"leaf {i}: PyTorch has {gradient}, the graph {value}")
            count["none on both sides"] += gradient is None
            continue
        shown, expected = told(value, gradient)
        # + 0: the sign of a zero depends on whether it is added to nothing or to another zero.
        if exactly(shown + 0)[-1] != exactly(expected + 0)[-1]:
            wrong.append(f"leaf {i}: PyTorch has {expected}, the graph {shown}")
        count["summaries" if gradient.numel() > 64 else "gradients"] += 1
    return wrong


def compare(subject, number: int, sample: Any, count: Counter) -> list[str]:
    """What a sample does otherwise under `trace()`, and what is told wrong of it."""
    problems = []
    count["samples"] += 1
    # Under `set_warn_always` looking at a sparse CSR matrix says once more that it is in beta.
    silent = {"warnings"} if subject.name.startswith("sparse.") else set()
    for program in subject.programs(sample, number):
        plain, traced = run(program, number, nullcontext()), run(program, number, trace())
        count[program.form] += 1
        count["errors"] += "error" in plain.seen
        found = [
            f"{what}: {plain.seen.get(what)} plain, {traced.seen.get(what)} traced"
            for what in (plain.seen | traced.seen).keys() - silent
            if plain.seen.get(what) != traced.seen.get(what)
        ]
        if traced.gradients is not None:
            if traced.graph.of is None:
                found.append(f"no gradients: {traced.graph.note}")
            else:
                found += wrong_gradients(traced, count)
        elif "error of the backward pass" in traced.seen and traced.graph.of is not None:
            found.append("gradients where PyTorch has none")
        problems += [f"{program.name}: {problem[:500]}" for problem in found]
    return problems


def test_a_part_of_the_operators_does_what_it_does_without_us():
    """Results, errors, warnings, versions, random numbers, `.grad`, and the backward pass after."""
    count: Counter = Counter()
    problems = []
    for subject in PART:
        number, sample = list(enumerate(subject.samples(4)))[-1]  # the first is mostly the plainest
        problems += compare(subject, number, sample, count)
    assert not problems, "\n".join(problems)
    assert count["samples"] == len(PART) > 75 and count["gradients"] > 80, (len(PART), count)
    assert count["summaries"] > 10 and count["method"] > 25 and count["in place"] > 10, count


@pytest.mark.long
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_an_operator_does_what_it_does_without_us(subject):
    """The same for all its samples, of which there is at least one."""
    count: Counter = Counter()
    problems = []
    for number, sample in enumerate(subject.samples()):
        problems += compare(subject, number, sample, count)
    assert not problems, f"{len(problems)} problems\n" + "\n".join(problems[:20])
    assert count["function"] == count["samples"] > 0


def test_the_operators_are_all_there():
    assert len({subject.operator.name for subject in SUBJECTS}) > 500
    assert len(SUBJECTS) > 1500 and sum(subject.differentiable for subject in SUBJECTS) > 1350
