"""A graph's forward and backward pass as a film one can step through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from lesson_utils.film.animation import animated
from lesson_utils.film.film import Film
from lesson_utils.film.reel import Line, reel
from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.layout import NoLayoutProgram
from lesson_utils.picture.page import image, page
from lesson_utils.picture.pieces import escape
from lesson_utils.picture.pointing import answers
from lesson_utils.picture.shown import Shown
from lesson_utils.words.look import Look
from lesson_utils.words.steps import Frame

Place: TypeAlias = tuple[str | None, int | None]  # a line: its source and its number


class Player(Shown):
    """A film of a graph. Shows itself where scripts run; elsewhere its picture and sentences do.

    Attributes:
        film: The frames and their picture.
    """

    def __init__(self, graph: ComputationGraph, look: Look | None = None) -> None:
        self.film = Film(graph, look)

    @cached_property
    def text(self) -> str:
        """The numbered sentences."""
        return "\n".join(f"{i}. {frame.sentence}" for i, frame in enumerate(self.film.frames))

    @cached_property
    def html(self) -> str:
        """The film with its controls, as a piece of a page that needs nothing else."""
        film = self.film
        try:
            still = image(film.svg, film.drawing.text, film.drawing.look.readable)
        except NoLayoutProgram as error:
            still = f"<p>{escape(str(error))}</p>"
        return reel(
            still,
            [{"says": frame.sentence, "lines": self._lines(frame)} for frame in film.frames],
            name="Step",
            summary="Step by step",
            turn=film.turn,
            code=self._code(),
            graph=self._answers(),
            scale=film.drawing.look.scale,
        )

    def files(self) -> Mapping[str, Callable[[], str]]:
        """A page that opens anywhere, a picture that moves without a script, or words."""
        title = "Film of a computation graph"
        return {
            ".html": lambda: page(self.html, title),
            ".svg": lambda: animated(self.film),
            ".txt": lambda: self.text,
        }

    def _answers(self) -> dict[str, Any]:
        """What the picture answers, from which frame on, and the line of each operation."""
        graph, when = self.film.graph, self.film.when
        known = self._sources
        lines = [
            f"{known[op.source]}:{op.line}" if op.source in known else None
            for op in graph.operations
        ]
        return {**answers(graph, self.film.drawing.look), "when": when, "lines": lines}

    def _lines(self, frame: Frame) -> dict[str, str]:
        """The lines of code that a frame runs, or whose operations it undoes, and their pass."""
        graph = self.film.graph
        known = self._sources
        found: dict[Place, set[int]] = {}
        for i in (*frame.forward, *frame.backward):
            op = graph.operations[i]
            found.setdefault((op.source, op.line), set()).add(op.visit)
        for branch in [graph.branches[i] for i in frame.branches]:
            asked = graph.producer(graph[branch.condition])
            same = asked is not None and (asked.source, asked.line) == (branch.source, branch.line)
            visit = {asked.visit} if asked is not None and same else set()
            found.setdefault((branch.source, branch.line), set()).update(visit)
        if graph.failure is not None and frame is self.film.frames[-1]:
            found.setdefault((graph.failure.source, graph.failure.line), set())
        return {
            f"{known[place[0]]}:{place[1]}": _pass(visits, self._visits.get(place, 0))
            for place, visits in found.items()
            if place[0] in known
        }

    @cached_property
    def _sources(self) -> dict[str, int]:
        """The number of each source whose lines are shown."""
        return {listing.source: i for i, listing in enumerate(self.film.graph.code)}

    @cached_property
    def _visits(self) -> dict[Place, int]:
        """How many times each line ran."""
        found: dict[Place, int] = {}
        for op in self.film.graph.operations:
            place = op.source, op.line
            found[place] = max(found.get(place, 0), op.visit)
        return found

    def _code(self) -> list[Line]:
        """The lines of code that ran, of each source those from the first to the last.

        A cell's number is that of its run, and nobody's program: sources are counted instead.
        """
        return [
            (i, number, text)
            for i, listing in enumerate(self.film.graph.code)
            for number, text in listing.lines
        ]


def _pass(visits: Collection[int], count: int) -> str:
    """`pass 2 of 5`, or nothing for a line that runs once."""
    if count < 2 or not visits:
        return ""
    first, last = min(visits), max(visits)
    return f"pass {first} of {count}" if first == last else f"passes {first}–{last} of {count}"
