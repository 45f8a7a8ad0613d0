"""What can be done about a second pass through one graph."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator

import torch

from lesson_utils.capture.behind import MOST, is_freed, reached
from lesson_utils.capture.records import Node, node_of
from lesson_utils.clinic.cell import statement_at
from lesson_utils.clinic.code import called
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Repair
from lesson_utils.clinic.rewritten import with_keyword
from lesson_utils.clinic.scene import is_a
from lesson_utils.clinic.statement import Statement, loaded
from lesson_utils.graph import Pass

AGAIN = "A new graph for each backward pass."
# What makes two passes more than one pass for the sum: it uses or clears what the first has given.
_BETWEEN = re.compile(r"zero_grad|\.step\(|\.grad\b|clip_|\bdel\b|_grad_")


def has_lost(node: Node) -> bool:
    """Whether it, or what is behind it, can no longer run: a sum saves nothing itself."""
    return any(map(is_freed, itertools.islice(reached([node]), MOST)))


def is_lost(tensor: torch.Tensor) -> bool:
    """Whether there is no way back from a result for that reason."""
    own = node_of(tensor)
    return own is not None and has_lost(own)


def in_the_loop(name: str, code: str) -> list[Repair]:
    """What helps where a loop goes back through what was made before it.

    Args:
        name: The variable.
        code: The line that makes it.
    """
    return [
        Repair(f"Compute `{name}` in the loop, if each step is to learn through it", code, AGAIN),
        Repair(
            "Or cut it off before the loop, if it is to stay as it was, as a target is",
            f"{name} = {name}.detach()" if name.isidentifier() else "",
            "Then no gradient goes back through it.",
        ),
    ]


def is_computed_in_loop(e: Evidence) -> bool:
    """Whether the loop around the failing line computes what is gone back from."""
    if e.scene is None:
        return False
    inside = e.scene.cell.computed(e.scene.place)
    name = e.root
    return name in inside if name.isidentifier() else bool(re.search(r"[(+*/@-]", name))


def pass_from(e: Evidence, name: str) -> Statement | None:
    """The line before that went back from a variable; None where none is found."""
    if e.scene is None:
        return None
    before = [it for it in e.scene.cell.before(e.scene.place) if it.place < e.scene.place]
    call = re.compile(rf"(?<![\w.]){re.escape(name)}\.backward\(|grad\(\[?{re.escape(name)}\b")
    return next((it for it in reversed(before) if call.search(it.text)), None)


def two_results(
    e: Evidence, other: str, shared: str, first: Statement | None, done: Pass | None = None
) -> Iterator[Repair]:
    """What helps where two results are made of the same, and a pass from each is wanted.

    Args:
        e: The evidence.
        other: The result that the first pass went back from; may be empty.
        shared: What both are made of.
        first: The line of the first pass; None where it is not known.
        done: The first pass, where it was seen.
    """
    apart = first is None or _is_between(e, first)
    plain = e.call == "backward" and len(e.roots) == 1 and bool(e.name_of(e.roots[0]))
    first_of = e.variable(other)
    single = is_a(first_of, torch.Tensor) and first_of.numel() == 1
    plain = plain and single and e.roots[0].numel() == 1
    if not apart and plain and other:
        yield Repair(
            "Compute both again, and go back once from the sum: gradients add up",
            f"({other} + {e.root}).backward()",
            "One pass through what they share, instead of both.",
        )
    if apart and first is not None:
        if shared:
            yield Repair(
                f"If `{other}` is not to teach what made `{shared}`, compute it from "
                f"`{shared}.detach()`",
                cost="The first pass then ends there, and leaves the graph behind it.",
            )
        yield Repair(
            "If you want two gradients of this graph, one after the other, retain it once",
            with_keyword(first.text, "backward", "retain_graph"),
            "What it saved stays in memory until then.",
        )
        return
    yield retain(done)


def _is_between(e: Evidence, first: Statement) -> bool:
    """Whether anything between two passes uses, or clears, what the first has given."""
    assert e.scene is not None  # a line of it is known
    found = e.scene.cell.before(e.scene.place)
    between = [it for it in found if first.place < it.place < e.scene.place]
    return any(_BETWEEN.search(it.text) or _calls(it) for it in between)


def _calls(it: Statement) -> bool:
    """Whether a line does no more than call something: who knows what that does to `.grad`."""
    value = it.node.value if isinstance(it.node, ast.Expr) else None
    return isinstance(value, ast.Call) and called(value) not in ("print", "display")


def retain(done: Pass | None) -> Repair:
    """The plaster for a second pass.

    Args:
        done: The first pass, where it was seen.
    """
    text = "" if done is None else statement_at(done.line, done.source)
    call = "backward" if done is None else done.call
    return Repair(
        "Let the first pass keep the graph",
        with_keyword(text, call, "retain_graph") or "retain_graph=True",
        "What it saved stays in memory as long as the graph does: right only where you want two "
        "gradients of one graph.",
        plaster=True,
    )


def lines_to(e: Evidence, wanted: Callable[[torch.Tensor], bool]) -> str:
    """The lines that computed the results; empty where one is not found, or no longer does.

    Args:
        e: The evidence.
        wanted: Whether what a line was given has to be computed as well.
    """
    if e.scene is None:
        return ""
    found = dict[Statement, None]()
    waiting, tensors = [e.name_of(root) for root in e.roots], dict(reversed([*e.tensors()]))
    met = set(waiting)
    while waiting:
        made = e.assignment(waiting.pop())
        if made is None:
            return ""
        if _goes_back(e, made):
            return ""  # whoever runs it again has no graph afterwards, either
        found[made] = None
        for name in loaded(made.node):
            it = tensors.get(name)
            if it is None or it.is_leaf:
                continue
            if e.scene.cell.assignment(name, made.place) is not e.assignment(name):
                return ""  # it was bound to another one by then
            if name not in met and wanted(it):
                met.add(name)
                waiting.append(name)
    return "\n".join(it.text for it in sorted(found, key=lambda it: it.place))


def _goes_back(e: Evidence, it: Statement) -> bool:
    """Whether a line calls a function of the student's that goes back itself."""
    assert e.scene is not None  # a line of it is known
    names = {called(node) for node in ast.walk(it.node) if isinstance(node, ast.Call)}
    for cell in e.scene.cell.so_far:
        inner = {known.place for known in cell.all if getattr(known.node, "name", "") in names}
        for known in cell.statements:
            if known.scope in inner and re.search(r"\bbackward\(|\bgrad\(", known.text):
                return True
    return False
