"""Vector-Jacobian products as pictures: in symbols, in numbers, and the shapes beneath."""

from __future__ import annotations

from itertools import accumulate

from lesson_utils.graph import ComputationGraph, Data
from lesson_utils.picture.pieces import Piece, line, stack
from lesson_utils.picture.tables import numbers
from lesson_utils.words.notation import format_shape
from lesson_utils.words.products import Product, products_of

MOST = 8  # elements of a vector that is written out
_GAP, _EQUALS = 9.0, 3  # pixels between columns; the column that all equations have in one line

Column = tuple[Piece, Piece, Piece]  # a symbol, its numbers, their shape


def equations(graph: ComputationGraph) -> Piece | None:
    """The products of a graph, from the result backwards, each in a row; not the large ones.

    All have their `=` in one line. None if there is none to write out.
    """
    written = [
        _columns(product)
        for op in reversed(graph.operations)
        for product in products_of(graph, op)
        if max(len(product.vector[1]), len(product.flowed[1])) <= MOST
    ]
    before = max((_width(columns[:_EQUALS]) for columns in written), default=0.0)
    rows = [_row(columns, before - _width(columns[:_EQUALS])) for columns in written]
    return stack(*rows, gap=14, centred=False) if rows else None


def _columns(product: Product) -> list[Column]:
    def term(title: str, data: Data, look: str, below: str) -> Column:
        table = numbers(data, None, look)
        assert table is not None  # it is a tuple
        return line((title, look)), table, line((below, "shape"))

    def sign(text: str) -> Column:
        return line((text, "small")), line((text, "formula")), line(("", "shape"))

    rows, columns = len(product.jacobian), len(product.flowed[1])
    folded = "" if len(product.shape) == 1 else f", to be {format_shape(product.shape)}"
    return [
        term(*product.vector, "gradient", f"1×{rows}"),
        sign("·"),
        term(product.local, product.jacobian, "local", f"{rows}×{columns}"),
        sign("="),
        term(*product.flowed, "gradient", f"1×{columns}{folded}"),
    ]


def _width(columns: list[Column]) -> float:
    return sum(max(piece.width for piece in column) + _GAP for column in columns)


def _row(columns: list[Column], indent: float) -> Piece:
    """An equation on three lines; whatever stands on one has its middle on it."""
    heights = [max(column[i].height for column in columns) for i in range(3)]
    tops = [0.0, *accumulate(height + 2 for height in heights)]

    def draw(x: float, y: float) -> str:
        out, left = [], x + indent
        for column in columns:
            wide = max(piece.width for piece in column)
            for piece, top, height in zip(column, tops, heights, strict=False):
                if piece.width:
                    middle = y + top + (height - piece.height) / 2
                    out.append(piece.draw(left + (wide - piece.width) / 2, middle))
            left += wide + _GAP
        return "".join(out)

    return Piece(indent + _width(columns) - _GAP, tops[-1] - 2, draw)
