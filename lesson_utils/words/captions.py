"""What a value, a use and a question say: in words, in the SVG and in the DOT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from lesson_utils.graph import (
    Branch,
    ComputationGraph,
    Data,
    Operation,
    Value,
)
from lesson_utils.operations import base_name, is_plain, kind_of, symbol_of
from lesson_utils.words.notation import (
    MINUS,
    as_factor,
    derivative,
    format_data,
    format_shape,
    is_seeded,
    use_mark,
)
from lesson_utils.words.products import flat, unsigned

BADGE = 18  # characters of what is written beside a symbol
SHORT = 20  # characters of numbers that an arrow carries


def expression(graph: ComputationGraph, op: Operation) -> str:
    """The operation applied to its inputs: `x × w`, `ReLU(v)`, `add(x, w, alpha=2)`."""
    names = [graph[i].name for i in op.inputs]
    if op.folds:
        return f"{op.name.partition(' × ')[0]}({', '.join(names)})"
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
    return f"({it.name})" if it.name.startswith(MINUS) else it.name


def arguments(op: Operation, names: Sequence[str]) -> list[str]:
    """What a call is given, as it is written, with these names for its inputs."""
    if not op.arguments:
        return list(names)
    told = []
    for argument in op.arguments:
        text = argument.text.format(*(names[i] for i in argument.inputs))
        if not argument.default:
            told.append(f"{argument.name}={text}" if argument.keyword and argument.name else text)
    return told


def _subscript(op: Operation, names: Sequence[str]) -> str:
    """`x[0, 1:3]`, and `x[0] ← y` for a write."""
    told = [argument.text.format(*(names[i] for i in argument.inputs)) for argument in op.arguments]
    index = told[1][1:-1] if told[1][:1] == "(" and len(told[1]) > 2 else told[1]
    part = f"{told[0]}[{index.rstrip(',')}]"
    return f"{part} ← {told[2]}" if len(told) > 2 else part


def badge(graph: ComputationGraph, op: Operation) -> tuple[list[str], str, list[str]]:
    """What is drawn for an operation: what is written before its symbol, the symbol, and after it.

    Its constants, and what it was told besides its inputs: `2 ×`, `clamp max=5`.
    """
    if op.folds:
        return [], _short(graph, op), []
    read = [graph[i] for i in op.inputs]
    fixed = [value.role == "constant" for value in read]
    numbers = [value.data if value.role == "constant" else None for value in read]
    names = ["" if n is None or isinstance(n, tuple) else as_factor(n) for n in numbers]
    if is_plain(op) or kind_of(op.name).touches:
        first = next((i for i, it in enumerate(fixed) if not it), len(fixed))
        before = names[:first] if first < len(fixed) else []
        return before, _badge_symbol(op, names), [name for name in names[len(before) :] if name]
    told = [
        f"{option.name}={option.text.format(*(names[i] for i in option.inputs))}".removeprefix("=")
        for option in op.arguments
        if not option.default and all(fixed[i] for i in option.inputs)
    ]
    return [], op.name, told if len(", ".join(told)) <= BADGE else ["…"]


def _short(graph: ComputationGraph, op: Operation) -> str:
    """The name of a module; in a frame what follows the name of that."""
    name = op.name
    for opened in graph.opened:
        if op.id in opened.operations:
            name = op.name.removeprefix(f"{opened.name}.")
    return name


def _badge_symbol(op: Operation, names: Sequence[str]) -> str:
    """The symbol; for a part of a tensor the index, where that is short."""
    fixed = all(names[i] for argument in op.arguments[1:] for i in argument.inputs)
    part = _subscript(op, names) if kind_of(op.name).touches and op.arguments and fixed else ""
    return part if 2 < len(part) <= BADGE // 2 and "←" not in part else symbol_of(op)


def condition(graph: ComputationGraph, asked: int) -> str:
    """The question a branch asked, as far as the graph knows it: `z > 0`."""
    op = graph.producer(graph[asked])
    return graph[asked].name if op is None else expression(graph, op)


def gradient_figures(value: Value) -> str:
    """The numbers of a gradient, or a summary of them."""
    return format_data(value.gradient, value.gradient_summary)


def amount(value: Value) -> str:
    """What a value is worth, and its shape where it has more than one element."""
    text = format_data(value.data, value.summary)
    many = value.summary is not None or value.data is None or isinstance(value.data, tuple)
    return f"{text}, shape {format_shape(value.shape)}" if many else text


@dataclass(frozen=True)
class UseCaption:
    """What the arrow back along a use says.

    Attributes:
        symbol: `∂u/∂w`, with a subscript where a value has several uses.
        figures: Its numbers in short, or what there is instead of them; may be empty.
        table: Numbers that are drawn as a table instead.
        idle: Whether the backward pass sends nothing along it.
    """

    symbol: str
    figures: str
    table: tuple[Data, ...] | None = None
    idle: bool = False

    @property
    def line(self) -> str:
        """All of it on one line: `∂u/∂w = 3`, `∂u/∂w: 2×3 Jacobian`."""
        between = "" if not self.figures or self.figures[0] in "=:" else " = "
        return f"{self.symbol}{between}{self.figures}"


def use_symbol(graph: ComputationGraph, op: Operation, position: int) -> str:
    """The symbol of a local derivative."""
    by = graph[op.uses[position].value]
    return derivative(graph, by, _made(graph, op)) + use_mark(graph, op, position)


def _made(graph: ComputationGraph, op: Operation) -> Value:
    """The output that a derivative is of."""
    made = [graph[out] for out in op.outputs]
    return next((value for value in made if value.requires_grad), made[0])


def use_caption(
    graph: ComputationGraph, op: Operation, position: int, *, jacobians: bool = False
) -> UseCaption | None:
    """What is written on the arrow back along a use; None where PyTorch does not differentiate.

    Args:
        graph: The graph.
        op: The operation.
        position: Which of its uses.
        jacobians: Whether there is room for tables of numbers, Jacobians too.
    """
    use = op.uses[position]
    known = use.local is not None or use.jacobian_shape is not None or use.flowed
    if graph.of is None or not known:
        return None
    symbol, idle = use_symbol(graph, op, position), not use.flowed

    def told(figures: str, table: tuple[Data, ...] | None = None) -> UseCaption:
        return UseCaption(symbol, figures, table, idle)

    if op.unasked and not use.flowed:
        return told(": not asked")
    if jacobians and isinstance(use.jacobian, tuple):
        return told("", unsigned(use.jacobian))
    if use.local is not None:
        text, elements = format_data(use.local), flat(use.local)
        if not elements:
            return told(": empty")
        if len(text) < SHORT:
            return told(text)
        if len(set(elements)) == 1:
            return told(f"{format_data(elements[0])} each")
        if jacobians and isinstance(use.local, tuple):
            return told("", use.local)
        return told(f": {len(elements)} numbers")
    if use.jacobian_shape is None:
        return told("")
    rows, columns = prod(_made(graph, op).shape), prod(graph[use.value].shape)
    return told(f": {rows} numbers" if op.elementwise else f": {rows}×{columns} Jacobian")


def gradient_symbol(graph: ComputationGraph, value: Value) -> str:
    """The symbol of a value's gradient; empty where none is shown."""
    if value.id == graph.of:
        return "seed" if is_seeded(graph) else derivative(graph, value)
    return derivative(graph, value) if value.has_gradient else ""


def came_from(part: int) -> str:
    """What a value says that another part of a picture has drawn already."""
    return f"▸ from part {part}"


def cut_in(parts: int) -> str:
    """What is under a picture of several parts; empty for one."""
    if parts < 2:
        return ""
    return (
        f"The graph is cut into {parts} parts. A small dashed box with ▸ is a value of an earlier "
        "part, drawn again where it is read; its gradient is in the box there."
    )


def branch_caption(graph: ComputationGraph, branch: Branch) -> tuple[str, str]:
    """What Python asked, and how it came out: `z > 0?` and `True, line 3`."""
    return f"{condition(graph, branch.condition)}?", f"{branch.taken}, line {branch.line}"


def question(graph: ComputationGraph, branch: Branch) -> str:
    """What Python's `if` or `while` asked."""
    asked = condition(graph, branch.condition)
    told = f"Python asks on line {branch.line}: {asked}? The answer is {branch.taken}"
    first = branch is graph.branches[0]
    return f"{told}; autograd records only what runs next." if first else f"{told}."
