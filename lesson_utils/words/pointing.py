"""What a value and an operation say when somebody points at them."""

from __future__ import annotations

from lesson_utils.graph import Branch, ComputationGraph, Operation, Value
from lesson_utils.words import narration
from lesson_utils.words.captions import gradient_figures, question
from lesson_utils.words.chain_rule import chain_rule
from lesson_utils.words.notation import derivative, is_seeded


def of_value(graph: ComputationGraph, value: Value) -> tuple[str, str]:
    """What it is worth; and its gradient, as the product along its paths where there is one."""
    worth = narration.amount(value)
    if graph.of is None:
        return worth, ""
    if value.id == graph.of:
        return worth, "" if is_seeded(graph) else f"{derivative(graph, value)} = 1: it starts here."
    if not value.has_gradient:
        return worth, f"No gradient: {_why_none(value)}."
    rule = chain_rule(graph, value)
    if rule is not None:
        return worth, rule.text
    uses = sum(use.flowed and use.value == value.id for op in graph.operations for use in op.uses)
    told = f"{derivative(graph, value)} = {gradient_figures(value)}"
    return worth, f"{told}." if uses == 1 else f"{told}, the sum over all its paths."


def _why_none(value: Value) -> str:
    if value.requires_grad:
        return "no path of the backward pass leads to it"
    if value.dtype.startswith(("float", "bfloat", "complex")):
        return "it does not require one"
    return f"a value of type {value.dtype} cannot have one"


def of_operation(graph: ComputationGraph, op: Operation) -> tuple[str, str]:
    """Its formula with the numbers in it; and what it hands on in the backward pass."""
    told = narration.received(graph, op)
    back = f"Backward: {'; '.join(told)}." if told else ""
    return narration.forward(graph, op), back


def of_use(graph: ComputationGraph, op: Operation, position: int) -> str:
    """What flows back along one arrow."""
    if not op.uses[position].flowed:
        return ""
    return f"{narration.through(graph, op, position)}."


def of_branch(graph: ComputationGraph, branch: Branch) -> str:
    """What Python asked."""
    return question(graph, branch)
