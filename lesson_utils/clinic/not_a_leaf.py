"""A result where only a leaf will do: for an optimizer, for a copy, for its `requires_grad`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch

from lesson_utils.capture.behind import leaves_behind
from lesson_utils.capture.records import node_of
from lesson_utils.clinic.code import expressions
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.rewritten import replaced
from lesson_utils.clinic.scene import attributes_of, is_a
from lesson_utils.clinic.traced import framed_tensor, traced


def not_a_leaf(e: Evidence) -> Explanation | None:
    """`can't optimize a non-leaf Tensor`, and what asks for a leaf besides."""
    if not isinstance(e.error, (RuntimeError, ValueError)) or e.call or e.scene is None:
        return None
    if not re.search(r"non-leaf|deepcopy|requires_grad flags", e.message):
        return None
    text = e.scene.text
    found = next(((n, it) for n, it in (*e.tensors_on(text), *_kept(e)) if not it.is_leaf), None)
    if found is None:
        return None
    name, tensor = found
    node = node_of(tensor)
    by = "an operation" if node is None else node.name()
    first = f"`{name}` is a result: {by} made it{e.on(e.assignment(name))}."
    if "optimize" in e.message:
        second = "An optimizer steps the numbers that a computation starts from, its leaves."
        repairs = _for_an_optimizer(e, name, tensor)
    elif "deepcopy" in e.message:
        second = "A deep copy would have to copy the graph behind it as well, and PyTorch does not."
        repairs = [
            Repair("Copy its numbers", _copied(text, name, ".detach().clone()"),
                   "The copy has no graph."),
            Repair("Or make a copy that is a part of the graph", _copied(text, name, ".clone()"),
                   "A gradient of the copy goes on to what it was made of."),
        ]  # fmt: skip
        if not repairs[0].code:  # an object that keeps it is copied
            new = f"{name} = {name}.detach()"
            repairs = [Repair("Let go of its graph before that line", new, "Its numbers stay.")]
    else:
        second = "Whether it requires a gradient follows from what it was computed from."
        repairs = [
            Repair(
                "Go on with its numbers alone",
                f"{name} = {name}.detach()",
                "The gradient ends there.",
            )
        ]
    drawing = framed_tensor(traced(e, [tensor]), tensor, f"{name} is no leaf.")
    return Explanation(
        "not a leaf", (first, second), (name, by), e.scene.line, e.scene.source, drawing,
        tuple(repairs),
    )  # fmt: skip


def _kept(e: Evidence) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors that objects on the line keep as attributes: `model.hidden`."""
    names = set() if e.scene is None else set(expressions(e.scene.text))
    for name, item in e.variables():
        if name in names:
            for own, it in attributes_of(item).items():
                if is_a(it, torch.Tensor):
                    yield f"{name}.{own}", it


def _for_an_optimizer(e: Evidence, name: str, tensor: torch.Tensor) -> list[Repair]:
    assert e.scene is not None  # asked before
    repairs = []
    if name.isidentifier():
        repairs.append(
            Repair(
                "Make a leaf of its numbers: this line before that one",
                f"{name} = {name}.detach().requires_grad_()",
                "What it was computed from is not stepped then.",
            )
        )
    leaves = [own for leaf in leaves_behind(tensor) if (own := e.name_of(leaf))]
    if len(leaves) == 1:
        calls = re.findall(r"(\w+)\(", e.scene.text)
        new = replaced(e.scene.text, calls[-1], name, leaves[0]) if calls else ""
        repairs.append(
            Repair(
                f"Or let it step `{leaves[0]}`, and compute `{name}` from that in each step", new
            )
        )
    return repairs


def _copied(text: str, name: str, how: str) -> str:
    """The line with another copy in the place of a deep one."""
    new = re.sub(rf"\b(copy\.)?deepcopy\({re.escape(name)}\)", f"{name}{how}", text)
    return "" if new == text else new
