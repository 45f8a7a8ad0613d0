"""Which operations of a network belong together: those of one module, found by its parameters."""

from __future__ import annotations

from lesson_utils.graph.computation import ComputationGraph
from lesson_utils.graph.values import Value

_FORMS = ("transpose", "permute", "reshape", "view", "flatten", "unsqueeze", "movedim", "swapaxes")
_AFTERWARDS = ("relu", "gelu", "silu", "tanh", "sigmoid", "dropout", "leaky_relu", "elu")


def module_of(value: Value, depth: int) -> str:
    """The module that a parameter or a buffer belongs to, `depth` names below its variable.

    `model.layer1.0.weight` belongs to `model` at depth 0 and to `model.layer1` at depth 1; a
    value that is no module's gives an empty text.
    """
    *path, _ = value.name.split(".")
    return ".".join(path[: depth + 1]) if value.role in ("parameter", "input") else ""


def belongs(value: Value, module: str) -> bool:
    """Whether a value is a parameter or a buffer of a module, or of one in it."""
    return value.role in ("parameter", "input") and value.name.startswith(f"{module}.")


def blocks(graph: ComputationGraph, depth: int, within: str = "") -> dict[str, frozenset[int]]:
    """The operations of each module, by its name; of those in one module if that is named.

    A module's are those that read its parameters, all between them, a sum of what it made with
    the activation after it, as at the end of a residual block, and another form of what it reads
    that only it reads. A module whose operations are woven into another's is left out.
    """
    own: dict[str, set[int]] = {}
    taken: set[int] = set()
    for op in graph.operations:
        names = [module_of(graph[use.value], depth) for use in op.uses]
        # What reads parameters of a module and of one in it is the outer one's.
        outer = [n for n in names if n and not any(m and n.startswith(f"{m}.") for m in names)]
        for name in outer:
            if op.id not in taken and (not within or name.startswith(f"{within}.")):
                own.setdefault(name, set()).add(op.id)
                taken.add(op.id)
    makers = {out: op.id for op in graph.operations for out in op.outputs}
    before = {op.id: {makers[i] for i in op.inputs if i in makers} for op in graph.operations}
    after: dict[int, set[int]] = {op.id: set() for op in graph.operations}
    for later, sources in before.items():
        for source in sources:
            after[source].add(later)
    found: dict[str, frozenset[int]] = {}
    for name, core in own.items():
        between = _reached(core, after) & _reached(core, before)
        if not (between - core) & taken:
            taken |= between
            inside = _with_sum(graph, core | between, before, taken)
            found[name] = frozenset(_with_forms(graph, inside, after, taken))
    return found


def _reached(start: set[int], way: dict[int, set[int]]) -> set[int]:
    waiting, seen = list(start), set()
    while waiting:
        for following in way[waiting.pop()]:
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen


def _with_sum(
    graph: ComputationGraph, inside: set[int], before: dict[int, set[int]], taken: set[int]
) -> set[int]:
    """A module's operations, with a sum of what it made (and read) and an activation of that."""
    operations = graph.operations
    made = {out for i in inside for out in operations[i].outputs}
    near = made | {i for number in inside for i in operations[number].inputs}
    summed: set[int] = set()
    for op in operations:
        if op.id in taken or not before[op.id] & inside:
            continue
        read = [i for i in op.inputs if graph[i].role != "constant"]
        name = op.name.rstrip("_")
        adds = name == "add" and len(read) == 2 and near.issuperset(read)
        if adds or (name in _AFTERWARDS and summed.issuperset(read)):
            inside = inside | {op.id}
            taken.add(op.id)
            made.update(op.outputs)
            near.update(op.outputs)
            summed.update(op.outputs if adds else ())
    return inside


def _with_forms(
    graph: ComputationGraph, inside: set[int], after: dict[int, set[int]], taken: set[int]
) -> set[int]:
    """A module's operations, with changes of form at its start, as those of `batch_first`."""
    read = {i for number in inside for i in graph.operations[number].inputs}
    for op in graph.operations:
        alone = bool(after[op.id]) and after[op.id] <= inside and op.id not in taken
        if alone and op.name in _FORMS and read.issuperset(op.inputs):
            inside = inside | {op.id}
            taken.add(op.id)
    return inside
