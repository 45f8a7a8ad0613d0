"""What a graph says of its result and of one input: a point, and the slope there."""

from __future__ import annotations

from dataclasses import dataclass

from lesson_utils.graph import ComputationGraph, Data
from lesson_utils.words.notation import derivative, format_number


@dataclass(frozen=True)
class Here:
    """What a graph says of a result and of one of the inputs that it was computed from.

    Attributes:
        result: The name of the differentiated value.
        y: Its number; None where it is not a single one.
        slope: The gradient of the input; None where PyTorch gives none.
        symbol: That of the gradient, or what there is to say in its place.
    """

    result: str
    y: float | None
    slope: float | None
    symbol: str

    @property
    def says(self) -> str:
        """The slope, in a few words."""
        return (
            self.symbol
            if self.slope is None
            else f"slope {self.symbol} = {said_number(self.slope)}"
        )


def here(graph: ComputationGraph, by: str) -> Here | None:
    """What a graph says of an input; None where nothing is differentiated."""
    if graph.of is None:
        return None
    result = graph[graph.of]
    name, y = result.name, _single(result.data)
    if by not in graph:
        return Here(name, y, None, f"{by} is not used here")
    value = graph[by]
    slope = _single(value.gradient)
    if slope is not None:
        return Here(name, y, slope, derivative(graph, value))
    reason = f"no path from {by} to {name}" if value.requires_grad else f"{by} needs no gradient"
    return Here(name, y, None, reason)


def said_number(number: float) -> str:
    """A number as it is written beside a curve, with a true minus sign."""
    return format_number(number).replace("-", "−")


def _single(data: Data) -> float | None:
    """The number of a tensor of one element."""
    while isinstance(data, tuple) and len(data) == 1:
        data = data[0]
    return float(data) if isinstance(data, (int, float)) else None
