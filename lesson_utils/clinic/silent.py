"""What fails without an error: no gradient, an old one, a graph that is gone."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from lesson_utils.capture.behind import is_freed, is_reached, leaves_behind, nodes_behind
from lesson_utils.capture.elements import numbers
from lesson_utils.capture.records import node_of
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.path_cut import explain_cut, is_same
from lesson_utils.clinic.scene import attributes_of, is_a
from lesson_utils.clinic.traced import Traced, traced, whole

MANY = 100  # results of a list that are looked at


def no_gradient(e: Evidence, tensor: torch.Tensor) -> Explanation | None:
    """Why `.grad` of a tensor is None."""
    name = e.name_of(tensor) or "the tensor"
    t = traced(e, [tensor])
    if not tensor.requires_grad:
        return _requires_none(e, t, tensor, name)
    if not tensor.is_leaf:
        return None if tensor.retains_grad else _not_a_leaf(e, t, tensor, name)
    if tensor.grad is not None:
        return _is_end(name) if _silenced(e) == name else None
    reached = [
        other for other, it in e.tensors()
        if it is not tensor and it.grad_fn is not None and is_reached(it, tensor)
    ]  # fmt: skip
    if not reached:
        holder = _holding(e, tensor)
        if holder:
            says = (
                f"`{name}.grad` is None because no backward pass has come to `{name}` yet.",
                f"There is a path to it from what `{holder}` holds.",
            )
            repair = Repair("Make one number of that, as a loss does, and go back from there")
            return Explanation("no pass yet", says, (name, holder), repairs=(repair,))
        return _not_used(e, t, tensor, name)
    silenced = _silenced(e)
    if silenced:
        return _not_used(e, t, tensor, name, silenced)
    result = e.variable(reached[-1])
    if any(map(is_freed, nodes_behind([result]))):
        says = (
            f"`{name}.grad` is None, though a backward pass has been through the graph of "
            f"`{reached[-1]}`.",
            "`grad(...)` gives its answer back and writes no `.grad`, and `zero_grad()` sets it to "
            "None.",
        )
        again = Repair(f"Compute `{reached[-1]}` again, and go back from it with `backward()`",
                       cost="The graph that was used is gone.")  # fmt: skip
        return Explanation("no pass yet", says, (name, reached[-1]), repairs=(again,))
    says = (
        f"`{name}.grad` is None because no backward pass has come to `{name}` yet.",
        f"There is a path from `{reached[-1]}` to it; `grad(...)` gives its answer back and writes "
        "no `.grad`.",
    )
    single = is_a(result, torch.Tensor) and result.numel() == 1
    repairs = (
        Repair("Go back from the result", f"{reached[-1]}.backward()")
        if single
        else Repair(f"Make one number of `{reached[-1]}`, as a loss does, and go back from that"),
    )
    return Explanation("no pass yet", says, (name, reached[-1]), repairs=repairs)


def _holding(e: Evidence, tensor: torch.Tensor) -> str:
    """A list, a dict or an object that holds a result which was computed from a tensor."""
    for name, item in e.variables():
        kinds = (list, tuple, dict)
        plain = item if type(item) in kinds else attributes_of(item)
        found = list(plain.values()) if isinstance(plain, Mapping) else plain
        results = [it for it in found if is_a(it, torch.Tensor) and it.grad_fn is not None]
        if any(is_reached(it, tensor) for it in results[:MANY]):
            return name
    return ""


def _requires_none(
    e: Evidence, t: Traced | None, tensor: torch.Tensor, name: str
) -> Explanation:  # fmt: skip
    value = None if t is None else t.value(tensor)
    if t is not None and value is not None and t.graph.producer(value) is not None:
        here = e.here
        return explain_cut(t, value, name, here)
    if tensor.is_inference():
        says = (
            f"`{name}` was made in `torch.inference_mode()`, and autograd leaves such tensors out.",
            "They count no versions, so that it could not notice a write to them.",
        )
        new = f"{name} = {name}.clone().requires_grad_()"
        copied = Repair(
            "Go on with a copy that is made outside of it", new, "As much memory again."
        )
        return Explanation("inference tensor", says, (name,), repairs=(copied,))
    whole = not (tensor.dtype.is_floating_point or tensor.dtype.is_complex)
    says = (
        f"`{name}` does not require a gradient, so autograd follows nothing that is done with it.",
        f"It is of {tensor.dtype}, and only numbers with a point can."
        if whole
        else "A tensor that you make requires none unless you say so; one that was computed "
        "has lost its path on the way: by `detach`, `item`, `no_grad`, a comparison, or a copy.",
        *(() if t is not None or whole else (RECORD,)),
    )
    repairs = (
        Repair(
            "If you made it, say so before you compute with it",
            f"{name} = {name}.float().requires_grad_()" if whole else f"{name}.requires_grad_()",
            "What was computed before stays without a graph.",
        ),
    )
    return Explanation("requires no gradient", says, (name,), repairs=repairs)


def _not_a_leaf(e: Evidence, t: Traced | None, tensor: torch.Tensor, name: str) -> Explanation:
    node = node_of(tensor)
    made = "an operation" if node is None else node.name()
    says = (
        f"`{name}` is not a leaf: {made} made it, and PyTorch writes `.grad` for leaves alone.",
        "Its gradient was only passed on.",
    )
    root = next((n for n, it in e.tensors() if it is not tensor and is_reached(it, tensor)), "")
    repairs = [Repair("Ask for it before the backward pass", f"{name}.retain_grad()",
                      "One tensor more is kept.")]  # fmt: skip
    if root:
        alone = f"torch.autograd.grad({root}, {name})"
        repairs.append(Repair("Or ask PyTorch for this one alone, instead of that pass", alone))
    value = None if t is None else t.value(tensor)
    drawing = None
    if t is not None and value is not None:
        drawing = t.drawing(
            f"{name} is a result on the way.", values=[value.id], saved=False, gradients=True
        )
    return Explanation("not a leaf", says, (name, made), drawing=drawing, repairs=tuple(repairs))


def _silenced(e: Evidence) -> str:
    """A result that `requires_grad` was set on: a pass began there, and ended there.

    Its gradient is the one that the pass began with. That it is a result is known where a trace
    saw it made, or where it is the number of another that has a graph.
    """
    known = [whole(recording) for recording in e.recordings]
    for name, it in e.tensors():
        began = it.is_leaf and it.requires_grad and it.grad is not None and it.numel() == 1
        if not began or it.grad is None or it.grad.item() != 1:
            continue
        seen = [(t, value) for t in known if (value := t.value(it)) is not None]
        if any(t.graph.producer(value) is not None for t, value in seen):
            return name
        if seen:  # a trace saw it used as a leaf
            continue
        lost = [t.graph[cut.value].data for t in known for cut in t.graph.cuts]
        lost += [numbers(other) for _, other in e.tensors() if other.grad_fn is not None]
        if any(is_same(numbers(it), number) for number in lost):
            return name
    return ""


def _is_end(name: str) -> Explanation:
    says = (
        f"`{name}` is a leaf: `requires_grad` was set on a result that has no graph.",
        "The backward pass began and ended there, and its gradient is the 1 that it began with.",
    )
    away = Repair("Leave `requires_grad` away and mend the path: the error then says where to look")
    return Explanation("no path", says, (name,), repairs=(away,))


def _not_used(
    e: Evidence, t: Traced | None, tensor: torch.Tensor, name: str, silenced: str = ""
) -> Explanation:
    roots = [(n, it) for n, it in e.tensors() if it.grad_fn is not None]
    silenced = silenced or _silenced(e)
    used = list(dict.fromkeys(
        e.name_of(leaf) for _, it in roots for leaf in leaves_behind(it) if e.name_of(leaf)
    ))  # fmt: skip
    says = [f"`{name}.grad` is None because no path leads to `{name}`."]
    if not roots and not silenced and not _may_be_result(e, tensor):
        return _unknown(name)
    if silenced:
        says = [
            f"`{name}.grad` is None because the backward pass from `{silenced}` ended at "
            f"`{silenced}` itself.",
            f"`{silenced}` is a leaf: `requires_grad` was set on a result that has no graph, which "
            "silences the error and repairs nothing.",
        ]
    elif used:
        says.append(f"What your results were made of is {', '.join(f'`{it}`' for it in used)}.")
    drawing, repairs = None, []
    value = None if t is None else t.value(tensor)
    if t is not None and value is not None:
        ends = [it for it in t.graph if it.role == "output" and not it.requires_grad]
        here = e.here
        if not silenced and ends and t.graph.producer(ends[-1]) is not None:
            cut = explain_cut(t, ends[-1], ends[-1].name, here)
            return Explanation(
                "no path", (says[0], *cut.says[1:]), (name, *cut.culprits), cut.line, cut.source,
                cut.drawing, cut.repairs,
            )  # fmt: skip
        lost = [cut.value for cut in t.graph.cuts] if silenced else [value.id]
        told = "here the path was cut." if silenced and lost else f"no path leads to {name}."
        drawing = t.drawing(told, values=lost, saved=False)
    elif not e.recordings:
        says.append(RECORD)
    repairs.append(
        Repair("Leave `requires_grad` away and mend the path: the error then says where to look")
        if silenced
        else Repair(f"Use `{name}` itself in the computation, and no copy of it")
    )
    culprits = (name, silenced) if silenced else (name, *used)
    return Explanation("no path", tuple(says), culprits, drawing=drawing, repairs=tuple(repairs))


def _may_be_result(e: Evidence, tensor: torch.Tensor) -> bool:
    """Whether a variable is a number that may have been computed, without a graph."""
    return any(
        it is not tensor and it.numel() == 1 and it.dtype.is_floating_point and not it.requires_grad
        for _, it in e.tensors()
    )


def _unknown(name: str) -> Explanation:
    says = (
        f"`{name}.grad` is None, and none of your variables was computed from `{name}`.",
        "Either no backward pass has come there, or `zero_grad()` has set it back to None since; "
        "`grad(...)` gives its answer back and writes no `.grad`.",
    )
    repair = Repair("Look at it between the backward pass and `zero_grad()`")
    return Explanation("no pass yet", says, (name,), repairs=(repair,))
