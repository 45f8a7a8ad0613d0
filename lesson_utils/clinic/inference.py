"""A tensor made in `torch.inference_mode()`, used where autograd records."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch

from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.scene import is_a


def inference_tensor(e: Evidence) -> Explanation | None:
    """`Inference tensors cannot be saved for backward`, and its relatives."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"inference", e.message, re.IGNORECASE):
        return None
    name = next(_made_there(e), None)
    if name is None:
        return None
    made = e.assignment(name)
    inside = made is not None and e.scene.cell.disabled(made.place) is not None
    on = e.on(made) if inside else ""
    says = (
        f"`{name}` was made in `torch.inference_mode()`{on}, and `{e.scene.text}` uses it where "
        "autograd records.",
        "Such a tensor counts no versions, so autograd could not notice a write to it, and refuses "
        "to keep it.",
    )
    code = f"with torch.no_grad():\n    {made.text}" if made is not None and inside else ""
    repairs = [
        Repair("Make it in `torch.no_grad()` instead", code,
               "Nothing is recorded there either, and its numbers can be used afterwards."),
    ]  # fmt: skip
    if name.isidentifier():
        repairs.append(
            Repair(
                "Or go on with a copy: this line before that one",
                f"{name} = {name}.clone()",
                "As much memory again.",
            )
        )
    return Explanation(
        "inference tensor", says, (name,), e.scene.line, e.scene.source, repairs=tuple(repairs)
    )


def _made_there(e: Evidence) -> Iterator[str]:
    """The inference tensors that the line may have used: its own, else a variable, a parameter."""
    assert e.scene is not None  # asked above
    yield from (name for name, it in e.tensors_on(e.scene.text) if it.is_inference())
    for name, item in e.variables():
        if is_a(item, torch.Tensor) and item.is_inference():
            yield name
    yield from (f"{name}.{own}" for name, own, it in e.parameters() if it.is_inference())
