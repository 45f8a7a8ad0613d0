"""Vector-Jacobian products as pictures."""

from __future__ import annotations

from lesson_utils.graph import ComputationGraph, Data
from lesson_utils.picture.pieces import Piece, beside, line, stack
from lesson_utils.picture.tables import numbers
from lesson_utils.words.notation import format_shape
from lesson_utils.words.products import Product, products_of

MOST = 8  # elements of a vector that is written out


def equations(graph: ComputationGraph) -> list[Piece]:
    """The products of a graph as pictures, from the result backwards; not the large ones."""
    return [
        _equation(product)
        for op in reversed(graph.operations)
        for product in products_of(graph, op)
        if max(len(product.vector[1]), len(product.flowed[1])) <= MOST
    ]


def _equation(product: Product) -> Piece:
    def term(title: str, data: Data, look: str, below: str) -> Piece:
        table = numbers(data, None, look)
        assert table is not None  # it is a tuple
        return stack(line((title, look)), table, line((below, "shape")), gap=2)

    rows, columns = len(product.jacobian), len(product.flowed[1])
    folded = "" if len(product.shape) == 1 else f", to be {format_shape(product.shape)}"
    return beside(
        term(*product.vector, "gradient", f"1×{rows}"),
        line(("·", "formula")),
        term(product.local, product.jacobian, "local", f"{rows}×{columns}"),
        line(("=", "formula")),
        term(*product.flowed, "gradient", f"1×{columns}{folded}"),
        gap=9,
    )
