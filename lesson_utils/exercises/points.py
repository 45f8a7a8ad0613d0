"""Points: what a student's function is called with, made anew for each call."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, TypeAlias

import torch

from lesson_utils.words.notation import format_number

Point: TypeAlias = tuple[Any, ...]
WRITES = "writes into what it is given; a function leaves its inputs as they are"


def copied(point: Sequence[Any], *, differentiable: bool = False) -> Point:
    """The same once more, so that nothing of a student's can reach the exercise's own tensors.

    Args:
        point: What a function is called with.
        differentiable: Whether all floating-point tensors shall require a gradient.
    """

    def once_more(item: Any) -> Any:
        if not isinstance(item, torch.Tensor):
            return deepcopy(item)
        fresh = item.detach().clone()
        return fresh.requires_grad_() if differentiable and fresh.is_floating_point() else fresh

    return tuple(map(once_more, point))


def is_changed(given: Sequence[Any], point: Sequence[Any]) -> bool:
    """Whether a function has written into what it was given.

    Args:
        given: What it was called with, as it is now.
        point: The same, as it was.
    """
    return any(_differs(one, other) for one, other in zip(given, point, strict=True))


def _differs(one: Any, other: Any) -> bool:
    if isinstance(other, torch.Tensor):
        return one.shape != other.shape or not torch.equal(one.detach(), other.detach())
    if isinstance(other, list):
        return len(one) != len(other) or is_changed(one, other)
    return False


LONG = 60  # characters that a reader still takes in


def told(point: Sequence[Any]) -> str:
    """A point, for a sentence; of a long one the shapes."""
    text = f"({', '.join(map(_told, point))})"
    if len(text) <= LONG:
        return text
    shapes = [str(list(it.shape)) for it in point if isinstance(it, torch.Tensor)]
    return f"inputs of the shapes {', '.join(shapes)}"


def _told(item: Any) -> str:
    if isinstance(item, torch.Tensor):
        return _told(item.item() if item.numel() == 1 else item.tolist())
    if isinstance(item, list):
        return f"[{', '.join(map(_told, item))}]"
    return format_number(item) if isinstance(item, float) else str(item)
