"""A value that was written to in place: one that was saved, or a leaf."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch

from lesson_utils.capture.behind import nodes_behind, spoilt
from lesson_utils.capture.lines import text_at
from lesson_utils.capture.records import Node, version_of
from lesson_utils.capture.torch_internals import storage_id, view_base
from lesson_utils.clinic.code import names_in, out_of_place, where
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.traced import Traced, traced
from lesson_utils.graph import Operation, SavedTensor
from lesson_utils.operations import symbol_of


def overwritten(e: Evidence) -> Explanation | None:
    """A saved tensor was written to: `... has been modified by an inplace operation`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    if not re.search(r"in-?place", e.message):
        return None
    nodes = [node for node in nodes_behind(e.roots, e.inputs) if spoilt(node)]
    if not nodes:
        return None
    t = traced(e)
    for node in nodes if t is not None else ():
        assert t is not None  # the line above
        op = t.operation(node)
        saved = None if op is None else next((it for it in op.saved if it.is_spoilt), None)
        if op is not None and saved is not None:
            return _recorded(e, t, op, saved)
    return _unrecorded(e, nodes[0])


def _recorded(e: Evidence, t: Traced, op: Operation, saved: SavedTensor) -> Explanation:
    here = None if e.scene is None else e.scene.source
    symbol = symbol_of(op)
    name = saved.name if saved.value is None else t.called(saved.value)
    writer = None if saved.spoilt_by is None else t.graph.operations[saved.spoilt_by]
    text, line, source = "", None, None
    by = "after the block"
    if writer is not None:
        line, source = writer.line, writer.source
        text = text_at(line, source)
        by = f"`{text}` {where(line, source, here)}" if text else where(line, source, here)
    says = (
        f"`{symbol}`{where(op.line, op.source, here, ' ')} saved `{name}` for its derivative, and "
        f"the value was overwritten since: {by}.",
        f"Saved was version {saved.version_saved}, now it is version {saved.version_now}: the "
        "number that the derivative needs is gone, and PyTorch refuses to use another.",
    )
    framed = [op.id] if writer is None else [op.id, writer.id]
    marks = (
        f"{symbol} saved {name} at version {saved.version_saved}, now it is {saved.version_now}."
    )
    return Explanation(
        "overwritten value", says, (name, symbol, *([text] if text else [])), line, source,
        t.drawing(marks, framed, gradients=True), tuple(_repairs(name, text)),
    )  # fmt: skip


def _repairs(name: str, text: str) -> Iterator[Repair]:
    new = out_of_place(text)
    if new:
        yield Repair("Make a new tensor instead of writing into the old one", new,
                     "As much memory again, for as long as the graph lives.")  # fmt: skip
    yield Repair(
        "Write into a copy: this line before the write",
        f"{name} = {name}.clone()",
        "The copy is written to, and what was saved stays as it was.",
    )
    yield Repair("Or write after the backward pass", cost="Nothing is needed any more then.")


def _unrecorded(e: Evidence, node: Node) -> Explanation:
    (tensor, *_) = spoilt(node)
    names = [name for name, it in e.tensors() if _shares(it, tensor)]
    name = names[0] if names else f"a tensor of shape {list(tensor.shape)}"
    what = f"`{name}`" if names else name
    says = (
        f"{node.name()} saved {what} for its derivative, and it was overwritten since: it is at "
        f"version {version_of(tensor)} now.",
        "The number that the derivative needs is gone, and PyTorch refuses to use another.",
        RECORD,
    )
    return Explanation(
        "overwritten value", says, (name, node.name()), repairs=tuple(_repairs(name, ""))
    )


def _shares(one: torch.Tensor, other: torch.Tensor) -> bool:
    if version_of(one) != version_of(other):
        return False
    try:
        return storage_id(one.untyped_storage()) == storage_id(other.untyped_storage())
    except (RuntimeError, NotImplementedError):
        return False


def leaf_written(e: Evidence) -> Explanation | None:
    """A leaf that requires a gradient was written to while autograd records."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"leaf.*in-?place", e.message, re.DOTALL):
        return None
    leaf = _leaf_on_line(e)
    if leaf is None:
        return None
    name, view = leaf
    scene = e.scene
    into = f"`{view}`, a view of `{name}`" if view else f"`{name}`"
    says = (
        f"`{scene.text}` writes into {into}, which is a leaf that requires a gradient.",
        "A backward pass must end at the number you started from, and the write would replace it.",
    )
    new = out_of_place(scene.text) if not view else ""
    repairs = [
        Repair(
            "If it is an update of a parameter, as in training, write without recording",
            f"with torch.no_grad():\n    {scene.text}",
            "The write is no part of the graph; go back before it, and compute again after it.",
        )
    ]
    if new:
        repairs.append(
            Repair(
                "If it is a step of your function, make a new tensor",
                new.replace(f"{name} =", f"new_{name} =", 1),
                f"Go on with `new_{name}`; the gradient still arrives at `{name}`.",
            )
        )
    t = traced(e, [dict(e.tensors())[name]]) if name in dict(e.tensors()) else None
    drawing = None
    value = None if t is None else t.value(dict(e.tensors())[name])
    if t is not None and value is not None and t.graph.operations:
        drawing = t.drawing(f"{name} is a leaf.", values=[value.id], saved=False)
    return Explanation(
        "leaf overwritten", says, (name, *([view] if view else [])), scene.line, scene.source,
        drawing, tuple(repairs),
    )  # fmt: skip


def _leaf_on_line(e: Evidence) -> tuple[str, str] | None:
    """The leaf that the line writes to, and the view of it that the line names, if it does."""
    if e.scene is None:
        return None
    first, *others = names_in(e.scene.text) or [""]
    known = dict(reversed([*e.tensors()]))
    for name in (first, *others):
        tensor = known.get(name)
        if tensor is None:
            continue
        if tensor.is_leaf and tensor.requires_grad:
            return name, ""
        base = view_base(tensor)
        if base is not None and base.is_leaf and base.requires_grad:
            return e.name_of(base) or "its base", name
    return None
