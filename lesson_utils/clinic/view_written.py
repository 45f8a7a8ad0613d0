"""A view that may not be written to: one of several that came at once, or one made in `no_grad`."""

from __future__ import annotations

import ast
import re

import torch

from lesson_utils.capture.torch_internals import view_base
from lesson_utils.clinic.code import out_of_place
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.traced import framed_tensor, traced


def view_written(e: Evidence) -> Explanation | None:
    """`Output 0 of Unbind is a view and is being modified inplace`, and its relatives."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"view.*in-?place", e.message, re.DOTALL):
        return None
    found = next(
        ((n, it) for n, it in e.tensors_on(e.scene.text) if view_base(it) is not None), None
    )
    if found is None:
        return None
    name, tensor = found
    return _in_no_grad(e, name, tensor) if "mode" in e.message else _of_several(e, name, tensor)


def _of_several(e: Evidence, name: str, tensor: torch.Tensor) -> Explanation:
    assert e.scene is not None  # asked above
    made = e.assignment(name)
    says = (
        f"`{e.scene.text}` writes into `{name}`, one of several views that were made at once"
        f"{e.on(made)}.",
        "They share their memory and one node of the graph, so autograd cannot tell a write into "
        "one of them from a write into all, and refuses.",
    )
    looped = any(name in it.binds for it in e.scene.cell.all if isinstance(it.node, ast.For))
    new = "" if looped else out_of_place(e.scene.text)
    how = "Collect the new parts in a list and `torch.stack` them" if looped else (
        "Make a new tensor instead of writing into the part"
    )  # fmt: skip
    repairs = [
        Repair(how, new, "What it is a part of keeps its old numbers."),
        Repair("Or take this part alone, by its index as in `u[0]`, and write into that",
               cost="The write then goes into the whole, and the gradient follows."),
    ]  # fmt: skip
    return _explained(e, name, tensor, says, repairs, "one of several views.")


def _in_no_grad(e: Evidence, name: str, tensor: torch.Tensor) -> Explanation:
    assert e.scene is not None  # asked above
    made = e.assignment(name)
    says = (
        f"`{name}` is a view that was made while gradients were disabled{e.on(made)}, and "
        f"`{e.scene.text}` writes into it while they are recorded.",
        "Autograd cannot tell whether the write is to count, and refuses.",
    )
    repairs = [
        Repair("If the write is to count, take the view outside of the block that disables "
               "gradients", "" if made is None else made.text, "Then it is recorded."),
        Repair("If it is not to count, write in such a block, too",
               f"with torch.no_grad():\n    {e.scene.text}",
               "The gradient knows nothing of the write."),
    ]  # fmt: skip
    return _explained(e, name, tensor, says, repairs, "a view made while gradients were disabled.")


def _explained(
    e: Evidence, name: str, tensor: torch.Tensor, says: tuple[str, ...], repairs: list[Repair],
    what: str,
) -> Explanation:  # fmt: skip
    assert e.scene is not None  # asked above
    base = view_base(tensor)
    if base is not None and base.is_leaf and base.requires_grad:
        repairs = [Repair(
            "It is a part of a leaf. If the write is an update, as in training, do not record it",
            f"with torch.no_grad():\n    {e.scene.text}",
            "The write is no part of the graph; go back before it, and compute again after it.",
        )]  # fmt: skip
    drawing = framed_tensor(traced(e, [tensor]), tensor, f"{name} is {what}")
    return Explanation(
        "view written", says, (name,), e.scene.line, e.scene.source, drawing, tuple(repairs)
    )
