"""Keeping our own calls apart from the student's program."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

from lesson_utils.capture.torch_internals import (
    DisableAutocast,
    DisableTorchFunction,
    disable_current_modes,
    dispatch_mode_count,
    is_any_autocast_enabled,
    set_grad_enabled,
)

_is_enabled = torch.is_grad_enabled


class Aside:
    """Our own torch calls: no mode of the student's sees them, and no node is made.

    A class and not a generator, because it is entered several times for each
    recorded call; it is cheaper than `torch.no_grad` as well.
    """

    __slots__ = ("_enabled", "_functions", "_odd")

    def __enter__(self) -> None:
        self._functions = functions = DisableTorchFunction()
        functions.__enter__()
        self._enabled = enabled = _is_enabled()
        if enabled:
            set_grad_enabled(False)
        self._odd: ExitStack | None = None
        if is_any_autocast_enabled() or dispatch_mode_count():
            self._odd = ExitStack()
            self._odd.enter_context(disable_current_modes())
            # The engine runs outside of autocast, and so do we.
            self._odd.enter_context(DisableAutocast())

    def __exit__(self, *_: object) -> None:
        if self._odd is not None:
            self._odd.close()
        if self._enabled:
            set_grad_enabled(True)
        self._functions.__exit__(None, None, None)


def in_main_thread() -> bool:
    """Whether this is the thread in which a notebook's cells run."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def random_state_kept(seed: int | None = None) -> Iterator[None]:
    """Put the random states of torch, Python and NumPy back afterwards.

    Outside the main thread nothing is set, because the generators are shared:
    a slider's callback must not rewind a training loop that runs in a cell.

    Args:
        seed: Start torch's generator from here, in the main thread alone.
    """
    if not in_main_thread():
        yield
        return
    python, numpy, generator = random.getstate(), np.random.get_state(), torch.default_generator
    state = generator.get_state()
    try:
        if seed is not None:
            generator.manual_seed(seed)
        yield
    finally:
        generator.set_state(state)
        np.random.set_state(numpy)
        random.setstate(python)
