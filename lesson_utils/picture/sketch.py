"""What a picture of a graph is made of, before its layout.

A piece for each node, a road for each use of a value, and the DOT text that
holds their sizes. `panel` puts them in their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lesson_utils.graph import ComputationGraph, Opened, Operation
from lesson_utils.picture.frame import heading
from lesson_utils.picture.marks import UNMARKED, Marks
from lesson_utils.picture.nodes import NO_WIDTHS, Boxes
from lesson_utils.picture.pieces import SMALL, Piece, line, stack, text_width
from lesson_utils.picture.tables import numbers
from lesson_utils.words.captions import use_caption, use_symbol
from lesson_utils.words.look import Look

COPIES = 6  # a leaf used more often is drawn again at each use: it would tangle the layout


class Road(NamedTuple):
    """A use of a value.

    Attributes:
        tail: The node that it comes from.
        head: The node that it goes to.
        label: What is written on the way back.
        back: Whether there is one.
    """

    tail: str
    head: str
    label: str = ""
    back: bool = False


class Sketch:
    """A part of a graph, or all of it, that is laid out as one.

    Args:
        graph: The whole graph.
        operations: Those to show here.
        look: How to show them.
        shown: Values drawn in full already, by how often; counts on.
        direction: `LR` or `TB`, as Graphviz's `rankdir`.
        marks: When its parts show, in a film.
        dense: Whether it is drawn small, without labels on its roads: where there are many boxes.
        widths: Of what is in boxes that keep their size while its digits change.
        part: Its number, where the graph is cut.
        homes: The number of the part that draws a value first.
    """

    def __init__(
        self,
        graph: ComputationGraph,
        operations: Iterable[Operation],
        look: Look,
        shown: dict[int, int],
        direction: str,
        marks: Marks = UNMARKED,
        *,
        dense: bool = False,
        widths: Mapping[str, float] = NO_WIDTHS,
        part: int = 1,
        homes: Mapping[int, int] | None = None,
    ) -> None:
        self.graph, self.look = graph, look
        self._part, self._homes = part, homes or {}
        self._boxes = Boxes(graph, look, marks, dense=dense, widths=widths)
        self.gradients = look.gradients and graph.of is not None
        self.jacobians = look.jacobians and look.gradients
        self.direction, self.marks, self.dense = direction, marks, dense
        self.tables: dict[str, Piece] = {}  # labels that are more than a line of text
        self.shown = shown
        uses = [i for op in graph.operations for i in op.inputs]
        self.made = {out for op in graph.operations for out in op.outputs}
        self.busy = {value for value in set(uses) - self.made if uses.count(value) > COPIES}
        self.nodes: dict[str, Piece] = {}
        self.roads: dict[str, Road] = {}
        self.idle: set[str] = set()
        self.spoilt: set[str] = set()  # roads that PyTorch refuses to go back along
        self.level: dict[str, int] = {}
        self._here: dict[int, str] = {}
        for op in operations:
            self._add(op)
        self.frames = {
            i: (nodes, heading(i, it))
            for i, it in enumerate(graph.opened)
            if (nodes := self._inside(it))
        }
        for i, branch in enumerate(graph.branches):
            if branch.condition in self._here and shown.get(-1 - i) is None:
                shown[-1 - i] = 1
                self.nodes[f"b{i}"] = self._boxes.branch(i, direction)
                self._road(f"branch-{i}-road", Road(self._here[branch.condition], f"b{i}"))

    def _add(self, op: Operation) -> None:
        single = len(op.outputs) == 1
        name = f"o{op.id}"
        tails, chips = [], []
        for i, source in enumerate(op.inputs):
            value = self.graph[source]
            if self.dense and value.role == "input" and isinstance(value.data, (int, float)):
                chips.append(self._boxes.chip(value, self._count(source)))
            elif value.role != "constant":  # those are written beside the symbol
                tails.append((i, self._place(source)))
        if single:
            made = self.graph[op.outputs[0]]
            piece = self._boxes.result(op, made, chips)
            self.shown[made.id] = 1
        else:
            piece = self._boxes.operation(op, chips)
        self.nodes[name] = piece
        for i, tail in tails:
            label = self._label(op, i)
            back = bool(label) or f"{op.id}-{i}" in self.spoilt
            self._road(f"{op.id}-{i}", Road(tail, name, "" if self.dense else label, back))
        for i, out in enumerate(op.outputs):
            self._here[out] = name
            if not single:
                self._here[out] = f"v{out}"
                self.shown[out] = 1
                self.nodes[f"v{out}"] = self._boxes.value(self.graph[out])
                self._road(f"result-{op.id}-{i}", Road(name, f"v{out}"))

    def _inside(self, opened: Opened) -> set[str]:
        """The nodes in a module's frame: its operations, their results and its parameters."""
        inner = [it.name for it in self.graph.opened if {*it.operations} <= {*opened.operations}]
        found = {f"o{i}" for i in opened.operations}
        found |= {f"v{out}" for i in opened.operations for out in self.graph.operations[i].outputs}
        for leaf in self.nodes.keys() - {road.head for road in self.roads.values()}:
            own = leaf[0] == "v" and self.graph[int(leaf[1:].partition("_")[0])].name
            heads = {road.head for road in self.roads.values() if road.tail == leaf}
            if own and heads <= found and any(own.startswith(f"{name}.") for name in inner):
                found.add(leaf)
        return found & self.nodes.keys()

    def _road(self, mark: str, road: Road) -> None:
        self.roads[mark] = road
        behind = self.level.setdefault(road.tail, 0)
        self.level[road.head] = max(self.level.get(road.head, 0), behind + 1)

    def _count(self, source: int) -> int:
        """How often a value was drawn before; counts on."""
        count = self.shown.get(source, 0)
        self.shown[source] = count + 1
        return count

    def _place(self, source: int) -> str:
        """The node that stands for an input here: the one there is, or a copy."""
        if source in self._here and source not in self.busy:
            return self._here[source]
        value = self.graph[source]
        count = self._count(source)
        name = f"v{source}_{count}" if count else f"v{source}"
        self._here[source] = name
        home = self._homes.get(source, self._part)
        origin = 0 if home == self._part else home
        self.nodes[name] = self._boxes.value(value, copy=count, origin=origin)
        return name

    def _label(self, op: Operation, i: int) -> str:
        """What is written on the arrow back; empty where PyTorch does not differentiate."""
        mark, use = f"{op.id}-{i}", op.uses[i]
        differentiated = use.has_derivative or use.jacobian_shape is not None
        if self.look.saved and self.look.gradients and op.is_spoilt and differentiated:
            self.spoilt.add(mark)
        if not self.gradients:
            return use_symbol(self.graph, op, i) if mark in self.spoilt else ""
        caption = use_caption(self.graph, op, i, jacobians=self.jacobians)
        if caption is None:
            return ""
        if caption.idle:
            self.idle.add(mark)
        table = numbers(caption.table, None, "local")
        if table is None or self.dense:
            return caption.line
        title = line((f"{caption.symbol} =", "local"))
        self.tables[mark] = stack(title, table, gap=2)
        return caption.symbol

    @property
    def widths(self) -> dict[str, float]:
        """How wide its labels and the contents of its boxes are."""
        return {mark: self.size(mark)[0] for mark in self.roads} | self._boxes.measured

    def span(self) -> float:
        """A guess at how far the picture goes to the right, before any layout."""
        level = dict(self.level)
        made = {road.head for road in self.roads.values()}
        for tail in self.level.keys() - made:  # a leaf goes right before what reads it first
            level[tail] = min(
                [level[road.head] - 1 for road in self.roads.values() if road.tail == tail]
            )
        rows: dict[int, list[float]] = {}
        for name, piece in self.nodes.items():
            rows.setdefault(level.get(name, 0), []).append(piece.width)
        if self.direction == "TB":
            gap = 10 if self.dense else 20
            return max((sum(row) + gap * (len(row) - 1) for row in rows.values()), default=0.0)
        gaps: dict[int, float] = {}
        for mark, road in self.roads.items():
            at = level[road.head]
            gaps[at] = max(gaps.get(at, 0.0), self.size(mark)[0] + 34)
        return sum(map(max, rows.values())) + sum(gaps.values())

    def size(self, mark: str) -> tuple[float, float]:
        """Width and height of a road's label."""
        table = self.tables.get(mark)
        if table is not None:
            return table.width, table.height
        return text_width(self.roads[mark].label, SMALL), SMALL
