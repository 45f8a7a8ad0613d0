"""The exercise of notebook 04 that asks for a repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch.autograd import grad

from lesson_utils.capture.behind import nodes_behind
from lesson_utils.exercises.exercise import Slip
from lesson_utils.exercises.points import WRITES, is_changed, told
from lesson_utils.exercises.running import attempt
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import Missing


def judged_length(answer: Any) -> str:
    """What is off with a vector's length: its value, its gradient, or a number on the way back.

    Args:
        answer: The student's function.
    """
    if not callable(answer):
        return "Answer with the function itself, without calling it."
    for point in ((3.0, 4.0), (0.0, 2.0), (0.0, 0.0)):
        off = _off_at(answer, torch.tensor(point))
        if off:
            return f"At {told((torch.tensor(point),))} {off}."
    return ""


def _off_at(answer: Callable[..., Any], point: torch.Tensor) -> str:
    x = point.clone().requires_grad_()
    with torch.enable_grad():
        outcome = attempt(answer, x)
    if outcome.missing or (outcome.value is None and not outcome.failed):
        raise Missing
    y = outcome.value
    if outcome.failed:
        return f"it {outcome.failed}"
    if is_changed([x], [point]):
        return f"it {WRITES}"
    if not isinstance(y, torch.Tensor) or y.numel() != 1 or y.is_complex():
        return "the length is a tensor with one number"
    if not torch.allclose(y.detach().to(point).reshape(()), point.norm(), rtol=1e-6, atol=0.0):
        return "the value has changed"
    if not y.requires_grad:
        return "the value is right, and no graph leads back from it"
    found, finite = _back(y, x)
    length = point.norm()
    if found is None or not torch.allclose(found, point / length if length else 0 * point):
        return "the value is right, and its gradient is not"
    if not finite:
        return "gradient and value are right, yet an infinite number still arrives on the way back"
    return ""


def _back(y: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor | None, bool]:
    """The gradient, and whether nothing infinite comes out of a node: hooks on tensors mend later.

    The nodes are asked, and no trace: it would not see into an `autograd.Function`.
    """
    infinite: list[bool] = []

    def watch(handed: tuple[torch.Tensor | None, ...], _: Any) -> None:
        infinite.extend(bool(it.isinf().any()) for it in handed if it is not None)

    handles = [node.register_hook(watch) for node in nodes_behind([y])]
    try:
        found = grad(y.reshape(()), x, allow_unused=True)[0]
    finally:
        for handle in handles:
            handle.remove()
    return found, not any(infinite)


_VECTORS = torch.tensor([[3.0, 4.0], [1.0, 1.0], [-0.5, 2.0]])


def _is_nan_at_zero(answer: Callable[[torch.Tensor], Any], size: int) -> bool:
    x = torch.zeros(size, requires_grad=True)
    made = answer(x)
    return bool(made == 0) and bool(torch.autograd.grad(made, x)[0].isnan().all())


_LENGTH = unjudged(
    "04.7",
    "The length of a vector",
    "`torch.sqrt((x * x).sum())` is a vector's length, and at the zero vector its gradient is "
    "`nan`. Write `length(x)` with exactly the same values, whose gradient there is 0. Mending "
    "`nan` afterwards does not count: nothing infinite may arrive anywhere on the way back.",
    "def length(x):\n    ...",
    "def length(x):\n    squares = (x * x).sum()\n    positive = squares > 0\n"
    "    safe = torch.where(positive, squares, 1.)\n"
    "    return torch.where(positive, torch.sqrt(safe), 0.)",
    "length",
    (
        "Which operation has an infinite derivative at the zero vector, and what does it read?",
        "The root reads the sum of squares. Give it 1 where that sum is 0.",
        "Then choose a second time: the root where the sum is positive, 0 elsewhere.",
    ),
    "`x.norm()` does it too: it is a single operation, and keeps rule 2.",
    (
        Slip(
            lambda answer: all(map(_is_nan_at_zero, [answer] * 3, (2, 3, 4))),
            "The gradient at the zero vector is still `nan`: what is not chosen has been computed "
            "nevertheless, and 0 · ∞ is `nan`. The root must not see a 0.",
            "lambda x: torch.where((x * x).sum() > 0, torch.sqrt((x * x).sum()), 0.)",
        ),
        Slip(
            lambda answer: all(0 < float(answer(torch.zeros(n))) < 0.1 for n in (2, 3, 4)),
            "The zero vector has a small length and not 0: nothing is infinite any more, and "
            "other lengths may be a little off, too.",
            "lambda x: torch.sqrt((x * x).sum() + 1e-12)",
        ),
        Slip(
            lambda answer: all(
                abs(float(answer(x.clone())) - float(x.abs().sum())) < 1e-3 for x in _VECTORS
            ),
            "That adds up the sizes of the numbers. It is a length as well, but another one.",
            "lambda x: x.abs().sum()",
        ),
        Slip(
            lambda answer: (
                not any(answer(x.clone().requires_grad_()).requires_grad for x in _VECTORS)
            ),
            "Somewhere on the way the graph was left behind.",
            "lambda x: x.detach().norm()",
        ),
    ),
    aim="A repair stands before the dangerous operation. Expect an epsilon under the root (another "
    "value), `nan_to_num`, and a hook that mends the gradient.",
)
LENGTH = replace(_LENGTH, judge=judged_length)
