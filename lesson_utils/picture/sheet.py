"""The sheet of a picture: panels, and under them the chain rule, products and the note."""

from __future__ import annotations

from dataclasses import replace

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.equations import equations
from lesson_utils.picture.formula import formula
from lesson_utils.picture.marks import UNMARKED, Marks
from lesson_utils.picture.pieces import (
    DENSE,
    EDGE_OF_PAPER,
    FIGURES,
    FONT,
    PAPER,
    SMALL,
    Piece,
    escape_lines,
    fold,
    line,
    rows_of,
    stack,
)
from lesson_utils.words.captions import cut_in
from lesson_utils.words.chain_rule import chain_rules
from lesson_utils.words.description import describe
from lesson_utils.words.look import Look

MARGIN = 14.0


def shrink(graph: ComputationGraph, look: Look, *, dense: bool = False) -> float:
    """How many times as wide as its room a picture may be, since it is shown smaller."""
    smallest = SMALL if all(value.shape == () for value in graph.values) else FIGURES
    return max(1.0, (DENSE if dense else smallest) * look.scale / look.readable)


def sheet(
    graph: ComputationGraph,
    look: Look,
    panels: list[Piece],
    least: float = 0.0,
    marks: Marks = UNMARKED,
    *,
    dense: bool = False,
) -> str:
    """A picture on opaque paper, as SVG.

    Args:
        graph: What it shows.
        look: How it is shown.
        panels: The parts of the graph.
        least: The width that a single panel has at least.
        marks: When its parts show, in a film.
        dense: Whether gradients are written in short, which is said below.
    """
    room = look.width - 2 * MARGIN
    if not graph.values:
        panels = [line(("An empty graph: nothing was computed in this block.", "note"))]
    if len(panels) == 1 and least:
        panels = [replace(panels[0], width=max(panels[0].width, min(least, room)))]
    parts = cut_in(len(panels))
    if parts:
        titles = [line((f"part {i}", "note")) for i in range(1, len(panels) + 1)]
        panels = [
            stack(title, panel, gap=4, centred=False)
            for title, panel in zip(titles, panels, strict=True)
        ]
    # Panels of small boxes may be shown smaller, to be beside one another.
    content = [
        rows_of(
            panels, look.width * shrink(graph, look, dense=True) - 2 * MARGIN if dense else room
        )
    ]
    rules = chain_rules(graph) if look.gradients else []
    if rules:
        formulas = [formula(rule, room) for rule in rules]
        content.append(marks.group("end", stack(*formulas, gap=8, centred=False)))
    if look.jacobians and look.gradients:
        written = equations(graph)
        content += [marks.group("end", written)] if written else []
    note = graph.note if graph.values else ""
    for text in (parts, _legend(graph, look) if dense else "", note):
        if text:
            told = (line((row, "note")) for row in fold(text.split(" "), room, SMALL))
            content.append(marks.group("end", stack(*told, centred=False)))
    if marks.footer is not None:
        content.append(marks.footer)
    words = "\n".join(filter(None, [describe(graph, look), parts]))
    body = stack(*content, gap=14, centred=False)
    width, height = body.width + 2 * MARGIN, body.height + 2 * MARGIN
    # What is too wide is shown smaller, as long as it can be read.
    smaller = max(look.width / width, 1 / shrink(graph, look, dense=dense))
    size = look.scale * min(1.0, smaller)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * size:.0f}" '
        f'height="{height * size:.0f}" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'role="img" aria-label="{escape_lines(words)}" font-family="{FONT}" '
        f'xml:space="preserve">{marks.style}'
        f'<rect class="paper" x="0.5" y="0.5" width="{width - 1:.1f}" '
        f'height="{height - 1:.1f}" rx="8" fill="{PAPER}" stroke="{EDGE_OF_PAPER}"/>'
        + body.draw(MARGIN, MARGIN)
        + "</svg>"
    )


def _legend(graph: ComputationGraph, look: Look) -> str:
    """What is written in short where boxes are small."""
    if not look.gradients or graph.of is None:
        return ""
    return f"∂ in a box is the gradient of {graph[graph.of].name} with respect to the value in it."
