"""Asked is what autograd cannot give: of several numbers, of integers, of what is not there."""

from __future__ import annotations

import re

import torch

from lesson_utils.capture.behind import is_reached, leaves_behind
from lesson_utils.clinic.code import names_in, with_keyword, with_points, without_element
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.traced import Traced, traced
from lesson_utils.picture.drawing import Drawing


def not_scalar(e: Evidence) -> Explanation | None:
    """`grad can be implicitly created only for scalar outputs`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    root = next((root for root in e.roots if root.numel() != 1), None)
    if root is None or not re.search(r"scalar", e.message):
        return None
    name = e.name_of(root) or "the result"
    shape = list(root.shape)
    says = (
        f"`{name}` has {root.numel()} elements (its shape is {shape}), and a gradient is of one "
        "number.",
        "PyTorch does not guess how much each of them counts.",
    )
    if e.call == "backward":
        total, ones = f"{name}.sum().backward()", f"{name}.backward(torch.ones_like({name}))"
    else:
        asked = ", ".join(filter(None, map(e.name_of, e.inputs))) or "..."
        total = f"grad({name}.sum(), [{asked}])"
        ones = f"grad({name}, [{asked}], grad_outputs=torch.ones_like({name}))"
    repairs = (
        Repair("Make one number of them, as a loss does: their sum, or their mean", total),
        Repair("Say how much each counts; ones give the gradient of the sum", ones),
        Repair("For a derivative of each element use `torch.func.jacrev`, one row for each"),
    )
    t = traced(e)
    return Explanation(
        "not a scalar", says, (name,), _line(e), _source(e),
        _framed(t, root, f"{name} has {root.numel()} elements."), repairs,
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
    name, root = e.name_of(unused[0]) or "that input", e.root or "the result"
    t = traced(e, unused)
    text = "" if e.scene is None else e.scene.text
    near = _nearest(e, unused[0])
    says = [f"No path leads from `{root}` back to `{name}`: it was not used to compute it."]
    repairs = []
    fewer = without_element(text, "grad", name)
    if fewer:
        repairs.append(Repair("Ask only for what was used", fewer))
    elif near:
        says.append(f"In the graph is `{near}`, which is another tensor.")
        new = re.sub(rf"\b{re.escape(name)}\b", near, text)
        repairs.append(Repair("Ask for the one that was used", new))
    elif t is not None and name in t.graph and t.value(unused[0]) is None:
        says.append(f"`{name}` was bound anew since: in the graph is the tensor that it was then.")
        root_value = t.value(e.roots[0])
        lines = [] if root_value is None else t.lines(root_value)
        again = "\n".join([*(line for _, line in lines), text])
        repairs.append(Repair(f"Compute again with the `{name}` of now", again))
    repairs += [
        Repair(f"Or use `{name}` itself in the computation: a copy of it is another tensor"),
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
        told = f"{near} is in the graph, {name} is not." if nearest else f"no path to {name}."
        drawing = t.drawing(told, values=nearest or known, saved=False, gradients=True)
    return Explanation(
        "unused input", tuple(says), (name, root, *([near] if near else [])), _line(e), _source(e),
        drawing, tuple(repairs),
    )  # fmt: skip


def _nearest(e: Evidence, unused: torch.Tensor) -> str:
    """The variable that is in the graph and is most like one that is not."""
    leaves = [leaf for root in e.roots for leaf in leaves_behind(root)]
    others = [it for _, it in e.tensors() if any(is_reached(root, it) for root in e.roots)]
    roots = set(map(id, e.roots))
    ranked = sorted(
        (it for it in (*leaves, *others) if e.name_of(it) and id(it) not in roots),
        key=lambda it: (
            not (it.shape == unused.shape and torch.equal(it, unused)),
            it.shape != unused.shape,
            not it.is_leaf,
        ),
    )
    return e.name_of(ranked[0]) if ranked else ""


def integers(e: Evidence) -> Explanation | None:
    """`Only Tensors of floating point and complex dtype can require gradients`."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"floating.point.*require grad", e.message, re.IGNORECASE | re.DOTALL):
        return None
    text = e.scene.text
    owner = next(
        (
            n
            for n in names_in(text)
            for m, it in e.tensors()
            if m == n and not it.dtype.is_floating_point
        ),
        "",
    )
    what = f"`{owner}` holds" if owner else f"`{text}` makes"
    says = (
        f"{what} whole numbers, and those cannot require a gradient.",
        "A derivative asks for a small change, and the next whole number is not near.",
    )
    new = f"{owner} = {owner}.float()\n{text}" if owner else with_points(text)
    repairs = (
        Repair("Write the numbers with a point, or say `dtype=torch.float32`", new),
    )  # fmt: skip
    return Explanation(
        "whole numbers", says, (owner or text,), _line(e), _source(e), repairs=repairs
    )


def to_numpy(e: Evidence) -> Explanation | None:
    """`Can't call numpy() on Tensor that requires grad`."""
    if not isinstance(e.error, RuntimeError) or e.call or e.scene is None:
        return None
    if not re.search(r"numpy\(\).*requires? grad", e.message, re.IGNORECASE):
        return None
    known = dict(reversed([*e.tensors()]))
    asked = [n for n in names_in(e.scene.text) if n in known and known[n].requires_grad]
    name = asked[0] if asked else "the tensor"
    text = e.scene.text
    new = re.sub(rf"\b{re.escape(name)}\b", f"{name}.detach()", text) if asked else ""
    says = (
        f"`{name}` requires a gradient, and a NumPy array knows no graph: what you computed with "
        "it would be lost to autograd without a word.",
    )
    repairs = (
        Repair("To look at it, or to plot it, let go of the graph first", new,
               "The array shares its memory with the tensor: do not write to it."),
        Repair("To compute with it, and differentiate that, use torch's own functions"),
    )  # fmt: skip
    t = traced(e, [known[name]] if asked else [])
    drawing = _framed(t, known[name], f"{name} requires a gradient.") if asked else None
    return Explanation("to NumPy", says, (name,), _line(e), _source(e), drawing, repairs)


def _framed(t: Traced | None, tensor: torch.Tensor, says: str) -> Drawing | None:
    value = None if t is None else t.value(tensor)
    if t is None or value is None or not t.graph.operations:
        return None
    return t.drawing(says, values=[value.id], saved=False)


def _line(e: Evidence) -> int | None:
    return None if e.scene is None else e.scene.line


def _source(e: Evidence) -> str | None:
    return None if e.scene is None else e.scene.source
