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
from lesson_utils.picture.nodes import NO_WIDTHS
from lesson_utils.picture.panel import panel
from lesson_utils.picture.pieces import Piece
from lesson_utils.picture.plan import plan as plan_of
from lesson_utils.picture.sheet import MARGIN, sheet, shrink
from lesson_utils.picture.sketch import Sketch
from lesson_utils.words.look import Look

PANELS = (12, 6, 3, 1)  # operations in each panel of a graph too large for one picture
WHOLE = 40  # operations of a graph that is one picture
LONGER = 1.15  # than its room is a row of more than a few operations at most
FEW = 4  # operations that are a row as long as it can be read: a lesson's graphs run one way
GUESS = 1.05  # how far a guess at a width may be too large


@dataclass(frozen=True)
class Arrangement:
    """The places of a picture.

    Attributes:
        plan: The sizes told to the layout program; several digraphs where it is in panels.
        layouts: Its answers, one for each panel.
        cuts: Where each panel starts, as positions of operations, and their number.
        direction: `LR` or `TB`, as Graphviz's `rankdir`.
        widths: Of labels, by their roads, and of what is in boxes, by its `Boxes` mark: those
            that keep their size while their digits change.
        least: Width of a picture that keeps its own while its numbers change.
        parts: The sketches that were arranged, for painting that very graph.
        dense: Whether boxes are small, and roads have no labels.
    """

    plan: str
    layouts: tuple[Layout, ...]
    cuts: tuple[int, ...]
    direction: str
    widths: Mapping[str, float] = field(default_factory=dict)
    least: float = 0.0
    parts: tuple[Sketch, ...] = field(default=(), compare=False, repr=False)
    dense: bool = False

    @property
    def width(self) -> float:
        """Of its widest part."""
        return max(layout.width for layout in self.layouts)


def arrange(graph: ComputationGraph, look: Look) -> Arrangement:
    """In one piece, from left to right or from top to bottom, if need be in small; else in panels.

    Of a network with too many steps for one piece, each module that has a frame is a panel.
    A picture may be wider than its room as long as it can be read when it is shown smaller. Where
    nothing fits, the narrowest is taken.

    Raises:
        NoLayoutProgram: No layout program is installed.
    """
    room = look.width - 2 * MARGIN
    most, closer = (look.width * shrink(graph, look, dense=it) - 2 * MARGIN for it in (False, True))
    count = max(len(graph.operations), 1)
    row = most if count <= FEW else min(look.width * LONGER - 2 * MARGIN, most)
    whole = (0, count)
    ways: list[tuple[tuple[int, ...], str, bool, float]]
    ways = [(whole, "LR", False, row), (whole, "TB", False, most), (whole, "TB", True, closer)]
    if count > WHOLE:
        framed = _by_frames(graph)
        ways = [(framed, "TB", True, closer)] if framed else []
    found: list[Arrangement] = []
    for cuts, direction, dense, limit in ways:
        parts = sketches(graph, look, cuts, direction, dense=dense)
        if max(part.span() for part in parts) > limit * GUESS:
            continue
        arrangement = _laid_out(parts, cuts, direction, dense=dense)
        if arrangement.width <= limit:
            return arrangement
        found.append(arrangement)
    for dense, size, direction in product((False, True), PANELS, ("TB", "LR")):
        limit, last = closer if dense else room, dense and size == PANELS[-1]
        cuts = _even(0, count, size)
        parts = sketches(graph, look, cuts, direction, dense=dense)
        if not last and max(part.span() for part in parts) > limit * GUESS:
            continue
        arrangement = _laid_out(parts, cuts, direction, dense=dense)
        if arrangement.width <= limit:
            return arrangement
        found.append(arrangement)
    return min(found, key=lambda arrangement: arrangement.width)


def _even(start: int, end: int, most: int) -> tuple[int, ...]:
    """Cuts into parts of about the same size, none of more operations than `most`."""
    parts = max(1, -(-(end - start) // most))
    return tuple(start + round(i * (end - start) / parts) for i in range(parts + 1))


def _by_frames(graph: ComputationGraph) -> tuple[int, ...]:
    """Cuts around each module that has a frame, unless that is too large; none without frames."""
    framed = [it.operations for it in graph.opened if len(it.operations) <= WHOLE]
    frame = {i: k for k, inside in reversed([*enumerate(framed)]) for i in inside}
    places = range(1, len(graph.operations))
    ends = [0, *(i for i in places if frame.get(i) != frame.get(i - 1)), len(graph.operations)]
    even = [_even(*ends_of, WHOLE) for ends_of in pairwise(ends)]
    return tuple(sorted({cut for cuts in even for cut in cuts})) if frame else ()


def _laid_out(
    parts: Sequence[Sketch], cuts: tuple[int, ...], direction: str, *, dense: bool = False
) -> Arrangement:
    plan = "".join(plan_of(part, f"graph{i}") for i, part in enumerate(parts))
    layouts = tuple(lay_out(plan))
    return Arrangement(plan, layouts, cuts, direction, parts=tuple(parts), dense=dense)


def paint(
    graph: ComputationGraph,
    look: Look,
    arrangement: Arrangement,
    marks: Marks = UNMARKED,
) -> str:
    """The picture as SVG.

    Args:
        graph: One with as many operations as the one that was arranged.
        look: How to show it.
        arrangement: The places.
        marks: When its parts show, in a film.
    """
    panels: list[Piece] = []
    parts: Sequence[Sketch] = arrangement.parts
    made_for = (parts[0].graph, parts[0].look) if parts else (None, None)
    if marks is not UNMARKED or made_for[0] is not graph or made_for[1] != look:
        parts = sketches(
            graph, look, arrangement.cuts, arrangement.direction, marks,
            dense=arrangement.dense, widths=arrangement.widths,
        )  # fmt: skip
    for sketch, layout in zip(parts, arrangement.layouts, strict=True):
        panels.append(panel(sketch, layout, arrangement.widths))
    return sheet(graph, look, panels, arrangement.least, marks, dense=arrangement.dense)


def sketches(
    graph: ComputationGraph,
    look: Look,
    cuts: Sequence[int],
    direction: str,
    marks: Marks = UNMARKED,
    *,
    dense: bool = False,
    widths: Mapping[str, float] = NO_WIDTHS,
) -> list[Sketch]:
    """The graph in parts, from each cut to the next."""
    operations = graph.operations
    shown: dict[int, int] = {}
    pieces = [operations[start:end] for start, end in pairwise(cuts)]
    homes: dict[int, int] = {}
    for part, piece in enumerate(pieces, 1):
        for value in [i for op in piece for i in (*op.inputs, *op.outputs)]:
            homes.setdefault(value, part)
    return [
        Sketch(
            graph,
            piece,
            look,
            shown,
            direction,
            marks,
            dense=dense,
            widths=widths,
            part=part,
            homes=homes,
        )
        for part, piece in enumerate(pieces, 1)
    ]
