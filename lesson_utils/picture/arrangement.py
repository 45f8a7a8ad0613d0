"""Where everything in a picture goes, and the picture drawn there.

`arrange` finds the places and `paint` draws; a slider paints one arrangement
again and again with other numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.layout import Layout, lay_out
from lesson_utils.picture.marks import UNMARKED, Marks
from lesson_utils.picture.panel import panel
from lesson_utils.picture.pieces import Piece
from lesson_utils.picture.sheet import MARGIN, sheet
from lesson_utils.picture.sketch import Sketch
from lesson_utils.words.look import Look

PANELS = (12, 6, 3, 1)  # operations in each panel of a graph too large for one picture
GUESS = 1.05  # how far a guess at a width may be too large


@dataclass(frozen=True)
class Arrangement:
    """The places of a picture.

    Attributes:
        plan: The sizes told to the layout program; several digraphs where it is in panels.
        layouts: Its answers, one for each panel.
        most: Operations in a panel.
        direction: `LR` or `TB`, as Graphviz's `rankdir`.
        widths: Of labels that keep their places while their digits change, by their roads.
        least: Width of a picture that keeps its own while its numbers change.
        parts: The sketches that were arranged, for painting that very graph.
    """

    plan: str
    layouts: tuple[Layout, ...]
    most: int
    direction: str
    widths: Mapping[str, float] = field(default_factory=dict)
    least: float = 0.0
    parts: tuple[Sketch, ...] = field(default=(), compare=False, repr=False)


def arrange(graph: ComputationGraph, look: Look) -> Arrangement:
    """From left to right if that fits, else from top to bottom, else in panels.

    Where nothing fits, the narrowest is taken; a little too wide is shown a little smaller.

    Raises:
        NoLayoutProgram: No layout program is installed.
    """
    room = look.width - 2 * MARGIN
    count = max(len(graph.operations), 1)
    whole = [(count, way) for way in ("LR", "TB")] if count <= 2 * PANELS[0] else []
    found: list[tuple[float, Arrangement]] = []
    for most, direction in (*whole, *product(PANELS, ("TB", "LR"))):
        parts = sketches(graph, look, most, direction)
        if most == count and len(parts) == 1 and parts[0].span() > room * GUESS:
            continue
        plan = "".join(part.dot(f"graph{i}") for i, part in enumerate(parts))
        arrangement = Arrangement(plan, tuple(lay_out(plan)), most, direction, parts=tuple(parts))
        width = max(layout.width for layout in arrangement.layouts)
        if width <= room:
            return arrangement
        found.append((width, arrangement))
        widest = max(piece.width for part in parts for piece in part.nodes.values())
        if widest > room and (most, direction) not in whole:
            break  # no arrangement could fit
    return min(found, key=lambda candidate: candidate[0])[1]


def paint(
    graph: ComputationGraph,
    look: Look,
    arrangement: Arrangement,
    padded: ComputationGraph | None = None,
    marks: Marks = UNMARKED,
) -> str:
    """The picture as SVG.

    Args:
        graph: One with as many operations as the one that was arranged.
        look: How to show it.
        arrangement: The places.
        padded: The same graph, its numbers written with spaces so that no box changes its size.
        marks: When its parts show, in a film.
    """
    panels: list[Piece] = []
    parts: Sequence[Sketch] = arrangement.parts
    made_for = (parts[0].graph, parts[0].look) if parts else (None, None)
    fresh = padded is not None or marks is not UNMARKED
    if fresh or made_for[0] is not graph or made_for[1] != look:
        parts = sketches(padded or graph, look, arrangement.most, arrangement.direction, marks)
    for sketch, layout in zip(parts, arrangement.layouts, strict=True):
        panels.append(panel(sketch, layout, arrangement.widths))
    return sheet(graph, look, panels, arrangement.least, marks)


def sketches(
    graph: ComputationGraph, look: Look, most: int, direction: str, marks: Marks = UNMARKED
) -> list[Sketch]:
    """The graph in parts of about the same size, none of more operations than `most`."""
    operations = graph.operations
    parts = max(1, -(-len(operations) // most))
    cuts = [round(i * len(operations) / parts) for i in range(parts + 1)]
    shown: dict[int, int] = {}
    return [
        Sketch(graph, operations[start:end], look, shown, direction, marks)
        for start, end in pairwise(cuts)
    ]
