"""A `.grad` that holds more than one backward pass."""

from __future__ import annotations

import math

import torch

from lesson_utils.capture.elements import digest, numbers, summary_of
from lesson_utils.capture.records import version_of
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.traced import traced
from lesson_utils.graph import Data, Summary, Value
from lesson_utils.words.notation import format_data

MOST = 8  # elements that are written out


def grown(e: Evidence, tensor: torch.Tensor) -> Explanation | None:
    """Whether `.grad` holds more than one pass.

    Args:
        e: The evidence.
        tensor: The leaf; None is the answer for any other.
    """
    if not tensor.is_leaf or tensor.grad is None or not version_of(tensor.grad):
        return None  # what one pass has written is at version 0, and each further one writes to it
    t = traced(e, [tensor])
    value = None if t is None else t.value(tensor)
    if t is None or value is None:
        return None
    once, now = _once(value), _now(tensor.grad)
    if not once or len(once) != len(now) or _are_close(once, now):
        return None
    name = e.name_of(tensor) or value.name
    times = _times(once, now)
    told = f"that is {times} times its gradient" if times else "the rest is not of this pass"
    if value.gradient is not None and len(once) <= MOST:
        first = (
            f"`{name}.grad` is {format_data(numbers(tensor.grad))}, and one pass through this "
            f"graph gives {format_data(value.gradient)}: {told}."
        )
    elif times:
        first = f"`{name}.grad` is {times} times what one pass through this graph gives."
    else:
        first = f"`{name}.grad` is not what one pass through this graph gives: {told}."
    says = (
        first,
        "A backward pass adds to `.grad`, and does not clear what is there.",
    )
    repairs = (
        Repair("Set it back before each pass", f"{name}.grad = None",
               "With an optimizer: `optimizer.zero_grad()`."),
    )  # fmt: skip
    drawing = t.drawing(
        f"{name}.grad holds more than this pass.", values=[value.id], saved=False, gradients=True
    )
    return Explanation("added up", says, (name,), drawing=drawing, repairs=repairs)


def _once(value: Value) -> list[float]:
    """What the graph's own pass gives, or a summary of it; empty where it has none."""
    if value.gradient is not None:
        return _flat(value.gradient)
    return _summed(value.gradient_summary)


def _now(grad: torch.Tensor) -> list[float]:
    data = numbers(grad)
    return _summed(summary_of(digest(grad))) if data is None else _flat(data)


def _summed(summary: Summary | None) -> list[float]:
    return [] if summary is None else [summary.min, summary.mean, summary.max]


def _flat(data: Data) -> list[float]:
    if isinstance(data, tuple):
        return [number for part in data for number in _flat(part)]
    return [data] if isinstance(data, (int, float)) else []


def _are_close(one: list[float], other: list[float]) -> bool:
    largest = max(map(abs, [*one, *other]))
    pairs = zip(one, other, strict=True)
    return all(math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6 * largest) for a, b in pairs)


def _times(once: list[float], now: list[float]) -> int:
    """How many of the one are the other; 0 for no whole number."""
    biggest = max(range(len(once)), key=lambda i: abs(once[i]))
    if not once[biggest]:
        return 0
    times = round(now[biggest] / once[biggest]) if math.isfinite(now[biggest]) else 0
    return times if times > 1 and _are_close([it * times for it in once], now) else 0
