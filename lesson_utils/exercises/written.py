"""Functions that a student writes, judged by what they compute and not by how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import torch

from lesson_utils.exercises.checking import is_attempted
from lesson_utils.exercises.difference import differs, which_differ
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.places import in_words
from lesson_utils.exercises.points import WRITES, Point, copied, is_changed, told
from lesson_utils.exercises.running import Outcome, attempt

# What arrives may be more, much more, or of the other sign.
FACTORS = {2.0: "twice", 100.0: "a hundred times", -1.0: "−1 times"}


class Missing(NotImplementedError):
    """A function that is not written yet."""


def function(
    exercise: Exercise,
    reference: Callable[..., Any],
    points: Sequence[Point],
    *,
    differentiable: bool = False,
    linear_in: int | None = None,
    returns: Sequence[str] = (),
) -> Exercise:
    """Asked is a function; any style is right that computes the same.

    Args:
        exercise: The rest of it.
        reference: What is right, at any point.
        points: Where both are compared: on the kinks and off them.
        differentiable: Whether their gradients by all floating-point tensors are compared too.
        linear_in: The position of an argument, an incoming gradient, say, in which it is linear.
        returns: What each of several results is for, as a sentence names it.
    """

    def judge(answer: Any) -> str:
        if not callable(answer):
            return "Answer with the function itself, without calling it."
        for point in points:
            with torch.enable_grad():  # and so it is afterwards, whatever the answer switches off
                off = _compared(answer, reference, point, differentiable, linear_in, returns)
            if off:
                return off
        return ""

    return replace(exercise, judge=judge)


def rules(
    exercise: Exercise,
    references: Mapping[str, tuple[Callable[..., Any], Sequence[Point]]],
    returns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Exercise:
    """Asked is a list of backward rules, short functions whose last argument is what arrives.

    Args:
        exercise: The rest of it.
        references: By the name of the operation: what is right, and where both are compared.
        returns: By the same name: what each of several results is for.
    """

    def judge(answer: Any) -> str:
        if not isinstance(answer, (list, tuple)) or len(answer) != len(references):
            return f"Answer with a list of {len(references)} functions: {', '.join(references)}."
        left_open = [
            it for given, it in zip(answer, references, strict=True) if not is_attempted(given)
        ]
        for given, (name, (reference, points)) in zip(answer, references.items(), strict=True):
            if name in left_open:
                which = "it is" if len(left_open) == 1 else "they are"
                return f"{in_words(left_open)}: {which} not written yet."
            place, parts = len(points[0]) - 1, returns.get(name, ())
            one = function(exercise, reference, points, linear_in=place, returns=parts)
            try:
                off = one.judge(given)
            except Missing:
                off = "It is not written yet."
            if off:
                return f"{name}: {off[0].lower()}{off[1:]}"
        return ""

    return replace(exercise, judge=judge)


def behaves(like: Callable[..., Any], *points: Point) -> Callable[[Any], bool]:
    """For a slip: whether a function gives at each of several points what a wrong one gives.

    Args:
        like: The wrong one.
        points: What both are called with; at each of them the wrong one is wrong.
    """

    def at(answer: Any, point: Point) -> bool:
        outcome = attempt(answer, *copied(point))
        return not outcome.failed and not differs(outcome.value, like(*point))

    return lambda answer: all(at(answer, point) for point in points)


def also(exercise: Exercise, further: Callable[[Any], str]) -> Exercise:
    """A further demand on what is right so far: on its graph, or on the bytes it keeps.

    Args:
        exercise: It, with its form.
        further: Says what is off with the answer; empty if nothing is.
    """

    def judge(answer: Any) -> str:
        with torch.enable_grad():
            return exercise.judge(answer) or further(answer)

    return replace(exercise, judge=judge)


def _compared(
    answer: Callable[..., Any],
    reference: Callable[..., Any],
    point: Point,
    differentiable: bool,
    linear_in: int | None,
    returns: Sequence[str],
) -> str:
    at = f"At {told(point)} it"
    given, wanted = (copied(point, differentiable=differentiable) for _ in range(2))
    outcome = attempt(answer, *given)
    if outcome.missing or not (outcome.failed or is_attempted(outcome.value)):
        raise Missing
    if outcome.failed:
        return f"{at} {outcome.failed}."
    right = reference(*wanted)
    if is_changed(given, point):
        return f"{at} {WRITES}."
    off = differs(outcome.value, right, returns)
    if off and linear_in is not None and _is_left_out(outcome.value, reference, point, linear_in):
        return f"{at} gives the slope alone; it is to be multiplied by what arrives."
    if off:
        return f"{at} {off}."
    if differentiable and isinstance(right, torch.Tensor):
        off = _gradients_differ(outcome, given, right, wanted)
        if off:
            return f"At {told(point)} {off}."
    return "" if linear_in is None else _not_linear(answer, reference, point, linear_in, returns)


def _is_left_out(given: Any, reference: Callable[..., Any], point: Point, place: int) -> bool:
    """Whether a rule gives what would be right if ones arrived."""
    ones = [*copied(point)]
    ones[place] = torch.ones_like(ones[place])
    return not differs(given, reference(*ones))


def _not_linear(
    answer: Callable[..., Any],
    reference: Callable[..., Any],
    point: Point,
    place: int,
    returns: Sequence[str],
) -> str:
    """What is off if several times as much arrives, or the same with the other sign."""
    for factor, times in FACTORS.items():
        scaled = [*point]
        scaled[place] = factor * scaled[place]
        outcome, right = attempt(answer, *copied(scaled)), reference(*copied(scaled))
        if outcome.failed or differs(outcome.value, right):
            which = "" if outcome.failed else which_differ(outcome.value, right, returns)
            return (
                f"At {told(point)} it is right, and with {times} the incoming gradient it is not "
                f"{times} as much{which}: what arrives must be a factor."
            )
    return ""


def _gradients_differ(outcome: Outcome, given: Point, right: torch.Tensor, wanted: Point) -> str:
    leaves = [(a, b) for a, b in zip(given, wanted, strict=True) if _is_leaf(b)]
    if not leaves:
        return ""
    made = outcome.value
    if not isinstance(made, torch.Tensor) or not made.requires_grad:
        return "the number is right, and no graph leads back from it" if right.requires_grad else ""
    ours = torch.autograd.grad(right.sum(), [b for _, b in leaves], allow_unused=True)
    theirs = torch.autograd.grad(made.sum(), [a for a, _ in leaves], allow_unused=True)
    zeros = [torch.zeros_like(a) for a, _ in leaves]
    for one, other, zero in zip(theirs, ours, zeros, strict=True):
        if differs(zero if one is None else one, zero if other is None else other):
            return "the number is right, and its gradient is not"
    return ""


def _is_leaf(item: Any) -> bool:
    return isinstance(item, torch.Tensor) and item.requires_grad
