"""What graphs hold while a student's function runs."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks

from lesson_utils.exercises.running import Outcome, attempt


class Kept:
    """Stands for a saved tensor, as long as its node holds it."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


class Held:
    """The tensors that are saved for a backward pass, and not freed yet.

    Attributes:
        most: How many there were at once, at most.
        longest: The longest axis of any of them.
    """

    def __init__(self) -> None:
        self._alive: weakref.WeakSet[Kept] = weakref.WeakSet()
        self.most = 0
        self.longest = 0

    @property
    def now(self) -> int:
        """How many there are."""
        return len(self._alive)

    def run(self, answer: Callable[..., Any], *given: Any) -> Outcome:
        """Call a function of the student's, and watch.

        Args:
            answer: It.
            given: What it is called with.
        """
        with self._watching():
            return attempt(answer, *given)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        with torch.enable_grad(), saved_tensors_hooks(self._pack, lambda kept: kept.tensor):
            yield

    def _pack(self, tensor: torch.Tensor) -> Kept:
        kept = Kept(tensor)
        self._alive.add(kept)
        self.most = max(self.most, len(self._alive))
        self.longest = max(self.longest, *tensor.shape, 0)
        return kept


def grows(answer: Callable[..., Any], given: Callable[[int], tuple[Any, ...]]) -> bool:
    """Whether more is held at once if there are more batches, however they are asked for.

    Args:
        answer: The student's function.
        given: Makes what it is called with, for some batches.
    """
    few, many = Held(), Held()
    few.run(answer, *given(4))
    many.run(answer, *given(8))
    return many.most > few.most
