"""What the badge of an operation in the picture says, held against what the operation does."""

from __future__ import annotations

import ast
import re

from equations import Judge, split
from figures import Unread, half_digit
from formulas import ERRORS, Formula

from lesson_utils.graph import Operation
from lesson_utils.words.description import expression

INFIX = ("+", "−", "×", "÷", "^", "@", "//", "%", ">", "≥", "<", "≤", "==", "≠")


def badge(judge: Judge, op: Operation, text: str) -> str:
    """Whether an operation does what its badge says: `2 ×`, `clamp max=1`, `[0]`.

    The roads that lead to it say the rest, so its inputs are put in their places.
    """
    if text == "changed in place" and op.id not in judge.reality.calls:
        same = judge.graph[op.inputs[0]].data == judge.graph[op.outputs[0]].data
        return "it has the same numbers as before" if same else ""
    told = split(text.replace(" in place", ""), " ")
    inputs = [judge.graph[i] for i in op.inputs]
    names = [value.name for value in inputs if value.role != "constant"]
    sign = next((part for part in told if part in INFIX), None)
    if "…" in told or told[0] == "[ ]":
        return ""  # it says what kind of operation it is, and no more
    if told[0].startswith("["):
        return judge.applied(op, names[0] + text, None)
    if sign is not None:
        waiting = iter(names)
        left, right = told[: told.index(sign)], told[told.index(sign) + 1 :]
        left = left or ([next(waiting)] if len(names) + len(right) > 1 else [])
        right = right or [next(waiting)]
        return _worked_out(judge, op, " ".join([*left, sign, *right]))
    word = re.compile(r"(?!True$|False$|None$|nan$|inf$)[A-Za-z_][\w.]*")
    at = next((i for i, part in enumerate(told) if word.fullmatch(part)), None)
    if at is None:
        raise Unread(text)
    return _call(judge, op, [told[at], *told[:at], *told[at + 1 :]], names)


def _call(judge: Judge, op: Operation, told: list[str], names: list[str]) -> str:
    name, *after = told
    first = [part.removeprefix("input=") for part in after if part.startswith("input=")]
    rest = [part for part in after if not part.startswith("input=")]
    ways = [[*first, *names, *rest], [f"[{', '.join(names)}]", *rest]]
    if not any("=" in part for part in rest):
        ways.append([*rest, *names])  # einsum 'ij,jk->ik'
    wrong = [_worked_out(judge, op, f"{name}({', '.join(way)})") for way in ways]
    return wrong[0] if all(wrong) and not _as_applied(judge, op, told) else ""


def _as_applied(judge: Judge, op: Operation, told: list[str]) -> bool:
    """Whether a badge has all that the whole call has besides tensors, where that is true."""
    text = expression(judge.graph, op)
    formula = Formula(text, list(judge.values))
    if not isinstance(formula.tree, ast.Call) or _worked_out(judge, op, text):
        return False
    given = [("", tree) for tree in formula.tree.args]
    given += [(f"{keyword.arg}=", keyword.value) for keyword in formula.tree.keywords]
    fixed = [
        key + ast.unparse(tree)
        for key, tree in given
        if not any(isinstance(it, ast.Name) and it.id in formula.places for it in ast.walk(tree))
    ]
    return [_bare(part) for part in fixed] == [_bare(part) for part in told[1:]]


def _bare(text: str) -> str:
    return re.sub(r"\s|\.0\b", "", text).replace("−", "-")


def _worked_out(judge: Judge, op: Operation, text: str) -> str:
    """`applied`, where a number of four digits may have lost further ones."""
    try:
        wrong = judge.applied(op, text, None)
        moved = re.sub(r"\d*\.?\d+", _moved, text)
        if not wrong or moved == text:
            return wrong
        made = judge.reality.calls[op.id].made[0].numbers
        one, other = (next(judge.results(op, variant)) for variant in (text, moved))
        return "" if bool(((one - made).abs() <= 1.01 * (one - other).abs()).all()) else wrong
    except (*ERRORS, Unread) as error:
        return str(error) or "it cannot be called so"


def _moved(number: re.Match[str]) -> str:
    """The number, moved by half of its last digit if it has four."""
    digits = number[0].replace(".", "").lstrip("0")
    return str(float(number[0]) + half_digit(float(number[0]))) if len(digits) > 3 else number[0]
