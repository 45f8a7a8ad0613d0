"""A student's function, run for its number alone: on copies of what it reaches, and not heard."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from threading import get_ident
from typing import Any

import torch

from lesson_utils.capture.aside import in_main_thread, random_state_kept
from lesson_utils.capture.sandbox import NotAsked as NotAsked
from lesson_utils.capture.sandbox import Sandbox


def twin_of(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, with copies of everything that it reaches by name.

    Raises:
        NotAsked: Something cannot be copied, or its code could reach further.
    """
    twins = _Twins()
    try:
        return twins.module(fn) if isinstance(fn, torch.nn.Module) else twins.function(fn)
    except NotAsked:  # it speaks of a backward
        raise NotAsked("to run it more often could change something of yours") from None


class _Twins(Sandbox):
    """Copies modules as well: their weights, and the state that they keep."""

    def _copy(self, item: Any) -> Any:
        return self.module(item) if isinstance(item, torch.nn.Module) else super()._copy(item)

    def module(self, item: torch.nn.Module) -> torch.nn.Module:
        if id(item) not in self._copies:
            try:
                self._remember(item, copy.deepcopy(item))
            except Exception:
                raise NotAsked(f"its {type(item).__name__} cannot be copied") from None
        twin: torch.nn.Module = self._copies[id(item)]
        return twin


@contextmanager
def unheard() -> Iterator[None]:
    """A block in which a function may be run: what it prints is lost, random states are put back.

    In one thread alone: what others print meanwhile is heard.
    """
    out, errors = _Mute(sys.stdout), _Mute(sys.stderr)
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(errors),
            random_state_kept(),
            torch.enable_grad(),
        ):
            yield
    finally:
        out.thread = errors.thread = None  # another thread may have kept them


def number_of(fn: Callable[..., Any], leaves: dict[str, torch.Tensor]) -> float:
    """What a function returns, if that is one real number; else, and if it raises, nan.

    Raises:
        NotAsked: It drew random numbers, which is seen in the main thread.
    """
    state = torch.get_rng_state() if in_main_thread() else None
    try:
        found = fn(**leaves)
        number = float(found.detach()) if isinstance(found, torch.Tensor) else float("nan")
    except Exception:  # the student's function may raise anything, float() of many elements too
        number = float("nan")
    if state is not None and not torch.equal(state, torch.get_rng_state()):
        raise NotAsked("it draws random numbers")
    return number


class _Mute:
    """A stream that loses what one thread writes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.thread: int | None = get_ident()

    def write(self, text: str) -> int:
        if get_ident() == self.thread:
            return len(text)
        written: int = self._stream.write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
