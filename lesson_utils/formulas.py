"""Derivatives as a textbook writes them, from the names of what they are made of.

`LOCAL` holds the derivative of a function of numbers by each of its inputs,
`flow` what a matrix operation sends back to an input. A test works every
formula out and compares it with autograd.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Formula = Callable[[Sequence[str], str], str]  # names of the inputs, name of the result

LOCAL: dict[str, tuple[Formula, ...]] = {
    "mul": (lambda x, y: x[1], lambda x, y: x[0]),
    "div": (lambda x, y: f"1 / {x[1]}", lambda x, y: f"−{x[0]} / {x[1]}²"),
    "pow": (lambda x, y: f"2 · {x[0]}" if x[1] == "2" else f"{x[1]} · {x[0]}^({x[1]} − 1)",),
    "square": (lambda x, y: f"2 · {x[0]}",),
    "sqrt": (lambda x, y: f"1 / (2 · {y})",),
    "exp": (lambda x, y: y,),
    "log": (lambda x, y: f"1 / {x[0]}",),
    "sigmoid": (lambda x, y: f"{y} · (1 − {y})",),
    "tanh": (lambda x, y: f"1 − {y}²",),
    "sin": (lambda x, y: f"cos({x[0]})",),
    "cos": (lambda x, y: f"−sin({x[0]})",),
}


def flow(
    name: str, position: int, names: Sequence[str], dimensions: Sequence[int], arriving: str
) -> str:
    """What a matrix operation sends to one of its inputs; empty where nothing is simple.

    Args:
        name: Of the operation.
        position: Of the input.
        names: Of all inputs.
        dimensions: How many each input has.
        arriving: Name of the gradient of the result.
    """
    if name in ("matmul", "mm", "mv"):
        if position == 0 and list(dimensions) == [2, 2]:
            return f"{arriving} @ {names[1]}ᵀ"
        if position == 1 and dimensions[0] == 2 and dimensions[1] <= 2:
            return f"{names[0]}ᵀ @ {arriving}"
    if name == "linear" and dimensions[0] == 2:
        return (
            f"{arriving} @ {names[1]}",
            f"({arriving})ᵀ @ {names[0]}",
            f"the sum of {arriving} over its rows",
        )[position]
    return ""
