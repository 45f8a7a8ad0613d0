"""PyTorch's six documented rules for gradients where a function has none.

They are in the note "Autograd mechanics", section "Gradients for
non-differentiable functions". Which one applies is found from measured slopes,
never looked up by a function's name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lesson_utils.kinks.slopes import Side
from lesson_utils.words.notation import format_number

RULES = {
    1: "differentiable: the gradient itself",
    2: "locally convex: the subgradient of minimum norm",
    3: "locally concave: the supergradient of minimum norm",
    4: "defined: by continuity from the derivatives nearby",
    5: "not defined: arbitrary, mostly nan",
    6: "not deterministic: not differentiable",
}


@dataclass(frozen=True, repr=False)
class Rule:
    """The rule that speaks about a function at a point.

    Attributes:
        number: 1 to 6.
        asks: The answers it allows; empty if it asks for none.
        kept: Whether PyTorch's answer is one of them; None if it asks for none.
    """

    number: int
    asks: tuple[float, ...]
    kept: bool | None

    @property
    def name(self) -> str:
        """`rule 2 (locally convex: the subgradient of minimum norm)`."""
        return f"rule {self.number} ({RULES[self.number]})"

    @property
    def asked(self) -> str:
        """What it asks for, in words."""
        return " or ".join(map(plain, self.asks)) or "none"

    def __repr__(self) -> str:
        asked = f", which asks for {self.asked}" if self.asks else ""
        return ("departs from " if self.kept is False else "") + self.name + asked


def rule_for(value: float, sides: tuple[Side, Side], bend: str, answer: float) -> Rule:
    """The first of the rules 1 to 5 that applies, and whether PyTorch keeps it.

    Args:
        value: The function at the point.
        sides: The function on the left and on the right.
        bend: How it bends around, as `slopes.bends` says it.
        answer: PyTorch's derivative.
    """
    left, right = sides[0].slope, sides[1].slope
    asks: tuple[float, ...]
    if math.isnan(value):
        return Rule(5, (), None)
    if not (math.isfinite(left) and math.isfinite(right)):
        number, asks = 4, _derivatives_nearby(sides)
    elif same(left, right):
        number, asks = 1, (left,)
    elif bend == "neither":
        number, asks = 4, _derivatives_nearby(sides)
    else:
        low, high = sorted((left, right))
        number, asks = 2 if bend == "convex" else 3, (min(max(0.0, low), high),)
    # Slopes are measured, but a 0 that lies between two of them is exact.
    kept = [same(answer, slope) and (slope != 0 or abs(answer) <= 1e-7) for slope in asks]
    return Rule(number, asks, any(kept) if asks else None)


def _derivatives_nearby(sides: tuple[Side, Side]) -> tuple[float, ...]:
    """Where the derivative goes from either side; one value if both agree."""
    found = [side.derivative for side in sides if not math.isnan(side.derivative)]
    return tuple(found[:1] if len(found) == 2 and same(*found) else found)


def same(a: float, b: float) -> bool:
    """Whether two slopes are equal, but for the rounding in a measured one."""
    if math.isfinite(a) and math.isfinite(b):
        return abs(a - b) <= 1e-5 * (1 + abs(b))
    return a == b or (math.isnan(a) and math.isnan(b))


def plain(x: float) -> str:
    """A number in short, without the sign of a negative zero."""
    return format_number(x + 0.0)
