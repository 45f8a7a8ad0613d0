"""Which mistakes give an answer.

Each is a function of the graph (`paths.py`, `factors.py`, `shapes.py`) that gives the numbers of
whoever makes it, computed from the graph's own local derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lesson_utils.exercises.factors import (
    at_the_output,
    before_the_write,
    local_skipped,
    other_factor,
    other_side_of_a_kink,
    sign_lost,
)
from lesson_utils.exercises.paths import (
    accumulated,
    forward_value,
    last_path_only,
    local_for_total,
    path_forgotten,
    seed_ignored,
    total_for_local,
)
from lesson_utils.exercises.question import Mistake, Question
from lesson_utils.exercises.replay import Array, array
from lesson_utils.exercises.shapes import mean_and_sum, not_summed_back, transposed
from lesson_utils.graph import ComputationGraph

CLOSE = 1e-3  # of the size: an answer may be rounded to three digits
EXACT = 1e-5  # of whole numbers, which nobody rounds; more than float32 is off by

# The most specific first.
MISTAKES: tuple[Mistake, ...] = (
    path_forgotten, last_path_only, other_factor, at_the_output, before_the_write, mean_and_sum,
    not_summed_back, transposed, other_side_of_a_kink, seed_ignored, local_for_total,
    total_for_local, local_skipped, sign_lost, forward_value, accumulated,
)  # fmt: skip


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that gives a student's answer.

    Attributes:
        mistake: The name of its function.
        sentence: What was done, in the graph's own names.
    """

    mistake: str
    sentence: str


@np.errstate(all="ignore")  # a mistake may divide by 0, and that is its answer
def diagnose(
    graph: ComputationGraph, name: str, answer: Any, of: str | None = None
) -> list[Diagnosis]:
    """The mistakes that give an answer to "what is the gradient?", the most specific first.

    Args:
        graph: Of a traced block.
        name: The value by which is differentiated.
        answer: The student's: a number, a list, a tensor.
        of: What is differentiated; the graph's own end where nothing is said.

    Returns:
        Nothing for the right answer, nor for one that no known mistake gives, or that is not
        finite: too many ways lead there.

    Raises:
        KeyError: A name that the graph does not have.
        ValueError: The graph has no gradients, and no `of` is given.

    Example:
        >>> w = torch.tensor(3.0, requires_grad=True)
        >>> with trace() as t:
        ...     u = w * w
        ...     y = u + w
        >>> diagnose(t.graph(), "w", 6.0)[0].sentence
        'That is the way through `u` alone; `w` is used again in `y`.'
    """
    question = question_of(graph, name, of)
    given = array(answer)
    if given is None:
        return []
    if not question.value.requires_grad:
        told = f"`{name}` needs no gradient, so none is computed for it: the answer is None."
        return [Diagnosis("needs_none", told)]
    right, known = question.answer(), _recorded(question)
    if right is None or is_close(given, right) or not np.isfinite(given).all():
        return []
    if known is not None and is_close(given, known):  # the replay may have met 0 · ∞
        return []
    found: dict[str, Diagnosis] = {}
    for mistake in MISTAKES:
        if found and mistake is accumulated:  # a guess, where nothing else explains it
            continue
        for other in mistake(question):
            numbers = other.numbers
            if numbers is None or not is_close(given, numbers):
                continue
            found.setdefault(other.sentence, Diagnosis(mistake.__name__, other.sentence))
    return list(found.values())


def question_of(graph: ComputationGraph, name: str, of: str | None = None) -> Question:
    """What is asked by "what is the gradient?".

    Args:
        graph: Of a traced block.
        name: The value by which is differentiated.
        of: What is differentiated; the graph's own end where nothing is said.

    Raises:
        KeyError: A name that the graph does not have.
        ValueError: The graph has no gradients, and no `of` is given.
    """
    value = graph[name]
    if of is None and graph.of is None:
        raise ValueError("this graph has no gradients; say of=, the name of a value")
    end = graph[graph.of if of is None else of]  # type: ignore[index]  # one of them is there
    seed = array(end.gradient, end.shape) if end.id == graph.of else None
    plain = seed is None or bool(np.all(seed == 1))
    return Question(graph, value, end, None if plain else seed)


def _recorded(question: Question) -> Array | None:
    """PyTorch's own gradient, where it is of what is asked."""
    same = question.of.id == question.graph.of
    return array(question.value.gradient) if same else None


def is_close(given: Array, other: Array) -> bool:
    """Whether numbers are the same, as far as somebody would write them down."""
    return fits(given, other) and bool(close(given, other).all())


def fits(given: Array, other: Array) -> bool:
    """Whether the shapes of numbers fit; brackets around a single one, and in a row, do not matter.

    Args:
        given: The student's.
        other: What they are compared with.
    """
    several = given.ndim > 1 and given.size > 1 and other.ndim > 1
    return given.size == other.size and not (several and given.shape != other.shape)


def close(given: Array, other: Array) -> npt.NDArray[np.bool_]:
    """Which of some numbers are the same, one after the other.

    Args:
        given: The student's, as many as the others.
        other: What they are compared with. If all of them are whole none may be rounded.
    """
    one, two = given.reshape(-1), other.reshape(-1)
    rtol = EXACT if _are_whole(two) else CLOSE
    return np.isclose(one, two, rtol=rtol, atol=1e-6, equal_nan=True)


def _are_whole(numbers: Array) -> bool:
    """Whether numbers are whole, as far as float32 can tell."""
    finite = numbers[np.isfinite(numbers)]
    off = np.abs(finite - np.round(finite))
    return bool((off <= 1e-6 + 1e-7 * np.abs(finite)).all())
