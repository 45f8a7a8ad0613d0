"""The student's cell or file, read: the statement on a line, and what others before it did."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lesson_utils.capture.lines import files, source_name, text_at
from lesson_utils.clinic.statement import Place, Statement, assigned, stored, writes

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_OUTSIDE = Place(0, 0, 0)  # of all functions


@dataclass(frozen=True)
class Cell:
    """A cell or a file; empty where Python does not have its text, or cannot read it.

    Attributes:
        text: What it says.
        nodes: As Python reads it.
        source: Its name.
        number: That of a notebook's cell; 0 for a file.
        earlier: The cells that ran before it, the first one first.
    """

    text: str
    nodes: tuple[ast.AST, ...]
    source: str | None = None
    number: int = 0
    earlier: tuple[Cell, ...] = ()

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
            yield Statement(self.begin(node), text, node, self.source)

    def begin(self, node: ast.stmt | ast.expr) -> Place:
        """Where a part of it begins."""
        return Place(self.number, node.lineno, node.col_offset)

    def end(self, node: ast.stmt | ast.expr) -> Place:
        """Where a part of it ends."""
        return Place(self.number, node.end_lineno or 0, node.end_col_offset or 0)

    def written(self, line: int) -> tuple[int, str] | None:
        """The statements that a line belongs to, and where they begin; None for a block's head."""
        found = [it for it in self.statements() if it.line <= line <= (it.node.end_lineno or 0)]
        return (found[0].line, "; ".join(it.text for it in found)) if found else None

    def statement(self, line: int, column: int | None) -> Statement | None:
        """The one at a place; None where nobody knows which of several on a line it is."""
        found = [it for it in self.statements() if it.line <= line <= (it.node.end_lineno or 0)]
        if len(found) > 1 and column is not None:
            there = Place(self.number, line, column)
            found = [it for it in found if it.place <= there < self.end(it.node)]
        return found[0] if len(found) == 1 else None

    def scope(self, place: Place) -> Place:
        """Where the innermost function around a place begins; a place before all if none is."""
        around = (node for node in self.nodes if isinstance(node, _FUNCTIONS))
        return max(
            (self.begin(node) for node in around if self.begin(node) < place < self.end(node)),
            default=_OUTSIDE,
        )

    def before(self, place: Place) -> list[Statement]:
        """The statements of the same function, those of the place's own loop among them.

        Outside of all functions those of earlier cells come first.
        """
        own, loop = self.scope(place), self._loop(place)
        last = place if loop is None else self.end(loop)
        found = [it for it in self.statements() if it.place <= last and self.scope(it.place) == own]
        others = self.earlier if own == _OUTSIDE else ()
        return [it for cell in others for it in cell.outermost()] + found

    def outermost(self) -> list[Statement]:
        """The statements outside of all functions."""
        return [it for it in self.statements() if self.scope(it.place) == _OUTSIDE]

    def assignment(self, name: str, place: Place) -> Statement | None:
        """The last one before a place that gives a value to a name."""
        found = [it for it in self.before(place) if it.place < place and name in assigned(it.node)]
        return found[-1] if found else None

    def writes(self, names: Sequence[str], place: Place) -> list[Statement]:
        """The statements before a place that write into what one of the names is bound to."""
        return [it for it in self.before(place) if it.place != place and writes(it.node, names)]

    def in_loop(self, place: Place) -> set[str] | None:
        """The names that the innermost loop around a place assigns; None where there is none."""
        loop = self._loop(place)
        return None if loop is None else stored(loop)

    def carried(self, place: Place) -> list[str]:
        """The names that go from one step of the loop around a place to the next.

        A step reads them before it gives them their new value.
        """
        loop = self._loop(place)
        if loop is None:
            return []
        found, new = [], set(stored(loop.target)) if isinstance(loop, ast.For) else set()
        kept = stored(loop)
        for it in self.statements():
            if self.begin(loop) < it.place < self.end(loop):
                read = [
                    node.id
                    for node in ast.walk(it.node)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
                ]
                found += [name for name in read if name in kept and name not in new]
                new |= stored(it.node)
        return list(dict.fromkeys(found))

    def disabled(self, place: Place) -> bool:
        """Whether a `with torch.no_grad():` or `inference_mode` stands around a place."""
        return any(
            isinstance(node, ast.With)
            and cell.begin(node) <= place < cell.end(node)
            and any("no_grad" in (it := ast.unparse(item.context_expr)) or "inference_mode" in it
                    for item in node.items)
            for cell in (*self.earlier, self) for node in cell.nodes
        )  # fmt: skip

    def _loop(self, place: Place) -> ast.For | ast.While | None:
        own = self.scope(place)
        around = [
            node
            for node in self.nodes
            if isinstance(node, (ast.For, ast.While))
            and self.begin(node) < place < self.end(node)
            and self.scope(self.begin(node)) == own
        ]
        return max(around, key=self.begin, default=None)


def cell_of(filename: str | None, history: Any = None) -> Cell:
    """Read a cell or a file, by the name that Python or we have for it.

    Args:
        filename: The name.
        history: IPython's list of the cells that ran, if the student's names have it.
    """
    if filename is None:
        return Cell("", ())
    source = source_name(files().get(filename, filename))
    text = "".join(linecache.getlines(files().get(filename, filename)))
    counted = re.fullmatch(r"In\[(\d+)\]", source)
    number = int(counted[1]) if counted else 0
    before = history[:number] if isinstance(history, list) else []
    others = [_read(str(it), f"In[{i}]", i) for i, it in enumerate(before)]
    return _read(text, source, number, tuple(others))


def _read(text: str, source: str, number: int, earlier: tuple[Cell, ...] = ()) -> Cell:
    try:
        return Cell(text, tuple(ast.walk(ast.parse(text))), source, number, earlier)
    except (SyntaxError, ValueError, RecursionError):  # a cell with magics, say
        return Cell("", (), source, number, earlier)


def statement_at(line: int | None, source: str | None) -> str:
    """The whole statements that a line belongs to, in one line; else what stands on the line."""
    found = None if line is None else cell_of(source).written(line)
    return text_at(line, source) if found is None else found[1]
