"""A function at one point: its slopes from both sides, and what autograd answers there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch

from lesson_utils.kinks import probe as probing
from lesson_utils.kinks.rules import Rule, plain, rule_for, same
from lesson_utils.kinks.slopes import bends, scale, side

POINTS = 60  # of the curve, on either side


@dataclass(frozen=True)
class Kink:
    """A function at one point. Shows itself in a notebook as a plot and a few sentences.

    Attributes:
        name: Of the function; `f` if it has none.
        at: The point.
        value: The function there.
        left: Its slope from the left: finite, ±inf, or nan where there is none.
        right: The same from the right.
        subdifferential: All numbers between two finite slopes, as an interval
            (Clarke's generalised gradient): the subgradients of a convex kink,
            the supergradients of a concave one. None unless both slopes are finite.
        bend: "convex", "concave" or "neither", in some neighbourhood of the point.
        autograd: PyTorch's answer; None where it refuses to give one.
        rule: Which documented rule applies, and whether PyTorch keeps it.
        operations: What the function computes from its input, as autograd sees it.
        reads: How many tensors one operation reads at most, constants too.
        curve: Points (x, function, PyTorch's derivative) around, for the plot.
    """

    name: str
    at: float
    value: float
    left: float
    right: float
    subdifferential: tuple[float, float] | None
    bend: str
    autograd: float | None
    rule: Rule
    operations: tuple[str, ...]
    reads: int
    curve: tuple[tuple[float, float, float], ...]

    @property
    def elementary(self) -> bool:
        """Whether the rules speak of it directly: one operation, of x alone."""
        return len(self.operations) == 1 and self.reads == 1

    @property
    def text(self) -> str:
        """The whole in words."""
        return f"{self.name} at x = {plain(self.at)}: {self._slopes()}\n{self._answer()}"

    def _slopes(self) -> str:
        if self.rule.number == 6:
            return "not the same on every call, so it has no slope."
        if math.isnan(self.value):
            return "not defined there, so it has no slope."
        if same(self.left, self.right):
            amount = "no slope" if math.isnan(self.left) else f"slope {plain(self.left)}"
            return f"{amount} from either side."
        left, right = (
            "none" if math.isnan(each) else plain(each) for each in (self.left, self.right)
        )
        text = f"slope {left} from the left, {right} from the right"
        if self.subdifferential is None:
            return f"{text}."
        low, high = map(plain, self.subdifferential)
        if self.bend == "neither":
            return f"{text}; between them lies [{low}, {high}]."
        kind = "subgradient" if self.bend == "convex" else "supergradient"
        return f"{text}; every number in [{low}, {high}] is a {kind}."

    def _answer(self) -> str:
        if self.autograd is None:
            return f"PyTorch refuses to differentiate it, by {self.rule.name}."
        answer, rule = f"PyTorch answers {plain(self.autograd)}", self.rule
        if rule.kept is not False:
            return f"{answer}, {'by' if rule.asks else 'under'} {rule.name}."
        asks = f"{rule.name} asks for {rule.asked}"
        if self.elementary or not self.operations:
            return f"{answer} and departs: {asks}."
        if len(self.operations) == 1:
            (name,) = self.operations
            return (
                f"{answer}. In x alone, {asks}; "
                f"but {name} reads {self.reads} tensors, and the rules speak of all that it reads."
            )
        names = ", ".join(self.operations[:4]) + (", …" if len(self.operations) > 4 else "")
        return (
            f"{answer}. As a whole, {asks}; "
            f"but it is made of {len(self.operations)} operations ({names}), "
            "and the rules speak of one at a time."
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from lesson_utils.kinks.plot import picture

        return {"text/html": picture(self), "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def kink(fn: probing.Function, at: float = 0.0) -> Kink:
    """Look at a function at one point: its slopes, and what autograd answers there.

    The function is called on float64 tensors of shape [1], on the CPU. Slopes come
    from differences, the answer from `torch.autograd.grad`. Random states and
    grad mode are afterwards as they were; a `trace()` around it sees nothing, and
    what `fn` prints is shown for the point itself only.

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
    with probing.aside():
        return _look(fn, at)


def _look(fn: probing.Function, at: float) -> Kink:
    answer = probing.ask(fn, at)
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
        return value if x == at else probing.value(fn, x)

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


def _curve(fn: probing.Function, at: float) -> tuple[tuple[float, float, float], ...]:
    """Points around, dense near the point, where functions such as sqrt are steep."""
    away = [scale(at) * ((i + 0.02) / POINTS) ** 1.5 for i in range(POINTS + 1)]
    xs = [at - each for each in reversed(away)] + [at + each for each in away]
    return tuple((x, probing.value(fn, x), probing.derivative(fn, x)) for x in xs)


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
