"""A whole graph in words.

The words stand in wherever the picture cannot: screen readers, plain
terminals, and nbval, which compares them. Everything is plain and stable.
"""

from __future__ import annotations

from collections.abc import Sequence

from lesson_utils.graph import Branch, ComputationGraph, Operation, SavedTensor, Value
from lesson_utils.operations import base_name, is_plain, kind_of, symbol_of
from lesson_utils.picture.tables import is_mapped
from lesson_utils.words.chain_rule import chain_rules
from lesson_utils.words.notation import (
    as_factor,
    derivative,
    format_data,
    format_shape,
    is_seeded,
    use_mark,
)
from lesson_utils.words.products import in_words, products_of, unsigned

BADGE = 18  # characters of what is written beside a symbol


def expression(graph: ComputationGraph, op: Operation) -> str:
    """The operation applied to its inputs: `x × w`, `ReLU(v)`, `add(x, w, alpha=2)`."""
    names = [graph[i].name for i in op.inputs]
    kind = kind_of(op.name)
    if kind.touches and op.arguments:
        return _subscript(op, names)
    if not is_plain(op):
        return f"{op.name}({', '.join(arguments(op, names))})"
    if kind.infix and len(names) == 2:
        left, right = (_operand(graph[i]) for i in op.inputs)
        return f"{left} {symbol_of(op)} {right}"
    if base_name(op.name) == "neg" and len(names) == 1:
        return f"−{names[0]}"
    return f"{symbol_of(op)}({', '.join(arguments(op, names))})"


def _operand(it: Value) -> str:
    """A name, or a number as it was typed, in brackets if it has a sign."""
    return f"({it.name})" if it.name.startswith("-") else it.name


def arguments(op: Operation, names: Sequence[str]) -> list[str]:
    """What a call is given, as it is written, with these names for its inputs."""
    if not op.arguments:
        return list(names)
    told = []
    for each in op.arguments:
        text = each.text.format(*(names[i] for i in each.inputs))
        if not each.default:
            told.append(f"{each.name}={text}" if each.keyword and each.name else text)
    return told


def _subscript(op: Operation, names: Sequence[str]) -> str:
    """`x[0, 1:3]`, and `x[0] ← y` for a write."""
    told = [each.text.format(*(names[i] for i in each.inputs)) for each in op.arguments]
    index = told[1][1:-1] if told[1][:1] == "(" and len(told[1]) > 2 else told[1]
    part = f"{told[0]}[{index.rstrip(',')}]"
    return f"{part} ← {told[2]}" if len(told) > 2 else part


def badge(graph: ComputationGraph, op: Operation) -> tuple[list[str], str, list[str]]:
    """What is drawn for an operation: what is written before its symbol, the symbol, and after it.

    Its constants, and what it was told besides its inputs: `2 ×`, `clamp max=5`.
    """
    read = [graph[i] for i in op.inputs]
    fixed = [each.role == "constant" for each in read]
    numbers = [each.data if each.role == "constant" else None for each in read]
    names = ["" if n is None or isinstance(n, tuple) else as_factor(n) for n in numbers]
    if is_plain(op) or kind_of(op.name).touches:
        first = next((i for i, it in enumerate(fixed) if not it), len(fixed))
        before = names[:first] if first < len(fixed) else []
        return before, _badge_symbol(op, names), [each for each in names[len(before) :] if each]
    told = [
        f"{each.name}={each.text.format(*(names[i] for i in each.inputs))}".removeprefix("=")
        for each in op.arguments
        if not each.default and all(fixed[i] for i in each.inputs)
    ]
    return [], op.name, told if len(", ".join(told)) <= BADGE else ["…"]


def _badge_symbol(op: Operation, names: Sequence[str]) -> str:
    """The symbol; for a part of a tensor the index, where that is short."""
    fixed = all(names[i] for each in op.arguments[1:] for i in each.inputs)
    part = _subscript(op, names) if kind_of(op.name).touches and op.arguments and fixed else ""
    return part if 2 < len(part) <= BADGE // 2 and "←" not in part else symbol_of(op)


def saved_words(graph: ComputationGraph, saved: SavedTensor) -> str:
    """Both names, size, and whether it is still there: `x (self) [1], 4 bytes, kept`."""
    name = saved.name if saved.value is None else f"{graph[saved.value].name} ({saved.name})"
    worth = (
        ""
        if saved.data is None and saved.summary is None
        else (f": {format_data(saved.data, saved.summary)}")
    )
    return f"{name}{_size(saved)}, {saved.state}{worth}"


def saved_brief(graph: ComputationGraph, saved: SavedTensor) -> str:
    """The student's name if it has one, else PyTorch's, and size: `x [1], 4 bytes`."""
    name = saved.name if saved.value is None else graph[saved.value].name
    return f"{name}{_size(saved)}"


def _size(saved: SavedTensor) -> str:
    if saved.shape is None:
        return ", size not shown"
    return f" {format_shape(saved.shape)}, {saved.nbytes:,} bytes"


def describe(
    graph: ComputationGraph,
    *,
    gradients: bool = True,
    saved: bool = False,
    jacobians: bool = False,
) -> str:
    """The whole graph in words, in order: leaves, operations, gradients.

    Args:
        graph: The graph.
        gradients: Whether to speak of gradients and local derivatives.
        saved: Whether to say what each operation keeps for the backward pass.
        jacobians: Whether to write out small Jacobians and the vector-Jacobian products.
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
        if gradients and jacobians:
            lines += [f"    {each}" for each in _jacobians(graph, op)]
        if saved:
            lines += [f"    keeps for backward: {saved_words(graph, each)}" for each in op.saved]
            if not op.saved:
                lines.append("    keeps nothing for backward")
    lines += [_branch(graph, b) for b in asked if b.position >= len(graph.operations)]
    if gradients and graph.of is not None:
        top = graph[graph.of]
        seed = f", from the seed {_gradient(top)}" if is_seeded(graph) else ""
        lines.append(f"Gradients of {top.name}{seed}:")
        for value in reversed(graph.values):
            if value.has_gradient and value.id != graph.of:
                lines.append(f"  {derivative(graph, value)} = {_gradient(value)}")
        rules = chain_rules(graph)
        if rules:
            lines += ["Chain rule:", *(f"  {each}" for each in rules)]
    mapped = [each.name for each in graph.values if is_mapped(each.summary)]
    if gradients:
        back = [each for each in graph.values if is_mapped(each.gradient_summary)]
        mapped += [derivative(graph, each) for each in back if each.id != graph.of]
    if mapped:
        lines.append(f"Drawn as heat maps, light small and dark large: {', '.join(mapped)}.")
    if graph.note:
        lines.append(graph.note)
    return "\n".join(lines)


def _gradient(value: Value) -> str:
    return format_data(value.gradient, value.gradient_summary)


def _amount(value: Value) -> str:
    text = format_data(value.data, value.summary)
    many = value.summary is not None or value.data is None or isinstance(value.data, tuple)
    return f"{text}, shape {format_shape(value.shape)}" if many else text


def _branch(graph: ComputationGraph, branch: Branch) -> str:
    question = condition(graph, branch.condition)
    return f"Python asked whether {question}: {branch.taken} (line {branch.line})"


def condition(graph: ComputationGraph, asked: int) -> str:
    """The question a branch asked, as far as the graph knows it: `z > 0`."""
    op = graph.producer(graph[asked])
    return graph[asked].name if op is None else expression(graph, op)


def _jacobians(graph: ComputationGraph, op: Operation) -> list[str]:
    products = products_of(graph, op)
    if products:
        return [f"vector–Jacobian product: {in_words(each)}" for each in products]
    out = graph[op.outputs[0]] if op.outputs else None
    return [
        f"Jacobian {derivative(graph, graph[i], out)} = {format_data(unsigned(each))}"
        for i, each in zip(op.inputs, op.jacobians, strict=False)
        if isinstance(each, tuple)
    ]


def _operation(graph: ComputationGraph, op: Operation, gradients: bool) -> str:
    outs = ", ".join(f"{graph[o].name} = {_amount(graph[o])}" for o in op.outputs)
    line = f"{expression(graph, op)} gives {outs}"
    if gradients and op.backward:
        local = [
            f"{derivative(graph, graph[i], graph[op.outputs[0]])}{use_mark(graph, op, n)}"
            f" = {format_data(d)}"
            for n, (i, d) in enumerate(zip(op.inputs, op.local_derivatives, strict=True))
            if d is not None
        ]
        line += f"; {op.backward.split('::')[-1]}" + (f": {', '.join(local)}" if local else "")
        line += f" (not asked: {op.unasked})" if op.unasked else ""
    return line
