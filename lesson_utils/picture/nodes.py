"""What is drawn at each node of the picture: leaves, operations, results, branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from lesson_utils.graph import ComputationGraph, Operation, Value
from lesson_utils.picture.keeping import kept, writer
from lesson_utils.picture.marks import Marks
from lesson_utils.picture.outline import outlined
from lesson_utils.picture.pieces import (
    BLUE,
    DENSE,
    SMALL,
    VIOLET,
    VIOLET_PALE,
    Piece,
    beside,
    escape,
    line,
    stack,
)
from lesson_utils.picture.tables import numbers
from lesson_utils.words.captions import badge, branch_caption, came_from, gradient_symbol
from lesson_utils.words.look import Look
from lesson_utils.words.notation import format_data, format_shape

NO_WIDTHS: Mapping[str, float] = MappingProxyType({})
SHORT = "∂"  # for the symbol of a gradient, where boxes are small


class Boxes:
    """Draws the nodes of one picture.

    Args:
        graph: The whole graph.
        look: How it is shown.
        marks: When its parts show, in a film.
        dense: Whether boxes are small: where there are many.
        widths: Of contents that keep their room while their digits change: `value-3`, or `brief-3`
            where it is small.

    Attributes:
        measured: The widths of all contents.
    """

    def __init__(
        self,
        graph: ComputationGraph,
        look: Look,
        marks: Marks,
        *,
        dense: bool,
        widths: Mapping[str, float] = NO_WIDTHS,
    ) -> None:
        self._widths, self.measured = widths, dict[str, float]()
        self._graph, self._marks, self._saves = graph, marks, look.saved
        self._dense, self._most = dense, DENSE if dense else 99.0
        self._gradients = look.gradients and graph.of is not None
        saved = [tensor for op in graph.operations for tensor in op.saved if look.saved]
        self._spoilt = {tensor.value: tensor for tensor in saved if tensor.is_spoilt}

    def value(self, it: Value, *, copy: int = 0, origin: int = 0) -> Piece:
        """A value on its own; a copy is small and says only what it is worth, and its origin."""
        mark = f"value-{it.id}-again-{copy}" if copy else f"value-{it.id}"
        if copy:
            content, pad = self._brief(it), (8.0, 3.0)
            if origin:
                content = _titled(
                    stack(content, line((came_from(origin), "note"), most=self._most)), it, origin
                )
        else:
            content, pad = self._content(it), (6.0, 3.0) if self._dense else (12.0, 6.0)
        return _group(
            mark, self._classes(it), outlined(content, it, pad, bool(copy), dense=self._dense)
        )

    def chip(self, it: Value, copy: int) -> Piece:
        """An input that needs no gradient, beside an operation that reads it."""
        mark = f"value-{it.id}-again-{copy}" if copy else f"value-{it.id}"
        content = self._brief(it)
        return _group(
            mark, self._classes(it), outlined(content, it, (6.0, 1.0), True, dense=self._dense)
        )

    def result(self, op: Operation, made: Value, chips: Sequence[Piece] = ()) -> Piece:
        """An operation in the box of its only result, with small inputs above it."""
        content = self._content(made)
        badge = self._badge(op)
        room = Piece(badge.width, badge.height, _nothing)
        inner = beside(room, content, gap=5.0 if self._dense else 8.0)
        inputs = beside(*chips, gap=3) if chips else Piece(0, -3, _nothing)
        above = Piece(inputs.width, inputs.height, _nothing)
        whole = stack(above, inner, *self._below(op), gap=3)
        box = outlined(
            whole, made, (4.0, 3.0) if self._dense else (6.0, 6.0), False, dense=self._dense
        )
        symbol = self._operation(op, badge)

        def draw(x: float, y: float) -> str:
            # The symbol is drawn over the box, since it belongs to the operation.
            left = x + (box.width - inner.width) / 2
            top = y + (box.height - whole.height) / 2
            low = top + above.height + 3 + (inner.height - badge.height) / 2
            group = _group(f"value-{made.id}", self._classes(made), box)
            drawn = group.draw(x, y) + symbol.draw(left, low)
            return drawn + inputs.draw(x + (box.width - inputs.width) / 2, top)

        return Piece(box.width, box.height, draw, box.radius)

    def operation(self, op: Operation, chips: Sequence[Piece] = ()) -> Piece:
        """An operation in a box of its own, since it has several results or none."""
        symbol = self._operation(op, stack(self._badge(op), *self._below(op), gap=2))
        return stack(beside(*chips, gap=3), symbol, gap=3) if chips else symbol

    def branch(self, number: int, direction: str) -> Piece:
        """What Python's `if` or `while` asked; its diamond is where the arrow comes."""
        size = 12.0

        def diamond(x: float, y: float) -> str:
            return (
                f'<path d="M{x:.1f} {y + size:.1f}l{size} {-size}l{size} {size}l{-size} {size}z" '
                f'fill="{VIOLET_PALE}" stroke="{VIOLET}" stroke-width="1.5"/>'
                f'<text x="{x + size:.1f}" y="{y + size + 5.3:.1f}" font-size="{SMALL:g}" '
                f'font-weight="bold" fill="{VIOLET}" text-anchor="middle">?</text>'
            )

        said = branch_caption(self._graph, self._graph.branches[number])
        answer = stack(
            *(line((text, "branch"), most=self._most) for text in said), centred=direction == "TB"
        )
        together = stack if direction == "TB" else beside
        whole = together(Piece(2 * size, 2 * size, diamond), answer)
        return _group(f"branch-{number}", self._marks.all(f"branch-{number}", "branch"), whole)

    def _below(self, op: Operation) -> list[Piece]:
        return [kept(self._graph, op, self._most)] if self._saves else []

    def _operation(self, op: Operation, piece: Piece) -> Piece:
        name = f"operation-{op.id}"
        return _group(name, self._marks.all(name, "operation"), piece)

    def _classes(self, it: Value) -> str:
        return self._marks.all(f"value-{it.id}", f"value value-{it.id} {it.role}")

    def _content(self, it: Value) -> Piece:
        """Name, numbers and gradient."""
        rows = [self._amount((it.name, "name"), it, "data")]
        symbol = gradient_symbol(self._graph, it) if self._gradients else ""
        if symbol:
            symbol = SHORT if self._dense else symbol
            rows.append(self._amount((symbol, "gradient"), it, "gradient"))
        elif self._gradients and not self._dense and (why := _no_gradient(it)):
            rows.append(self._marks.group(f"value-{it.id} data", line((why, "note"))))
        if it.id in self._spoilt:
            return stack(*rows, writer(self._graph, self._spoilt[it.id]), gap=1)
        height, width = min(row.height for row in rows), sum(row.width for row in rows)
        aside = height > 75 or (height > 40 and width < 320)
        aside = aside and not (self._dense and width > 260)
        content = beside(*rows, gap=14) if aside else stack(*rows, gap=1)
        return self._roomy(f"value-{it.id}", content)

    def _brief(self, it: Value) -> Piece:
        content = self._roomy(f"brief-{it.id}", _brief(it, self._most))
        return self._marks.group(f"value-{it.id} data", content)

    def _roomy(self, mark: str, content: Piece) -> Piece:
        """What is in a box, in the middle of the room that it keeps."""
        self.measured[mark] = content.width
        room = self._widths.get(mark, 0.0)
        return stack(Piece(room, 0, _nothing), content) if room > content.width else content

    def _amount(self, title: tuple[str, str], it: Value, look: str) -> Piece:
        back, marks = look == "gradient", self._marks
        data = it.gradient if back else it.data
        summary = it.gradient_summary if back else it.summary
        table = numbers(data, summary, look, self._most)
        key = f"value-{it.id} {look}"
        late = look if back else marks.all(key, look)  # a name shows before its numbers

        def heading(*more: tuple[str, str]) -> Piece:
            written = line(title, *more, most=self._most)
            return marks.title(it.id, written, min(SMALL, self._most)) if back else written

        if table is None:
            whole = heading((f" = {format_data(data)}", late))
            name = line(title, most=self._most)

            def draw(x: float, y: float) -> str:
                sign = marks.sign(key, x + name.width + 15, y + whole.height * 0.78, "= ?")
                return whole.draw(x, y) + sign

            return whole if back else replace(whole, draw=draw)
        table = marks.group(key, table)
        shape = (f"  {format_shape(it.shape)}", "shape")
        if table.height < 25:
            equals = [] if 0 in it.shape else [(" =", late)]
            return beside(heading(shape, *equals), table, gap=5)
        return stack(heading(shape), table, gap=2)

    def _badge(self, op: Operation) -> Piece:
        """The symbol in a circle, or a capsule where it is longer or has constants beside it."""
        before, symbol, after = badge(self._graph, op)
        spans = [(f"{constant} ", "constant") for constant in before] + [(symbol, "symbol")]
        spans += [(f" {constant}", "constant") for constant in after]
        text = line(*spans, most=self._most)
        height = 22.0 if self._dense else 28.0
        width = max(height, text.width + (8 if self._dense else 14))

        def draw(x: float, y: float) -> str:
            return (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:g}" '
                f'rx="{height / 2:g}" fill="{BLUE}"/>'
                + text.draw(x + (width - text.width) / 2, y + (height - text.height) / 2)
            )

        return Piece(width, height, draw)


def _no_gradient(it: Value) -> str:
    """Why a leaf has none."""
    if it.role == "input" and not it.requires_grad:
        return "needs no gradient"
    return "no path to it" if it.role == "parameter" else ""


def _nothing(x: float, y: float) -> str:
    return ""


def _group(mark: str, classes: str, piece: Piece) -> Piece:
    def draw(x: float, y: float) -> str:
        return f'<g id="{mark}" class="{classes}">{piece.draw(x, y)}</g>'

    return Piece(piece.width, piece.height, draw, piece.radius)


def _titled(piece: Piece, it: Value, origin: int) -> Piece:
    title = f"<title>{escape(it.name)} {came_from(origin)}</title>"
    return replace(piece, draw=lambda x, y: title + piece.draw(x, y))


def _brief(it: Value, most: float) -> Piece:
    if isinstance(it.data, tuple) or it.data is None:
        return line((it.name, "small"), (f" {format_shape(it.shape)}", "note"), most=most)
    return line((f"{it.name} = {format_data(it.data)}", "small"), most=most)
