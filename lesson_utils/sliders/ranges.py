"""The range of a slider: where it starts, how far it goes, how fine it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import ipywidgets

_STEPS = 100  # from one end to the other, where nothing else is said
_ROUND = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Range:
    """A number that a slider can change.

    Attributes:
        name: What it is called.
        value: Where it starts.
        min: Its lower end.
        max: Its upper end.
        step: The distance from one position to the next.
    """

    name: str
    value: float
    min: float
    max: float
    step: float

    def nearest(self, number: float) -> float:
        """The position of the slider that is nearest to a number, which may lie anywhere."""
        steps = round((number - self.min) / self.step)
        return min(max(float(f"{self.min + steps * self.step:.12g}"), self.min), self.max)


def start_and_limits(name: str, given: Any, default: Any = None) -> tuple[Any, tuple[float, ...]]:
    """Where an input starts, and its limits: lower and upper end, and perhaps a step.

    Args:
        name: Of the input, for error messages.
        given: A number; `(min, max)` or `(min, max, step)`, as in ipywidgets' `interact`, which
            starts in the middle; a slider of one's own; or a tensor of one element, alone or
            before its limits: `(tensor, min, max)`.
        default: Of the function's parameter; a range starts there if it is a number within.

    Raises:
        ValueError: A tuple of another length.
    """
    if isinstance(given, ipywidgets.Widget):
        if not isinstance(given, (ipywidgets.FloatSlider, ipywidgets.IntSlider)):
            raise ValueError(f"{name} is {type(given).__name__}; take a FloatSlider or IntSlider")
        limits = (given.min, given.max, given.step)
        return float(given.value), tuple(float(limit) for limit in limits if limit is not None)
    if not isinstance(given, (tuple, list)):
        return given, ()
    numbers = [item for item in given if isinstance(item, (int, float))]
    if len(numbers) == len(given) - 1 and given[0] is not None and 2 <= len(numbers) <= 3:
        return given[0], tuple(map(float, numbers))  # a tensor and its limits
    if len(numbers) != len(given) or len(given) not in (2, 3):
        raise ValueError(
            f"{name}={given!r}: write (min, max) or (min, max, step), as in ipywidgets' interact; "
            f"where it starts is said by the function's own default, as in def f({name}=2.0), "
            "or by a slider of your own"
        )
    low, high = map(float, given[:2])
    if isinstance(default, (int, float)) and low <= default <= high:
        return float(default), tuple(map(float, given))
    middle = (low + high) / 2
    if len(given) == 3 and given[2] > 0:
        middle = low + math.floor((middle - low) / given[2] + 1e-9) * given[2]
    return float(f"{middle:.12g}"), tuple(map(float, given))


def range_of(name: str, value: float, limits: tuple[float, ...] = ()) -> Range:
    """A range with the given limits, or with sensible ones.

    Without limits it goes from −5 to 5, or as far again as the value is from
    zero, rounded up; for a small value (below 0.1, a learning rate, say) not
    farther than it needs.

    Args:
        name: For error messages.
        value: Where it starts.
        limits: Nothing, or lower end and upper end, or these and a step.

    Raises:
        ValueError: A number that is not finite, limits that do not hold the
            value, or a step that is not positive.
    """
    if not all(map(math.isfinite, (value, *limits))):
        raise ValueError(f"{name}: a slider needs finite numbers, not {(value, *limits)}")
    if not limits:
        reach = _round_up(2 * abs(value)) if value else 5.0
        if abs(value) >= 0.1:
            reach = max(reach, 5.0)
        return Range(name, value, -reach, reach, 2 * reach / _STEPS)
    low, high = limits[:2]
    if not low < high:
        raise ValueError(f"{name}: {low:g} must lie below {high:g}: write (min, max)")
    if not low <= value <= high:
        raise ValueError(f"{name}: {value:g} must lie between {low:g} and {high:g}")
    step = limits[2] if len(limits) == 3 else _fine(high - low)
    if step <= 0:
        raise ValueError(f"{name}: the step must be positive, not {step:g}")
    return Range(name, value, low, high, step)


def _round_up(number: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(number))
    found = next((r * power for r in _ROUND if r * power >= number * (1 - 1e-9)), 10 * power)
    return float(f"{found:.3g}")


def _fine(span: float) -> float:
    """A round step that gives at least `_STEPS` positions."""
    power = 10.0 ** math.floor(math.log10(span / _STEPS))
    found = max(r * power for r in _ROUND if r * power <= span / _STEPS * (1 + 1e-9))
    return float(f"{found:.3g}")
