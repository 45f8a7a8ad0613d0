"""Slips of functions are measured at three inputs, and at each they differ from what is right."""

from collections import defaultdict
from copy import deepcopy

import numpy as np
import pytest
import torch
from answers import answer_of, example_of

from lesson_utils.exercises.catalogue import CATALOGUE


def is_code(answer):
    return callable(answer) or (isinstance(answer, list) and all(map(callable, answer)))


SLIPS = [
    pytest.param(exercise, slip, id=f"{exercise.id}-{i}")
    for exercise in CATALOGUE.values()
    for i, slip in enumerate(exercise.slips)
    if is_code(answer_of(exercise, exercise.solution))
]
# These compute what is right; what is off is the memory they hold, or a hook.
RIGHT_NUMBERS = {("07.7", "In the end"), ("07.8", "A hook")}


def copied(item):
    """An argument as it is now."""
    if isinstance(item, torch.Tensor):
        return item.detach().clone().requires_grad_(item.requires_grad)
    if isinstance(item, list):  # one that notices when it is read, too
        return [copied(it) for it in list.__iter__(item)]
    return deepcopy(item)


def key(item):
    """An argument, to be told from others."""
    if isinstance(item, torch.Tensor):
        return str((tuple(item.shape), item.tolist()))
    if isinstance(item, list):
        return str([key(it) for it in item])
    return type(item).__name__ if isinstance(item, torch.nn.Module) else repr(item)


def listening(answer, calls, place=0):
    """An answer that writes down what it is called with."""
    if isinstance(answer, list):
        return [listening(it, calls, i) for i, it in enumerate(answer)]

    def heard(given):
        point = [copied(it) for it in given]
        calls[place].setdefault(str([key(it) for it in point]), point)

    if isinstance(answer, type):

        class Listening(answer):
            @staticmethod
            def forward(ctx, z):
                heard([z])
                return answer.forward(ctx, z)

        return Listening

    def called(*given):
        heard(given)
        return answer(*given)

    return called


def measured(exercise, slip):
    """Where a slip's own example is looked at: the place in a list of functions, and the points."""
    calls = defaultdict(dict)
    assert slip.matches(listening(example_of(exercise, slip), calls))
    ((place, points),) = calls.items()
    return place, list(points.values())


def outcome(answer, point):
    """What comes of a call: numbers, and gradients by all that requires one."""
    given = [copied(it) for it in point]
    leaves = [it for it in given if isinstance(it, torch.Tensor) and it.requires_grad]
    leaves += [p for it in given if isinstance(it, torch.nn.Module) for p in it.parameters()]
    made = (answer.apply if isinstance(answer, type) else answer)(*given)
    parts = list(made) if isinstance(made, (tuple, list)) else [] if made is None else [made]
    ways = [it for it in parts if isinstance(it, torch.Tensor) and it.requires_grad]
    if ways and all(leaf.grad is None for leaf in leaves):
        sum((3.0 * it).sum() for it in ways).backward()
    parts += [leaf.grad for leaf in leaves if leaf.grad is not None]
    return [np.asarray(torch.as_tensor(it).detach().tolist(), dtype=float) for it in parts]


def same(one, other):
    return len(one) == len(other) and all(
        a.shape == b.shape and np.allclose(a, b, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(("exercise", "slip"), SLIPS)
def test_a_slip_is_measured_at_three_inputs_and_is_wrong_at_each(exercise, slip):
    place, points = measured(exercise, slip)
    assert len(points) >= 3
    mistaken, right = example_of(exercise, slip), answer_of(exercise, exercise.solution)
    if isinstance(right, list):
        mistaken, right = mistaken[place], right[place]
    alike = [same(outcome(mistaken, point), outcome(right, point)) for point in points]
    says = next((says for id, says in RIGHT_NUMBERS if id == exercise.id), None)
    if says is not None and slip.says.startswith(says):
        assert all(alike)
    else:
        assert not any(alike), [point for point, it in zip(points, alike, strict=True) if it]


def test_every_function_with_slips_is_among_them():
    ids = {param.values[0].id for param in SLIPS}
    assert len(SLIPS) >= 40 and {"01.7", "04.7", "06.7", "07.3", "07.6", "07.8"} <= ids
