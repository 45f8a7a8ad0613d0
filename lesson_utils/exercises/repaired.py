"""Code that a student repairs, and what mistaken code does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from lesson_utils.exercises.exercise import Exercise, Slip

WRITES = "It writes into what it is given, which others may still need."


def repair(exercise: Exercise, off: Callable[[Callable[..., Any]], str]) -> Exercise:
    """Asked is a function, repaired.

    Args:
        exercise: The rest of it; its stub is the broken function.
        off: Runs a function, and says what is off with it; empty if nothing is.
    """

    def judge(answer: Any) -> str:
        if not callable(answer):
            return "Answer with the function itself, without calling it."
        with torch.enable_grad():  # and so it is afterwards, whatever the answer switches off
            return off(answer)

    return replace(exercise, judge=judge)


def wrong(given: Any, right: torch.Tensor) -> bool:
    """Whether a number or a tensor is not what is right, as exactly as its type can tell."""
    if given is None:
        return True
    try:
        one = torch.as_tensor(given).detach()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return True
    if one.is_complex():
        return True
    return one.shape != right.shape or not torch.allclose(one.to(right), right, rtol=1e-5)


def like(
    measured: Callable[[Any], Sequence[torch.Tensor]], example: str, name: str, says: str
) -> Slip:
    """The slip of a function that does what a mistaken one does.

    Args:
        measured: What is looked at: the numbers that come of a function.
        example: The mistaken one, as Python code.
        name: Of the function in it.
        says: What went wrong.
    """
    space: dict[str, Any] = {"torch": torch, "F": torch.nn.functional}
    exec(example, space)  # the exercise's own code, which a test runs as well

    def matches(answer: Any) -> bool:
        ours, theirs = measured(space[name]), measured(answer)
        return len(ours) == len(theirs) and all(
            one.shape == other.shape and torch.allclose(one, other, equal_nan=True)
            for one, other in zip(ours, theirs, strict=True)
        )

    return Slip(matches, says, example)
