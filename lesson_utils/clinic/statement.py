"""A statement of the student's: where it stands, in which branches, what it does to names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_NO_WRITES = ("requires_grad_", "retain_grad_", "share_memory_")
Branch = tuple[int, int, str]  # of which block, and which way


class Place(NamedTuple):
    """Where something stands, as it can be compared.

    Attributes:
        cell: The number of a notebook's cell; 0 for a file.
        line: From 1.
        column: From 0.
    """

    cell: int
    line: int
    column: int


OUTSIDE = Place(0, 0, 0)  # of all functions


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement, or the head of a block.

    Attributes:
        place: Where it begins.
        end: Where it ends.
        text: It in one line; empty for the head of a block.
        node: As Python reads it.
        source: Its file or cell.
        scope: Where the innermost function around it begins.
        branches: Those that had to be taken for it to run: of `if`, `try`, `match`.
        binds: The names that get a value there.
    """

    place: Place
    end: Place
    text: str
    node: ast.stmt
    source: str | None
    scope: Place
    branches: frozenset[Branch]
    binds: frozenset[str]

    @property
    def line(self) -> int:
        """Its first line."""
        return self.place.line


def statements_of(text: str, body: Sequence[ast.stmt], source: str | None,
                  number: int) -> Iterator[Statement]:  # fmt: skip
    """All statements and heads of blocks of a text, in their order.

    Args:
        text: The text.
        body: It as Python reads it.
        source: Its file or cell.
        number: Of the cell.
    """
    lines = [line.encode() for line in text.splitlines()]
    waiting = [(node, OUTSIDE, frozenset[Branch]()) for node in reversed(body)]
    while waiting:
        node, scope, branches = waiting.pop()
        place = Place(number, node.lineno, node.col_offset)
        end = Place(number, node.end_lineno or 0, node.end_col_offset or 0)
        inner = list(_inside(node))
        told = "" if inner else _text(lines, node)
        yield Statement(place, end, told, node, source, scope, branches, frozenset(_bound(node)))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            scope, branches = place, frozenset()  # when it runs, its own branches count
        for part, way in reversed(inner):
            taken = branches | {(node.lineno, node.col_offset, way)} if way else branches
            waiting += [(it, scope, taken) for it in reversed(part)]


def _inside(node: ast.stmt) -> Iterator[tuple[Sequence[ast.stmt], str]]:
    """The blocks in a statement, each with the way that leads to it; empty if it runs anyway."""
    chosen = isinstance(node, (ast.If, ast.Try)) or type(node).__name__ == "TryStar"
    if hasattr(node, "body"):
        yield node.body, "body" if chosen else ""
    for i, handler in enumerate(getattr(node, "handlers", ())):
        yield handler.body, f"handler {i}"
    for i, case in enumerate(getattr(node, "cases", ())):
        yield case.body, f"case {i}"
    if other := getattr(node, "orelse", ()):
        yield other, "body" if isinstance(node, ast.Try) else "else"
    if last := getattr(node, "finalbody", ()):
        yield last, ""


def _text(lines: Sequence[bytes], node: ast.stmt) -> str:
    if node.lineno == node.end_lineno and node.lineno <= len(lines):
        return lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
    return ast.unparse(node)


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement, or the head of a block, gives a value."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        return
    heads: list[ast.AST] = [node]
    if isinstance(node, (ast.For, ast.AsyncFor)):
        heads = [node.target]
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        heads = [it.optional_vars for it in node.items if it.optional_vars is not None]
    elif hasattr(node, "body") or hasattr(node, "cases"):
        heads = []
    for head in heads:
        yield from stored(head)


def assigned(node: ast.stmt) -> list[str]:
    """The names that a statement gives new values, those of tuples among them."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        return []
    return [it.id for target in targets for it in ast.walk(target)
            if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)]  # fmt: skip


def stored(node: ast.AST) -> set[str]:
    """The names that are given new values anywhere in it, but for those of comprehensions."""
    found, waiting = set[str](), [node]
    while waiting:
        it = waiting.pop()
        if isinstance(it, ast.Name) and isinstance(it.ctx, (ast.Store, ast.Del)):
            found.add(it.id)
        inner = isinstance(it, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
        waiting += [] if inner or isinstance(it, ast.Lambda) else ast.iter_child_nodes(it)
    return found


def into(node: ast.AST) -> str:
    """The variable that `x[0] = ...` writes into; empty for anything else."""
    there = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    owner = node.value if there and isinstance(node, ast.Subscript) else None
    return owner.id if isinstance(owner, ast.Name) else ""


def loaded(node: ast.AST) -> set[str]:
    """The names that a part of it reads; what `x += 1` writes to is read as well."""
    found = {
        it.id for it in ast.walk(node) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Load)
    }
    return found | (stored(node.target) if isinstance(node, ast.AugAssign) else set())


def writes(node: ast.stmt, names: Sequence[str]) -> bool:
    """Whether a statement writes into what one of the names is bound to."""
    if isinstance(node, ast.AugAssign):
        return _base(node.target) in names
    if isinstance(node, ast.Assign) and any(
        isinstance(it, ast.Subscript) and _base(it) in names for it in node.targets
    ):
        return True
    for call in _calls(node, names):
        func = call.func
        own = func.attr if isinstance(func, ast.Attribute) else ""
        if own.endswith("_") and not own.endswith("__") and own not in _NO_WRITES:
            first = func.value if isinstance(func, ast.Attribute) else call
            if _base(first) in names or any(_base(it) in names for it in call.args[:1]):
                return True
        if any(word.arg == "inplace" for word in call.keywords):
            return any(_base(it) in names for it in call.args)
    return False


def _calls(node: ast.AST, names: Sequence[str]) -> Iterator[ast.Call]:
    """The calls in it, but for those inside of what binds one of the names for itself."""
    waiting = [node]
    while waiting:
        it = waiting.pop()
        if isinstance(it, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            own = {name for part in it.generators for name in stored(part.target)}
        else:
            own = (
                {arg.arg for arg in ast.walk(it) if isinstance(arg, ast.arg)}
                if (isinstance(it, ast.Lambda))
                else set()
            )
        if own.intersection(names):
            continue
        if isinstance(it, ast.Call):
            yield it
        waiting += ast.iter_child_nodes(it)


def _base(node: ast.expr) -> str:
    """What is written to: `u` of `u[0]`, `self.w` of `self.w.data`."""
    while isinstance(node, ast.Subscript) or (
        isinstance(node, ast.Attribute) and node.attr == "data"
    ):
        node = node.value
    return ast.unparse(node)
