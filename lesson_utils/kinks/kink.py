"""A function at one point: its slopes from both sides, and what autograd answers there."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import torch

from lesson_utils.kinks import probe
from lesson_utils.kinks.measurement import Measurement
from lesson_utils.kinks.plot import svg
from lesson_utils.kinks.rules import Rule, plain, rule_for
from lesson_utils.kinks.slopes import bends, scale, side
from lesson_utils.picture.shown import Picture

POINTS = 60  # of the curve, on either side


class Kink(Measurement, Picture):
    """A function at one point. Shows itself in a notebook as a plot and a few sentences."""

    @property
    def svg(self) -> str:
        """The plot as SVG, the same bytes on every run."""
        return svg(self)


def kink(fn: probe.Function, at: float = 0.0) -> Kink:
    """Look at a function at one point: its slopes, and what autograd answers there.

    The function is called on float64 tensors of shape [1], on the CPU. Slopes come
    from differences, and two that differ by less than about 1e-5 count as equal; the
    answer comes from `torch.autograd.grad`. Random states and grad mode are afterwards
    as they were; a `trace()` around it sees nothing, and what `fn` prints is shown for
    the point itself only.

    Args:
        fn: A function of one tensor that returns a tensor with one element.
        at: The point, a finite number.

    Returns:
        The slopes, the interval between them, PyTorch's answer, and the
        documented rule that it keeps or departs from.

    Raises:
        TypeError: `fn` is not callable or returns no tensor, or `at` is no number.
        ValueError: `at` is not finite; `fn` raises there, does not return one
            element in float64, or does not depend on its input.
    """
    at = _point(at)
    if not callable(fn):
        raise TypeError(
            f"kink() takes a function, not {type(fn).__name__}: write kink(F.relu), "
            "or kink(lambda x: x.abs(), at=0.0)"
        )
    with probe.aside():
        return _look(fn, at)


def _look(fn: probe.Function, at: float) -> Kink:
    answer = probe.ask(fn, at)
    value, derivative = answer.value, answer.derivative
    if answer.chance:
        rule = Rule(6, (), derivative is None)
        return Kink(
            _name(fn), at, value, math.nan, math.nan, None, "neither", derivative, rule,
            answer.operations, answer.reads, (),
        )  # fmt: skip
    if derivative is None:
        raise ValueError(
            f"autograd finds no way from fn's result back to its input at x = {plain(at)}: "
            "does fn use x, as a floating-point tensor, without .detach() or .item()?"
        )

    def f(x: float) -> float:
        return value if x == at else probe.value(fn, x)

    sides = side(f, at, -1), side(f, at, 1)
    left, right = sides[0].slope, sides[1].slope
    interval, bend = None, "neither"
    if math.isfinite(left) and math.isfinite(right):
        interval = min(left, right), max(left, right)
        bend = bends(*sides, at, value)
    return Kink(
        _name(fn), at, value, left, right, interval, bend, derivative,
        rule_for(value, sides, bend, derivative), answer.operations, answer.reads, _curve(fn, at),
    )  # fmt: skip


def _curve(fn: probe.Function, at: float) -> tuple[tuple[float, float, float], ...]:
    """Points around, dense near the point, where functions such as sqrt are steep."""
    away = [scale(at) * ((i + 0.02) / POINTS) ** 1.5 for i in range(POINTS + 1)]
    xs = [at - distance for distance in reversed(away)] + [at + distance for distance in away]
    return tuple((x, probe.value(fn, x), probe.derivative(fn, x)) for x in xs)


def _point(at: Any) -> float:
    if isinstance(at, torch.Tensor) and at.numel() == 1 and not at.is_complex():
        at = at.item()
    if isinstance(at, bool) or not isinstance(at, Real):
        raise TypeError(f"at must be a number, not {type(at).__name__}: write kink(fn, at=0.0)")
    if not math.isfinite(at):
        raise ValueError(f"at must be a finite number, not {at}")
    return float(at) + 0.0


def _name(fn: Any) -> str:
    name = type(fn).__name__ if isinstance(fn, torch.nn.Module) else getattr(fn, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else "f"
