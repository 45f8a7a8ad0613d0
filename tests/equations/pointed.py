"""What values say when somebody points at them, cut into equations."""

from __future__ import annotations

import re

from backwards import chain_rule
from equations import Judge, split
from printed import tell_amount, tell_gradient, unread

from lesson_utils.words import pointing
from lesson_utils.words.chain_rule import chain_rule as rule_of


def pointed(judge: Judge) -> None:
    """Of each value what it is worth, and its gradient or why it has none."""
    graph = judge.graph
    for value in graph.values:
        if value.role == "constant":
            continue
        worth, gradient = pointing.of_value(graph, value)
        shape = re.fullmatch(rf"({judge.name}) of shape (\[[\d, ]*\])", worth)
        if shape:
            right = shape[2] == str(list(judge.reality.tensor(value).shape))
            judge.hear("shape", None, worth, lambda right=right: "" if right else "it has another")
        else:
            tell_amount(judge, None, value, split(worth, " = ")[1])
        path = re.fullmatch(r"(\S*∂\S+) = (.*?)(?:, the sum over all its paths)?\.", gradient)
        if gradient.endswith(" = 1: it starts here."):
            tell_gradient(judge, *gradient.removesuffix(": it starts here.").split(" = "))
        elif path:
            tell_gradient(judge, path[1], path[2])
        elif rule_of(graph, value) is not None:
            judge.hear("chain rule", None, gradient, chain_rule, judge, gradient)
        elif gradient and not re.match(r"No gradient: ", gradient):
            judge.hear("line", None, gradient, unread, gradient)
        elif gradient:
            none = judge.reality.gradient(value) is None
            told = "" if none or not value.requires_grad else "it has one"
            judge.hear("gradient", None, gradient, lambda told=told: told)
