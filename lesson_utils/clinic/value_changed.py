"""A value that was written to in place: one that was saved, or a leaf."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import torch

from lesson_utils.capture.behind import nodes_behind, spoilt
from lesson_utils.capture.records import Node, version_of
from lesson_utils.capture.torch_internals import storage_id, view_base
from lesson_utils.clinic.cell import statement_at
from lesson_utils.clinic.code import expressions, out_of_place, parsed, where
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.statement import Statement, assigned
from lesson_utils.clinic.traced import Traced, framed_tensor, traced
from lesson_utils.clinic.unseen_pass import lines_to
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
    here = None if e.scene is None else e.scene.source
    symbol = symbol_of(op)
    (tensor, *_) = spoilt(node)
    name = saved.name if saved.value is None else t.called(saved.value)
    name = e.name_of(tensor) or name
    writer = None if saved.spoilt_by is None else t.graph.operations[saved.spoilt_by]
    text, line, source = "", None, None
    by = "after the block"
    if writer is not None:
        line, source = writer.line, writer.source
        text = statement_at(line, source)
    elif (found := _only_writer(e, node)) is not None:
        line, text, source = found.line, found.text, found.source
    if line is not None:
        by = f"`{text}` {where(line, source, here)}" if text else where(line, source, here)
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
        t.drawing(marks, framed, gradients=True), tuple(_repairs(e, tensor, name, text)),
    )  # fmt: skip


def _repairs(e: Evidence, tensor: torch.Tensor, name: str, text: str) -> Iterator[Repair]:
    base = view_base(tensor)
    whole = tensor if base is None else base
    if whole.is_leaf and whole.requires_grad:  # a step of an optimizer's, under no_grad
        yield Repair(
            "Compute the result again after the write: each step has its own forward pass",
            lines_to(e, lambda it: it.requires_grad),
            "The gradient is then that at the new number.",
        )
        yield Repair("Or write after the last backward pass", cost="Nothing is needed then.")
        return
    statement = parsed(text)
    written = next(iter(expressions(text)), "").partition("[")[0]
    makes_new = statement is not None and bool(assigned(statement))
    through = written not in ("", name) and e.has(written) and e.has(name) and not makes_new
    new = "" if through or _is_shared(e, tensor, text) else out_of_place(text)
    if new:
        yield Repair("Make a new tensor instead of writing into the old one", new,
                     "As much memory again, for as long as the graph lives.")  # fmt: skip
    own = name.isidentifier() and not any(
        known == name and not isinstance(it, torch.Tensor) for known, it in e.variables()
    )
    own = own and "lambda" not in text
    if own and (through or not text or name in expressions(text)):
        yield Repair(
            f"Write into a copy: this line before `{written}` is taken from `{name}`"
            if through else "Write into a copy: this line before the write",
            f"{name} = {name}.clone()",
            "The copy is written to, and what was saved stays as it was.",
        )  # fmt: skip
    elif not new and not isinstance(statement, ast.AugAssign):
        yield Repair("Leave `inplace=True` away, or the `_` at the end of the function's name",
                     cost="As much memory again, for as long as the graph lives.")  # fmt: skip
    yield Repair("Or write after the backward pass", cost="Nothing is needed any more then.")


def _is_shared(e: Evidence, tensor: torch.Tensor, text: str) -> bool:
    """Whether a tensor has another name than those on the line that writes, or is in a list."""
    there = set(re.findall(r"\w+", text))
    for name, item in e.variables():
        if isinstance(item, torch.Tensor):
            if name not in there and _shares(item, tensor):
                return True
        elif isinstance(item, (list, tuple)) and any(
            isinstance(it, torch.Tensor) and _shares(it, tensor) for it in item
        ):
            return True
    return False


def _only_writer(e: Evidence, node: Node) -> Statement | None:
    """The one line of the cell that writes to what a node saved; None if it cannot be told."""
    if e.scene is None:
        return None
    (tensor, *_) = spoilt(node)
    names = [name for name, it in e.tensors() if _shares(it, tensor)]
    cell, here = e.scene.cell, e.scene.place
    found = cell.writes(names, here) if names else []
    if tensor.is_leaf:
        found += [it for it in cell.before(here) if re.search(r"\.step\(\)$", it.text)]
    # `u[:1] += 1` writes to the part, and then the part to its place: that is two versions.
    steps = 1 + (len(found) == 1 and re.search(r"\]\s*\S?\S?\S=", found[0].text) is not None)
    return found[0] if len(found) == 1 and version_of(tensor) in (1, steps) else None


def _unrecorded(e: Evidence, node: Node) -> Explanation:
    (tensor, *_) = spoilt(node)
    names = [name for name, it in e.tensors() if _shares(it, tensor)]
    name = e.name_of(tensor) or (names[0] if names else f"a tensor of shape {list(tensor.shape)}")
    what = f"`{name}`" if e.name_of(tensor) or names else name
    writer, here = _only_writer(e, node), None if e.scene is None else e.scene.source
    by = f"it is at version {version_of(tensor)} now"
    if writer is not None:
        by = f"`{writer.text}` {where(writer.line, writer.source, here)}"
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
        repairs=tuple(_repairs(e, tensor, name, text)),
    )  # fmt: skip


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
