"""What carries its graph from one step of a loop, or one run of a cell, to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from lesson_utils.capture.behind import is_freed, nodes_behind
from lesson_utils.capture.records import Node
from lesson_utils.clinic.code import bracketed
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Repair
from lesson_utils.clinic.scene import attributes_of, is_a
from lesson_utils.clinic.statement import loaded

_FREED: dict[type[Any], str] = {
    tuple: "{0} = tuple(it.detach() for it in {0})",
    list: "{0} = [it.detach() for it in {0}]",
    dict: "{0} = {{key: it.detach() for key, it in {0}.items()}}",
}


class Carried(NamedTuple):
    """Something of the student's that holds the graph of an earlier step.

    Attributes:
        name: The variable, or its path: `h`, `model.hidden`.
        code: The line that lets go of the graph.
    """

    name: str
    code: str


def carried(e: Evidence, behind: Sequence[Node]) -> list[Carried]:
    """What holds the graph of an earlier step, of which what is behind the roots goes on.

    Args:
        e: The evidence.
        behind: The nodes behind the roots.
    """
    if e.scene is None:
        return []
    cell, here, own = e.scene.cell, e.scene.place, set(behind)
    names = set(cell.carried(here))
    ran = [it.text for it in cell.before(here)]
    for name, item in e.variables():
        made = cell.assignment(name, here) if _results(item) else None
        if made is not None and name in loaded(made.node) and ran.count(made.text) > 1:
            names.add(name)
    found = []
    for name, item in _held(e, names):
        nodes = nodes_behind(_results(item))
        if own.intersection(nodes) and any(map(is_freed, nodes)):
            code = _FREED.get(type(item), "{0} = {0}.detach()").format(name)
            late = cell.later_in_loop(name, here)  # `prev = cur`, after the backward pass
            if late is not None and type(item) not in _FREED:
                code = f"{name} = {bracketed(late)}.detach()"
            found.append(Carried(name, code))
    return list(dict.fromkeys(found))


def let_go(found: Sequence[Carried]) -> list[Repair]:
    """What helps where something carries its graph from step to step."""
    return [
        Repair(
            "Let go of the old graph after each backward pass, and begin with a fresh state",
            "\n".join(it.code for it in found),
            "The number goes on and the gradient ends there: each step learns from itself alone.",
        ),
        Repair(
            "Or add up the losses of all steps, and go back once after the loop",
            cost="The gradient then goes through all steps, and all of them are kept until then.",
        ),
    ]


def _held(e: Evidence, names: set[str]) -> Iterator[tuple[str, Any]]:
    """The variables of these names, and the tensors and tuples that objects keep."""
    seen = set[str]()
    for name, item in e.variables():
        if name in seen:
            continue  # an outer one that the inner one hides
        seen.add(name)
        if name in names:
            yield name, item
        for own, it in attributes_of(item).items():
            if is_a(it, torch.Tensor) or type(it) is tuple:
                yield f"{name}.{own}", it


def _results(item: Any) -> list[torch.Tensor]:
    """The tensors in it that were computed."""
    parts = list(item.values()) if type(item) is dict else item
    parts = parts if type(parts) in (list, tuple) else (parts,)
    return [it for it in parts if is_a(it, torch.Tensor) and not it.is_leaf]
