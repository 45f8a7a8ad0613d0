"""A graph as DOT text of its own, with names, numbers and both directions.

Our pictures are laid out from bare sizes; this text is for those who want the
graph in a tool of their own: `graphviz.Source(draw(t).source)`, `dot`, a paper.
"""

from __future__ import annotations

import graphviz

from lesson_utils.graph import ComputationGraph, Operation, Value
from lesson_utils.picture.pieces import BLUE, FONT, INK, OUTLINE, PALE, RED, VIOLET, clean
from lesson_utils.words import description as words
from lesson_utils.words.notation import derivative, format_data, format_shape, use_mark


def dot_source(graph: ComputationGraph, direction: str, *, gradients: bool, saved: bool) -> str:
    """The graph in the DOT language: one node a value, one an operation.

    Black edges run forwards. Red ones run back to each input that receives a
    gradient, with the operation's local derivative.

    Args:
        graph: What to write.
        direction: `LR` or `TB`, as Graphviz's `rankdir`.
        gradients: Whether to write gradients and the way back.
        saved: Whether to write what operations keep for the backward pass.
    """
    gradients = gradients and graph.of is not None
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
        _add_operation(out, graph, operation, gradients, saved)
    for i, branch in enumerate(graph.branches):
        asked = f"{words.condition(graph, branch.condition)}?"
        label = _label(asked, f"{branch.taken}, line {branch.line}")
        out.node(f"b{i}", label, shape="diamond", color=VIOLET)
        out.edge(f"v{branch.condition}", f"b{i}", style="dotted", color=VIOLET)
    source: str = out.source
    return source


def _add_value(
    out: graphviz.Digraph, graph: ComputationGraph, value: Value, gradients: bool
) -> None:
    rows = [f"{value.name} = {format_data(value.data, value.summary)}"]
    if value.data is None:
        rows[0] = f"{value.name} {format_shape(value.shape)}: {format_data(None, value.summary)}"
    if gradients and value.has_gradient and value.id != graph.of:
        gradient = format_data(value.gradient, value.gradient_summary)
        rows.append(f"{derivative(graph, value)} = {gradient}")
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
    out: graphviz.Digraph, graph: ComputationGraph, op: Operation, gradients: bool, saved: bool
) -> None:
    before, symbol, after = words.badge(graph, op)
    rows = [" ".join([*before, symbol, *after])]
    if saved:
        rows += [words.saved_words(graph, each) for each in op.saved] or ["keeps nothing"]
    name = f"o{op.id}"
    out.node(
        name, _label(*rows), shape="ellipse", style="filled", fillcolor=BLUE, fontcolor="white"
    )
    made = next((graph[i] for i in op.outputs if graph[i].requires_grad), graph[op.outputs[0]])
    for i, source in enumerate(op.inputs):
        if graph[source].role == "constant":
            continue
        out.edge(f"v{source}", name)
        if gradients and op.has_contribution(i):
            label = derivative(graph, graph[source], made) + use_mark(graph, op, i)
            local = op.local_derivatives[i]
            label += "" if local is None else f" = {format_data(local)}"
            out.edge(
                name,
                f"v{source}",
                _label(label),
                color=RED,
                fontcolor=RED,
                style="dashed",
                constraint="false",
            )
    for each in op.outputs:
        out.edge(name, f"v{each}")


def _label(*rows: str) -> str:
    """Rows of text that DOT shows as they are: no escapes, no entities, no HTML."""
    text: str = graphviz.escape("\n".join(clean(each).replace("&", "&amp;") for each in rows))
    return text
