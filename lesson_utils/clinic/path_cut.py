"""A result without a graph: where the path back was cut, or that it never began."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from lesson_utils.capture.lines import text_at
from lesson_utils.clinic.code import where, with_call, without_calls
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.traced import Traced, traced
from lesson_utils.graph import Cut, Data, Value


class Kind(NamedTuple):
    """A way to cut a path.

    Attributes:
        says: What it does.
        repair: What to do instead.
        cost: What that costs, or gives.
    """

    says: str
    repair: str
    cost: str = ""


_NUMBER = Kind(
    "gives a plain Python number, which knows no graph",
    "Go on with the tensor itself",
    "Take a number out only to print or to store it.",
)
_CHOICE = Kind(
    "gives whole numbers, and a whole number cannot follow a small change: its slope is 0 or does "
    "not exist",
    "Put the scores themselves into the loss, or `torch.softmax` of them",
    "A smooth function in place of the choice; take the choice for the accuracy only.",
)
KINDS: Mapping[str, Kind] = {
    "detach": Kind(
        "gives the number without its graph", "Leave the call away", "The gradient goes on."
    ),
    "item": _NUMBER,
    "tolist": _NUMBER,
    "float": _NUMBER,
    "int": _NUMBER,
    "tensor": Kind(
        "copies the number and not the graph",
        "Use the tensor itself, or `torch.stack` for a list of tensors",
        "The gradient goes on.",
    ),
    "numpy": Kind(
        "gives a NumPy array, which autograd does not see",
        "Use the function that torch has for it",
        "The gradient goes on.",
    ),
    "no_grad": Kind(
        "ran while gradients were disabled",
        "Move the line out of the `no_grad` block",
        "Then it is recorded; it keeps what it needs in memory.",
    ),
    **dict.fromkeys(("argmax", "argmin", "argsort", "topk", "multinomial", "bincount"), _CHOICE),
    **dict.fromkeys(
        ("gt", "lt", "ge", "le", "eq", "ne", "isclose", "logical_and", "logical_or"),
        Kind(
            "gives True or False, which has no slope",
            "Put the distance into the loss instead of the comparison, or `torch.sigmoid` of it",
            "A smooth function in place of the step.",
        ),
    ),
}
_OTHER = Kind("has no derivative", "Use a function that has one", "The gradient goes on.")


def no_graph(e: Evidence) -> Explanation | None:
    """`element 0 of tensors does not require grad and does not have a grad_fn`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    if not re.search(r"not require grad|no grad_fn|not have a grad_fn", e.message):
        return None
    at = next((i for i, root in enumerate(e.roots) if not root.requires_grad), None)
    if at is None:
        return None
    root = e.name_of(e.roots[at]) or "the result"
    t = traced(e)
    value = None if t is None else t.value(e.roots[at])
    if t is None or value is None:
        return _unrecorded(e, root)
    return explain_cut(t, value, root, None if e.scene is None else e.scene.source)


def explain_cut(t: Traced, value: Value, root: str, here: str | None) -> Explanation:
    """Why a value of a recorded block requires no gradient.

    Args:
        t: The recorded block.
        value: The value.
        root: What the student calls it.
        here: The cell that the reader looks at.
    """
    says = [f"`{root}` has no graph behind it, so there is no way back from it."]
    cut = cut_before(t, value)
    if cut is None:
        leaves = [it for it in _leaves(t, value) if it.role == "input"]
        names = ", ".join(f"`{it.name}`" for it in leaves) or "nothing"
        says.append(f"It was made of {names} alone, and none of that requires a gradient.")
        if t.graph.cuts:
            last = t.graph.cuts[-1]
            lost, line = t.called(last.value), where(last.line, last.source, here)
            says.append(f"`{lost}` has a graph, and `{last.reason}` {line} does not go on with it.")
        drawing = t.drawing(
            "nothing that it was made of requires a gradient.", values=[it.id for it in leaves],
            saved=False,
        )  # fmt: skip
        first = leaves[0].name if leaves else "w"
        asked = Repair(
            "Say first what you want the gradient of, and compute after that",
            f"{first}.requires_grad_()",
            "Autograd records from there on.",
        )
        culprits = (*(it.name for it in leaves), root)
        return Explanation(
            "no graph", tuple(says), culprits, drawing=drawing, repairs=(asked, _silenced(root))
        )
    kind = KINDS.get(cut.reason, _OTHER)
    text = text_at(cut.line, cut.source)
    lost = t.called(cut.value)
    call = cut.reason
    if cut.reason == "no_grad" and cut.operation is not None:
        call = text or t.graph.operations[cut.operation].name
    says.append(
        f"The path was cut{where(cut.line, cut.source, here, ' ')}: `{call}` "
        f"{kind.says}. Up to `{lost}` there is a path."
    )
    made = [] if cut.operation is None else [cut.operation]
    drawing = t.drawing(
        f"the path from {root} ends here: {cut.reason} of {lost}.", made,
        [cut.value], saved=False,
    )  # fmt: skip
    repair = Repair(kind.repair, _repaired(text, cut.reason), kind.cost)
    return Explanation(
        "path cut", tuple(says), (lost, cut.reason, root), cut.line, cut.source, drawing,
        (repair, _silenced(root)),
    )  # fmt: skip


def cut_before(t: Traced, value: Value) -> Cut | None:
    """The last place where a path to a value was cut; None if none was."""
    behind = {op.id for op in t.behind(value)}
    inside = [cut for cut in t.graph.cuts if cut.operation in behind]
    if inside:
        return inside[-1]
    # A number that was taken out goes in again: as a constant, or as a leaf of its own.
    numbers = [it.data for it in _leaves(t, value) if it.data is not None]
    again = [
        cut
        for cut in t.graph.cuts
        if any(is_same(t.graph[cut.value].data, number) for number in numbers)
    ]
    return again[-1] if again else None


def is_same(one: Data, other: Data) -> bool:
    """Whether numbers are the same, but for the digits that a smaller type loses."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-6)
    return False


def _leaves(t: Traced, value: Value) -> list[Value]:
    """What a value was made of."""
    behind = t.behind(value)
    made = {out for op in behind for out in op.outputs}
    ids = dict.fromkeys(i for op in behind for i in op.inputs if i not in made)
    return [t.graph[i] for i in sorted(ids)] or [value]


def _repaired(text: str, reason: str) -> str:
    """The line without what cuts the path; empty where that is not all that is needed."""
    if reason == "no_grad":
        return text
    new = text
    for name in ("tensor", "as_tensor", "from_numpy") if reason in KINDS else ():
        new = with_call(new, name, lambda call: call.args[0] if call.args else call) or new
    new = without_calls(new, ("detach", "cpu", "numpy", "item", "tolist")) or new
    return "" if new == text else new


def _silenced(root: str) -> Repair:
    return Repair(
        "`requires_grad_()` on the result silences the error and repairs nothing",
        f"{root}.requires_grad_()",
        "The result becomes a leaf: the pass ends where it begins, and no `.grad` but its own is "
        "written.",
        plaster=True,
    )


def _unrecorded(e: Evidence, root: str) -> Explanation:
    wanting = [name for name, it in e.tensors() if it.is_leaf and it.requires_grad]
    names = ", ".join(f"`{name}`" for name in wanting[:4])
    says = (
        f"`{root}` has no graph behind it, so there is no way back from it.",
        f"{names} {'require' if len(wanting) > 1 else 'requires'} a gradient, but the path was cut "
        "in between: by `detach`, `item`, `no_grad`, a comparison, or a copy."
        if wanting
        else "Nothing among your variables requires a gradient.",
        RECORD,
    )
    repairs = [_silenced(root)]
    if not wanting:
        repairs.insert(
            0,
            Repair(
                "Say first what you want the gradient of: `requires_grad=True` where it is made",
                cost="Autograd records from there on.",
            ),
        )
    return Explanation("no graph", says, (root, *wanting), repairs=tuple(repairs))
