"""Formulas for gradients, written by hand: whether a function asks autograd after all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.autograd.forward_ad import dual_level
from torch.autograd.graph import saved_tensors_hooks

from lesson_utils.exercises.difference import differs
from lesson_utils.exercises.points import Point, copied
from lesson_utils.exercises.running import attempt

ASKED = (
    "The numbers are right, and autograd has computed them: where it cannot record, they do not "
    "come out. Write the formulas themselves."
)


def asks_autograd(answer: Callable[..., Any], points: Sequence[Point]) -> str:
    """What is off with a function that is right, if autograd has computed what it returns.

    Args:
        answer: The student's function.
        points: What it is called with.
    """
    saved: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        saved.append(tensor)
        return tensor

    for point in points:
        usual = attempt(answer, *copied(point)).value
        given = copied(point)
        # Nothing is recorded under inference mode; if it is switched off inside, something is
        # saved. `torch.func` goes around the mode, and fails where hooks or a level are in use.
        with torch.inference_mode(), saved_tensors_hooks(pack, lambda it: it), dual_level():
            alone = attempt(answer, *given)
        if alone.failed or saved or differs(alone.value, usual):
            return ASKED
    return ""
