"""Vector-Jacobian products, written out: the vector that arrives, the Jacobian, what flows on."""

from __future__ import annotations

from dataclasses import dataclass

from lesson_utils.graph import ComputationGraph, Data, Number, Operation
from lesson_utils.picture.pieces import Piece, beside, line, stack
from lesson_utils.picture.tables import numbers
from lesson_utils.words.notation import derivative, format_data, format_shape, use_mark

MOST = 8  # elements of a vector that is written out in the picture


@dataclass(frozen=True)
class Product:
    """One vector-Jacobian product of the backward pass.

    Attributes:
        local: Symbol of the Jacobian: `∂u/∂w`.
        jacobian: Its numbers, a row for each output element.
        vector: Symbol and elements of what arrives, the gradient of the output.
        flowed: Symbol and elements of what flows on to the input.
        shape: Of the input; its elements stand in one row here.
    """

    local: str
    jacobian: tuple[tuple[Data, ...], ...]
    vector: tuple[str, tuple[Number, ...]]
    flowed: tuple[str, tuple[Number, ...]]
    shape: tuple[int, ...]


def products_of(graph: ComputationGraph, op: Operation) -> list[Product]:
    """The vector-Jacobian products of an operation whose Jacobians the graph holds.

    Elementwise operations have none: their derivative multiplies element by element.
    """
    found = []
    made = [graph[o] for o in op.outputs if graph[o].requires_grad]
    for i, jacobian in enumerate(op.jacobians):
        contribution = op.contributions[i] if i < len(op.contributions) else None
        if not isinstance(jacobian, tuple) or contribution is None or len(made) != 1:
            continue
        source = graph[op.inputs[i]]
        uses = sum(
            each.has_contribution(n)
            for each in graph.operations
            for n, read in enumerate(each.inputs)
            if read == source.id
        )
        total = derivative(graph, source)
        arriving = "seed" if made[0].id == graph.of else derivative(graph, made[0])
        found.append(
            Product(
                derivative(graph, source, made[0]) + use_mark(graph, op, i),
                tuple(row for row in unsigned(jacobian) if isinstance(row, tuple)),
                (arriving, flat(made[0].gradient)),
                (total if uses == 1 else f"part of {total}", flat(contribution)),
                source.shape,
            )
        )
    return found


def flat(data: Data) -> tuple[Number, ...]:
    """The elements in a row, as `reshape(-1)` orders them."""
    if isinstance(data, tuple):
        return tuple(element for each in data for element in flat(each))
    return () if data is None else (data,)


def unsigned(jacobian: tuple[Data, ...]) -> tuple[Data, ...]:
    """A Jacobian whose zeros have no sign: theirs comes from the zeros of the basis vectors."""
    return tuple(
        unsigned(each) if isinstance(each, tuple) else 0.0 if each == 0 else each
        for each in jacobian
    )


def in_words(product: Product) -> str:
    """The product on one line: `∂s/∂u · ∂u/∂w = [1, 2] · [[1, 0], [0, 1]] = [1, 2]`."""
    figures = (product.vector[1], product.jacobian, product.flowed[1])
    vector, jacobian, flowed = map(format_data, figures)
    return (
        f"{product.vector[0]} · {product.local} = {vector} · {jacobian} = {flowed}, "
        f"{product.flowed[0]} as a row"
    )


def equations(graph: ComputationGraph) -> list[Piece]:
    """The products of a graph as pictures, from the result backwards; not the large ones."""
    return [
        _equation(each)
        for op in reversed(graph.operations)
        for each in products_of(graph, op)
        if max(len(each.vector[1]), len(each.flowed[1])) <= MOST
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
