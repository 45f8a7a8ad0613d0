"""What a value and an operation say when somebody points at them."""

from __future__ import annotations

from lesson_utils.graph import ComputationGraph, Operation, Value
from lesson_utils.words import narration
from lesson_utils.words.captions import gradient_figures
from lesson_utils.words.chain_rule import chain_rule
from lesson_utils.words.notation import derivative, is_seeded


def of_value(graph: ComputationGraph, value: Value) -> tuple[str, str]:
    """What it is worth; and its gradient, as the product along its paths where there is one."""
    worth = narration.amount(value)
    if graph.of is None:
        return worth, ""
    top = graph[graph.of]
    if value.id == graph.of:
        return worth, "" if is_seeded(graph) else f"{derivative(graph, value)} = 1: it starts here."
    if not value.has_gradient:
        reason = "no path of the backward pass leads to it" if value.requires_grad else ""
        return worth, f"No gradient: {reason or 'it does not require one'}."
    rule = chain_rule(graph, value)
    if rule is not None:
        return worth, rule.text
    return (
        worth,
        f"{derivative(graph, value)} = {gradient_figures(value)}, along every path to {top.name}.",
    )


def of_operation(graph: ComputationGraph, op: Operation) -> tuple[str, str]:
    """Its formula with the numbers in it; and what it hands on in the backward pass."""
    flows = any(use.flowed for use in op.uses)
    return narration.forward(graph, op), narration.backward(graph, op) if flows else ""
