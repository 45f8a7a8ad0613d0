"""A result without a graph: where the path back was cut, or that it never began."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from lesson_utils.clinic.cell import cell_of, statement_at
from lesson_utils.clinic.code import where
from lesson_utils.clinic.cut_line import CutLine, cut_in_lines, uncut
from lesson_utils.clinic.cutting import KINDS, OTHER, SIGNS, up_to
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.traced import Traced, traced, whole
from lesson_utils.graph import Cut, Data, Value
from lesson_utils.picture.drawing import Drawing


def no_graph(e: Evidence) -> Explanation | None:
    """`element 0 of tensors does not require grad and does not have a grad_fn`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    if not re.search(r"not require grad|no grad_fn|not have a grad_fn", e.message):
        return None
    at = next((i for i, root in enumerate(e.roots) if not root.requires_grad), None)
    if at is None:
        return _of_an_input(e)
    root = e.called(e.roots[at])
    t = traced(e, [*e.roots])
    value = None if t is None else t.value(e.roots[at])
    here = e.here
    cut = None if t is None or value is None else cut_before(t, value)
    if t is not None and value is not None and cut is not None:
        return explain_cut(t, value, root or value.name, here)
    found = cut_in_lines(e, root)
    if found is not None:
        return _told(root or "the result", found, here, _drawn(e, found.line), seen=False)
    if t is not None and value is not None:
        return explain_cut(t, value, root or value.name, here)
    return _unrecorded(e, root or "the result")


def _of_an_input(e: Evidence) -> Explanation | None:
    """`One of the differentiated Tensors does not require grad`."""
    asked = next((it for it in e.inputs if not it.requires_grad), None)
    if asked is None:
        return None
    name, here = e.called(asked), e.here
    first = f"`{name}` requires no gradient, so `grad` cannot be asked for one with respect to it."
    if not name:
        first = "One of the inputs requires no gradient, so `grad` cannot be asked for one."
    say_so = Repair(
        "Say so where it is made, before you compute with it",
        f"{name}.requires_grad_()" if name else "",
        "What was computed before stays without a graph.",
    )
    cut = cut_in_lines(e, name) if name.isidentifier() else None
    if cut is not None:
        told = _told(name, cut, here, _drawn(e, cut.line), seen=False)
        onwards = [repair for repair in told.repairs if not repair.plaster]
        return replace(told, says=(first, *told.says[1:]), repairs=(say_so, *onwards))
    second = "Autograd records only what is computed from a tensor that requires one."
    return Explanation(
        "requires no gradient", (first, second), tuple(filter(None, (name,))), e.line, here,
        repairs=(say_so,),
    )  # fmt: skip


def _told(
    root: str, cut: CutLine, here: str | None, drawing: Drawing | None, *, seen: bool
) -> Explanation:
    """What there is to say of a place where a path was cut, be it seen or read in the lines."""
    kind = KINDS.get(cut.reason, OTHER)
    call = cut.text if cut.reason in ("no_grad", "decorated") and cut.text else cut.reason
    sign = SIGNS.get(call, "")
    call = sign if sign and sign in cut.text else call
    says = (
        f"{_quoted(root)} has no graph behind it, so there is no way back from it.",
        f"{'The' if seen else 'By your lines, the'} path was cut"
        f"{where(cut.line, cut.source, here, ' ')}: `{call}` {kind.says}." + up_to(cut.lost, root),
    )
    more = "It is not the only cut on the way: mend the others, too."
    repair = Repair(kind.repair, cut.code, kind.cost if cut.alone else more)
    culprits = tuple(filter(None, (cut.lost, cut.reason, root)))
    return Explanation(
        "path cut", says, culprits, cut.line, cut.source, drawing, (repair, *_silenced(root))
    )


def _drawn(e: Evidence, line: int) -> Drawing | None:
    """The graph of the trace that saw a cut."""
    for recording in e.recordings:
        t = whole(recording)
        for cut in t.graph.cuts:
            if cut.line == line and t.graph.operations:
                says = f"the path ends here: {cut.reason} of {t.called(cut.value)}."
                return t.drawing(says, values=[cut.value], saved=False)
    return None


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
        says.append(f"It was made of {names} alone, and none of that required a gradient then.")
        if t.graph.cuts:
            last = t.graph.cuts[-1]
            lost, line = t.called(last.value), where(last.line, last.source, here)
            said = f"An earlier `{lost}`" if lost in {it.name for it in leaves} else f"`{lost}`"
            says.append(f"{said} has a graph, and `{last.reason}` {line} does not go on with it.")
        drawing = t.drawing(
            "nothing that it was made of requires a gradient.", values=[it.id for it in leaves],
            saved=False,
        )  # fmt: skip
        # Of a network its parameters, and not what is fed to it.
        inner = [it for it in leaves if "." in it.name]
        first = (inner or leaves)[0].name if leaves else "w"
        asked = Repair(
            "If that is what you want the gradient of, say so first, and compute after that",
            "" if re.fullmatch(r"(input|parameter)\d+", first) else f"{first}.requires_grad_()",
            "Autograd records from there on.",
        )
        culprits = (*(it.name for it in leaves), root)
        return Explanation(
            "no graph", tuple(says), culprits, drawing=drawing, repairs=(asked, *_silenced(root))
        )
    lost = t.called(cut.value)
    made = [] if cut.operation is None else [cut.operation]
    drawing = t.drawing(
        f"the path from {root} ends here: {cut.reason} of {lost}.", made,
        [cut.value], saved=False,
    )  # fmt: skip
    text = statement_at(cut.line, cut.source)
    if not text and cut.operation is not None:
        text = t.graph.operations[cut.operation].name
    several = bool(made) and len(t.graph.operations[made[0]].inputs) > 1
    behind = {op.id for op in t.behind(value)}
    lines = {it.line for it in t.graph.cuts if it.operation in behind} | {cut.line}
    alone = len(lines) == 1
    code = ""
    if cut.reason == "no_grad":
        cell = cell_of(cut.source)
        there = None if cut.line is None else cell.statement(cut.line, None)
        code = "" if there is None else cell.moved_out(there.place)
    elif alone:
        code = uncut(text, cut.reason, several=several)
    found = CutLine(text, cut.line or 0, cut.source, lost, cut.reason, code, alone)
    return _told(root, found, here, drawing, seen=True)


def cut_before(t: Traced, value: Value) -> Cut | None:
    """The last place where a path to a value was cut; None if none was."""
    behind = {op.id for op in t.behind(value)}
    inside = [cut for cut in t.graph.cuts if cut.operation in behind]
    if inside:
        same = [cut for cut in inside if cut.operation == inside[-1].operation]
        named = [cut for cut in same if not re.fullmatch(r"[uv]\d*", t.called(cut.value))]
        return (named or same)[-1]
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


def _silenced(root: str) -> tuple[Repair, ...]:
    if not root.isidentifier():
        return ()
    plaster = Repair(
        "`requires_grad_()` on the result silences the error and repairs nothing",
        f"{root}.requires_grad_()",
        "The result becomes a leaf: the pass ends where it begins, and no `.grad` but its own is "
        "written.",
        plaster=True,
    )
    return (plaster,)


def _quoted(root: str) -> str:
    return "The result" if root == "the result" else f"`{root}`"


def _unrecorded(e: Evidence, root: str) -> Explanation:
    wanting = [name for name, it in e.tensors() if it.is_leaf and it.requires_grad]
    wanting += [f"{name}.{own}" for name, own, it in e.parameters() if it.requires_grad]
    wanting = list(dict.fromkeys(wanting))
    names = ", ".join(f"`{name}`" for name in wanting[:4])
    says = (
        f"{_quoted(root)} has no graph behind it, so there is no way back from it.",
        f"{names} {'require' if len(wanting) > 1 else 'requires'} a gradient, and no path leads "
        "there: it was cut, by `detach`, `item`, `no_grad`, a comparison, or a copy, or there "
        "never was one."
        if wanting
        else "Nothing among your variables requires a gradient.",
        *(() if e.recordings else (RECORD,)),
    )
    repairs = [*_silenced(root)]
    if not e.enabled:
        says = (says[0], "Gradients are disabled now, and nothing is recorded until that ends.")
        again = "torch.set_grad_enabled(True)"
        enable = Repair("Enable them, and compute again", again)
        return Explanation("no graph", says, (root,), repairs=(enable, *repairs))
    if not wanting or not e.recordings:
        repairs.insert(
            0,
            Repair(
                "If what it was made of requires no gradient, say so where that is made: "
                "`requires_grad=True`",
                cost="Autograd records from there on.",
            ),
        )
    return Explanation("no graph", says, (root, *wanting), repairs=tuple(repairs))
