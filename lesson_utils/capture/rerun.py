"""Running a student's function on numbers, again and again, under `trace()`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch

from lesson_utils.capture.aside import random_state_kept
from lesson_utils.capture.mode import Recording
from lesson_utils.capture.unheard import NotAsked, number_of, twin_of, unheard
from lesson_utils.graph import ComputationGraph


@dataclass(frozen=True)
class Mould:
    """What a number becomes before the function sees it: a fresh leaf of this form.

    Attributes:
        shape: Of one element.
        dtype: A floating point one.
        device: Where it lives.
        requires_grad: Whether a gradient is wanted.
    """

    shape: tuple[int, ...] = ()
    dtype: torch.dtype | None = None
    device: torch.device | None = None
    requires_grad: bool = True

    def cast(self, number: float) -> torch.Tensor:
        """A fresh leaf that holds the number."""
        leaf = torch.full(self.shape, number, dtype=self.dtype, device=self.device)
        return leaf.requires_grad_(self.requires_grad)


class Experiment:
    """A function of named numbers and what autograd makes of it.

    A number becomes a 0-dimensional tensor that requires a gradient; a
    one-element tensor lends its shape, dtype and `requires_grad`, and is not
    touched itself. In the main thread the random state is the same at every run, and is put
    back; a slider's callback runs in another one, where nothing is set.

    Attributes:
        numbers: Where each input starts.

    Raises:
        TypeError: `fn` is no function of these inputs, or one is neither a number nor a tensor.
        ValueError: A tensor of more than one element, or of complex numbers.
    """

    def __init__(self, fn: Callable[..., Any], inputs: Mapping[str, Any]) -> None:
        _check(fn, inputs)
        self._fn = fn
        self._moulds: dict[str, Mould] = {}
        self.numbers: dict[str, float] = {}
        for name, item in inputs.items():
            self._moulds[name], self.numbers[name] = _read(name, item)

    def run(self, numbers: Mapping[str, float]) -> ComputationGraph:
        """The graph that the function makes at these numbers.

        Its names are those of the function's own variables. What is
        differentiated is what the function returned, if that can be.

        Raises:
            Exception: Whatever the function raises.
        """
        leaves = {name: self._moulds[name].cast(number) for name, number in numbers.items()}
        frames: list[FrameType] = []
        try:
            with random_state_kept(), torch.enable_grad(), Recording() as t:
                t.made_for_this(leaves.values())
                found = _call(self._fn, leaves, frames)
                _name(t, found, leaves, frames)
            if isinstance(found, torch.Tensor):
                try:
                    return t.graph(of=found)
                except ValueError:  # not computed in there
                    pass
            return t.snapshot()
        finally:
            frames.clear()  # they hold the function's tensors

    @contextmanager
    def asking(self) -> Iterator[Callable[[Mapping[str, float]], float]]:
        """A block in which the function can be asked for its number many times, unnoticed.

        It runs on copies of what it reaches, and nobody hears what it prints. What it raises, or
        returns instead of one real number, is nan.

        Raises:
            RuntimeError: Why that cannot be, as the end of a sentence.
        """

        def ask(numbers: Mapping[str, float]) -> float:
            leaves = {name: self._moulds[name].cast(number) for name, number in numbers.items()}
            return number_of(twin, leaves)

        try:
            twin = twin_of(self._fn)
            with unheard():
                yield ask
        except NotAsked as reason:
            raise RuntimeError(str(reason)) from None


def _call(fn: Callable[..., Any], leaves: dict[str, torch.Tensor], frames: list[FrameType]) -> Any:
    """Call the function, and keep its frame: there its local variables outlive the call."""
    before = sys.getprofile()
    if before is not None:  # somebody measures: leave that alone, and name what can be named
        return fn(**leaves)

    def first(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            sys.setprofile(None)
            frames.append(frame)

    sys.setprofile(first)
    try:
        return fn(**leaves)
    finally:
        sys.setprofile(None)


def _name(
    t: Recording, found: Any, leaves: dict[str, torch.Tensor], frames: list[FrameType]
) -> None:
    """Names from the function's variables; what it returned without one is called `y`."""
    frame = frames[0] if frames else sys._getframe()
    held = frame.f_locals
    known = dict(leaves)
    if isinstance(found, torch.Tensor) and not any(item is found for item in held.values()):
        used = {*held, *frame.f_code.co_names}
        free = (name for name in ("y", "out", "result") if name not in used)
        known[next(free, "returned")] = found
    t.name_from(frame, known)


def _shortest(mould: Mould, number: float) -> float:
    """The number as a person would write it: 0.1, where float32 holds 0.10000000149."""
    short = float(f"{number:.6g}")
    return short if mould.cast(short).item() == number else number


def _read(name: str, item: Any) -> tuple[Mould, float]:
    if isinstance(item, torch.Tensor):
        if item.numel() != 1 or item.dtype.is_complex:
            what = f"a tensor of {item.numel()} elements" if item.numel() != 1 else "a complex one"
            raise ValueError(
                f"{name} is {what}; a slider turns one real number: use a number or a 1-element "
                "tensor, and let the function reach larger tensors by their own names"
            )
        real = item.dtype.is_floating_point
        wanted = item.requires_grad if real else True
        dtype = item.dtype if real else None
        mould = Mould(tuple(item.shape), dtype, item.device, wanted)
        return mould, _shortest(mould, float(item.detach()))
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        raise TypeError(
            f"{name} is {type(item).__name__}; explore() takes numbers, 1-element tensors, or "
            f"(min, max), for instance explore(fn, {name}=(-5, 5))"
        )
    return Mould(), float(item)


def default_of(fn: Callable[..., Any], name: str) -> Any:
    """The default of a function's parameter; None where it has none."""
    try:
        parameter = inspect.signature(fn).parameters.get(name)
    except (TypeError, ValueError):  # some built-in functions have no signature
        return None
    empty = parameter is None or parameter.default is inspect.Parameter.empty
    return None if empty or parameter is None else parameter.default


def _check(fn: Callable[..., Any], inputs: Mapping[str, Any]) -> None:
    if not callable(fn):
        raise TypeError(
            f"explore() takes a function first, not {type(fn).__name__}: explore(f, x=3.0)"
        )
    if not inputs:
        raise TypeError("explore() needs an input to change, for instance explore(f, x=3.0)")
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(**inputs)
    except TypeError as error:
        name = getattr(fn, "__name__", type(fn).__name__)
        raise TypeError(f"explore() cannot call {name}{signature}: {error}") from None
