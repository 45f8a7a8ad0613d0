"""The student's cell or file, read: the statement on a line, and what others before it did."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lesson_utils.capture.lines import files, source_name, text_at
from lesson_utils.clinic.statement import (
    OUTSIDE,
    Place,
    Statement,
    assigned,
    into,
    loaded,
    statements_of,
    stored,
    writes,
)


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell or a file; empty where Python does not have its text, or cannot read it.

    Attributes:
        all: Its statements, and the heads of its blocks, in their order.
        source: Its name.
        number: That of a notebook's cell; 0 for a file.
        earlier: The cells that ran before it, the first one first.
    """

    all: tuple[Statement, ...]
    source: str | None = None
    number: int = 0
    earlier: tuple[Cell, ...] = ()

    @property
    def so_far(self) -> tuple[Cell, ...]:
        """The cells that ran before it, and itself."""
        return (*self.earlier, self)

    @property
    def statements(self) -> list[Statement]:
        """Those without a block of their own."""
        return [it for it in self.all if it.text]

    def written(self, line: int) -> tuple[int, str] | None:
        """The statements that a line belongs to, and where they begin; None for a block's head."""
        found = [it for it in self.statements if it.line <= line <= it.end.line]
        return (found[0].line, "; ".join(it.text for it in found)) if found else None

    def statement(self, line: int, column: int | None) -> Statement | None:
        """The one at a place; None where nobody knows which of several on a line it is."""
        found = [it for it in self.statements if it.line <= line <= it.end.line]
        if len(found) > 1 and column is not None:
            there = Place(self.number, line, column)
            found = [it for it in found if it.place <= there < it.end]
        return found[0] if len(found) == 1 else None

    def scope(self, place: Place) -> Place:
        """Where the innermost function around a place begins; a place before all if none is."""
        return max((it.place for it in self._around(place, _FUNCTIONS)), default=OUTSIDE)

    def is_own(self, name: str, place: Place) -> bool:
        """Whether a name, bound anew there, is the one that is read there."""
        around = self._around(place, _FUNCTIONS)
        if not around:
            return True
        node = max(around, key=lambda it: it.place).node
        arguments = {it.arg for it in ast.walk(node) if isinstance(it, ast.arg)}
        return name in arguments | {own for it in self.all if it.scope == self.scope(place)
                                    for own in it.binds}  # fmt: skip

    def before(self, place: Place) -> list[Statement]:
        """The statements of the same function, those of the place's own loop among them.

        Outside of all functions those of earlier cells come first.
        """
        own, loop = self.scope(place), self._loop(place)
        last = place if loop is None else loop.end
        found = [it for it in self.statements if it.place <= last and it.scope == own]
        others = self.earlier if own == OUTSIDE else ()
        return [it for cell in others for it in cell.statements if it.scope == OUTSIDE] + found

    def assignment(self, name: str, place: Place) -> Statement | None:
        """What gave a name the value that it has at a place; None if that cannot be told."""
        own, loop = self.scope(place), self._loop(place)
        cells = self.so_far if own == OUTSIDE else (self,)
        bound = [it for cell in cells for it in cell.all if it.scope == own and name in it.binds]
        # `x += 1` writes into a tensor, and makes something new of a number.
        added = [it for it in bound if isinstance(it.node, ast.AugAssign) and it.place < place]
        bound = [it for it in bound if not isinstance(it.node, ast.AugAssign)]
        found = [it for it in bound if it.place < place]
        number = (
            isinstance(getattr(found[-1].node, "value", None), ast.Constant) if found else False
        )
        if number and any(it.place > found[-1].place for it in added):
            return None
        if not found or not self.must_run(found[-1], place) or name not in assigned(found[-1].node):
            return None
        again = loop is not None and any(loop.place < it.place < loop.end for it in bound)
        if loop is not None and again and found[-1].place < loop.place:
            return None  # in later steps it is that of the step before
        return found[-1]

    def has_run(self, it: Statement, place: Place) -> bool:
        """Whether a statement has run, once a place was reached; a loop may have had no step."""
        kinds = (ast.For, ast.While)
        loops = [loop for cell in self.so_far for loop in cell._around(it.place, kinds)]
        return self.must_run(it, place) and all(it.place < place < it.end for it in loops)

    def must_run(self, it: Statement, place: Place) -> bool:
        """Whether a statement is in no branch but those that a place is in, too."""
        there = next((known.branches for known in self.all if known.place == place), None)
        if there is None:
            around = [known for known in self.all if known.place <= place < known.end]
            there = around[-1].branches if around else frozenset()
        return it.branches <= there or (it.place.cell == self.number and it.place == place)

    def writes(self, names: Sequence[str], place: Place) -> list[Statement]:
        """The statements before a place that write into what one of the names is bound to."""
        return [it for it in self.before(place) if it.place != place and writes(it.node, names)]

    def computed(self, place: Place) -> set[str]:
        """The names that statements of the innermost loop around a place give values to."""
        loop = self._loop(place)
        inner = () if loop is None else self.statements
        return {name for it in inner if loop and loop.place < it.place < loop.end
                for name in it.binds}  # fmt: skip

    def in_loop(self, place: Place) -> set[str] | None:
        """The names that the innermost loop around a place assigns; None where there is none."""
        loop = self._loop(place)
        return None if loop is None else stored(loop.node)

    def later_in_loop(self, name: str, place: Place) -> ast.expr | None:
        """What a name is given after a place, for the next step of the loop around it."""
        loop = self._loop(place)
        later = [it for it in self.statements if loop and place < it.place < loop.end]
        found = [it.node for it in later if assigned(it.node) == [name]]
        return found[-1].value if found and isinstance(found[-1], ast.Assign) else None

    def carried(self, place: Place) -> list[str]:
        """The names that go from one step of the loop around a place to the next.

        A step reads them before it gives them their new value.
        """
        loop = self._loop(place)
        if loop is None:
            return []
        found, new = list[str](), set(loop.binds)
        kept = stored(loop.node) | {name for it in ast.walk(loop.node) if (name := into(it))}
        for it in self.statements:
            if loop.place < it.place < loop.end:
                found += [name for name in sorted(loaded(it.node)) if name in kept - new]
                new |= it.binds
        return list(dict.fromkeys(found))

    def disabled(self, place: Place) -> Statement | None:
        """The `with torch.no_grad():` or `inference_mode` around a place; None if none is."""
        for cell in self.so_far:
            for it in cell._around(place, (ast.With,)):
                heads = [ast.unparse(item.context_expr) for item in it.node.items]  # type: ignore[attr-defined]  # a With
                if any("no_grad" in head or "inference_mode" in head for head in heads):
                    return it
        return None

    def moved_out(self, place: Place) -> str:
        """What the block around a place that disables gradients does, without the block."""
        block = self.disabled(place)
        if block is None:
            return ""
        inner = self.inside(block)
        if any(it.text.startswith("return") for it in inner):
            return ""
        body: list[ast.stmt] = block.node.body  # type: ignore[attr-defined]  # a With
        plain = not any(hasattr(it, "body") for it in body)  # without a loop, say
        return "\n".join([it.text for it in inner] if plain else map(ast.unparse, body))

    def inside(self, block: Statement) -> list[Statement]:
        """The statements of a block, of this cell or an earlier one."""
        found = [it for cell in self.so_far for it in cell.statements]
        return [it for it in found if block.place < it.place < block.end]

    def _loop(self, place: Place) -> Statement | None:
        own = self.scope(place)
        around = [it for it in self._around(place, (ast.For, ast.While)) if it.scope == own]
        return max(around, key=lambda it: it.place, default=None)

    def _around(self, place: Place, kinds: tuple[type[ast.stmt], ...]) -> list[Statement]:
        """The blocks of some kinds that a place is in, the outermost first."""
        return [it for it in self.all if isinstance(it.node, kinds) and it.place < place < it.end]


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def cell_of(filename: str | None, history: Any = None) -> Cell:
    """Read a cell or a file, by the name that Python or we have for it.

    Args:
        filename: The name.
        history: IPython's list of the cells that ran, if the student's names have it.
    """
    if filename is None:
        return Cell(())
    source = source_name(files().get(filename, filename))
    text = "".join(linecache.getlines(files().get(filename, filename)))
    counted = re.fullmatch(r"In\[(\d+)\]", source)
    number = int(counted[1]) if counted else 0
    before = history[:number] if type(history) is list else []
    others = [
        Cell(_read(it if type(it) is str else "", f"In[{i}]", i), f"In[{i}]", i)
        for i, it in enumerate(before)
    ]
    return Cell(_read(text, source, number), source, number, tuple(others))


@lru_cache(maxsize=128)  # a cell is asked about many times
def _read(text: str, source: str, number: int) -> tuple[Statement, ...]:
    try:
        return tuple(statements_of(text, ast.parse(text).body, source, number))
    except (SyntaxError, ValueError, TypeError, RecursionError):  # a cell with magics, say
        return ()


def statement_at(line: int | None, source: str | None) -> str:
    """The whole statements that a line belongs to, in one line; else what stands on the line."""
    found = None if line is None else cell_of(source).written(line)
    return text_at(line, source) if found is None else found[1]
