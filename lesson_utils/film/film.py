"""One picture that serves all frames of a film.

The picture is laid out and drawn once. Each element is marked with the frames
that show it, so nothing can jump from frame to frame, and a film is hardly
larger than its picture. The marks are classes, which `film.js` reads:

- `f7` hidden before frame 7, `u7` hidden from frame 7 on;
- `d7` faint before frame 7, `n7` stressed in frame 7.

Without the script the picture is the finished one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from xml.etree.ElementTree import Element, fromstring, tostring

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.pieces import SMALL, text_width
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
        if not any(each.arrivals for each in self.frames):  # as where the block failed
            look = replace(look, gradients=False)
        self.drawing = Drawing(graph, look)

    @property
    def turn(self) -> int:
        """The first frame of the backward pass; 0 if there is none."""
        back = (i for i, each in enumerate(self.frames) if each.backward or each.arrivals)
        return next(back, 0)

    @cached_property
    def svg(self) -> str:
        """The picture with its marks.

        Raises:
            NoLayoutProgram: No layout program is installed.
        """
        root = fromstring(self.drawing.svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))
        groups: dict[str, list[Element]] = {}
        for group in root.iter("g"):
            groups.setdefault(group.get("id", ""), []).append(group)
            for each in re.findall(r"value-\d+", group.get("class", "")):
                groups.setdefault(f"every {each}", []).append(group)
        for number, frame in enumerate(self.frames):
            for element, mark in self._marks(frame, groups):
                _mark(element, f"{mark}{number}")
        for value, arrivals in self._arrivals().items():
            for group in groups.get(f"every value-{value}", []):
                self._gradient(group, arrivals)
        for each in root.findall("text"):  # the chain rule and the note, under the picture
            _mark(each, f"f{len(self.frames) - 1}")
        root.attrib = {"xmlns": "http://www.w3.org/2000/svg", **root.attrib}
        return tostring(root, encoding="unicode")

    def _marks(
        self, frame: Frame, groups: dict[str, list[Element]]
    ) -> Iterator[tuple[Element, str]]:
        for value in frame.values:
            for group in groups.get(f"every value-{value}", []):
                yield group, "d"
                yield from ((part, "f") for part in _data(group))
        for op in frame.forward:
            for element in groups.get(f"operation-{op}", []):
                yield from ((element, mark) for mark in "dn")
            roads = (f"forward-{op}-", f"result-{op}-")
            yield from ((each, m) for each in _starting(groups, roads) for m in "fn")
        for branch in frame.branches:
            names = (f"branch-{branch}", f"branch-{branch}-road")
            yield from ((each, m) for name in names for each in groups.get(name, []) for m in "fn")
        for op in frame.backward:
            yield from ((each, "n") for each in groups.get(f"operation-{op}", []))
            ways = _starting(groups, (f"backward-{op}-",))
            yield from ((each, m) for each in ways for m in "fn")

    def _arrivals(self) -> dict[int, list[tuple[int, Arrival]]]:
        found: dict[int, list[tuple[int, Arrival]]] = {}
        for number, frame in enumerate(self.frames):
            for each in frame.arrivals:
                found.setdefault(each.value, []).append((number, each))
        return found

    def _gradient(self, group: Element, arrivals: list[tuple[int, Arrival]]) -> None:
        """Hide the gradient until it is complete, and show its partial sums before."""
        parts = _gradients(group)
        for each in parts:
            _mark(each, f"f{arrivals[-1][0]}")
        title = next((each for each in parts if each.tag == "text"), None)
        if title is None:
            return
        for (start, arrival), (end, _) in pairwise(arrivals):
            partial = copy.deepcopy(title)
            said = derivative(self.graph, self.graph[arrival.value])
            if isinstance(arrival.total, (int, float)):
                said += f" = {format_number(arrival.total)} + …"
            else:
                said += f": {len(arrival.terms)} of {len(arrival.terms) + arrival.missing}"
            box = group.find("rect")
            if box is not None and text_width(said, SMALL) > float(box.get("width", "0")) - 8:
                said = said.partition(" = ")[2] or said
            middle = float(title.get("x", "0")) + text_width("".join(title.itertext()), SMALL) / 2
            span = next(iter(partial))
            span.text = said
            partial[:] = [span]
            partial.attrib.update({"x": f"{middle:.1f}", "text-anchor": "middle"})
            partial.set("class", f"f{start} u{end}")
            partial.set("visibility", "hidden")  # in the finished picture
            group.append(partial)


def _mark(element: Element, mark: str) -> None:
    element.set("class", f"{element.get('class', '')} {mark}".strip())


def _starting(groups: dict[str, list[Element]], starts: tuple[str, ...]) -> list[Element]:
    return [each for name, found in groups.items() if name.startswith(starts) for each in found]


def _parts(group: Element) -> Iterator[tuple[Element, str]]:
    """What is in a value's box, and whether it tells of the data or of the gradient."""
    kind, seen = "data", False
    for element in group:
        looks = {each.get("class", "") for each in element.iter()}
        if "gradient" in looks:
            kind = "gradient"
        seen = seen or element.tag == "text"
        if seen:  # what comes before the first text is the outline
            yield element, kind


def _data(group: Element) -> Iterator[Element]:
    """The numbers of a value; its name is no part of them."""
    for element, kind in _parts(group):
        spans = list(element)
        if kind == "data" and any(each.get("class") == "name" for each in spans):
            yield from (each for each in spans if each.get("class") == "data")
        elif kind == "data":
            yield element


def _gradients(group: Element) -> list[Element]:
    return [element for element, kind in _parts(group) if kind == "gradient"]
