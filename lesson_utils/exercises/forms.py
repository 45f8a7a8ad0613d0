"""The forms of an exercise: a number, a choice, lines in order, a graph, and functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lesson_utils.exercises.asked import Asked, Inputs
from lesson_utils.exercises.comparison import compared, unplaced
from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.letters import letter_of, letters_of
from lesson_utils.exercises.mistakes import close, diagnose, fits, is_close
from lesson_utils.exercises.places import not_right, ordinal
from lesson_utils.exercises.replay import array, gradients
from lesson_utils.graph import ComputationGraph


def gradient(
    exercise: Exercise,
    graph: Callable[..., ComputationGraph],
    name: str,
    at: Sequence[Inputs],
    of: str | None = None,
    words: Sequence[str] = (),
) -> Exercise:
    """Asked is a gradient of a graph, by a number, a list or a tensor.

    Args:
        exercise: The rest of it.
        graph: Makes the graph, from inputs; it is what is right, and what tells mistakes.
        name: By which value.
        at: The prompt's inputs, and two others at least.
        of: What is differentiated; the graph's end where nothing is said.
        words: What the prompt offers besides numbers, as `error`; not right.
    """

    def right(*inputs: Any) -> Any:
        found = graph(*inputs)
        return found[name].gradient if of is None else _partial(found, name, of)

    def why(answer: Any) -> Sequence[str]:
        return [it.sentence for it in diagnose(graph(*at[0]), name, answer, of)][:2]

    put = _put(exercise, Asked(right, tuple(at), graph, name, of))

    def judge(answer: Any) -> str:
        offered = isinstance(answer, str) and answer.strip().lower() in words
        return "That is not it." if offered else put.judge(answer)

    return replace(put, why=why, judge=judge)


def _partial(graph: ComputationGraph, name: str, of: str) -> Any:
    found = gradients(graph, graph[of])
    return None if found is None else found[graph[name].id].tolist()


def numbers(exercise: Exercise, right: Callable[..., Any], at: Sequence[Inputs]) -> Exercise:
    """Asked is a number, or several.

    Args:
        exercise: The rest of it.
        right: Computes what is right, from inputs.
        at: The prompt's inputs, and two others at least.
    """
    return _put(exercise, Asked(right, tuple(at)))


def _put(exercise: Exercise, asked: Asked) -> Exercise:
    """An exercise, its question and its slips put at the prompt's inputs."""
    here = asked.at[0]
    slips = tuple(
        slip if slip.computes is None else _put_slip(slip, here) for slip in exercise.slips
    )
    return replace(
        exercise,
        judge=lambda answer: wrong_numbers(answer, asked.right(*here)),
        slips=slips,
        asked=asked,
    )


def _put_slip(slip: Slip, here: Inputs) -> Slip:
    """A slip at inputs. It is computed when an answer comes, and not when it is imported."""
    computes = slip.computes
    assert computes is not None  # asked before
    return replace(slip, matches=lambda answer: gives(computes(*here), "").matches(answer))


def choice(exercise: Exercise, options: Mapping[str, str], right: str) -> Exercise:
    """Asked is one of several letters.

    Args:
        exercise: The rest of it; its slips say why each other letter is not it.
        options: What each letter says.
        right: The letter.
    """

    def judge(answer: Any) -> str:
        given = letter_of(answer, list(options))
        if given is None:
            return f'Answer with a letter in quotes, as "a": one of {", ".join(options)}.'
        return "" if given == right else f"It is not {given}."

    return replace(exercise, judge=judge)


def letter(which: str, says: str) -> Slip:
    """The slip of a choice."""
    return Slip(lambda answer: letter_of(answer, (which,)) == which, says, repr(which))


def gives(numbers: float | list[float] | Callable[..., Any], says: str) -> Slip:
    """The slip of a number, or of several.

    Args:
        numbers: The mistaken ones, or how they come of the exercise's inputs.
        says: What went wrong.
    """
    if callable(numbers):  # the form knows the inputs
        return Slip(lambda _: False, says, "", numbers)
    wanted = array(numbers)

    def matches(answer: Any) -> bool:
        given = array(answer)
        return given is not None and wanted is not None and is_close(given, wanted)

    return Slip(matches, says, repr(numbers))


def order(exercise: Exercise, right: Sequence[str]) -> Exercise:
    """Asked is the order of lines, by their letters; one of them belongs nowhere.

    Args:
        exercise: The rest of it; its slips are given an answer as `BAD`.
        right: Orders that are right, each as `BAD`.
    """

    def judge(answer: Any) -> str:
        given = letters_of(answer)
        if given is None:
            return 'Answer with the letters in their order, as "BAD".'
        if given in right:
            return ""
        if sorted(given) != sorted(right[0]):
            extra = sorted(set(given) - set(right[0]))
            if extra:
                return f"{', '.join(extra)} {'does' if len(extra) == 1 else 'do'} not belong there."
            count = len(right[0]) - len(given)
            if count > 0:
                return "One line is missing." if count == 1 else f"{count} lines are missing."
            return "A letter is there twice."
        ahead = max(_shared(given, it) for it in right)
        return (
            f"Up to its {ordinal(ahead)} line it is right."
            if ahead
            else ("Another line comes first.")
        )

    return replace(exercise, judge=judge, slips=tuple(map(_of_letters, exercise.slips)))


def _of_letters(slip: Slip) -> Slip:
    return replace(slip, matches=lambda answer: slip.matches(letters_of(answer)))


def _shared(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def picture(exercise: Exercise, graph: Callable[[], ComputationGraph]) -> Exercise:
    """Asked is code that makes a graph: the answer is its trace.

    Args:
        exercise: The rest of it.
        graph: Makes the graph that is wanted.
    """

    def judge(answer: Any) -> str:
        made = answer.snapshot() if hasattr(answer, "snapshot") else answer
        if not isinstance(made, ComputationGraph):
            return "Answer with your trace: the name after `as` in your `with trace() as ...:`."
        found = compared(made, unplaced(graph()))
        told = found.says.replace("the first graph", "yours")
        return "" if found.same else told.replace("the second graph", "the one asked for")

    return replace(exercise, judge=judge)


def wrong_numbers(answer: Any, right: Any) -> str:
    """What is off with numbers, without saying what is right; empty if nothing is."""
    if right is None:
        return "" if answer is None or answer == "None" else "There is no gradient there."
    if type(answer) is tuple and len(answer) == 1:  # as `grad(y, x)` gives it
        (answer,) = answer
    wanted, given = array(right), array(answer)
    assert wanted is not None  # the exercise's own
    if given is None:
        kind = "a number" if wanted.size == 1 else f"{wanted.size} numbers"
        return f"The answer is {kind}, and yours is {_kind(answer)}."
    if given.size != wanted.size:
        return f"The answer has {_count(wanted.size)}, and yours {given.size}."
    if not fits(given, wanted):
        return f"The answer has the shape {list(wanted.shape)}, and yours {list(given.shape)}."
    if is_close(given, wanted):
        return ""
    if wanted.size == 1:
        return "That is not it."
    off = np.flatnonzero(~close(given, wanted)).tolist()
    return not_right(off, wanted.size)


def _count(number: int) -> str:
    return "one number" if number == 1 else f"{number} numbers"


def _kind(answer: Any) -> str:
    known = {
        str: "text",
        type(None): "None",
        bool: "a truth value",
        int: "too large",
        complex: "a complex number",
    }
    name = type(answer).__name__
    return known.get(type(answer), f"{'an' if name[0] in 'aeiou' else 'a'} {name}")
