"""A graph as DOT text of its own, with names, numbers and both directions.

Our pictures are laid out from bare sizes; this text is for those who want the
graph in a tool of their own: `graphviz.Source(draw(t).source)`, `dot`, a paper.
"""

from __future__ import annotations

import graphviz

from lesson_utils.graph import ComputationGraph, Operation, Value
from lesson_utils.picture.pieces import BLUE, FONT, INK, OUTLINE, PALE, RED, VIOLET, clean
from lesson_utils.words.captions import (
    badge,
    branch_caption,
    gradient_figures,
    gradient_symbol,
    use_caption,
)
from lesson_utils.words.keeping import SPOILT, saved_words
from lesson_utils.words.look import Look
from lesson_utils.words.notation import format_data, format_shape


def dot_source(graph: ComputationGraph, direction: str, look: Look) -> str:
    """The graph in the DOT language: one node a value, one an operation.

    Black edges run forwards. Red ones run back to each input that receives a
    gradient, with the operation's local derivative.

    Args:
        graph: What to write.
        direction: `LR` or `TB`, as Graphviz's `rankdir`.
        look: What to write of it.
    """
    gradients = look.gradients and graph.of is not None
    font = FONT.partition(",")[0]
    out = graphviz.Digraph(
        "computation_graph",
        graph_attr={"rankdir": direction},
        node_attr={"fontname": font, "fontcolor": INK},
        edge_attr={"fontname": font, "color": INK},
    )
    for value in graph.values:
        if value.role != "constant":
            _add_value(out, graph, value, gradients)
    for operation in graph.operations:
        _add_operation(out, graph, operation, look)
    for i, branch in enumerate(graph.branches):
        out.node(f"b{i}", _label(*branch_caption(graph, branch)), shape="diamond", color=VIOLET)
        out.edge(f"v{branch.condition}", f"b{i}", style="dotted", color=VIOLET)
    source: str = out.source
    return source


def _add_value(
    out: graphviz.Digraph, graph: ComputationGraph, value: Value, gradients: bool
) -> None:
    rows = [f"{value.name} = {format_data(value.data, value.summary)}"]
    if value.data is None:
        rows[0] = f"{value.name} {format_shape(value.shape)}: {format_data(None, value.summary)}"
    symbol = gradient_symbol(graph, value) if gradients else ""
    if symbol:
        rows.append(f"{symbol} = {gradient_figures(value)}")
    leaf = value.role in ("input", "parameter")
    out.node(
        f"v{value.id}",
        _label(*rows),
        shape="box",
        style="filled,rounded,dashed"
        if value.role == "input"
        else "filled,rounded" * leaf or "filled",
        fillcolor=PALE[value.role],
        color=OUTLINE[value.role],
        peripheries="2" if value.role == "output" else "1",
    )


def _add_operation(
    out: graphviz.Digraph, graph: ComputationGraph, op: Operation, look: Look
) -> None:
    before, symbol, after = badge(graph, op)
    rows = [" ".join([*before, symbol, *after])]
    if look.saved:
        rows += [saved_words(graph, tensor) for tensor in op.saved] or ["keeps nothing"]
    name = f"o{op.id}"
    out.node(
        name, _label(*rows), shape="ellipse", style="filled", fillcolor=BLUE, fontcolor="white"
    )
    for i, use in enumerate(op.uses):
        if graph[use.value].role == "constant":
            continue
        out.edge(f"v{use.value}", name)
        caption = use_caption(graph, op, i, jacobians=look.jacobians) if look.gradients else None
        if caption is not None and not caption.idle:
            rows = [caption.line]
            if caption.table is not None:
                rows = [f"{caption.symbol} =", *map(format_data, caption.table)]
            if look.saved and op.is_spoilt:
                rows.insert(0, SPOILT)
            out.edge(
                name,
                f"v{use.value}",
                _label(*rows),
                color=RED,
                fontcolor=RED,
                style="dashed",
                constraint="false",
            )
    for output in op.outputs:
        out.edge(name, f"v{output}")


def _label(*rows: str) -> str:
    """Rows of text that DOT shows as they are: no escapes, no entities, no HTML."""
    text: str = graphviz.escape("\n".join(clean(row).replace("&", "&amp;") for row in rows))
    return text
