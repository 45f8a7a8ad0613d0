"""The chain rule, written out path by path with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lesson_utils.graph import ComputationGraph, Number, Operation, Value
from lesson_utils.words.notation import as_factor, derivative, format_data, is_seeded, use_mark

MAX_PATHS = 4
MAX_FACTORS = 8


class Step(NamedTuple):
    """A factor of the chain rule.

    Attributes:
        label: The derivative's symbol.
        number: What it is worth.
        use: Which use of a value it belongs to, as `2-0`: operation 2's input 0; empty for a seed.
    """

    label: str
    number: Number
    use: str = ""


class Part(NamedTuple):
    """A piece of a formula's text.

    Attributes:
        text: A factor, or ` · ` or ` + ` between them.
        use: Which use of a value a factor belongs to; empty for anything else.
    """

    text: str
    use: str = ""


TIMES, PLUS, EQUALS = map(Part, (" · ", " + ", " = "))


class Rule(NamedTuple):
    """The chain rule of one value.

    Attributes:
        sides: Of the equation, from left to right: the derivative, the sum of its paths, the same
            in numbers where that tells more, and what it comes to.
    """

    sides: tuple[tuple[Part, ...], ...]

    @property
    def text(self) -> str:
        """The formula on one line."""
        return EQUALS.text.join(map(_text, self.sides))


def chain_rules(graph: ComputationGraph) -> list[Rule]:
    """The chain rule written out, a line for each parameter that has a gradient.

    One product per path from the differentiated value to the parameter, summed
    where paths join. A parameter is left out when something on its paths is
    not a single number. The result is PyTorch's own gradient.
    """
    found = (chain_rule(graph, value) for value in graph.values if value.role == "parameter")
    return [rule for rule in found if rule is not None]


def paths_to(graph: ComputationGraph, value: Value, most: int) -> tuple[list[list[Step]], int]:
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
        broken = broken or any(use.value == value.id for use in op.inside)
        ways = 0
        for i, use in enumerate(op.uses):
            if counts.get(use.value) and use.local is not None:
                ways += counts[use.value]
                uses.setdefault(use.value, []).append((op, i))
            elif counts.get(use.value) and use.contribution is not None:
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
            factor = op.uses[i].local
            reached = [o for o in op.outputs if o in alive]
            if not reached:
                continue
            if isinstance(factor, tuple) or factor is None:
                return [], 0
            label = derivative(graph, graph[at], graph[reached[0]])
            label += use_mark(graph, op, i)
            stack.append((reached[0], [*steps, Step(label, factor, f"{op.id}-{i}")]))
    return found, paths


def _reaching(graph: ComputationGraph) -> set[int]:
    """Values on some path to the differentiated one."""
    alive = set() if graph.of is None else {graph.of}
    for op in reversed(graph.operations):
        if alive.intersection(op.outputs):
            alive.update(op.inputs)
    return alive


def chain_rule(graph: ComputationGraph, value: Value) -> Rule | None:
    """The chain rule of one value; None where there is no product of single numbers."""
    if graph.of is None or not isinstance(value.gradient, (int, float)):
        return None
    paths, total = paths_to(graph, value, MAX_PATHS)
    if not paths or (len(paths) == 1 and not paths[0]):
        return None
    result = format_data(value.gradient)
    head = derivative(graph, value)
    seed = graph[graph.of].gradient if is_seeded(graph) else None
    if isinstance(seed, (int, float)):
        paths = [[Step("seed", seed), *steps] for steps in paths]
    formulas = _sum([[Part(step.label, step.use) for step in steps] for steps in paths])
    figures = _sum([[Part(as_factor(step.number), step.use) for step in steps] for steps in paths])
    if total > len(paths):
        formulas += (PLUS, Part(f"… ({total} paths in all)"))
    sides = [formulas] if _text(formulas) == head else [(Part(head),), formulas]
    if total == len(paths) and _text(figures) != result:
        sides.append(figures)
    return Rule((*sides, (Part(result),)))


def _text(parts: Sequence[Part]) -> str:
    return "".join([part.text for part in parts])


def _sum(products: Sequence[Sequence[Part]]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for product in products:
        if len(product) > MAX_FACTORS:
            between = Part(f"… ({len(product)} factors) …")
            product = [*product[:3], between, *product[-2:]]
        for number, factor in enumerate(product):
            if number:
                joined.append(TIMES)
            elif joined:
                joined.append(PLUS)
            joined.append(factor)
    return tuple(joined)
