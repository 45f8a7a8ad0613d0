"""A graph in which each module of a network is one operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from lesson_utils.graph.blocks import belongs
from lesson_utils.graph.computation import ComputationGraph
from lesson_utils.graph.events import Opened
from lesson_utils.graph.grouping import grouped
from lesson_utils.graph.operation import Operation, SavedTensor, Use
from lesson_utils.graph.values import Data, Value

MOST = 6  # modules that the note names


def folded(graph: ComputationGraph, depth: int, opened: Sequence[str] = ()) -> ComputationGraph:
    """The graph with the operations of each module in one, `depth` names below the variable.

    Parameters that only one module reads are in it. Gradients of all that is left are those of
    the whole graph.

    Args:
        graph: A graph.
        depth: 0 makes one step of `model`, 1 one of each `model.layer`, and so on.
        opened: Names of steps to unfold by one level, each inside of the one before.

    Raises:
        ValueError: A depth below zero.
        KeyError: No step has such a name.
    """
    if depth < 0:
        raise ValueError(f"depth must be 0 or more, not {depth}")
    grouping = grouped(graph, depth, opened)
    home, groups = grouping.home, grouping.groups
    if not home and not opened:
        return graph
    steps = [
        _step(graph, [graph.operations[i] for i in group], name, {home.get(i, "") for i in group})
        for name, group in groups
    ]
    used = {i for step in steps for i in (*step.inputs, *step.outputs)}
    used.update(branch.condition for branch in graph.branches)
    used.update([] if graph.of is None else [graph.of])
    kept = [value for value in graph.values if value.id in used]
    ids = {value.id: i for i, value in enumerate(kept)}
    places = {op: i for i, (_, group) in enumerate(groups) for op in group}
    return replace(
        graph,
        values=tuple(_small(value, ids[value.id]) for value in kept),
        operations=tuple(_renumbered(step, i, ids, places) for i, step in enumerate(steps)),
        branches=tuple(
            replace(
                branch,
                condition=ids[branch.condition],
                position=len({places[i] for i in range(branch.position)}),
            )
            for branch in graph.branches
        ),
        of=None if graph.of is None else ids[graph.of],
        note=" ".join(filter(None, [graph.note, _says(graph, home)])),
        cuts=tuple(
            replace(
                cut,
                value=ids[cut.value],
                operation=None if cut.operation is None else places[cut.operation],
            )
            for cut in graph.cuts
            if cut.value in ids
        ),
        passes=tuple(
            replace(
                run,
                of=tuple(ids[i] for i in run.of if i in ids),
                to=tuple(ids[i] for i in run.to if i in ids),
            )
            for run in graph.passes
        ),
        opened=tuple(
            Opened(name, tuple(sorted({places[i] for i in inside})), name in opened)
            for name, inside in grouping.opened
        ),
    )


def _small(value: Value, number: int) -> Value:
    """A value under its new number; of what is too large to list, its extremes without a map."""
    return replace(
        value,
        id=number,
        summary=value.summary and replace(value.summary, thumbnail=()),
        gradient_summary=value.gradient_summary and replace(value.gradient_summary, thumbnail=()),
    )


def _step(
    graph: ComputationGraph, inside: Sequence[Operation], name: str, modules: set[str]
) -> Operation:
    """An operation that stands for all of a module's."""
    if not name:
        return inside[0]
    made = [out for op in inside for out in op.outputs]
    own = {op.id for op in inside}
    elsewhere = [op for op in graph.operations if op.id not in own]
    outside = {i for op in elsewhere for i in op.inputs} | {b.condition for b in graph.branches}
    outs = [i for i in made if i in outside or i == graph.of or graph[i].role == "output"]
    uses: dict[int, Use] = {}
    within: dict[int, Use] = {}  # what its results receive from one another
    for use in [use for op in inside for use in op.inside if use.value in outs]:
        _join(within, use)
    for use in [use for op in inside for use in op.uses]:
        value = graph[use.value]
        own_value = any(belongs(value, module) for module in modules - {""})
        hidden = own_value and value.id not in outside
        if value.id in outs and use.flowed:
            _join(within, use)
        elif value.id not in made and value.role != "constant" and not hidden:
            _join(uses, use)
    nodes = [op.backward for op in inside if op.backward]
    spoilt = [tensor for op in inside for tensor in op.saved if tensor.is_spoilt]
    saved = [tensor for op in inside for tensor in op.saved if not tensor.is_spoilt]
    kept = [tensor for tensor in saved if tensor.state == "kept"]
    return Operation(
        0,
        name,
        tuple(uses.values()),
        tuple(outs),
        f"{len(nodes)} nodes" if len(nodes) > 1 else nodes[0] if nodes else None,
        (
            SavedTensor(
                f"{len(saved)} tensors", None, sum(tensor.nbytes for tensor in saved),
                "kept" if kept else "freed",
            ),
        ) * bool(saved) + tuple(spoilt),
        line=inside[0].line,
        source=inside[0].source,
        unasked=next((op.unasked for op in inside if op.unasked), ""),
        inside=tuple(within.values()),
        folds=len(inside),
    )  # fmt: skip


def _join(uses: dict[int, Use], use: Use) -> None:
    """Count one more use of a value with those that there are."""
    known = uses.get(use.value)
    if known is None or not known.flowed:
        uses[use.value] = Use(use.value, None, use.contribution, flowed=use.flowed)
    elif use.flowed:
        sent = _added(known.contribution, use.contribution)
        uses[use.value] = Use(use.value, None, sent, flowed=True)


def _added(one: Data, other: Data) -> Data:
    """The sum of two contributions; None where one is not listed."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(_added(a, b) for a, b in zip(one, other, strict=True))
    if one is None or other is None or isinstance(one, tuple) or isinstance(other, tuple):
        return None
    return one + other


def _renumbered(
    op: Operation, position: int, ids: dict[int, int], places: dict[int, int]
) -> Operation:
    return replace(
        op,
        id=position,
        uses=tuple(replace(use, value=ids[use.value]) for use in op.uses),
        outputs=tuple(ids[i] for i in op.outputs),
        saved=tuple(
            replace(
                tensor,
                value=None if tensor.value is None else ids.get(tensor.value),
                spoilt_by=None if tensor.spoilt_by is None else places[tensor.spoilt_by],
            )
            for tensor in op.saved
        ),
        inside=tuple(replace(use, value=ids[use.value]) for use in op.inside),
    )


def _says(graph: ComputationGraph, home: Mapping[int, str]) -> str:
    parts = Counter(home[i] for i in sorted(home))
    told = []
    for name, count in list(parts.items())[:MOST]:
        deeper = [other for other in parts if other.startswith(f"{name}.")]
        owned = [
            value.shape
            for value in graph.values
            if value.role == "parameter"
            and belongs(value, name)
            and not any(belongs(value, other) for other in deeper)
        ]
        size = sum(map(prod, owned))
        told.append(f"{name} ({count} operation{'s' * (count > 1)}, {size:,} parameters)")
    more = f" and {len(parts) - MOST} more" if len(parts) > MOST else ""
    return f"Folded: {', '.join(told)}{more}." if parts else ""
