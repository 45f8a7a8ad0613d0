"""Which operations of a network are one step, where it is folded and some of it opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from lesson_utils.graph.blocks import blocks
from lesson_utils.graph.computation import ComputationGraph
from lesson_utils.graph.repeats import Group, merged


@dataclass(frozen=True)
class Grouping:
    """The steps of a folded graph.

    Attributes:
        home: Of each operation in a folded module, its name.
        groups: The steps, each after all that it reads: its name, or none for one that is as in
            the code, and its operations.
        opened: The modules whose steps are shown, and their operations: from depth 2 on those of
            the levels above, then those that were asked for.
    """

    home: dict[int, str]
    groups: list[Group]
    opened: tuple[Group, ...] = ()


def grouped(graph: ComputationGraph, depth: int, opened: Sequence[str] = ()) -> Grouping:
    """The steps at a depth, with some of them unfolded.

    Args:
        graph: A graph.
        depth: As in `folded`.
        opened: Names of steps, each inside of the one before. A run of modules built alike opens
            to its modules, and a module to the modules in it.

    Raises:
        KeyError: No step has such a name.
    """
    home = {op: name for name, inside in blocks(graph, depth).items() for op in inside}
    apart: dict[int, str] = {}  # what is not merged into one step
    groups = _steps(graph, home, apart)
    shown: list[Group] = []
    for level in range(1, depth):
        for parent, members in blocks(graph, level).items():
            whole = [inside for _, inside in groups if members.issuperset(inside)]
            if len(whole) > 1 and parent not in dict(shown):
                shown.append((parent, [i for inside in whole for i in inside]))
    for name in opened:
        inside = dict(groups)[name]
        modules = {home[i] for i in inside if i in home}
        shown.append((name, inside))
        if len(modules) > 1:
            apart.update((i, f"{name} {home.get(i, '')}") for i in inside)
        else:
            (module,) = modules
            deeper = blocks(graph, module.count(".") + 1, module)
            found = {op: part for part, members in deeper.items() for op in members}
            for i in inside:
                apart[i] = name
                home.pop(i, None)
                if i in found:
                    home[i] = found[i]
        groups = _steps(graph, home, apart)
    return Grouping(home, groups, tuple(shown))


def _steps(graph: ComputationGraph, home: dict[int, str], apart: dict[int, str]) -> list[Group]:
    """The steps in their order; a module that would read what is made of its own is left out."""
    while True:
        try:
            return merged(graph, _in_order(graph, home), apart)
        except CycleError as error:
            woven = max(key for key in error.args[1] if isinstance(key, str))
            for i in [i for i, name in home.items() if name == woven]:
                del home[i]


def _in_order(graph: ComputationGraph, home: dict[int, str]) -> list[Group]:
    """The steps, each after all that it reads."""
    groups: dict[object, list[int]] = {}
    for op in graph.operations:
        groups.setdefault(home.get(op.id, op.id), []).append(op.id)
    keys = {i: key for key, group in groups.items() for i in group}
    makers = {out: op.id for op in graph.operations for out in op.outputs}
    sorter: TopologicalSorter[object] = TopologicalSorter()
    for key, group in groups.items():
        read = [i for op in group for i in graph.operations[op].inputs if i in makers]
        sorter.add(key, *({keys[makers[i]] for i in read} - {key}))
    sorter.prepare()
    order: list[object] = []
    ready: list[tuple[int, object]] = []
    while sorter.is_active():
        ready = sorted([*ready, *((groups[key][0], key) for key in sorter.get_ready())])
        _, first = ready.pop(0)  # as in the code, where that is free
        order.append(first)
        sorter.done(first)
    return [(key if isinstance(key, str) else "", groups[key]) for key in order]
