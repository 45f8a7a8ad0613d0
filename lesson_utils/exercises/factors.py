"""Mistakes about one factor of the chain rule: left out, taken elsewhere, with another sign."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from lesson_utils.exercises.question import Answer, Question, at
from lesson_utils.exercises.replay import Array, array
from lesson_utils.graph import Operation
from lesson_utils.operations import base_name, symbol_of

# The slopes on either side of a kink at 0, and what may lie between them.
_SIDES = {
    "relu": (0.0, 0.5, 1.0), "abs": (-1.0, 0.0, 1.0), "clamp": (0.0, 0.5, 1.0),
    "relu6": (0.0, 0.5, 1.0), "hardtanh": (0.0, 0.5, 1.0), "leaky_relu": (1.0,),
}  # fmt: skip
_BOUNDED = {"clamp", "hardtanh"}  # their kinks are where their bounds are


def local_skipped(q: Question) -> Iterator[Answer]:
    """One operation on the way hands on what arrives as it is."""
    for op in q.between:
        yield Answer(
            q.answer(at(op, lambda _, a, f: a if a.shape == f.shape else f)),
            f"That comes out without the derivative of `{symbol_of(op)}`, which made "
            f"{q.made(op)}: each operation on the way has its factor.",
        )


def other_factor(q: Question) -> Iterator[Answer]:
    """The factor itself, where its derivative is the other one."""
    for op in q.between:
        if base_name(op.name) == "mul" and len(op.uses) == 2:
            yield _itself(q, op)


def _itself(q: Question, op: Operation) -> Answer:
    def instead(i: int, arriving: Array, flowing: Array) -> Array:
        own = array(q.graph[op.uses[i].value].data)
        return flowing if own is None or own.size != arriving.size else arriving * own

    one, other = (q.graph[use.value].name for use in op.uses)
    return Answer(
        q.answer(at(op, instead)),
        f"For {q.made(op)} = {one} × {other} that takes the factor itself; the derivative by one "
        "factor is the other.",
    )


# Derivatives by what the operation reads; the mistake puts what it makes there.
_SLOPES: dict[str, Callable[[float], float]] = {
    "sin": math.cos, "cos": lambda x: -math.sin(x), "exp": math.exp, "log": lambda x: 1 / x,
    "square": lambda x: 2 * x, "sqrt": lambda x: 0.5 / math.sqrt(x),
    "reciprocal": lambda x: -1 / x**2, "tanh": lambda x: 1 - math.tanh(x) ** 2,
    "sigmoid": lambda x: 1 / (2 + math.exp(x) + math.exp(-x)),
}  # fmt: skip


def at_the_output(q: Question) -> Iterator[Answer]:
    """A local derivative evaluated at what the operation made, instead of at what it read."""
    for op in q.between:
        slope = _SLOPES.get(base_name(op.name))
        made = array(q.graph[op.outputs[0]].data)
        if slope is not None and made is not None:
            yield _evaluated(q, op, slope, made)


def _evaluated(q: Question, op: Operation, slope: Callable[[float], float], made: Array) -> Answer:
    try:
        local = np.array([slope(it) for it in made.reshape(-1)]).reshape(made.shape)
        numbers = q.answer(at(op, lambda _, arriving, __: arriving * local))
    except (ValueError, ZeroDivisionError, OverflowError):
        numbers = None
    read = q.graph[op.inputs[0]].name
    return Answer(
        numbers,
        f"That evaluates the slope of `{symbol_of(op)}` at {q.made(op)}, which it made; its slope "
        f"is asked at `{read}`, which it read.",
    )


def before_the_write(q: Question) -> Iterator[Answer]:
    """A factor as it was before it was written to in place, where the later one counts."""
    for op in q.between:
        if base_name(op.name) != "mul" or len(op.uses) != 2:
            continue
        for i, use in enumerate(op.uses):
            name = q.graph[use.value].name
            for old in q.graph:
                if old.name.startswith(f"{name}@"):
                    yield _earlier(q, op, i, array(old.data), name)


def _earlier(q: Question, op: Operation, position: int, was: Array | None, name: str) -> Answer:
    def instead(i: int, arriving: Array, flowing: Array) -> Array:
        return flowing if i == position or was is None else arriving * was

    return Answer(
        q.answer(at(op, instead)),
        f"That takes `{name}` as it was before it was overwritten in place.",
    )


def sign_lost(q: Question) -> Iterator[Answer]:
    """The other sign."""
    numbers = q.answer()
    if numbers is not None and np.any(numbers):
        yield Answer(-numbers, "The size is right, and the sign is the other one.")


def other_side_of_a_kink(q: Question) -> Iterator[Answer]:
    """The slope of another side, or the middle of both, where there is none."""
    for op in q.between:
        read = array(q.graph[op.inputs[0]].data)
        if read is not None and np.any(read == 0) and _has_kink_at_0(q, op):
            for slope in _SIDES[base_name(op.name)]:
                yield _sloped(q, op, read, slope)


def _has_kink_at_0(q: Question, op: Operation) -> bool:
    kind = base_name(op.name)
    bounds = [it for it in op.arguments if it.name.startswith(("min", "max"))]
    at_0 = any(
        it.text in ("0", "0.0") or (it.inputs and q.graph[it.inputs[0]].data in (0, 0.0))
        for it in bounds
    )
    return kind in _SIDES and (at_0 or kind not in _BOUNDED)


def _sloped(q: Question, op: Operation, read: Array, slope: float) -> Answer:
    return Answer(
        q.answer(at(op, lambda _, a, f: np.where(read == 0, a * slope, f))),
        f"That takes another slope for `{symbol_of(op)}` at 0, where it has a kink; PyTorch has "
        "chosen one.",
    )
