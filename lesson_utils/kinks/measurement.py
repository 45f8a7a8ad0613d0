"""What was found at one point of a function, in numbers and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lesson_utils.kinks.rules import Rule, plain, same


@dataclass(frozen=True, repr=False)
class Measurement:
    """A function at one point: its slopes, and what PyTorch answers.

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
            amount = "no slope found" if math.isnan(self.left) else f"slope {plain(self.left)}"
            return f"{amount} from either side."
        left, right = (
            "none" if math.isnan(slope) else plain(slope) for slope in (self.left, self.right)
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
