"""What a repaired function does: its numbers, its gradient, and what it holds."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks

from lesson_utils.capture.memory import saved_memory
from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.repaired import wrong
from lesson_utils.exercises.running import attempt


def carried_off(answer: Callable[..., Any]) -> str:
    """What is off with a state that is carried from batch to batch."""
    for weight, batches in ((0.5, [1.0, 2.0, -1.0]), (-1.5, [0.3, 0.2, 0.1, 0.7])):
        w = _leaf(weight)
        outcome = attempt(answer, w, batches)
        if outcome.failed:
            return f"It {outcome.failed}."
        state, gradient = _each_for_itself(weight, batches)
        if wrong(outcome.value, state):
            return "The state in the end is another one."
        if w.grad is None or wrong(w.grad, gradient):
            return "`w.grad` is not the sum of each batch's own gradient."
    if is_carried(answer):
        return "The more batches, the more is held."
    return ""


def is_carried(answer: Callable[..., Any]) -> bool:
    """Whether the graphs of earlier batches are still there."""
    held = []
    for count in (3, 6, 9):
        state = attempt(answer, _leaf(0.5), [1.0] * count).value
        held.append(saved_memory(state) if isinstance(state, torch.Tensor) else 0)
    return max(held) > held[0]


def _each_for_itself(weight: float, batches: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    w, h = _leaf(weight), torch.tensor(0.0)
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
    w = _leaf(weight)
    made = answer(w, torch.tensor(x))
    if not isinstance(made, torch.Tensor):
        return []
    found = torch.autograd.grad(made, w) if made.requires_grad else ()
    return [made.detach(), *found]


def overwritten_off(answer: Callable[..., Any]) -> str:
    """What is off with a function whose saved result is overwritten."""
    for weight, numbers in _WRITTEN:
        outcome = attempt(_overwritten_at, answer, weight, numbers)
        if outcome.failed:
            return f"It {outcome.failed}."
        w, x = _leaf(weight), torch.tensor(numbers)
        right = (torch.exp(w * x) + 1.0).sum()
        if not outcome.value or wrong(outcome.value[0], right.detach()):
            return "It returns another number than before."
        if len(outcome.value) == 1:
            return "The error is gone, and so is the way back to `w`."
        if wrong(outcome.value[1], torch.autograd.grad(right, w)[0]):
            return "The error is gone, and the gradient is wrong."
    return ""


class Kept:
    """Stands for a saved tensor, as long as its node holds it."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


def averaged_off(answer: Callable[..., Any]) -> str:
    """What is off with a mean of losses, while it runs and afterwards."""
    given = [torch.tensor([float(i), 1.0, -2.0]) for i in range(6)]
    alive: weakref.WeakSet[Kept] = weakref.WeakSet()
    held: list[int] = []

    class Batches(list[torch.Tensor]):
        """They tell what is held each time that one is asked for."""

        def __iter__(self) -> Iterator[torch.Tensor]:
            for x in given:
                held.append(len(alive))
                yield x

    def pack(tensor: torch.Tensor) -> Kept:
        kept = Kept(tensor)
        alive.add(kept)
        return kept

    with torch.enable_grad(), saved_tensors_hooks(pack, lambda kept: kept.tensor):
        outcome = attempt(answer, _leaf(0.5), Batches(given))
    if outcome.failed:
        return f"It {outcome.failed}."
    right = torch.stack([((0.5 * x - 1.0) ** 2).mean() for x in given]).mean()
    if wrong(outcome.value, right):
        return "It does not return the mean of the losses."
    if held[-1] > held[2]:
        return "While it runs, every batch adds to what is held."
    if alive or (isinstance(outcome.value, torch.Tensor) and outcome.value.requires_grad):
        return "What it returns still holds a graph."
    return ""


def chosen_off(answer: Callable[..., Any]) -> str:
    """What is off with a logarithm that is chosen only where there is one."""
    for weight, numbers in ((1.0, [0.0, 4.0]), (2.0, [-1.0, 0.0, 3.0]), (0.5, [1e-4, 2.0])):
        x = torch.tensor(numbers, dtype=torch.float64)
        w = torch.tensor(weight, dtype=torch.float64, requires_grad=True)
        with Recording() as t:
            outcome = attempt(answer, w, x)
        if outcome.failed:
            return f"It {outcome.failed}."
        made, positive = outcome.value, x[x > 0]
        at = f"At w = {weight:g} and x = {numbers}"
        if wrong(made, torch.log(weight * positive).sum()):
            return f"{at} it returns another number than before."
        if not isinstance(made, torch.Tensor) or not made.requires_grad:
            return f"{at} no path leads back to `w`."
        found = t.graph(of=made)["w"].gradient  # hooks that tidy up are not in the graph
        if found is None or wrong(found, (positive / positive / weight).sum()):
            return f"{at} the number is right, and the gradient in the graph is not: {found}."
    return ""


def _leaf(data: float) -> torch.Tensor:
    return torch.tensor(data, requires_grad=True)
