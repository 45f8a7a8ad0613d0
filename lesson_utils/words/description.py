"""A whole graph in words.

The words take the place of the picture wherever it cannot be shown: in screen readers, plain
terminals, and nbval, which compares them. Everything is plain and stable.
"""

from __future__ import annotations

from lesson_utils.graph import Branch, ComputationGraph, Operation
from lesson_utils.words.captions import (
    amount,
    condition,
    expression,
    gradient_figures,
    use_symbol,
)
from lesson_utils.words.chain_rule import chain_rules
from lesson_utils.words.grids import is_mapped
from lesson_utils.words.keeping import saved_words
from lesson_utils.words.look import Look
from lesson_utils.words.notation import derivative, format_data, is_seeded
from lesson_utils.words.products import in_words, products_of, unsigned


def describe(graph: ComputationGraph, look: Look) -> str:
    """The whole graph in words, in order: leaves, operations, gradients.

    Args:
        graph: The graph.
        look: What to speak of.
    """
    gradients, saved, jacobians = look.gradients, look.saved, look.jacobians
    if not graph.values:
        return "An empty graph: nothing was computed in this block."
    lines = [f"Computation graph of {len(graph.operations)} operations."]
    for value in graph.values:
        if value.role in ("input", "parameter"):
            need = "requires a gradient" if value.requires_grad else "needs no gradient"
            lines.append(f"{value.role} {value.name} = {amount(value)} ({need})")
    if len(graph.operations) == 1:
        lines[0] = "Computation graph of 1 operation."
    asked = list(graph.branches)
    for op in graph.operations:
        lines += [_question(graph, b) for b in asked if b.position == op.id]
        lines.append(_operation(graph, op, gradients))
        if gradients and jacobians:
            lines += [f"    {line}" for line in _jacobians(graph, op)]
        if saved:
            lines += [
                f"    keeps for backward: {saved_words(graph, tensor)}" for tensor in op.saved
            ]
            if not op.saved:
                lines.append("    keeps nothing for backward")
    lines += [_question(graph, b) for b in asked if b.position >= len(graph.operations)]
    if gradients and graph.of is not None:
        top = graph[graph.of]
        seed = f", from the seed {gradient_figures(top)}" if is_seeded(graph) else ""
        lines.append(f"Gradients of {top.name}{seed}:")
        for value in reversed(graph.values):
            if value.has_gradient and value.id != graph.of:
                lines.append(f"  {derivative(graph, value)} = {gradient_figures(value)}")
        rules = chain_rules(graph)
        if rules:
            lines += ["Chain rule:", *(f"  {rule.text}" for rule in rules)]
    mapped = [value.name for value in graph.values if is_mapped(value.data, value.summary)]
    if gradients:
        back = [
            value for value in graph.values if is_mapped(value.gradient, value.gradient_summary)
        ]
        mapped += [derivative(graph, value) for value in back if value.id != graph.of]
    if mapped:
        lines.append(f"Drawn as heat maps, a bar where negative: {', '.join(mapped)}.")
    if graph.note:
        lines.append(graph.note)
    return "\n".join(lines)


def _question(graph: ComputationGraph, branch: Branch) -> str:
    asked = condition(graph, branch.condition)
    return f"Python asked whether {asked}: {branch.taken} (line {branch.line})"


def _jacobians(graph: ComputationGraph, op: Operation) -> list[str]:
    products = products_of(graph, op)
    if products:
        return [f"vector–Jacobian product: {in_words(product)}" for product in products]
    out = graph[op.outputs[0]] if op.outputs else None
    return [
        f"Jacobian {derivative(graph, graph[use.value], out)} = "
        f"{format_data(unsigned(use.jacobian))}"
        for use in op.uses
        if isinstance(use.jacobian, tuple)
    ]


def _operation(graph: ComputationGraph, op: Operation, gradients: bool) -> str:
    outs = ", ".join(f"{graph[o].name} = {amount(graph[o])}" for o in op.outputs)
    line = f"{expression(graph, op)} gives {outs}"
    if gradients and op.backward:
        local = [
            f"{use_symbol(graph, op, i)} = {format_data(use.local)}"
            for i, use in enumerate(op.uses)
            if use.local is not None
        ]
        line += f"; {op.backward.split('::')[-1]}" + (f": {', '.join(local)}" if local else "")
        line += f" (not asked: {op.unasked})" if op.unasked else ""
    return line
