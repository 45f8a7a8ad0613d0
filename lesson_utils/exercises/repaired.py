"""Code that a student repairs: the stub is the broken code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import CodeType
from typing import Any

import torch

from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.written import Missing


def repair(exercise: Exercise, off: Callable[[Callable[..., Any]], str]) -> Exercise:
    """Asked is a function, repaired. As long as it is the stub's it is not attempted.

    Args:
        exercise: The rest of it; its stub is the broken function.
        off: Runs a function, and says what is off with it; empty if nothing is.
    """
    broken = list(_functions(compile(exercise.stub, "stub", "exec")))

    def judge(answer: Any) -> str:
        if not callable(answer):
            return "Answer with the function itself, without calling it."
        code = getattr(answer, "__code__", None)
        if code is not None and _told(code) in broken:
            raise Missing
        return off(answer)

    return replace(exercise, judge=judge)


def wrong(given: Any, right: torch.Tensor) -> bool:
    """Whether a number or a tensor is not what is right, as exactly as its type can tell."""
    if given is None:
        return True
    try:
        one = torch.as_tensor(given).detach()
    except (TypeError, ValueError, RuntimeError):
        return True
    return one.shape != right.shape or not torch.allclose(one.to(right), right, rtol=1e-5)


def _functions(code: CodeType) -> Iterator[tuple[Any, ...]]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield _told(part)


def _told(code: CodeType) -> tuple[Any, ...]:
    """What a function does, wherever it is written."""
    parts = [_told(it) if isinstance(it, CodeType) else it for it in code.co_consts]
    return code.co_code, repr(parts), code.co_names, code.co_varnames
