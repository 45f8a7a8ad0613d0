"""Calling a student's function on tensors of our own, so that nothing of theirs changes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

import torch

from lesson_utils.capture.aside import random_state_kept
from lesson_utils.capture.torch_internals import DisableTorchFunction, OperatorMode, tree_leaves
from lesson_utils.kinks.rules import plain, same

Function = Callable[[torch.Tensor], torch.Tensor]
_NO_STEP = {"detach", "clone", "alias"}  # the same number, only held otherwise


@dataclass(frozen=True)
class Answer:
    """What a function and autograd say at one point.

    Attributes:
        value: The function there.
        derivative: PyTorch's answer; None where nothing leads back to the input.
        operations: What was computed from the input: an operation of autograd each.
        reads: How many tensors one of them read at most, constants too.
        chance: Whether the function is not the same on every call.
    """

    value: float
    derivative: float | None
    operations: tuple[str, ...]
    reads: int
    chance: bool


@contextmanager
def aside() -> Iterator[None]:
    """A block that nobody else sees: no mode of others is active, random states are put back."""
    with (
        DisableTorchFunction(),
        random_state_kept(seed=0),  # the same answer on every run
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        yield


def ask(fn: Function, at: float) -> Answer:
    """Value and derivative at the point in question, where every fault is named.

    Raises:
        TypeError: `fn` returns no tensor.
        ValueError: `fn` raises, or does not return one element in float64.
    """
    leaf = torch.full((1,), at, dtype=torch.float64, device="cpu", requires_grad=True)
    x = leaf.clone()  # a function may write into it
    state = torch.get_rng_state()
    try:
        with _Operations(x) as seen:
            result = fn(x)
    except Exception as error:
        raise ValueError(
            f"fn raised {type(error).__name__} at x = {plain(at)}: {error} "
            "(kink() calls it with a float64 tensor of shape [1]; modules need .double())"
        ) from error
    drawn = not torch.equal(state, torch.get_rng_state())
    _check(result)
    number = float(result.detach())
    derivative = None
    if result.requires_grad:
        try:
            (gradient,) = torch.autograd.grad(result.sum(), leaf, allow_unused=True)
        except Exception as error:
            raise ValueError(f"fn cannot be differentiated at x = {plain(at)}: {error}") from error
        derivative = None if gradient is None else float(gradient)
    chance = drawn or not same(number, value(fn, at))
    return Answer(number, derivative, tuple(seen.names), seen.reads, chance)


def value(fn: Function, x: float) -> float:
    """The function nearby; nan where it is not defined, however it says so. It is not heard."""
    try:
        with torch.no_grad(), redirect_stdout(io.StringIO()):
            return float(fn(torch.full((1,), x, dtype=torch.float64, device="cpu")))
    except Exception:
        return math.nan


def derivative(fn: Function, x: float) -> float:
    """PyTorch's derivative nearby; nan where there is none."""
    leaf = torch.full((1,), x, dtype=torch.float64, device="cpu", requires_grad=True)
    try:
        with redirect_stdout(io.StringIO()):
            return float(torch.autograd.grad(fn(leaf.clone()).sum(), leaf)[0])
    except Exception:
        return math.nan


def _check(result: Any) -> None:
    if not isinstance(result, torch.Tensor):
        more = ": take one of them, such as .values" if isinstance(result, tuple) else ""
        raise TypeError(f"fn must return a tensor, not {type(result).__name__}{more}")
    if result.numel() != 1:
        raise ValueError(
            f"fn must return one element, not {result.numel()}: sum them, or choose one"
        )
    if result.is_complex():
        raise ValueError("fn must return a real number, not a complex one")
    if result.requires_grad and result.dtype != torch.float64:
        raise ValueError(
            f"fn returned {str(result.dtype)[6:]}, too coarse to measure slopes: keep the float64 "
            "that kink() hands it, without .float(), and convert modules by .double()"
        )


class _Operations(OperatorMode):
    """Notes the operations that read what depends on the input.

    Below autograd an operation is what has one formula for its derivative,
    however the call was spelled.
    """

    def __init__(self, x: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch annotates it not
        self.names: list[str] = []
        self.reads = 0
        self._dependent = [x]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        read = [item for item in tree_leaves((args, kwargs)) if isinstance(item, torch.Tensor)]
        name = func.overloadpacket.__name__.strip("_")
        if name.endswith("_like") or name.startswith("new_"):  # reads a shape, not a number
            return out
        if any(tensor is other for tensor in read for other in self._dependent):
            made = [item for item in tree_leaves(out) if isinstance(item, torch.Tensor)]
            self._dependent += made
            if name not in _NO_STEP:
                self.reads = max(self.reads, len(read))
                self.names.append("if" if name == "local_scalar_dense" else name)
        return out
