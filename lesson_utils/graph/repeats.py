"""Modules that follow one another and are built alike, as one step: `layers.0–3 × 4`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from lesson_utils.graph.computation import ComputationGraph

LONGEST = 6  # steps in what is repeated

Group = tuple[str, list[int]]  # the name of a module or none, and its operations


def merged(
    graph: ComputationGraph, groups: Sequence[Group], apart: Mapping[int, str]
) -> list[Group]:
    """The steps, with runs of the same ones in one.

    What is repeated holds one module, and hands on to the next time alone. Operations that are
    told something different by `apart` are never in one.
    """
    kinds = [tuple((_kind(graph, i), apart.get(i)) for i in inside) for _, inside in groups]
    found: list[Group] = []
    at = 0
    while at < len(groups):
        for length in range(1, LONGEST + 1):
            times = 1
            first = kinds[at : at + length]
            while kinds[at + times * length : at + (times + 1) * length] == first:
                times += 1
            chunks = [groups[at + i * length : at + (i + 1) * length] for i in range(times)]
            names = [name for chunk in chunks for name, _ in chunk if name]
            if times > 1 and len(names) == times and _is_chain(graph, chunks):
                inside = [i for chunk in chunks for _, part in chunk for i in part]
                found.append((_name(names, times), inside))
                at += times * length
                break
        else:
            found.append(groups[at])
            at += 1
    return found


def _kind(graph: ComputationGraph, number: int) -> tuple[object, ...]:
    """What is the same wherever an operation is repeated."""
    op = graph.operations[number]
    return op.name, tuple(graph[i].shape for i in (*op.inputs, *op.outputs))


def _is_chain(graph: ComputationGraph, chunks: Sequence[Sequence[Group]]) -> bool:
    """Whether each part's results are read by itself and the next alone."""
    parts = [{i for _, inside in chunk for i in inside} for chunk in chunks]
    for part, following in pairwise(parts):
        made = {out for i in part for out in graph.operations[i].outputs}
        readers = {op.id for op in graph.operations if made.intersection(op.inputs)}
        if not readers <= part | following or graph.of in made:
            return False
    return True


def _name(names: Sequence[str], times: int) -> str:
    first, last = names[0], names[-1]
    stem, _, start = first.rpartition(".")
    other, _, end = last.rpartition(".")
    if stem == other and start.isdigit() and end.isdigit():
        return f"{stem}.{start}–{end} × {times}"
    return f"{first} × {times}"
