"""Running a student's function for a judgement: bounded in time, quiet, and whatever it does."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch

SECONDS = 5.0  # for one call; only the main thread can be interrupted


_MANY = 100  # of a list are looked at
_LATER = 0.2  # seconds
_LOOKS_ALIKE = "gives something that says it is a tensor, and is none"


class TooLong(BaseException):
    """The time is over. No `except Exception` of the student's stops it."""


@dataclass(frozen=True)
class Outcome:
    """What came of a call.

    Attributes:
        value: What it returned.
        failed: What went wrong, as the start of a sentence; empty if nothing did.
        missing: Whether it is not written yet.
    """

    value: Any = None
    failed: str = ""
    missing: bool = False


class _Sink:
    """Takes whatever is printed, and forgets it."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """Nothing is held."""


def attempt(function: Callable[..., Any], *given: Any) -> Outcome:
    """Call a function of the student's.

    Args:
        function: It.
        given: What it is called with.
    """
    try:
        with _bounded(), redirect_stdout(_Sink()), redirect_stderr(_Sink()):
            value = function(*given)
            return Outcome(failed=_LOOKS_ALIKE) if _is_fake(value) else Outcome(value)
    except NotImplementedError:
        return Outcome(missing=True)
    except TooLong:
        return Outcome(failed=f"did not come to an end within {SECONDS:g} seconds")
    except KeyboardInterrupt:
        raise
    except SystemExit:
        return Outcome(failed="asked Python to exit")
    except BaseException as error:  # whatever it raises is the student's answer
        try:
            told = str(error).strip().partition("\n")[0]
            # No page and no file can hold control characters and lone surrogates.
            says = "".join(it if it.isprintable() else "\ufffd" for it in told)
        except Exception:
            says = ""
        kind = type(error).__name__
        return Outcome(failed=f"raised {kind}" + (f": {says[:200]}" if says else ""))


def _is_fake(value: Any) -> bool:
    """Whether something says that it is a tensor and is none: torch would read it as one."""
    if type(value) in (list, tuple):
        return any(map(_is_fake, value[:_MANY]))
    return isinstance(value, torch.Tensor) and not issubclass(type(value), torch.Tensor)


@contextmanager
def _bounded() -> Iterator[None]:
    """A limit in time, where the platform and the thread allow one."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def over(_: int, frame: FrameType | None) -> None:
        if _is_importing(frame):  # a module that is half there would stay so
            signal.setitimer(signal.ITIMER_REAL, _LATER)
        else:
            raise TooLong

    before = signal.signal(signal.SIGALRM, over)
    left, _ = signal.setitimer(signal.ITIMER_REAL, SECONDS)
    began = time.monotonic()
    try:
        yield
    finally:
        # Inside of another call the time of that one runs on.
        rest = left - (time.monotonic() - began)
        signal.setitimer(signal.ITIMER_REAL, left and max(rest, _LATER))
        signal.signal(signal.SIGALRM, before)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
