"""Numbers, formulas and whole graphs in words.

The words stand in wherever the picture cannot: screen readers, plain
terminals, and nbval, which compares them. Everything is plain and stable.
"""

from __future__ import annotations

import math

from lesson_utils.graph import (
    Branch,
    ComputationGraph,
    Data,
    Number,
    Operation,
    SavedTensor,
    Summary,
    Value,
)

SYMBOLS = {
    "mul": "×", "add": "+", "sub": "−", "div": "÷", "true_divide": "÷", "matmul": "@", "pow": "^",
    "neg": "−", "gt": ">", "ge": "≥", "lt": "<", "le": "≤", "eq": "=", "ne": "≠", "relu": "ReLU",
    "getitem": "[ ]", "setitem": "[ ] ←", "mul_": "× in place", "add_": "+ in place",
    "sub_": "− in place", "div_": "÷ in place", "logical_not": "not",
}  # fmt: skip
_INFIX = {
    "mul",
    "add",
    "sub",
    "div",
    "matmul",
    "pow",
    "gt",
    "ge",
    "lt",
    "le",
    "eq",
    "ne",
}

MAX_PATHS = 4
MAX_FACTORS = 8


def format_number(x: Number) -> str:
    """A number short and honest: `3`, `0.5`, `1.2e-07`, `-0`, `nan`, `inf`.

    Four significant digits below a thousand and six above it, so that the
    noise of float32 does not show and integers up to a million are exact.
    """
    if isinstance(x, (bool, int)):
        return str(x)
    if isinstance(x, complex):
        sign = "-" if math.copysign(1.0, x.imag) < 0 else "+"
        return f"{format_number(x.real)}{sign}{format_number(abs(x.imag))}j"
    return f"{x:.4g}" if not math.isfinite(x) or abs(x) < 1000 else f"{x:.6g}"


def format_data(data: Data, summary: Summary | None = None) -> str:
    """Numbers in one line: `3`, `[1, 2]`, or `min … mean … max …`; `?` for none."""
    if isinstance(data, tuple):
        return "[" + ", ".join(format_data(each) for each in data) + "]"
    if data is not None:
        return format_number(data)
    if summary is None:
        return "?"
    low, mean, high = map(format_number, (summary.min, summary.mean, summary.max))
    return f"min {low}, mean {mean}, max {high}"


def format_shape(shape: tuple[int, ...]) -> str:
    """A shape as PyTorch prints it in short: `[3, 4]`."""
    return "[" + ", ".join(map(str, shape)) + "]"


def symbol(operation: Operation) -> str:
    """How an operation is written: `×`, `ReLU`, or its name."""
    return SYMBOLS.get(operation.name, operation.name)


def expression(graph: ComputationGraph, operation: Operation) -> str:
    """The operation applied to its inputs: `x × w`, `ReLU(v)`."""
    names = [graph[i].name for i in operation.inputs]
    if operation.name in _INFIX and len(names) == 2:
        return f"{names[0]} {symbol(operation)} {names[1]}"
    if operation.name == "neg":
        return f"−{names[0]}"
    return f"{symbol(operation)}({', '.join(names)})"


def derivative(graph: ComputationGraph, by: Value, of: Value | None = None) -> str:
    """The symbol of a derivative: `∂a/∂w`; of the differentiated value by default."""
    top = of if of is not None else (None if graph.of is None else graph[graph.of])
    return f"∂{'' if top is None else top.name}/∂{by.name}"


def saved_words(saved: SavedTensor) -> str:
    """`keeps result [1], 4 bytes`, or the same freed."""
    return (
        f"{saved.name} {format_shape(saved.shape)}, {saved.nbytes} bytes, {saved.state}"
    )


def chain_rules(graph: ComputationGraph) -> list[str]:
    """The chain rule written out, a line for each parameter that has a gradient.

    One product per path from the differentiated value to the parameter, summed
    where paths join. A parameter is left out when something on its paths is
    not a single number. The result is PyTorch's own gradient.
    """
    if graph.of is None:
        return []
    lines = []
    for value in graph.values:
        if value.role == "parameter" and isinstance(value.gradient, (int, float)):
            line = _chain_rule(graph, value)
            if line:
                lines.append(line)
    return lines


Step = tuple[str, Number]


def paths_to(
    graph: ComputationGraph, value: Value, most: int
) -> tuple[list[list[Step]], int]:
    """Paths from the differentiated value to `value`, as factors of the chain rule.

    Returns:
        Up to `most` paths, each a list of derivatives with their numbers from
        the differentiated value downwards, and how many there are in all. No
        paths when a factor on one of them is not a number.
    """
    counts: dict[int, int] = {value.id: 1}
    broken = False
    uses: dict[int, list[tuple[Operation, int]]] = {}
    for op in graph.operations:
        ways = 0
        for i, source in enumerate(op.inputs):
            if counts.get(source) and op.local_derivatives[i] is not None:
                ways += counts[source]
                uses.setdefault(source, []).append((op, i))
            elif (
                counts.get(source)
                and i < len(op.contributions)
                and op.contributions[i] is not None
            ):
                broken = True
        for out in op.outputs:
            if graph[out].requires_grad and ways:
                counts[out] = ways
    paths = counts.get(graph.of, 0) if graph.of is not None else 0
    if broken or not paths:
        return [], 0
    alive = _reaching(graph)
    found: list[list[Step]] = []
    stack: list[tuple[int, list[Step]]] = [(value.id, [])]
    while stack and len(found) < most:
        at, steps = stack.pop()
        if at == graph.of:
            found.append(steps[::-1])
            continue
        for op, i in reversed(uses.get(at, [])):
            factor = op.local_derivatives[i]
            reached = [o for o in op.outputs if o in alive]
            if not reached:
                continue
            if isinstance(factor, tuple) or factor is None:
                return [], 0
            label = derivative(graph, graph[at], graph[reached[0]])
            label += use_mark(op, i)
            stack.append((reached[0], [*steps, (label, factor)]))
    return found, paths


def use_mark(operation: Operation, position: int) -> str:
    """A subscript that tells apart the uses of one value in one operation."""
    source = operation.inputs[position]
    if operation.inputs.count(source) == 1:
        return ""
    return "".join(
        "₀₁₂₃₄₅₆₇₈₉"[int(d)] for d in str(operation.inputs[:position].count(source) + 1)
    )


def _reaching(graph: ComputationGraph) -> set[int]:
    """Values on some path to the differentiated one."""
    alive = set() if graph.of is None else {graph.of}
    for op in reversed(graph.operations):
        if alive.intersection(op.outputs):
            alive.update(op.inputs)
    return alive


def _chain_rule(graph: ComputationGraph, value: Value) -> str:
    paths, total = paths_to(graph, value, MAX_PATHS)
    if not paths or (len(paths) == 1 and not paths[0]):
        return ""
    result = format_data(value.gradient)
    head = derivative(graph, value)
    formulas, figures = [], []
    for steps in paths:
        formulas.append(_product([label for label, _ in steps]))
        figures.append(_product([_factor(number) for _, number in steps]))
    if total > len(paths):
        more = f"… ({total} paths in all)"
        return f"{head} = {' + '.join(formulas)} + {more} = {result}"
    if formulas == [head] and figures == [result]:
        return f"{head} = {result}"
    joined = " + ".join(formulas)
    middle = "" if joined == head else f" = {joined}"
    shown = " + ".join(figures)
    return (
        f"{head}{middle}" + ("" if shown == result else f" = {shown}") + f" = {result}"
    )


def _product(factors: list[str]) -> str:
    if len(factors) > MAX_FACTORS:
        factors = [*factors[:3], f"… ({len(factors)} factors) …", *factors[-2:]]
    return " · ".join(factors)


def _factor(number: Number) -> str:
    text = format_number(number)
    return f"({text})" if text.startswith("-") else text


def describe(
    graph: ComputationGraph, *, gradients: bool = True, saved: bool = False
) -> str:
    """The whole graph in words, in order: leaves, operations, gradients.

    Args:
        graph: The graph.
        gradients: Whether to speak of gradients and local derivatives.
        saved: Whether to say what each operation keeps for the backward pass.
    """
    if not graph.values:
        return "An empty graph: nothing was computed in this block."
    lines = [f"Computation graph of {len(graph.operations)} operations."]
    for value in graph.values:
        if value.role in ("input", "parameter"):
            need = "requires a gradient" if value.requires_grad else "needs no gradient"
            lines.append(f"{value.role} {value.name} = {_amount(value)} ({need})")
    if len(graph.operations) == 1:
        lines[0] = "Computation graph of 1 operation."
    asked = list(graph.branches)
    for op in graph.operations:
        lines += [_branch(graph, b) for b in asked if b.position == op.id]
        lines.append(_operation(graph, op, gradients))
        if saved:
            lines += [
                f"    keeps for backward: {saved_words(each)}" for each in op.saved
            ]
            if not op.saved:
                lines.append("    keeps nothing for backward")
    lines += [_branch(graph, b) for b in asked if b.position >= len(graph.operations)]
    if gradients and graph.of is not None:
        lines.append(f"Gradients of {graph[graph.of].name}:")
        for value in reversed(graph.values):
            if value.has_gradient and value.id != graph.of:
                amount = format_data(value.gradient, value.gradient_summary)
                lines.append(f"  {derivative(graph, value)} = {amount}")
        rules = chain_rules(graph)
        if rules:
            lines += ["Chain rule:", *(f"  {each}" for each in rules)]
    if graph.note:
        lines.append(graph.note)
    return "\n".join(lines)


def _amount(value: Value) -> str:
    text = format_data(value.data, value.summary)
    many = (
        value.summary is not None or value.data is None or isinstance(value.data, tuple)
    )
    return f"{text}, shape {format_shape(value.shape)}" if many else text


def _branch(graph: ComputationGraph, branch: Branch) -> str:
    question = condition(graph, branch.condition)
    return f"Python asked whether {question}: {branch.taken} (line {branch.line})"


def condition(graph: ComputationGraph, asked: int) -> str:
    """The question a branch asked, as far as the graph knows it: `z > 0`."""
    op = graph.producer(graph[asked])
    return graph[asked].name if op is None else expression(graph, op)


def _operation(graph: ComputationGraph, op: Operation, gradients: bool) -> str:
    outs = ", ".join(f"{graph[o].name} = {_amount(graph[o])}" for o in op.outputs)
    line = f"{expression(graph, op)} gives {outs}"
    if gradients and op.backward:
        local = [
            f"{derivative(graph, graph[i], graph[op.outputs[0]])} = {format_data(d)}"
            for i, d in zip(op.inputs, op.local_derivatives, strict=True)
            if d is not None
        ]
        line += f"; {op.backward.split('::')[-1]}" + (
            f": {', '.join(local)}" if local else ""
        )
    return line
