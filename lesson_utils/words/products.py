"""Vector-Jacobian products, written out: the vector that arrives, the Jacobian, what flows on."""

from __future__ import annotations

from dataclasses import dataclass

from lesson_utils.graph import ComputationGraph, Data, Number, Operation
from lesson_utils.words.notation import derivative, format_data, use_mark


@dataclass(frozen=True)
class Product:
    """One vector-Jacobian product of the backward pass.

    Attributes:
        local: Symbol of the Jacobian: `∂u/∂w`.
        jacobian: Its numbers, a row for each output element.
        vector: Symbol and elements of what arrives, the gradient of the output.
        flowed: Symbol and elements of what flows on to the input.
        shape: Of the input; its elements are in one row here.
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
    for i, use in enumerate(op.uses):
        jacobian, contribution = use.jacobian, use.contribution
        if not isinstance(jacobian, tuple) or contribution is None or len(made) != 1:
            continue
        source = graph[use.value]
        uses = sum(
            usage.flowed
            for other in graph.operations
            for usage in other.uses
            if usage.value == source.id
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
        return tuple(element for part in data for element in flat(part))
    return () if data is None else (data,)


def unsigned(jacobian: tuple[Data, ...]) -> tuple[Data, ...]:
    """A Jacobian whose zeros have no sign: theirs comes from the zeros of the basis vectors."""
    return tuple(
        unsigned(part) if isinstance(part, tuple) else 0.0 if part == 0 else part
        for part in jacobian
    )


def in_words(product: Product) -> str:
    """The product on one line: `∂s/∂u · ∂u/∂w = [1, 2] · [[1, 0], [0, 1]] = [1, 2]`."""
    figures = (product.vector[1], product.jacobian, product.flowed[1])
    vector, jacobian, flowed = map(format_data, figures)
    return (
        f"{product.vector[0]} · {product.local} = {vector} · {jacobian} = {flowed}, "
        f"{product.flowed[0]} as a row"
    )
