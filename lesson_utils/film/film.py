"""One picture that serves all frames of a film.

The picture is laid out and drawn once. Each part is marked with the frames that
show it, so nothing can jump from frame to frame, and a film is hardly larger
than its picture. The marks are classes, which `film.js` reads:

- `f7` hidden before frame 7, `u7` hidden from frame 7 on;
- `d7` faint before frame 7, `n7` stressed in frame 7.

Without the script the picture is the finished one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.arrangement import paint
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.marks import Marks, Partial
from lesson_utils.words.look import Look
from lesson_utils.words.notation import derivative, format_number
from lesson_utils.words.steps import Arrival, Frame, frames


class Film:
    """The frames of a graph and the picture they share.

    Attributes:
        graph: The graph.
        frames: What happens, step by step.
        drawing: The finished picture, as `draw` makes it.
    """

    def __init__(self, graph: ComputationGraph, look: Look | None = None) -> None:
        self.graph = graph
        self.frames: tuple[Frame, ...] = frames(graph)
        look = look or Look()
        if not any(frame.arrivals for frame in self.frames):  # as where the block failed
            look = replace(look, gradients=False)
        self.drawing = Drawing(graph, look)

    @property
    def turn(self) -> int:
        """The first frame of the backward pass; 0 if there is none."""
        back = (i for i, frame in enumerate(self.frames) if frame.backward or frame.arrivals)
        return next(back, 0)

    @cached_property
    def marks(self) -> Marks:
        """When each part of the picture shows."""
        found: dict[str, list[str]] = {"end": [f"f{len(self.frames) - 1}"]}
        waiting: dict[str, str] = {}
        for number, frame in enumerate(self.frames):
            for part, letters in _shown(frame):
                found.setdefault(part, []).extend(f"{letter}{number}" for letter in letters)
            if number:
                waiting.update((f"value-{value} data", f"u{number}") for value in frame.values)
        partial = {}
        for value, arrivals in self._arrivals().items():
            found[f"value-{value} gradient"] = [f"f{arrivals[-1][0]}"]
            symbol, first = derivative(self.graph, self.graph[value]), arrivals[0][0]
            coming = [Partial(f"{symbol} = ?", "?", f"f{self.turn} u{first}")]
            partial[value] = (coming if first > self.turn else []) + [
                self._partial(arrival, f"f{start} u{end}")
                for (start, arrival), (end, _) in pairwise(arrivals)
            ]
        classes = {part: " ".join(marks) for part, marks in found.items()}
        return Marks(classes, partial, waiting)

    @cached_property
    def when(self) -> dict[str, list[int | None]]:
        """The frame from which each value and operation is known, and that of its gradient."""
        found: dict[str, list[int | None]] = {}
        for number, frame in enumerate(self.frames):
            for value in frame.values:
                found.setdefault(f"value-{value}", [number, None])
            for op in frame.forward:
                found[f"operation-{op}"] = [number, None]
            for arrival in frame.arrivals:  # the last one counts
                found.setdefault(f"value-{arrival.value}", [0, None])[1] = number
            for op in frame.backward:
                found[f"operation-{op}"][1] = number
            for branch in frame.branches:
                found[f"branch-{branch}"] = [number, None]
        return found

    @cached_property
    def svg(self) -> str:
        """The picture with its marks.

        Raises:
            NoLayoutProgram: No layout program is installed.
        """
        return self.painted(self.marks)

    def painted(self, marks: Marks) -> str:
        """The picture with these marks."""
        drawing = self.drawing
        return paint(self.graph, drawing.look, drawing.arrangement, marks=marks)

    def _arrivals(self) -> dict[int, list[tuple[int, Arrival]]]:
        found: dict[int, list[tuple[int, Arrival]]] = {}
        for number, frame in enumerate(self.frames):
            for arrival in frame.arrivals:
                found.setdefault(arrival.value, []).append((number, arrival))
        return found

    def _partial(self, arrival: Arrival, classes: str) -> Partial:
        """What a value's box says of a gradient that is not complete."""
        symbol = derivative(self.graph, self.graph[arrival.value])
        if isinstance(arrival.total, (int, float)):
            sum_so_far = f"{format_number(arrival.total)} + …"
            return Partial(f"{symbol} = {sum_so_far}", sum_so_far, classes)
        said = f"{len(arrival.terms)} of {len(arrival.terms) + arrival.missing}"
        return Partial(f"{symbol}: {said}", said, classes)


def _shown(frame: Frame) -> Iterator[tuple[str, str]]:
    """The parts of a picture that a frame shows or stresses, and the letters of their marks."""
    for value in frame.values:
        yield f"value-{value}", "d"
        yield f"value-{value} data", "f"
    for op in frame.forward:
        yield f"operation-{op}", "dn"
        yield f"forward-{op}", "fn"
        yield f"result-{op}", "fn"
    for branch in frame.branches:
        yield f"branch-{branch}", "fn"
    if not frame.backward and frame.arrivals:  # where the backward pass starts
        yield f"value-{frame.arrivals[0].value}", "n"
    for op in frame.backward:
        yield f"operation-{op}", "n"
        yield f"backward-{op}", "fn"
