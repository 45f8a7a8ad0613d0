"""Known slips, told by what they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from lesson_utils.exercises.exercise import Slip
from lesson_utils.exercises.mistakes import is_close
from lesson_utils.exercises.replay import array


def near(number: float, says: str) -> Slip:
    """The slip that gives a number.

    Args:
        number: The wrong one.
        says: What went wrong.
    """
    wrong = array(number)
    assert wrong is not None  # the exercise's own

    def matches(answer: Any) -> bool:
        given = array(answer)
        return given is not None and is_close(given, wrong)

    return Slip(matches, says, repr(number))


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
