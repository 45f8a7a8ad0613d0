"""What fails without an error: no gradient, an old one, a graph that is gone."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from lesson_utils.capture.behind import is_reached, leaves_behind
from lesson_utils.capture.memory import saved_memory
from lesson_utils.capture.records import node_of
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.path_cut import explain_cut
from lesson_utils.clinic.traced import Traced, traced
from lesson_utils.words.notation import format_data


def no_gradient(e: Evidence, tensor: torch.Tensor) -> Explanation | None:
    """Why `.grad` of a tensor is None."""
    name = e.name_of(tensor) or "the tensor"
    t = traced(e, [tensor])
    if not tensor.requires_grad:
        return _requires_none(e, t, tensor, name)
    if not tensor.is_leaf:
        return None if tensor.retains_grad else _not_a_leaf(e, t, tensor, name)
    if tensor.grad is not None:
        return None
    reached = [
        other for other, it in e.tensors()
        if it is not tensor and it.grad_fn is not None and is_reached(it, tensor)
    ]  # fmt: skip
    if not reached:
        return _not_used(e, t, tensor, name)
    says = (
        f"`{name}.grad` is None because no backward pass has come to `{name}` yet.",
        f"There is a path from `{reached[-1]}` to it; `grad(...)` gives its answer back and writes "
        "no `.grad`.",
    )
    repairs = (Repair("Go back from the result", f"{reached[-1]}.backward()"),)
    return Explanation("no pass yet", says, (name, reached[-1]), repairs=repairs)


def _requires_none(
    e: Evidence, t: Traced | None, tensor: torch.Tensor, name: str
) -> Explanation:  # fmt: skip
    value = None if t is None else t.value(tensor)
    if t is not None and value is not None and t.graph.producer(value) is not None:
        here = None if e.scene is None else e.scene.source
        return explain_cut(t, value, name, here)
    says = (
        f"`{name}` does not require a gradient, so autograd follows nothing that is done with it.",
        f"It is of {tensor.dtype}, and only numbers with a point can."
        if not (tensor.dtype.is_floating_point or tensor.dtype.is_complex)
        else "A tensor that you make requires none unless you say so.",
    )
    repairs = (
        Repair(
            "Say so before you compute with it", f"{name}.requires_grad_()",
            "What was computed before stays without a graph.",
        ),
    )  # fmt: skip
    return Explanation("requires no gradient", says, (name,), repairs=repairs)


def _not_a_leaf(e: Evidence, t: Traced | None, tensor: torch.Tensor, name: str) -> Explanation:
    node = node_of(tensor)
    made = "an operation" if node is None else node.name()
    says = (
        f"`{name}` is not a leaf: {made} made it, and PyTorch writes `.grad` for leaves alone.",
        "Its gradient was only passed on.",
    )
    root = next((n for n, it in e.tensors() if it is not tensor and is_reached(it, tensor)), "loss")
    repairs = (
        Repair("Ask for it before the backward pass", f"{name}.retain_grad()",
               "One tensor more is kept."),
        Repair("Or ask PyTorch for this one alone", f"torch.autograd.grad({root}, {name})"),
    )  # fmt: skip
    value = None if t is None else t.value(tensor)
    drawing = None
    if t is not None and value is not None:
        drawing = t.drawing(
            f"{name} is a result on the way.", values=[value.id], saved=False, gradients=True
        )
    return Explanation("not a leaf", says, (name, made), drawing=drawing, repairs=repairs)


def _not_used(e: Evidence, t: Traced | None, tensor: torch.Tensor, name: str) -> Explanation:
    roots = [(n, it) for n, it in e.tensors() if it.grad_fn is not None]
    alone = [n for n, it in e.tensors() if it.is_leaf and it.requires_grad and it.grad is not None]
    used = list(dict.fromkeys(
        e.name_of(leaf) for _, it in roots for leaf in leaves_behind(it) if e.name_of(leaf)
    ))  # fmt: skip
    says = [f"`{name}.grad` is None because no path leads to `{name}`."]
    if used:
        says.append(f"What your results were made of is {', '.join(f'`{it}`' for it in used)}.")
    elif alone:
        says.append(
            f"`{alone[-1]}` is a leaf that has a gradient: a result on which "
            "`requires_grad` was set is a beginning, and the pass ended there."
        )
    drawing, repairs = None, []
    value = None if t is None else t.value(tensor)
    if t is not None and value is not None:
        ends = [it for it in t.graph if it.role == "output" and not it.requires_grad]
        if ends and t.graph.producer(ends[-1]) is not None:
            cut = explain_cut(t, ends[-1], ends[-1].name, None)
            return Explanation(
                "no path", (says[0], *cut.says[1:]), (name, *cut.culprits), cut.line, cut.source,
                cut.drawing, cut.repairs,
            )  # fmt: skip
        drawing = t.drawing(f"no path leads to {name}.", values=[value.id], saved=False)
    else:
        says.append(RECORD)
    repairs.append(Repair(f"Use `{name}` itself in the computation, and no copy of it"))
    return Explanation(
        "no path", tuple(says), (name, *used), drawing=drawing, repairs=tuple(repairs)
    )


def grown(e: Evidence, tensor: torch.Tensor) -> Explanation | None:
    """Whether `.grad` holds more than one pass."""
    if not tensor.is_leaf or tensor.grad is None:
        return None
    t = traced(e, [tensor])
    value = None if t is None else t.value(tensor)
    if t is None or value is None or value.gradient is None or tensor.grad.numel() != 1:
        return None
    once, now = value.gradient, tensor.grad.item()
    if not isinstance(once, (int, float)) or not once or abs(now - once) < 1e-6 * abs(once):
        return None
    name = e.name_of(tensor) or value.name
    times = now / once
    told = f"that is {times:g} times" if abs(times - round(times)) < 1e-4 else "besides"
    says = (
        f"`{name}.grad` is {format_data(now)}, and one pass through this graph gives "
        f"{format_data(once)}: {told} its gradient.",
        "A backward pass adds to `.grad`, and nothing sets it back.",
    )
    repairs = (
        Repair("Set it back before each pass", f"{name}.grad = None",
               "With an optimizer: `optimizer.zero_grad()`."),
    )  # fmt: skip
    drawing = t.drawing(f"{name}.grad holds more than this pass.", values=[value.id],
                        saved=False, gradients=True)  # fmt: skip
    return Explanation("added up", says, (name,), drawing=drawing, repairs=repairs)


def kept(e: Evidence, tensors: list[torch.Tensor]) -> Explanation | None:
    """What memory graphs hold, and by which variables."""
    held = [it for it in tensors if it.grad_fn is not None]
    if not held:
        return None
    total = saved_memory(*held)
    if not total:
        return None
    name = e.name_of(held[0]) if len(held) == 1 else ""
    holders = ", ".join(_holders(e, held)) or "these tensors"
    count = f"{len(held)} graphs" if len(held) > 1 else "a graph"
    says = (
        f"{holders} {'keeps' if len(held) == 1 else 'keep'} {count} alive, with {total:,} bytes "
        "that the operations saved.",
        "As long as a tensor lives, so does all that it was made of.",
    )
    what = name or "loss"
    repairs = (
        Repair(
            "Keep the number alone", f"{what}.item()", "The graph goes when nothing refers to it."
        ),
        Repair("Or the tensor without its graph", f"{what}.detach()"),
    )
    return Explanation("memory", says, tuple(_holders(e, held)), repairs=repairs)


def _holders(e: Evidence, held: list[torch.Tensor]) -> Iterator[str]:
    """The variables that hold tensors, be it in a list."""
    ids = {id(it) for it in held}
    for name, item in e.variables():
        inside = item if isinstance(item, (list, tuple)) else (item,)
        if any(id(it) in ids for it in inside):
            yield f"`{name}`"
