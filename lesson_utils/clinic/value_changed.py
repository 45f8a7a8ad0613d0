"""A value that was written to in place: one that was saved, or a leaf."""

from __future__ import annotations

import re

import torch

from lesson_utils.capture.behind import nodes_behind, spoilt
from lesson_utils.capture.records import Node, version_of
from lesson_utils.capture.torch_internals import view_base
from lesson_utils.clinic.cell import statement_at
from lesson_utils.clinic.code import out_of_place, where
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.traced import Traced, framed_tensor, traced
from lesson_utils.clinic.write import about_write, only_writer, shares
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
            return _recorded(e, t, node, op, saved)
    return _unrecorded(e, nodes[0])


def _recorded(e: Evidence, t: Traced, node: Node, op: Operation, saved: SavedTensor) -> Explanation:
    here = e.here
    symbol = symbol_of(op)
    (tensor, *_) = spoilt(node)
    name = saved.name if saved.value is None else t.called(saved.value)
    name = e.name_of(tensor) or name
    writer = None if saved.spoilt_by is None else t.graph.operations[saved.spoilt_by]
    text, line, source = "", None, None
    by, written = "after the block", None
    if writer is not None:
        line, source = writer.line, writer.source
        text = statement_at(line, source)
        by = f"`{text}` {where(line, source, here)}" if text else where(line, source, here)
        written = e.statement(line, source)
    elif (written := only_writer(e, node)) is not None:
        line, text, source = written.line, written.text, written.source
        by = f"by your lines, `{text}`{e.by_lines(written)}"
    says = (
        f"`{symbol}`{where(op.line, op.source, here, ' ')} saved `{name}` for its derivative, and "
        f"that value was overwritten since: {by}.",
        f"It was saved at version {saved.version_saved} and is at version {saved.version_now} now: "
        "the number that the derivative needs is gone, and PyTorch refuses to use another.",
    )
    framed = [op.id] if writer is None else [op.id, writer.id]
    marks = (
        f"{symbol} saved {name} at version {saved.version_saved}, now it is {saved.version_now}."
    )
    return Explanation(
        "overwritten value", says, (name, symbol, *([text] if text else [])), line, source,
        t.drawing(marks, framed, gradients=True), tuple(about_write(e, tensor, name, written)),
    )  # fmt: skip


def _unrecorded(e: Evidence, node: Node) -> Explanation:
    (tensor, *_) = spoilt(node)
    names = [name for name, it in e.tensors() if shares(it, tensor)]
    name = e.name_of(tensor) or (names[0] if names else f"a tensor of shape {list(tensor.shape)}")
    what = f"`{name}`" if e.name_of(tensor) or names else name
    writer = only_writer(e, node)
    by = f"it is at version {version_of(tensor)} now"
    if writer is not None:
        by = f"by your lines, `{writer.text}`{e.by_lines(writer)}"
    says = (
        f"{node.name()} saved {what} for its derivative, and that value was overwritten since: "
        f"{by}.",
        "The number that the derivative needs is gone, and PyTorch refuses to use another.",
        RECORD,
    )
    text = "" if writer is None else writer.text
    return Explanation(
        "overwritten value", says, (name, node.name(), *([text] if text else [])),
        None if writer is None else writer.line,
        None if writer is None else writer.source,
        repairs=tuple(about_write(e, tensor, name, writer)),
    )  # fmt: skip


def leaf_written(e: Evidence) -> Explanation | None:
    """A leaf that requires a gradient was written to while autograd records."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"leaf.*in-?place", e.message, re.DOTALL):
        return None
    leaf = _leaf_on_line(e)
    if leaf is None:
        return None
    tensor, name, view = leaf
    scene = e.scene
    into = f"`{view}`, a view of `{name}`" if view else f"`{name}`"
    says = (
        f"`{scene.text}` writes into {into}, which is a leaf that requires a gradient.",
        "A backward pass must end at the number you started from, and the write would replace it.",
    )
    new, own = out_of_place(scene.text) if not view else "", name.rpartition(".")[2]
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
                f"new_{own} = {new.removeprefix(f'{name} = ')}",
                f"Go on with `new_{own}`; the gradient still arrives at `{name}`.",
            )
        )
    drawing = framed_tensor(traced(e, [tensor]), tensor, f"{name} is a leaf.")
    return Explanation(
        "leaf overwritten", says, (name, *([view] if view else [])), scene.line, scene.source,
        drawing, tuple(repairs),
    )  # fmt: skip


def _leaf_on_line(e: Evidence) -> tuple[torch.Tensor, str, str] | None:
    """The leaf that the line writes to, its name, and the view of it that the line names."""
    if e.scene is None:
        return None
    for name, tensor in e.tensors_on(e.scene.text):
        if tensor.is_leaf and tensor.requires_grad:
            return tensor, name, ""
        base = view_base(tensor)
        if base is not None and base.is_leaf and base.requires_grad:
            return base, e.name_of(base) or "its base", name
    return None
