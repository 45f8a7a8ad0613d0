"""Asked is what autograd cannot give: of several numbers, of integers, of what is not there."""

from __future__ import annotations

import re

import torch

from lesson_utils.capture.behind import is_reached, leaves_behind
from lesson_utils.capture.torch_internals import view_base
from lesson_utils.clinic.code import given_in, where
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.rewritten import replaced, with_keyword, with_points, without_elements
from lesson_utils.clinic.traced import Traced, framed_tensor, traced
from lesson_utils.graph import Cut


def not_scalar(e: Evidence) -> Explanation | None:
    """`grad can be implicitly created only for scalar outputs`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    root = next((root for root in e.roots if root.numel() != 1), None)
    if root is None or not re.search(r"scalar", e.message):
        return None
    name, shape = e.called(root), list(root.shape)
    says = (
        (f"`{name}`" if name else "The result")
        + f" has {root.numel()} elements (its shape is {shape}), and a gradient is of one number.",
        "PyTorch does not guess how much each of them counts.",
    )
    text, total, ones = e.text, "", ""
    if name:
        inner = name if name.isidentifier() else f"({name})"
        total = replaced(text, e.call, name, f"{inner}.sum()")
        if len(e.roots) == 1 and "grad_outputs" not in text and "[" not in text.partition(",")[0]:
            ones = f"torch.ones_like({name})"
            keyword = "gradient" if e.call == "backward" else "grad_outputs"
            ones = with_keyword(text, e.call, keyword, ones)
    repairs = (
        Repair("Make one number of them, as a loss does: their sum, or their mean", total),
        Repair("Say how much each counts; ones give the gradient of the sum", ones),
        Repair("For a derivative of each give `torch.func.jacrev` the function that computes them"),
    )
    t = traced(e)
    return Explanation(
        "not a scalar", says, (name or "the result",), e.line, e.here,
        framed_tensor(t, root, f"{name or 'the result'} has {root.numel()} elements."), repairs,
    )  # fmt: skip


def unused_input(e: Evidence) -> Explanation | None:
    """`One of the differentiated Tensors appears to not have been used in the graph`."""
    if not isinstance(e.error, RuntimeError) or e.call != "grad" or not e.roots:
        return None
    if not re.search(r"not.{0,12}(been )?used", e.message):
        return None
    unused = [it for it in e.inputs if not any(is_reached(root, it) for root in e.roots)]
    if not unused:
        return None
    name, root = e.called(unused[0]), e.root
    what = f"`{name}`" if name else "one of the inputs"
    back = f"from `{root}` back to {what}" if root else f"back to {what}"
    t = traced(e, unused)
    text = e.text
    near = _nearest(e, unused[0])
    cut = _cut_of(t, unused[0])
    says = [f"No path leads {back}, which was not used on the way."]
    if cut is not None:
        on = where(cut.line, cut.source, e.here, " ")
        says = [f"No path leads {back}: it was cut{on}, by `{cut.reason}`."]
    repairs = (
        [] if cut is None else [Repair(f"Leave `{cut.reason}` away there, if that was not meant")]
    )
    fewer = without_elements(text, "grad", [it for it in map(e.called, unused) if it])
    if fewer:
        repairs.append(Repair("Ask only for what was used", fewer))
    elif t is not None and name in t.graph and t.value(unused[0]) is None:
        says.append(f"`{name}` was bound anew since: in the graph is the tensor that it was then.")
        root_value = t.value(e.roots[0])
        lines = [] if root_value is None else t.lines(root_value)
        again = "\n".join([*(line for _, line in lines), text])
        repairs.append(Repair(f"Compute again with the `{name}` of now", again))
    elif near and name:
        new = f"`{name}` makes a new tensor each time it is written." if "[" in name else ""
        says.append(new or f"What the graph has is `{near}`, another tensor.")
        other = next((it for known, it in e.tensors() if known == near), None)
        alike = other is None or other.shape == unused[0].shape
        ask = f"Ask for `{near}`, which was used" + (
            "" if alike else ", and take the part that you want of the answer"
        )
        repairs.append(Repair(ask, replaced(text, "grad", name, near)))
    repairs += [
        Repair(
            f"Or use {what} itself in the computation, before the pass: a copy of it is another "
            "tensor"
        ),
        Repair(
            "`allow_unused=True` gives None in its place",
            with_keyword(text, "grad", "allow_unused"),
            "The question stays unanswered: right only where not using it is what you meant.",
            plaster=True,
        ),
    ]
    known = [value.id for it in unused if t is not None and (value := t.value(it)) is not None]
    drawing = None
    if t is not None:
        nearest = [value.id for value in t.graph if value.name == near]
        lost = name or "that input"
        told = f"{near} is in the graph, {lost} is not." if nearest else f"no path to {lost}."
        drawing = t.drawing(told, values=nearest or known, saved=False, gradients=True)
    return Explanation(
        "unused input", tuple(says), tuple(filter(None, (name, root, near))), e.line, e.here,
        drawing, tuple(repairs),
    )  # fmt: skip


def _cut_of(t: Traced | None, tensor: torch.Tensor) -> Cut | None:
    """Where the path to a tensor, or to what was computed from it, was cut."""
    value = None if t is None else t.value(tensor)
    if t is None or value is None:
        return None
    after = {out for op in t.ahead(value.id) for out in op.outputs}
    return next((cut for cut in t.graph.cuts if cut.value in {value.id, *after}), None)


def _nearest(e: Evidence, unused: torch.Tensor) -> str:
    """The variable that is in the graph and is most like one that is not."""
    leaves = [leaf for root in e.roots for leaf in leaves_behind(root)]
    others = [it for _, it in e.tensors() if any(is_reached(root, it) for root in e.roots)]
    roots = set(map(id, e.roots))
    ranked = sorted(
        (it for it in (*leaves, *others) if e.name_of(it) and id(it) not in roots),
        key=lambda it: (
            view_base(unused) is not it,
            not _is_equal(it, unused),
            it.shape != unused.shape,
            it.is_leaf != unused.is_leaf,
        ),
    )
    return e.name_of(ranked[0]) if ranked else ""


def _is_equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    try:
        return one.shape == other.shape and torch.equal(one, other)
    except (RuntimeError, NotImplementedError):  # on different devices, or without numbers
        return False


def integers(e: Evidence) -> Explanation | None:
    """`Only Tensors of floating point and complex dtype can require gradients`."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"floating.point.*require grad", e.message, re.IGNORECASE | re.DOTALL):
        return None
    text = e.scene.text
    owner = next(
        (
            name for name, it in e.tensors_on(given_in(text))
            if not (it.dtype.is_floating_point or it.dtype.is_complex)
        ),
        "",
    )  # fmt: skip
    what = f"`{owner}` holds" if owner else f"`{text}` makes"
    asked = re.search(r"bool\b|\b(True|False)\b[,\]]", text)
    numbers = "True and False" if asked else "whole numbers"
    says = (
        f"{what} {numbers}, and those cannot require a gradient.",
        "A derivative asks for a small change, and the next whole number is not near.",
    )
    says_so = "Write the numbers with a point, or say `dtype=torch.float32`"
    new = _floating(text)
    if owner:
        says_so = "Convert it first, or make it of numbers with a point"
        new = f"{owner} = {owner}.float()\n{text}"
    repairs = (Repair(says_so, new),)
    return Explanation("whole numbers", says, (owner or text,), e.line, e.here, repairs=repairs)


def _floating(text: str) -> str:
    """The line with numbers of a floating type."""
    pointed = with_points(text)
    if pointed != text and pointed:
        return pointed
    makers = re.findall(r"torch\.(\w+)\((?=.*requires_grad)", text)
    return with_keyword(text, makers[-1], "dtype", "torch.float32") if makers else ""


def to_numpy(e: Evidence) -> Explanation | None:
    """`Can't call numpy() on Tensor that requires grad`."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"numpy\(\).*requires? grad", e.message, re.IGNORECASE):
        return None
    text = e.scene.text
    asked = [(name, it) for name, it in e.tensors_on(text) if it.requires_grad]
    name = asked[0][0] if asked else ""
    new = text if asked else ""
    for own, _ in asked:
        new = re.sub(rf"(?<![\w.]){re.escape(own)}\b(?!\.detach)", f"{own}.detach()", new)
    says = (
        (f"`{name}` requires a gradient" if name else "The tensor requires a gradient")
        + ", and a NumPy array knows no graph: what you computed with it would be lost to autograd "
        "without a word.",
    )
    repairs = (
        Repair("To look at it, or to plot it, let go of the graph first", new,
               "The array shares its memory with the tensor: do not write to it."),
        Repair("To compute with it, and differentiate that, use torch's own functions"),
    )  # fmt: skip
    t = traced(e, [it for _, it in asked[:1]])
    drawing = framed_tensor(t, asked[0][1], f"{name} requires a gradient.") if asked else None
    return Explanation("to NumPy", says, (name or "the tensor",), e.line, e.here, drawing, repairs)
