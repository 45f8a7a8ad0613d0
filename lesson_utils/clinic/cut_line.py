"""The line that cut the path from a result, found in the student's code; and it without the cut."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

import torch

from lesson_utils.clinic.code import called, parsed
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.rewritten import with_call, with_keyword, without_calls
from lesson_utils.clinic.scene import at_path, is_a
from lesson_utils.clinic.statement import Place, Statement, loaded

_METHODS = ("detach", "detach_", "item", "tolist", "numpy", "argmax", "argmin", "argsort", "topk",
            "multinomial", "bincount", "long", "int", "short", "bool")  # fmt: skip
_FUNCTIONS = ("tensor", "as_tensor", "asarray", "array", "from_numpy", "argmax", "argmin",
              "argsort", "topk", "multinomial")  # fmt: skip
_BUILTINS = ("float", "int", "complex")
_COMPARED = {
    ast.Gt: "gt",
    ast.Lt: "lt",
    ast.GtE: "ge",
    ast.LtE: "le",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}


class CutLine(NamedTuple):
    """A line that cut a path.

    Attributes:
        text: What stands there.
        line: Its number.
        source: Its file or cell.
        lost: What has a graph still; may be empty.
        reason: What cut it, as in `Cut`.
        code: The line, or lines, without the cut; empty where more is needed than that.
        alone: Whether no other cut is known on the way.
    """

    text: str
    line: int
    source: str | None
    lost: str
    reason: str
    code: str
    alone: bool = True


class _Step(NamedTuple):
    """A line on the way back from a result."""

    text: str
    node: ast.stmt
    place: Place
    source: str | None

    @classmethod
    def of(cls, it: Statement) -> _Step:
        """The step that a statement is."""
        return cls(it.text, it.node, it.place, it.source)


def cut_in_lines(e: Evidence, root: str) -> CutLine | None:
    """The line that cut the path from a result; None where the lines do not tell.

    Args:
        e: The evidence.
        root: What is written for the result: a variable, or what computes it.
    """
    if e.scene is None or not root:
        return None
    cell, here = e.scene.cell, e.scene.place
    names = dict(reversed([*e.variables()]))
    written = parsed(root)
    waiting, met, alone = [], set[tuple[Place, str]](), True
    if not root.isidentifier() and written is not None:
        waiting.append(_Step(e.scene.text, written, here, e.scene.source))
    elif (made := cell.assignment(root, here)) is not None:
        waiting.append(_Step.of(made))
    while waiting:
        step = waiting.pop(0)
        if (step.place, step.text) in met:
            continue
        met.add((step.place, step.text))
        cuts = [*_cuts(step.node)]
        found = [
            (lost, why)
            for lost, why in cuts
            if _has_graph(names, lost) or why == "detach_"  # it had one until then
        ]
        if found:
            lost, why = found[0]
            code = uncut(step.text, why) if alone else ""
            return CutLine(step.text, step.place.line, step.source, lost, why, code, alone)
        given = sorted(loaded(step.node), key=step.text.find)
        able = [name for name in given if _has_graph(names, name)]
        lost = next((name for name in able if is_a(names.get(name), torch.Tensor)), "")
        block = cell.disabled(step.place)
        if block is not None and able:
            code = cell.moved_out(step.place) if alone else ""
            return CutLine(step.text, step.place.line, step.source, lost, "no_grad", code, alone)
        if (decorated := _decorated(e, step)) is not None:
            return decorated
        alone = alone and not cuts
        for name in given:
            it = names.get(name)
            before = cell.assignment(name, step.place)
            if before is not None and not callable(it) and not _has_graph(names, name):
                waiting.append(_Step.of(before))
    return None


def _decorated(e: Evidence, step: _Step) -> CutLine | None:
    """A function that is called on a line, and whose decorator disables gradients."""
    assert e.scene is not None  # asked before
    names = {called(it) for it in ast.walk(step.node) if isinstance(it, ast.Call)}
    for cell in e.scene.cell.so_far:
        for it in cell.all:
            for decorator in getattr(it.node, "decorator_list", ()):
                told = ast.unparse(decorator)
                name = getattr(it.node, "name", "")
                if name in names and re.search("no_grad|inference_mode", told):
                    return CutLine(name, decorator.lineno, it.source, "", "decorated", "")
    return None


def uncut(text: str, reason: str, *, several: bool = False) -> str:
    """The line without what cuts the path; empty where that is not all that is needed.

    Args:
        text: The line.
        reason: What cuts it, as in `Cut`.
        several: Whether a list of tensors was copied, by its name.
    """
    if reason == "grad":
        return with_keyword(text, "grad", "create_graph") if "grad(" in text else ""

    def inner(call: ast.Call) -> ast.expr:
        first = call.args[0] if call.args else call
        if isinstance(first, ast.GeneratorExp):
            first = ast.ListComp(first.elt, first.generators)
        listed = several and isinstance(first, ast.Name)
        if listed or isinstance(first, (ast.List, ast.Tuple, ast.ListComp)):
            stack = ast.Attribute(ast.Name("torch"), "stack")
            return ast.Call(stack, [first], [])
        return first

    new = text
    for name in ("tensor", "as_tensor", "asarray", "array", "from_numpy", "float", "int"):
        # Whoever makes a tensor of numbers again made numbers of tensors first.
        if name not in _BUILTINS or reason == f"{name}()" or "torch.stack(" in new:
            new = with_call(new, name, inner) or new
    new = without_calls(new, ("detach", "detach_", "cpu", "numpy", "item", "tolist")) or new
    new = new.replace(".data", "") if reason == "data" else new
    numpys = re.findall(r"\b(?:np|numpy)\.(\w+)", new)
    if any(not hasattr(torch, name) for name in numpys) or re.search(r"stack\(.*\d\.", new):
        return ""  # what torch does not have, and numbers among tensors
    if numpys and not re.search(r"\b(tensor|as_tensor|asarray|from_numpy)\(", text):
        return ""  # the next line asks for an array
    new = re.sub(r"\b(?:np|numpy)\.(\w+)", r"torch.\1", new)
    same = new == text or re.fullmatch(r"(\w+) = \1", new)
    return "" if same or _still_cuts(new, reason) else new


def _still_cuts(new: str, reason: str) -> bool:
    """Whether what is left has no slope, is no tensor, or would not run."""
    if reason == "int()" or "requires_grad_(" in new:
        return True
    if re.search(r"\bmath\.|\blist\(|stack\(\[\[|\bfull\(", new):
        return True
    names = (*_METHODS[4:], "bernoulli", "round", "sign", "floor", "ceil")
    return re.search(rf"\b({'|'.join(names)})\(", new) is not None


def _cuts(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """What is cut off in a statement, and by what, the innermost first."""
    for node in reversed([*ast.walk(statement)]):
        if isinstance(node, ast.Compare):
            for kind, name in _COMPARED.items():
                if isinstance(node.ops[0], kind):
                    yield ast.unparse(node.left), name
                    yield ast.unparse(node.comparators[0]), name
        elif isinstance(node, ast.Attribute) and node.attr == "data":
            yield ast.unparse(node.value), "data"
        elif isinstance(node, ast.Call):
            yield from _cut_by(node)


def _cut_by(call: ast.Call) -> Iterator[tuple[str, str]]:
    func = call.func
    own = func.attr if isinstance(func, ast.Attribute) else ""
    own = func.id if isinstance(func, ast.Name) else own
    if isinstance(func, ast.Attribute) and own in _METHODS:
        yield ast.unparse(func.value), own
    if not call.args:
        return
    if own in _BUILTINS and isinstance(func, ast.Name):
        yield ast.unparse(call.args[0]), f"{own}()"
    elif own in _FUNCTIONS:
        kind = "numpy" if own in ("asarray", "array", "from_numpy") else own
        yield ast.unparse(call.args[0]), "tensor" if own == "as_tensor" else kind
    elif own == "grad" and not any(word.arg == "create_graph" for word in call.keywords):
        yield ast.unparse(call.args[0]), "grad"


def _has_graph(names: dict[str, object], text: str) -> bool:
    """Whether an expression names a tensor that has a graph, or begins one."""
    try:
        nodes = [*ast.walk(ast.parse(text, mode="eval"))]
    except SyntaxError:
        return False
    found = (
        at_path(names, ast.unparse(node))
        for node in nodes
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
    )
    return any(
        (is_a(it, torch.Tensor) and it.requires_grad)
        or (
            is_a(it, torch.nn.Module)
            and any(w.requires_grad for _, w in torch.nn.Module.named_parameters(it))
        )
        for it in found
    )
