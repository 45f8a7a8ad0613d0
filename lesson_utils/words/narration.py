"""One sentence for each step of a forward and a backward pass, with its numbers."""

from __future__ import annotations

import cmath
from collections.abc import Sequence
from dataclasses import replace
from math import prod

from lesson_utils.graph import ComputationGraph, Data, Number, Operation, Value
from lesson_utils.operations import is_plain, kind_of, symbol_of, verb_of
from lesson_utils.words import captions
from lesson_utils.words.notation import (
    as_factor,
    derivative,
    format_data,
    format_number,
    format_shape,
    is_shared,
    use_mark,
)
from lesson_utils.words.products import flat

SHORT = 28  # characters: longer lists of numbers are told by their shape


def amount(value: Value) -> str:
    """`x = 3`, `z = [1, 2]`, or `W of shape [4, 2]` where the numbers are many."""
    return f"{value.name} = {format_data(value.data)}" if _is_short(value.data) else _shaped(value)


def opening(graph: ComputationGraph, leaves: Sequence[Value]) -> str:
    """What is there before the first operation."""
    wanted = [leaf.name for leaf in leaves if leaf.requires_grad]
    given = ", ".join(map(amount, leaves)) or "nothing"
    if not wanted:
        folds = any(op.folds for op in graph.operations)
        why = "The parameters are in the modules" if folds else "Nothing requires a gradient"
        return f"Given: {given}. {why}."
    verb = "requires" if len(wanted) == 1 else "require"
    return f"Given: {given}. {listing(wanted)} {verb} a gradient."


def forward(graph: ComputationGraph, op: Operation) -> str:
    """`× multiplies: u = x × w = 3 × 2 = 6.`"""
    head = _head(graph, op)
    outs = [graph[i] for i in op.outputs]
    if not outs:
        return f"{head} runs."
    if len(outs) > 1:
        return f"{head}: it gives {listing([amount(value) for value in outs])}."
    (out,) = outs
    if op.random:
        return f"{op.name} draws: {out.name} is {_told(out.data, out)}."
    if kind_of(op.name).touches and op.inputs:
        return f"{head} {graph[op.inputs[0]].name}: {amount(out)}."
    calm = replace(op, name=op.name.rstrip("_"))  # in place or not, it is the same formula
    formula = captions.expression(graph, calm)
    if not _is_short(out.data):
        return f"{head}: {out.name} = {formula}, of shape {format_shape(out.shape)}."
    figures = captions.expression(_in_figures(graph, op), calm)
    short = all(_is_short(graph[i].data) for i in op.inputs)
    if kind_of(op.name).asks:
        told = f"That is {figures}:" if short else "The answer is"
        return f"{head}: {formula}? {told} {format_data(out.data)}."
    steps = [formula] if short else []
    if steps and figures != formula:
        steps.append(figures)
    return f"{head}: {' = '.join([out.name, *(steps or [formula]), format_data(out.data)])}."


def start(graph: ComputationGraph) -> str:
    """Where the backward pass begins."""
    assert graph.of is not None
    top = graph[graph.of]
    itself = derivative(graph, top)
    if isinstance(top.gradient, (int, float)) and top.gradient == 1:
        return f"The backward pass starts at the end: {itself} = 1."
    return f"The backward pass starts at {top.name} with the seed that was given: " + (
        f"{format_data(top.gradient)}." if _is_short(top.gradient) else f"{_shaped(top)}."
    )


def backward(graph: ComputationGraph, op: Operation) -> str:
    """`× multiplies: ∂u/∂w = x = 3, so w receives 1 · 3 = 3.`"""
    return f"{_head(graph, op, backward=True)}: {'; '.join(received(graph, op))}."


def received(graph: ComputationGraph, op: Operation) -> list[str]:
    """What each value that an operation reads receives from it, and its own results inside."""
    inside = [(graph[use.value], use.contribution) for use in op.inside]
    told = [f"{it.name} receives {_told(sent, it)} inside of this step" for it, sent in inside]
    told += [through(graph, op, i) for i, use in enumerate(op.uses) if use.flowed]
    if not told and op.folds and any(graph[i].has_gradient for i in op.outputs):
        return ["the parameters in it receive their gradients"]
    return told


def joined(value: Value, terms: Sequence[Data], missing: int) -> str:
    """How what arrived along several paths adds up, so far or in the end."""
    count = len(terms) + missing
    if missing:
        so_far = "" if len(terms) == 1 else f" ({len(terms)} of {count} so far)"
        more = "one more" if missing == 1 else f"{missing} more"
        return f"{value.name} waits for {more}{so_far}."
    if not all(_is_short(term) and not isinstance(term, tuple) for term in terms):
        return f"{value.name} is reached in {count} ways, and its gradient is their sum."
    total = " + ".join(_factor(term) for term in terms)
    return f"{value.name} is reached in {count} ways: {total} = {format_data(value.gradient)}."


def ending(graph: ComputationGraph) -> str:
    """What the backward pass has found, why there was none, or what ended the block."""
    if graph.failure is not None:
        where = "The block" if graph.failure.line is None else f"Line {graph.failure.line}"
        return f"{where} raised {graph.failure.says}"
    if graph.of is None:
        return f"No backward pass: {graph.note}" if graph.note else "No backward pass here."
    found = [value for value in graph.values if value.has_gradient and value.role == "parameter"]
    if any(op.unasked for op in graph.operations) and graph.note:
        return f"That is all that can be shown without running code of yours. {graph.note}"
    if not found:
        return "The backward pass is done."
    told = [
        f"{derivative(graph, value)} = {format_data(value.gradient)}"
        if _is_short(value.gradient)
        else f"{derivative(graph, value)} of shape {format_shape(value.shape)}"
        for value in found
    ]
    return f"The backward pass is done: {listing(told)}."


def listing(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(parts) > 8:
        parts = [*parts[:6], f"{len(parts) - 6} more"]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def through(graph: ComputationGraph, op: Operation, i: int) -> str:
    """What a value receives through one of its uses: `∂u/∂w = x = 3, so w receives 1 · 3 = 3`."""
    use = op.uses[i]
    by, product, local = graph[use.value], use.contribution, use.local
    outs = [graph[o] for o in op.outputs if graph[o].has_gradient]
    gets = _told(product, by)
    if len(outs) != 1:
        return f"{by.name} receives {gets}"
    (out,) = outs
    label = derivative(graph, by, out) + use_mark(graph, op, i)
    scalars = (local, product, out.gradient)
    if all(isinstance(number, (int, float)) for number in scalars):
        figures = f"{format_data(out.gradient)} · {_factor(local)} = {format_data(product)}"
        return f"{label} = {_reason(graph, op, i, local)}, so {by.name} receives {figures}"
    arriving = _arriving(graph, out)
    flow, inputs = kind_of(op.name).flow, _inputs(graph, op)
    dimensions = [len(operand.shape) for operand in inputs]
    formula = ""
    if flow is not None and is_plain(op) and not is_shared(op, i):
        formula = flow(i, [operand.name for operand in inputs], dimensions, arriving)
    if formula:
        return f"{by.name} receives {formula}: {gets}"
    count = prod(by.shape)
    if op.name in ("sum", "mean") and prod(out.shape) == 1 and len(op.inputs) == 1:
        share = f" / {count}" if op.name == "mean" else ""
        value = f"{format_data(out.gradient)}{share}"
        if share and isinstance(out.gradient, (int, float)):
            value += f" = {format_number(out.gradient / count)}"
        return f"each of the {count} elements of {by.name} receives {arriving}{share} = {value}"
    if isinstance(local, tuple) and out.shape == by.shape and _is_finite(out):
        return f"{by.name} receives {arriving} · {label}, element by element: {gets}"
    if op.name in ("add", "sub", "mul", "div") and prod(by.shape) < prod(out.shape):
        return f"{by.name} is used many times, and receives the sum over all its uses: {gets}"
    return f"{by.name} receives {gets}"


def _arriving(graph: ComputationGraph, out: Value) -> str:
    """What the gradient of a result is called."""
    seeded = out.id == graph.of and not (prod(out.shape) == 1 and out.gradient == 1)
    return "the seed" if seeded else derivative(graph, out)


def _reason(graph: ComputationGraph, op: Operation, i: int, local: Data) -> str:
    """The local derivative, with its formula or its reason where a textbook has one."""
    number, kind = format_data(local), kind_of(op.name)
    if not is_plain(op):
        return number
    if kind.why is not None and isinstance(graph[op.inputs[0]].data, (int, float)):
        given = graph[op.inputs[0]]
        return f"{number} {kind.why(given.name, given.data)}"  # type: ignore[arg-type]  # a number
    if i >= len(kind.local) or len(op.inputs) < len(kind.local):
        return number
    read = [v.data for v in _inputs(graph, op)]
    if kind.holds is not None and not kind.holds(read):  # type: ignore[arg-type]  # numbers
        return number
    names = [_factor(v.data) if v.role == "constant" else v.name for v in _inputs(graph, op)]
    formula = kind.local[i](names, graph[op.outputs[0]].name)
    return number if formula == number else f"{formula} = {number}"


def _inputs(graph: ComputationGraph, op: Operation) -> list[Value]:
    return [graph[i] for i in op.inputs]


def _in_figures(graph: ComputationGraph, op: Operation) -> ComputationGraph:
    """The graph with each input of an operation called by its number."""
    values = list(graph.values)
    for i in op.inputs:
        if _is_short(values[i].data):
            infix = len(op.inputs) == 2 or op.name == "neg"
            name = _factor(values[i].data) if infix else format_data(values[i].data)
            values[i] = replace(values[i], name=name)
    return replace(graph, values=tuple(values))


def _head(graph: ComputationGraph, op: Operation, *, backward: bool = False) -> str:
    dimensions = [len(value.shape) for value in _inputs(graph, op)]
    return f"{symbol_of(op)} {verb_of(op, dimensions, backward=backward)}".strip()


def _is_finite(it: Value) -> bool:
    """Whether a gradient has numbers only: what comes of nan · 0 is no product at `where`."""
    summary = it.gradient_summary
    some = flat(it.gradient) if summary is None else (summary.min, summary.mean, summary.max)
    return all(map(cmath.isfinite, some))


def _is_short(data: Data) -> bool:
    return data is not None and len(format_data(data)) <= SHORT


def _told(data: Data, value: Value) -> str:
    return (
        format_data(data) if _is_short(data) else f"a gradient of shape {format_shape(value.shape)}"
    )


def _shaped(value: Value) -> str:
    return f"{value.name} of shape {format_shape(value.shape)}"


def _factor(number: Data | Number) -> str:
    return (
        format_data(number)
        if isinstance(number, tuple)
        else as_factor(0 if number is None else number)
    )
