"""A picture read back from its SVG, as an eye would: boxes, roads with their heads, texts.

Nothing here knows how the picture was made. Which end of a road is its head is
told by the head that is painted there, where it starts and ends by the boxes
that it touches. Points are complex numbers, as in `lesson_utils.arrows`;
rectangles are (left, top, right, bottom).
"""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from lesson_utils.picture.pieces import FAINT, INK, RED, text_width

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6}
COLOURS = {INK: "dark", RED: "red", FAINT: "grey"}


@dataclass(frozen=True)
class Box:
    """A value, an operation that stands alone, or a branch: its outline and what is in it."""

    marks: frozenset  # `value-3`, and `operation-2` where that stands in it
    rect: tuple
    radius: float
    texts: tuple

    def away(self, point):
        """How far a point lies outside of the outline; negative inside."""
        left, top, right, bottom = self.rect
        across = abs(point.real - (left + right) / 2) - (right - left) / 2 + self.radius
        down = abs(point.imag - (top + bottom) / 2) - (bottom - top) / 2 + self.radius
        corner = abs(complex(max(across, 0), max(down, 0)))
        return corner + min(max(across, down), 0) - self.radius


@dataclass(frozen=True)
class Road:
    """An arrow: its line from the blunt end to the tip of the head."""

    mark: str
    colour: str
    points: tuple

    def distance(self, rect):
        """From a rectangle to the nearest point of the road; 0 where it runs through."""
        return min(outside(rect, point) for point in self.points)


@dataclass(frozen=True)
class Panel:
    """What is laid out as one: boxes, roads, and the labels by the mark of their road."""

    boxes: tuple
    roads: dict
    labels: dict

    def named(self, mark):
        """The boxes that show a value (copies too) or an operation."""
        return [box for box in self.boxes if mark in box.marks]

    def at(self, point, slack=2.0):
        """The boxes whose outline a point touches."""
        return [box for box in self.boxes if abs(box.away(point)) <= slack]


def read(svg):
    """The panels of a picture."""
    groups = ElementTree.fromstring(svg).findall(f"{SVG}g")
    return [_panel(group) for group in groups if "translate" in group.get("transform", "")]


def texts_of(svg):
    """The rectangle and the words of every text outside of the panels."""
    return [_text(element) for element in ElementTree.fromstring(svg).findall(f"{SVG}text")]


def outside(rect, point):
    """How far a point lies outside of a rectangle."""
    left, top, right, bottom = rect
    x = max(left - point.real, 0, point.real - right)
    return abs(complex(x, max(top - point.imag, 0, point.imag - bottom)))


def overlap(one, other, slack=0.5):
    """Whether two rectangles share more than a rim."""
    return all(
        max(one[i], other[i]) + slack < min(one[i + 2], other[i + 2]) - slack for i in (0, 1)
    )


def _panel(group):
    boxes, badges, roads, labels = [], [], {}, {}
    for child in group.findall(f"{SVG}g"):
        kind, mark = child.get("class").split()[0], child.get("id")
        if kind in ("frame", "fold"):  # around boxes and over roads
            continue
        if kind in ("value", "operation", "branch"):
            (badges if kind == "operation" else boxes).append(_box(child))
            continue
        roads[mark] = _road(child)
        if child.findall(f"{SVG}text"):
            labels[mark] = _label(child)
    for badge in badges:
        home = next((i for i, box in enumerate(boxes) if _within(badge.rect, box.rect)), None)
        if home is None:
            boxes.append(badge)
        else:
            box = boxes[home]
            texts = box.texts + badge.texts
            boxes[home] = Box(box.marks | badge.marks, box.rect, box.radius, texts)
    return Panel(tuple(boxes), roads, labels)


def _box(group):
    marks = {group.get("id"), *re.findall(r"value-\d+", group.get("class"))}
    texts = tuple(_text(element) for element in group.iter(f"{SVG}text"))
    rect = group.find(f"{SVG}rect")
    if rect is None or "value" not in group.get("class"):  # no outline around all of it
        shapes = [_rect(element) for element in group.iter(f"{SVG}rect")]
        shapes += [_bounds(_points(element.get("d"))) for element in group.iter(f"{SVG}path")]
        return Box(
            frozenset(marks), _union([*shapes, *(extent for extent, _ in texts)]), 0.0, texts
        )
    return Box(frozenset(marks), _rect(rect), float(rect.get("rx")), texts)


def _road(group):
    """The line, turned so that it ends in the head, and on to the tip."""
    line, head = (path for path in group.findall(f"{SVG}path") if path.get("class") == "line")
    points, corners = _points(line.get("d")), _points(head.get("d"))
    ends = [min(abs(corner - end) for corner in corners) for end in (points[0], points[-1])]
    if ends[0] < ends[1]:
        points.reverse()
    assert min(ends) < 1, f"the head of {group.get('id')} is not on its line"
    tip = max(corners, key=lambda corner: abs(corner - points[-1]))
    assert line.get("stroke") == head.get("fill"), f"{group.get('id')} has two colours"
    colour = COLOURS.get(line.get("stroke"), line.get("stroke"))
    return Road(group.get("id"), colour, (*points, tip))


def _text(element):
    """The rectangle of a line of text, by the widths that the pictures are made with."""
    size = float(element.get("font-size"))
    words, width = element.text or "", text_width((element.text or "").strip(), size)
    for span in element:
        bold = span.get("font-weight", element.get("font-weight")) == "bold"
        width += text_width(span.text, float(span.get("font-size", size)), bold=bold)
        words += span.text
    left, base = float(element.get("x")), float(element.get("y"))
    left -= {"middle": width / 2, "end": width}.get(element.get("text-anchor"), 0)
    return (left, base - 0.74 * size, left + width, base + 0.2 * size), words


def _label(group):
    """The rectangle around the words of a road, and the brackets of a table."""
    brackets = [
        path for path in group.findall(f"{SVG}path") if path.get("class") not in ("line", "cross")
    ]
    rects = [_bounds(_points(bracket.get("d"))) for bracket in brackets]
    return _union([*rects, *(_text(element)[0] for element in group.findall(f"{SVG}text"))])


def _rect(element):
    left, top, width, height = (float(element.get(name)) for name in ("x", "y", "width", "height"))
    return left, top, left + width, top + height


def _union(rects):
    lefts, tops, rights, bottoms = zip(*rects, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _bounds(points):
    return _union([(point.real, point.imag, point.real, point.imag) for point in points])


def _within(inner, outer):
    return overlap(_union([inner, outer]), outer) and _union([inner, outer]) == outer


def _points(path):
    """Points about two pixels apart along a path of lines and cubic Béziers."""
    points = []
    for command, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        if command in "zZ":
            continue
        size = NUMBERS[command.upper()]
        for i in range(0, len(numbers), size):
            here = points[-1] if points else 0j
            if command in "Cc":
                way = [complex(*numbers[j : j + 2]) for j in range(i, i + 6, 2)]
            elif command in "Hh":
                way = [complex(numbers[i], here.imag * (command == "H"))]
            elif command in "Vv":
                way = [complex(here.real * (command == "V"), numbers[i])]
            else:
                way = [complex(*numbers[i : i + 2])]
            ends = [here + step if command.islower() else step for step in way]
            points += ends if command in "Mm" and i == 0 else _along(here, *ends)
    return points


def _along(start, *ends):
    if len(ends) == 1:
        return [*ends]
    b, c, d = ends
    steps = max(8, round((abs(b - start) + abs(c - b) + abs(d - c)) / 2))
    return [
        (start * (u := 1 - t / steps) + 3 * b * (v := t / steps)) * u * u
        + (3 * c * u + d * v) * v * v
        for t in range(1, steps + 1)
    ]
