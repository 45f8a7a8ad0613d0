"""A statement of the student's, and what it does to names."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

_NO_WRITES = ("requires_grad_", "retain_grad_", "share_memory_")


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


class Statement(NamedTuple):
    """A statement without a block of its own.

    Attributes:
        place: Where it begins.
        text: It in one line.
        node: As Python reads it.
        source: Its file or cell.
    """

    place: Place
    text: str
    node: ast.stmt
    source: str | None

    @property
    def line(self) -> int:
        """Its first line."""
        return self.place.line


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
    """The names that are given new values anywhere in it."""
    return {
        it.id for it in ast.walk(node) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)
    }


def writes(node: ast.stmt, names: Sequence[str]) -> bool:
    """Whether a statement writes into what one of the names is bound to."""
    if isinstance(node, ast.AugAssign):
        return _base(node.target) in names
    if isinstance(node, ast.Assign) and any(
        isinstance(it, ast.Subscript) and _base(it) in names for it in node.targets
    ):
        return True
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        func = call.func
        own = func.attr if isinstance(func, ast.Attribute) else ""
        if own.endswith("_") and not own.endswith("__") and own not in _NO_WRITES:
            first = func.value if isinstance(func, ast.Attribute) else call
            if _base(first) in names or any(_base(it) in names for it in call.args[:1]):
                return True
        if any(word.arg == "inplace" for word in call.keywords):
            return any(_base(it) in names for it in call.args)
    return False


def _base(node: ast.expr) -> str:
    """What is written to: `u` of `u[0]`, `self.w` of `self.w.data`."""
    while isinstance(node, ast.Subscript) or (
        isinstance(node, ast.Attribute) and node.attr == "data"
    ):
        node = node.value
    return ast.unparse(node)
