"""What a repaired function does: its numbers, its gradient, and what it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from lesson_utils.capture.memory import saved_memory
from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.held import Held, grows
from lesson_utils.exercises.leaves import changed, leaf, slope_changed
from lesson_utils.exercises.points import is_changed
from lesson_utils.exercises.repaired import WRITES, wrong
from lesson_utils.exercises.running import attempt


def carried_off(answer: Callable[..., Any]) -> str:
    """What is off with a state that is carried from batch to batch."""
    for weight, batches in ((0.5, [1.0, 2.0, -1.0]), (-1.5, [0.3, 0.2, 0.1, 0.7])):
        w, given = leaf(weight), [*batches]
        state, gradient = _each_for_itself(weight, batches)
        with torch.enable_grad():
            outcome = attempt(answer, w, given)
            recording = torch.is_grad_enabled()
        if outcome.failed:
            return f"It {outcome.failed}."
        if given != batches:
            return WRITES
        if off := changed(w, leaf(weight)):
            return f"Asked are gradients, and {off}."
        if not recording:
            return "After the call nothing is recorded any more, anywhere."
        if wrong(outcome.value, state):
            return "The state in the end is another one."
        if w.grad is None or wrong(w.grad, gradient):
            return "`w.grad` is not the sum of each batch's own gradient."
    if is_carried(answer) or grows(answer, lambda count: (leaf(0.5), [1.0] * count)):
        return "The more batches, the more is held."
    return ""


def is_carried(answer: Callable[..., Any]) -> bool:
    """Whether the graphs of earlier batches are still there."""
    held = []
    for count in (3, 6, 9):
        state = attempt(answer, leaf(0.5), [1.0] * count).value
        held.append(saved_memory(state) if isinstance(state, torch.Tensor) else 0)
    return max(held) > held[0]


def _each_for_itself(weight: float, batches: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    w, h = leaf(weight), torch.tensor(0.0)
    gradient = torch.tensor(0.0)
    for x in batches:
        h = torch.tanh(w * h.detach() + x)
        gradient += torch.autograd.grad((h - 1.0) ** 2, w)[0]
    return h.detach(), gradient


_WRITTEN = ((0.5, [1.0, -2.0, 3.0]), (-1.0, [0.5]), (2.0, [0.3, 1.0]))


def overwritten(answer: Callable[..., Any]) -> list[torch.Tensor]:
    """The number, and the gradient if there is one; nothing where no tensor is returned."""
    return [part for weight, x in _WRITTEN for part in _overwritten_at(answer, weight, x)]


def _overwritten_at(
    answer: Callable[..., Any], weight: float, x: list[float]
) -> list[torch.Tensor]:
    w = leaf(weight)
    made = answer(w, torch.tensor(x))
    if not isinstance(made, torch.Tensor):
        return []
    found = torch.autograd.grad(made, w) if made.requires_grad else ()
    return [made.detach(), *found]


def overwritten_off(answer: Callable[..., Any]) -> str:
    """What is off with a function whose saved result is overwritten."""
    for weight, numbers in _WRITTEN:
        w, x = leaf(weight), torch.tensor(numbers)
        right = (torch.exp(w * x) + 1.0).sum()
        given = leaf(weight), torch.tensor(numbers)
        with torch.enable_grad():
            outcome = attempt(answer, *given)
        made = outcome.value
        if outcome.failed:
            return f"It {outcome.failed}."
        if wrong(made, right.detach()):
            return "It returns another number than before."
        if is_changed(given, (w, x)) or changed(given[0], w):
            return WRITES
        if not isinstance(made, torch.Tensor) or not made.requires_grad:
            return "The error is gone, and so is the way back to `w`."
        back = attempt(torch.autograd.grad, made, given[0])
        if back.failed:
            return f"The way back {back.failed}."
        if wrong(back.value[0], torch.autograd.grad(right, w)[0]):
            return "The error is gone, and the gradient is wrong."
    return ""


def averaged_off(answer: Callable[..., Any]) -> str:
    """What is off with a mean of losses, while it runs and afterwards."""
    held, right = Held(), torch.stack([((0.5 * x - 1.0) ** 2).mean() for x in _batches(6)]).mean()
    given, w = _batches(6), leaf(0.5)
    outcome = held.run(answer, w, given)
    if outcome.failed:
        return f"It {outcome.failed}."
    if is_changed([given], [_batches(6)]):
        return WRITES
    if wrong(outcome.value, right):
        return "It does not return the mean of the losses."
    if grows(answer, lambda count: (leaf(0.5), _batches(count))):
        return "While it runs, every batch adds to what is held."
    if held.now or (isinstance(outcome.value, torch.Tensor) and outcome.value.requires_grad):
        return "What it returns still holds a graph."
    return _touched(answer)


def _batches(count: int) -> list[torch.Tensor]:
    return [torch.tensor([float(i), 1.0, -2.0]) for i in range(count)]


def _touched(answer: Callable[..., Any]) -> str:
    """What is off with a leaf that an evaluation was to leave alone."""
    for slope in (None, 7.0):
        w, was = (leaf(0.5, slope) for _ in range(2))
        with torch.enable_grad():
            attempt(answer, w, _batches(3))
            recording = torch.is_grad_enabled()
        off = changed(w, was) or slope_changed(w, was)
        if off:
            return f"The mean is right, and {off}."
        if not recording:
            return "The mean is right, and after the call nothing is recorded any more, anywhere."
    return ""


def chosen_off(answer: Callable[..., Any]) -> str:
    """What is off with a logarithm that is chosen only where there is one."""
    for weight, numbers in _CHOSEN:
        x, was = (torch.tensor(numbers, dtype=torch.float64) for _ in range(2))
        w = torch.tensor(weight, dtype=torch.float64, requires_grad=True)
        with torch.enable_grad(), Recording() as t:
            outcome = attempt(answer, w, x)
        if outcome.failed:
            return f"It {outcome.failed}."
        if is_changed((x, w), (was, torch.tensor(weight))):
            return WRITES
        made, positive = outcome.value, was[weight * was > 0]
        at = f"At w = {weight:g} and x = {numbers}"
        if wrong(made, torch.log(weight * positive).sum()):
            return f"{at} it returns another number than before."
        if not isinstance(made, torch.Tensor) or not made.requires_grad:
            return f"{at} no path leads back to `w`."
        found: Any
        try:  # hooks that tidy up are not in the graph
            found = t.graph(of=made)["w"].gradient
        except (KeyError, ValueError):  # a Function whose inside no trace has seen
            found = torch.autograd.grad(made, w, allow_unused=True)[0]
        if found is None or wrong(found, (positive / positive / weight).sum()):
            return f"{at} the number is right, and the gradient in the graph is not: {found}."
    return ""


_CHOSEN = (
    (1.0, [0.0, 4.0]), (2.0, [-1.0, 0.0, 3.0]), (0.5, [1e-4, 2.0]), (-1.0, [-2.0, 0.0, 3.0]),
)  # fmt: skip
