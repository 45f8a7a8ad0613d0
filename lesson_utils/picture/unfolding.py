"""A folded network whose modules unfold in their place, where scripts run.

For each module there is a picture in which it is unfolded, and all others but those around it are
folded. They are made here, by the same fold and the same layout, and packed into the page;
`unfold.js` puts one into the place of another.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from lesson_utils.graph import ComputationGraph, Opened, Operation, folded
from lesson_utils.picture.arrangement import arrange, paint
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.page import fitting, spoken_elsewhere
from lesson_utils.picture.pointing import answers
from lesson_utils.picture.theme import themed
from lesson_utils.words.description import describe
from lesson_utils.words.look import Look

BYTES = 400_000  # of a page
STEPS = 800  # drawn in all further pictures: a second or two
HINT = "A box with + opens in its place; − or Escape folds it again."

Path = tuple[str, ...]  # the modules that are unfolded, each in the one before


class FoldedDrawing(Drawing):
    """The picture of a folded network.

    Args:
        whole: The graph of the network.
        depth: As in `folded`.
        look: How it is shown.
    """

    def __init__(self, whole: ComputationGraph, depth: int, look: Look | None = None) -> None:
        super().__init__(folded(whole, depth), look)
        self._whole, self._depth = whole, depth

    def _further(self) -> dict[str, Any]:
        """What `unfold.js` is told: the pictures, and what leads to which."""
        found: dict[Path, ComputationGraph] = {(): self.graph}
        pictures: list[str] = []
        room, steps = BYTES - 2 * len(self.svg), STEPS
        for paths in _batches(found):
            graphs = {path: folded(self._whole, self._depth, path) for path in paths}
            steps -= sum(len(graph.operations) for graph in graphs.values())
            packed = [_packed(self._picture(graph)) for graph in graphs.values() if steps >= 0]
            room -= sum(map(len, packed))
            if min(steps, room) < 0:
                break
            found.update(graphs)
            pictures += packed
        numbers = {path: number for number, path in enumerate(found)}
        ways = [_ways(path, graph, numbers) for path, graph in found.items()]
        hint = [HINT] if pictures else []
        closed = [op.folds for op in self.graph.operations if op.folds and (op.name,) not in found]
        if any(count > 1 for count in closed):
            which = "the other modules" if pictures else "modules"
            call = f"draw(…, depth={self._depth + 1})"
            hint.append(f"What is in {which} is too much for this page: {call} shows it.")
        elif closed and not pictures:
            hint.append("draw(…) without a depth shows every parameter.")
        return {"pictures": pictures, "ways": ways, "hint": " ".join(hint)} if hint else {}

    def _picture(self, graph: ComputationGraph) -> dict[str, Any]:
        svg = paint(graph, self.look, arrange(graph, self.look))
        style = fitting(svg, self.look.readable)
        silent = spoken_elsewhere(themed(svg))
        words = describe(graph, self.look)
        return {"svg": silent, "style": style, "words": words, **answers(graph, self.look)}


def _batches(found: Mapping[Path, ComputationGraph]) -> Iterator[list[Path]]:
    """What to unfold next: module after module, the outer ones first.

    Those of one operation come after the others of their level, and all or none, so that boxes
    that are alike open alike.

    Args:
        found: What is unfolded, which grows in between.
    """
    level: list[Path] = [()]
    while level:
        modules: list[Path] = []
        leaves: list[Path] = []
        for path in level:
            for op in _inside(found[path], path):
                (modules if op.folds > 1 else leaves).append((*path, op.name))
        yield from ([path] for path in modules)
        if leaves:
            yield leaves
        level = modules


def _asked(graph: ComputationGraph) -> list[Opened]:
    return [opened for opened in graph.opened if opened.asked]


def _inside(graph: ComputationGraph, path: Path) -> Iterator[Operation]:
    """The folded steps of the module that was unfolded last; of the whole graph at first."""
    for op in graph.operations:
        if op.folds and (not path or op.id in _asked(graph)[-1].operations):
            yield op


def _ways(path: Path, graph: ComputationGraph, numbers: Mapping[Path, int]) -> dict[str, Any]:
    """Where a picture leads: by the step that is opened, and by the frame that is folded."""
    asked = _asked(graph)
    opens = {}
    for op in graph.operations:
        around = sum(op.id in opened.operations for opened in asked)
        following = numbers.get((*path[:around], op.name))
        if op.folds and following is not None:
            opens[op.id] = following
    frames = [i for i, opened in enumerate(graph.opened) if opened.asked]
    return {
        "opens": opens,
        "folds": {i: numbers[path[:level]] for level, i in enumerate(frames)},
        "chain": [numbers[path[:level]] for level in range(len(path) + 1)],
    }


def _packed(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()
