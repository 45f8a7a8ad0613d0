"""The range of a slider: where it starts, how far it goes, how fine it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = 100  # from one end to the other, where nothing else is said
_ROUND = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Dial:
    """A number that can be turned.

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


def dial(name: str, value: float, limits: Sequence[float] = ()) -> Dial:
    """A dial with the given limits, or with sensible ones.

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
        return Dial(name, value, -reach, reach, 2 * reach / _STEPS)
    if len(limits) not in (2, 3):
        raise ValueError(f"{name}: write (value, min, max) or (value, min, max, step)")
    low, high = limits[:2]
    if not low < high or not low <= value <= high:
        raise ValueError(f"{name}: {value:g} must lie between {low:g} and {high:g}, in that order")
    step = limits[2] if len(limits) == 3 else _fine(high - low)
    if step <= 0:
        raise ValueError(f"{name}: the step must be positive, not {step:g}")
    return Dial(name, value, low, high, step)


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
