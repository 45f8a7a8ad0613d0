"""The chain rule, written out path by path with its numbers."""

from __future__ import annotations

from lesson_utils.graph import ComputationGraph, Number, Operation, Value
from lesson_utils.words.notation import as_factor, derivative, format_data, is_seeded, use_mark

MAX_PATHS = 4
MAX_FACTORS = 8


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
            stack.append((reached[0], [*steps, (label, factor)]))
    return found, paths


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
    seed = None if graph.of is None or not is_seeded(graph) else graph[graph.of].gradient
    if isinstance(seed, (int, float)):
        paths = [[("seed", seed), *steps] for steps in paths]
    for steps in paths:
        formulas.append(_product([label for label, _ in steps]))
        figures.append(_product([as_factor(number) for _, number in steps]))
    if total > len(paths):
        more = f"… ({total} paths in all)"
        return f"{head} = {' + '.join(formulas)} + {more} = {result}"
    if formulas == [head] and figures == [result]:
        return f"{head} = {result}"
    joined = " + ".join(formulas)
    middle = "" if joined == head else f" = {joined}"
    shown = " + ".join(figures)
    return f"{head}{middle}" + ("" if shown == result else f" = {shown}") + f" = {result}"


def _product(factors: list[str]) -> str:
    if len(factors) > MAX_FACTORS:
        factors = [*factors[:3], f"… ({len(factors)} factors) …", *factors[-2:]]
    return " · ".join(factors)
