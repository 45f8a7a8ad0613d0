"""An exercise before its form says how it is judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from lesson_utils.exercises.exercise import Exercise, Slip


def unjudged(
    id: str,
    title: str,
    prompt: str,
    stub: str,
    solution: str,
    answer: str,
    hints: tuple[str, str, str],
    remark: str,
    slips: tuple[Slip, ...] = (),
    *,
    aim: str,
) -> Exercise:
    """What an exercise says; a form of `forms.py` or `written.py` adds what is right.

    Args:
        id: As `01.3`.
        title: In a few words.
        prompt: What is asked, in Markdown.
        stub: What is to be filled in.
        solution: The same, filled in.
        answer: The name that both bind, which is checked.
        hints: Three.
        remark: One sentence more, for who is right.
        slips: Known wrong answers.
        aim: What it is after, and what wrong answers to expect: for instructors.
    """
    slips = tuple(map(_guarded, slips))
    check = f'\n\ncheck("{id}", {answer})'
    return Exercise(
        id, title, prompt, stub + check, solution + check, hints, no_form, remark, slips, aim=aim
    )


def _guarded(slip: Slip) -> Slip:
    """The same slip; if the student's function switches recording off it is on again afterwards."""

    def matches(answer: Any) -> bool:
        with torch.enable_grad():
            return slip.matches(answer)

    return replace(slip, matches=matches)


def no_form(_: Any) -> str:
    """Stands for the judge until a form gives the exercise its own."""
    raise NotImplementedError("this exercise has no form yet")
