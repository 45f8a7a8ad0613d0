"""A prediction: a question that the next cell answers, asked before it is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lesson_utils.exercises.asked import Inputs
from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import choice, numbers
from lesson_utils.exercises.letters import letter_of
from lesson_utils.exercises.replay import array
from lesson_utils.exercises.unjudged import no_form

LETTERS = "abcdef"


def prediction(
    id: str,
    title: str,
    question: str,
    answer: str,
    hint: str,
    remark: str,
    slips: tuple[Slip, ...],
    *,
    options: Sequence[str] = (),
    right: Callable[..., Any] | None = None,
    at: Sequence[Inputs] = (),
    aim: str,
) -> Exercise:
    """Something to be said before the next cell is run, in the place of the dots.

    Args:
        id: As `01.a`: the lesson, and a letter.
        title: In a few words.
        question: What is asked, in Markdown.
        answer: What is right, as Python code.
        hint: One; the other one is the next cell.
        remark: One sentence more, for who is right.
        slips: Known wrong answers.
        options: What there is to choose from; empty where numbers are asked.
        right: Computes the numbers, from inputs.
        at: The inputs: those of the next cell, and two others at least.
        aim: What it is after, and what wrong answers to expect: for instructors.
    """
    listed = "".join(
        f"\n- **{letter}** · {it}" for letter, it in zip(LETTERS, options, strict=False)
    )
    prompt = question + ("\n" + listed if options else "")

    def look(answer: Any) -> Sequence[str]:
        """What is said of a wrong answer that nobody expected, if it is of the right kind."""
        if right is None:
            known = letter_of(answer, LETTERS[: len(options)]) is not None
        else:
            given, wanted = array(answer), array(right(*at[0]))
            known = given is not None and wanted is not None and given.size == wanted.size
        return ("Run the next cell, and see.",) if known else ()

    stub, solution = (f'check("{id}", {it})' for it in ("...", answer))
    rest = Exercise(id, title, prompt, stub, solution, (hint,), no_form, remark, slips, look, aim)
    if right is not None:
        return numbers(rest, right, at)
    return choice(rest, dict(zip(LETTERS, options, strict=False)), answer.strip('"'))
