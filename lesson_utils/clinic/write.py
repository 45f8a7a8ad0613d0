"""A write to a value that was saved: which line it was, and what can be done about it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import torch

from lesson_utils.capture.behind import spoilt
from lesson_utils.capture.records import Node, version_of
from lesson_utils.capture.torch_internals import storage_id, view_base
from lesson_utils.clinic.again import lines_to
from lesson_utils.clinic.code import expressions, out_of_place
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Repair
from lesson_utils.clinic.scene import is_a
from lesson_utils.clinic.statement import OUTSIDE, Statement, assigned, loaded, writes

_MODULES = ("torch", "F", "nn.functional", "torch.nn.functional")
_COST = "As much memory again, for as long as the graph lives."


def only_writer(e: Evidence, node: Node) -> Statement | None:
    """The one line that writes to what a node saved, and must have; None if it cannot be told.

    Args:
        e: The evidence.
        node: It can no longer run.
    """
    if e.scene is None:
        return None
    cell, here = e.scene.cell, e.scene.place
    (tensor, *_) = spoilt(node)
    names = [name for name, it in e.tensors() if shares(it, tensor)]
    found = cell.writes(names, here) if names else []
    if tensor.is_leaf:
        found += [it for it in cell.before(here) if re.search(r"\.step\(\)$", it.text)]
    if len(found) != 1 or not cell.has_run(found[0], here):
        return None
    (writer,) = found
    if not all(_is_bound_before(e, name, writer) for name in names if writes(writer.node, [name])):
        return None
    # `u[:1] += 1` writes to the part, and then the part to its place: that is two versions.
    steps = 1 + (re.search(r"\]\s*\S?\S?\S=", writer.text) is not None)
    return writer if version_of(tensor) in (1, steps) else None


def _is_bound_before(e: Evidence, name: str, writer: Statement) -> bool:
    """Whether a name was bound to its tensor before a write, so that the write was to that one."""
    assert e.scene is not None  # asked before
    cell, here = e.scene.cell, e.scene.place
    own = writer.scope
    everything = [it for part in cell.so_far for it in part.all if it.scope == own]
    everything = [it for it in everything if not isinstance(it.node, ast.AugAssign)]
    bound = [it.place for it in everything if name in it.binds]
    if any(writer.place < place < here for place in bound):
        return False
    made = cell.assignment(name, writer.place)
    if made is None:  # an argument, which is bound by the call
        return not bound and own != OUTSIDE and cell.is_own(name, writer.place)
    return not isinstance(getattr(made.node, "value", None), ast.Name)  # another name's


def about_write(
    e: Evidence, tensor: torch.Tensor, name: str, writer: Statement | None
) -> Iterator[Repair]:
    """What can be done about a write; no code where it would give another gradient.

    Args:
        e: The evidence.
        tensor: What was written to.
        name: What it is called.
        writer: The write, if it is known.
    """
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
    known = writer
    if writer is not None and not (_is_recorded(e, writer) and _is_here(e, writer, name)):
        writer = None  # a new tensor, or a copy, would have no graph there
    text = "" if writer is None else writer.text
    written = next(iter(expressions(text)), "").partition("[")[0]
    through = (
        writer is not None and written not in ("", name) and e.has(written) and e.has(name)
        and not assigned(writer.node)
    )  # fmt: skip
    if through and not _is_taken_from(e, written, name):  # the whole is written to, not the part
        through, name = False, "" if _is_read_after(e, writer, name) else written
    there = f"{text} {name}" if through else text
    alone = writer is not None and not _is_shared(e, tensor, there)
    if writer is not None and alone and not through and not _is_used_after(e, writer):
        new = out_of_place(text)
        if new and e.scene is not None and e.scene.cell.is_own(_target(new), writer.place):
            yield Repair("Make a new tensor instead of writing into the old one", new, _COST)
        elif not new and name in _read(writer):
            yield Repair("Collect the parts in a list and `torch.stack` them, instead of writing "
                         "them into one tensor", cost=_COST)  # fmt: skip
    if writer is not None and alone and _helps(e, writer, name, written):
        yield Repair(
            f"Write into a copy: this line before `{written}` is taken from `{name}`"
            if through else f"Write into a copy: this line before `{text}`",
            f"{name} = {name}.clone()",
            "The copy is written to, and what was saved stays as it was.",
        )  # fmt: skip
    if writer is not None and not re.search(r"_\(|=", re.sub(r"^\s*[\w., ]+=(?!=)", "", text)):
        yield Repair("If what is called there has `inplace=True`, leave that away", cost=_COST)
    if known is not None and known is not writer and _is_recorded(e, known):
        yield Repair("Make a new tensor there, and let the function return it", cost=_COST)
    if known is None:
        yield Repair("Look for the line that writes into it (`+=`, `x[...] =`, `inplace=True`, a "
                     "name that ends in `_`), and make a new tensor there", cost=_COST)  # fmt: skip
    elif not _is_read_after(e, known, name):
        yield Repair("Write after the backward pass", cost="Nothing is needed any more then.")


def _is_read_after(e: Evidence, writer: Statement | None, name: str) -> bool:
    """Whether a later line reads what was written: then the write has to come before it."""
    if writer is None or e.scene is None:
        return False
    names, here = {name, *assigned(writer.node)}, e.scene.place
    later = (it for it in e.scene.cell.before(here) if writer.place < it.place < here)
    return any(names & loaded(it.node) for it in later)


def _is_taken_from(e: Evidence, part: str, whole: str) -> bool:
    made = e.assignment(part)
    return made is None or whole in loaded(made.node)


def _is_here(e: Evidence, writer: Statement, name: str) -> bool:
    """Whether it stands where the pass failed: in a function a name is bound for that alone."""
    if e.scene is None:
        return True
    cell = e.scene.cell
    same = writer.scope == cell.scope(e.scene.place)
    # One that the function has made itself is its own.
    same = same or any(
        name in it.binds for part in cell.so_far for it in part.all
        if it.scope == writer.scope and not isinstance(it.node, ast.AugAssign)
    )  # fmt: skip
    return same and "if that cell" not in e.by_lines(writer)


def _is_recorded(e: Evidence, writer: Statement) -> bool:
    return e.scene is None or e.scene.cell.disabled(writer.place) is None


def _target(text: str) -> str:
    return text.partition("=")[0].strip().partition(".")[0]


def _is_used_after(e: Evidence, writer: Statement) -> bool:
    """Whether `z = y.add_(1)`, which changes `y` as well, is followed by a line that reads `y`."""
    names = assigned(writer.node)
    if not names or e.scene is None:
        return False
    others = loaded(writer.node) - set(names)
    later = [it for it in e.scene.cell.before(e.scene.place) if it.place > writer.place]
    return any(others & loaded(it.node) for it in later)


def _helps(e: Evidence, writer: Statement, name: str, written: str) -> bool:
    """Whether a copy of a name before the write is one that nothing has saved."""
    own = name.isidentifier() and e.scene is not None and e.scene.cell.is_own(name, writer.place)
    own = own and all(is_a(it, torch.Tensor) for known, it in e.variables() if known == name)
    if not own or "lambda" in writer.text or name not in (written, *expressions(writer.text)):
        return own and e.has(written) and written != name and "lambda" not in writer.text
    return name not in _read(writer)  # the write itself would save the copy


def _read(writer: Statement) -> set[str]:
    """What a write reads besides that which it writes to."""
    node, value = writer.node, getattr(writer.node, "value", None)
    if isinstance(value, ast.Call) and not isinstance(node, ast.AugAssign):
        func, given = value.func, [*value.args, *(word.value for word in value.keywords)]
        method = isinstance(func, ast.Attribute) and func.attr.endswith("_")
        module = isinstance(func, ast.Attribute) and ast.unparse(func.value) in _MODULES
        return {name for it in given[not method or module :] for name in loaded(it)}
    targets = getattr(node, "targets", [getattr(node, "target", node)])
    parts = [it.slice for it in targets if isinstance(it, ast.Subscript)]
    return {name for it in (value, *parts) if it is not None for name in loaded(it)}


def _is_shared(e: Evidence, tensor: torch.Tensor, text: str) -> bool:
    """Whether a tensor has another name than those on the line that writes, or is in a list."""
    there = set(re.findall(r"\w+", text))
    for name, item in e.variables():
        if is_a(item, torch.Tensor):
            if name not in there and shares(item, tensor):
                return True
        elif type(item) in (list, tuple) and any(
            is_a(it, torch.Tensor) and shares(it, tensor) for it in item
        ):
            return True
    return False


def shares(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors have one memory, and one count of versions."""
    if version_of(one) != version_of(other):
        return False
    try:
        return storage_id(one.untyped_storage()) == storage_id(other.untyped_storage())
    except (RuntimeError, NotImplementedError):
        return False
