"""The state of torch and Python that an answer is judged in, and that it leaves as it was."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import torch

from lesson_utils.capture.aside import random_state_kept


@contextmanager
def plain_state() -> Iterator[None]:
    """Gradients enabled, float32, no mode of the student's; all of it put back afterwards.

    What an answer switches, be it on purpose, is then no other answer's trouble. A function of
    torch's that it replaces stays replaced.
    """
    enabled, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    strict, warn = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    folder, limit, tracing = os.getcwd(), sys.getrecursionlimit(), sys.gettrace()
    with ExitStack() as stack:
        stack.enter_context(random_state_kept())
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(torch.inference_mode(False))  # which enables gradients, too
        stack.enter_context(torch.autograd.set_detect_anomaly(False))
        stack.enter_context(torch.autocast("cpu", enabled=False))
        try:
            torch.set_default_dtype(torch.float32)
            yield
        finally:
            torch.set_grad_enabled(enabled)
            torch.set_default_dtype(dtype)
            torch.use_deterministic_algorithms(strict, warn_only=warn)
            sys.setrecursionlimit(limit)
            sys.settrace(tracing)
            with suppress(OSError):
                os.chdir(folder)
