"""Numbers, shapes and derivatives, short and honest."""

from __future__ import annotations

import math

from lesson_utils.graph import ComputationGraph, Data, Number, Operation, Summary, Value

MINUS = "−"  # of numbers that are told; code keeps its hyphen


def format_number(x: Number) -> str:
    """A number short and honest: `3`, `0.5`, `1.2e−07`, `−0`, `nan`, `inf`.

    Four significant digits below a thousand and six above it, so that the
    noise of float32 does not show and integers up to a million are exact.
    The sign is a minus, which is as wide as a plus, and no hyphen.
    """
    if isinstance(x, (bool, int)):
        return str(x).replace("-", MINUS)
    if isinstance(x, complex):
        sign = MINUS if math.copysign(1.0, x.imag) < 0 else "+"
        return f"{format_number(x.real)}{sign}{format_number(abs(x.imag))}j"
    text = f"{x:.4g}" if not math.isfinite(x) or abs(x) < 1000 else f"{x:.6g}"
    return text.replace("-", MINUS)


def as_factor(number: Number) -> str:
    """A number as it is written in a formula: `(−2)` and `(1+2j)` have brackets, `2j` has none."""
    if isinstance(number, complex) and str(number.real) == "0.0":
        text = f"{format_number(number.imag)}j"
        return f"({text})" if text.startswith(MINUS) else text
    text = format_number(number)
    return f"({text})" if text.startswith(MINUS) or isinstance(number, complex) else text


def format_data(data: Data, summary: Summary | None = None) -> str:
    """Numbers in one line: `3`, `[1, 2]`, `min … mean … max …`, `all …`; `?`: none."""
    if isinstance(data, tuple):
        return "[" + ", ".join(format_data(part) for part in data) + "]"
    if data is not None:
        return format_number(data)
    if summary is None:
        return "?"
    if summary.min == summary.max:
        return f"all {format_number(summary.min)}"
    low, mean, high = map(format_number, (summary.min, summary.mean, summary.max))
    return f"min {low}, mean {mean}, max {high}"


def format_shape(shape: tuple[int, ...]) -> str:
    """A shape as PyTorch prints it in short: `[3, 4]`."""
    return "[" + ", ".join(map(str, shape)) + "]"


def derivative(graph: ComputationGraph, by: Value, of: Value | None = None) -> str:
    """The symbol of a derivative: `∂a/∂w`; of the differentiated value by default.

    Where the backward pass started from a seed, every gradient is a product with it, and says so.
    """
    top = of if of is not None else (None if graph.of is None else graph[graph.of])
    product = "seed·" if of is None and is_seeded(graph) else ""
    return f"{product}∂{'' if top is None else top.name}/∂{by.name}"


def is_seeded(graph: ComputationGraph) -> bool:
    """Whether the backward pass started from something else than a single 1."""
    return graph.of is not None and graph[graph.of].gradient != 1


def is_shared(operation: Operation, position: int) -> bool:
    """Whether one use of a value has the derivative of all its uses in an operation.

    That is so where the operation is made of several steps: PyTorch does not
    tell which use a part comes from.
    """
    source = operation.uses[position].value
    known = [use.has_derivative for use in operation.uses if use.value == source]
    return any(known) and not all(known)


def use_mark(graph: ComputationGraph, operation: Operation, position: int) -> str:
    """A subscript that tells apart the uses of one value.

    Those in one operation; and where that makes the differentiated value, all
    uses, since their derivative would have the symbol of the whole gradient.
    """
    inputs = operation.inputs
    source = inputs[position]
    own, number, elsewhere = inputs.count(source), inputs[:position].count(source) + 1, 0
    if graph.of in operation.outputs:
        for op in graph.operations:
            if op is not operation and source in op.inputs:
                uses = sum(use.flowed for use in op.uses if use.value == source)
                elsewhere += uses
                number += uses if op.id < operation.id else 0
    if not elsewhere and (own == 1 or is_shared(operation, position)):
        return ""
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(d)] for d in str(number))
