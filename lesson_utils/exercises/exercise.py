"""An exercise: what is asked, what is right, and the slips that are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lesson_utils.exercises.asked import Asked


def _nothing(_: Any) -> Sequence[str]:
    return ()


@dataclass(frozen=True, eq=False)
class Slip:
    """A wrong answer that is known.

    Attributes:
        matches: Whether an answer is that one.
        says: What went wrong, in a sentence; never what is right.
        example: An answer of this kind, as Python code.
        computes: How a mistaken number comes of the exercise's inputs; None where none does.
    """

    matches: Callable[[Any], bool]
    says: str
    example: str
    computes: Callable[..., Any] | None = None


@dataclass(frozen=True, eq=False)
class Exercise:
    """Something to be answered.

    Attributes:
        id: As `01.3`: the lesson, and the place in it.
        title: In a few words.
        prompt: What is asked, as the notebook has it.
        stub: The cell to be filled in; it ends by checking its answer.
        solution: The same cell, filled in.
        hints: Three, each telling more; one for a prediction.
        judge: Says what is off with an answer; empty for a right one.
        remark: One sentence more than was asked, for who is right.
        slips: Known wrong answers, the most specific first.
        why: Further sentences about a wrong answer, as a graph tells them.
        aim: What it is after, for instructors.
        asked: The question at any inputs, where its answer is numbers.
    """

    id: str
    title: str
    prompt: str
    stub: str
    solution: str
    hints: tuple[str, ...]
    judge: Callable[[Any], str]
    remark: str
    slips: tuple[Slip, ...] = ()
    why: Callable[[Any], Sequence[str]] = _nothing
    aim: str = ""
    asked: Asked | None = None

    @property
    def lesson(self) -> str:
        """The number of its notebook."""
        return self.id.partition(".")[0]
