"""Memory that graphs hold, and the variables that hold the graphs."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from lesson_utils.capture.behind import MOST, nodes_behind
from lesson_utils.capture.memory import saved_memory
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.scene import is_a


def kept(e: Evidence, tensors: list[torch.Tensor]) -> Explanation | None:
    """What memory graphs hold, and by which variables."""
    held = [it for it in tensors if it.grad_fn is not None]
    if not held:
        return None
    many = len(nodes_behind(held)) >= MOST  # counting them all could crash Python
    total = 0 if many else saved_memory(*held)
    if not total and not many:
        return None
    holders = list(dict.fromkeys(_holders(e, held)))
    told = " and ".join(f"`{name}`" for name in holders) or "These tensors"
    several = len(holders) != 1
    says = (
        f"{told} {'keep' if several else 'keeps'} "
        f"{f'{len(held)} graphs' if len(held) > 1 else 'a graph'} alive, "
        + (
            "of so many operations that their bytes are not counted here."
            if many
            else f"with {total:,} bytes that the operations saved."
        ),
        "As long as a tensor lives, so does all that it was made of.",
    )
    bound = [name for name in holders if is_a(e.variable(name), torch.Tensor)]
    what = bound[0] if bound else "loss"
    take, number = ("item", "number") if held[0].numel() == 1 else ("tolist", "numbers")
    repairs = (
        Repair(f"Keep the {number} alone" + ("" if bound else f", as `{take}()` gives it"),
               f"{what}.{take}()" if bound else "", "The graph goes when nothing refers to it."),
        Repair("Or the tensor without its graph, as `detach()` gives it",
               f"{what}.detach()" if bound else ""),
    )  # fmt: skip
    return Explanation("memory", says, tuple(holders), repairs=repairs)


def _holders(e: Evidence, held: list[torch.Tensor]) -> Iterator[str]:
    """The variables that hold tensors, be it in a list."""
    ids = {id(it) for it in held}
    for name, item in e.variables():
        inside = item if type(item) in (list, tuple) else (item,)
        if any(id(it) in ids for it in inside):
            yield name
