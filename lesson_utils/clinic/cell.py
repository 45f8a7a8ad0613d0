"""The student's cell or file, read: the statement on a line, and what others before it did."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lesson_utils.capture.lines import files, text_at

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NO_WRITES = ("requires_grad_", "retain_grad_", "share_memory_")


class Statement(NamedTuple):
    """A statement without a block of its own.

    Attributes:
        line: Its first line.
        text: It in one line.
        node: As Python reads it.
    """

    line: int
    text: str
    node: ast.stmt


@dataclass(frozen=True)
class Cell:
    """A cell or a file; empty where Python does not have its text, or cannot read it."""

    text: str
    nodes: tuple[ast.AST, ...]

    def statements(self) -> Iterator[Statement]:
        """All of them, in their order."""
        found = [
            node
            for node in self.nodes
            if isinstance(node, ast.stmt) and not hasattr(node, "body")
            and not hasattr(node, "cases")
        ]  # fmt: skip
        for node in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
            whole = node.lineno == node.end_lineno
            text = (ast.get_source_segment(self.text, node) if whole else "") or ast.unparse(node)
            yield Statement(node.lineno, text, node)

    def statement(self, line: int) -> Statement | None:
        """The one that a line belongs to; None for the head of a block."""
        return next(
            (it for it in self.statements() if it.line <= line <= (it.node.end_lineno or 0)), None
        )

    def scope(self, line: int) -> int:
        """Where the innermost function around a line begins; 0 outside of all."""
        around = (node for node in self.nodes if isinstance(node, _FUNCTIONS))
        return max(
            (node.lineno for node in around if node.lineno < line <= (node.end_lineno or 0)),
            default=0,
        )

    def before(self, line: int) -> list[Statement]:
        """The statements of the same function, those of the line's own loop among them."""
        own, loop = self.scope(line), self._loop(line)
        last = line if loop is None else loop.end_lineno or line
        return [it for it in self.statements() if it.line <= last and self.scope(it.line) == own]

    def assignment(self, name: str, line: int) -> Statement | None:
        """The last one before a line that gives a value to a name."""
        found = [it for it in self.before(line) if it.line < line and name in assigned(it.node)]
        return found[-1] if found else None

    def writes(self, names: Sequence[str], line: int) -> list[Statement]:
        """The statements before a line that write into what one of the names is bound to."""
        return [it for it in self.before(line) if it.line != line and _writes(it.node, names)]

    def in_loop(self, line: int) -> set[str] | None:
        """The names that the innermost loop around a line assigns; None where there is no loop."""
        loop = self._loop(line)
        return None if loop is None else _stored(loop)

    def carried(self, line: int) -> list[str]:
        """The names that go from one step of the loop around a line to the next.

        A step reads them before it gives them their new value.
        """
        loop = self._loop(line)
        if loop is None:
            return []
        found, new = [], set(_stored(loop.target)) if isinstance(loop, ast.For) else set()
        stored = _stored(loop)
        for it in self.statements():
            if loop.lineno < it.line <= (loop.end_lineno or 0):
                read = [
                    node.id
                    for node in ast.walk(it.node)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
                ]
                found += [name for name in read if name in stored and name not in new]
                new |= _stored(it.node)
        return list(dict.fromkeys(found))

    def disabled(self, line: int) -> bool:
        """Whether a `with torch.no_grad():` or `inference_mode` stands around a line."""
        return any(
            isinstance(node, ast.With)
            and node.lineno <= line <= (node.end_lineno or 0)
            and any("no_grad" in (it := ast.unparse(item.context_expr)) or "inference_mode" in it
                    for item in node.items)
            for node in self.nodes
        )  # fmt: skip

    def _loop(self, line: int) -> ast.For | ast.While | None:
        own = self.scope(line)
        around = [
            node
            for node in self.nodes
            if isinstance(node, (ast.For, ast.While))
            and node.lineno < line <= (node.end_lineno or 0)
            and self.scope(node.lineno) == own
        ]
        return max(around, key=lambda node: node.lineno, default=None)


def cell_of(filename: str | None) -> Cell:
    """Read a cell or a file, by the name that Python or we have for it."""
    if filename is None:
        return Cell("", ())
    text = "".join(linecache.getlines(files().get(filename, filename)))
    try:
        return Cell(text, tuple(ast.walk(ast.parse(text))))
    except (SyntaxError, ValueError, RecursionError):  # a cell with magics, say
        return Cell("", ())


def statement_at(line: int | None, source: str | None) -> str:
    """The whole statement that a line belongs to, in one line; else what stands on the line."""
    found = None if line is None else cell_of(source).statement(line)
    return text_at(line, source) if found is None else found.text


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


def _stored(node: ast.AST) -> set[str]:
    return {
        it.id for it in ast.walk(node) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)
    }


def _writes(node: ast.stmt, names: Sequence[str]) -> bool:
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
