"""Where boxes and roads are in a picture, read from its SVG."""

import re
from xml.etree import ElementTree

from reading import read

from lesson_utils.picture.pieces import text_width
from lesson_utils.picture.roads import samples

DEEP = 1.0  # pixels: less is a rim that nobody sees
SVG = "{http://www.w3.org/2000/svg}"


def panels(svg):
    """Panels of the picture, each with its boxes, red ways back and labels."""
    found = [
        group
        for group in ElementTree.fromstring(svg).iter(f"{SVG}g")
        if group.get("transform", "").startswith("translate")
    ]
    assert found
    return found


def boxes(panel):
    """The outer rectangle of each value, by id."""
    result = {}
    for group in panel.iter(f"{SVG}g"):
        if group.get("class", "").startswith("value "):
            rect = group.find(f"{SVG}rect")
            x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
            result[group.get("id")] = (x, y, x + w, y + h)
    return result


def ways_back(panel):
    """Points of each red way back and the rectangle of its label, by id."""
    for group in panel.iter(f"{SVG}g"):
        if not group.get("class", "").startswith("backward"):
            continue
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", group.find(f"{SVG}path").get("d"))]
        spline = [complex(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        points = [(point.real, point.imag) for point in samples(spline, 10)]
        text = group.find(f"{SVG}text")
        width = text_width("".join(text.itertext()), 13)
        x, y = float(text.get("x")), float(text.get("y"))
        yield group.get("id"), points, (x, y - 10, x + width, y + 3)


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def faults(drawing):
    """How often a road runs through a box, through words in a box, or through another's label.

    A road ends on the outlines of its own boxes. A lane may come as near to another box as half
    the width of a road: so much is free around a course.
    """
    boxes_met, words_met, labels_met = [], [], []
    for panel in read(drawing.svg):
        for mark, road in panel.roads.items():
            for box in panel.boxes:
                if min(map(box.away, road.points)) < -DEEP:
                    boxes_met.append((mark, sorted(box.marks)))
                words_met += [
                    (mark, words) for place, words in box.texts if road.distance(place) == 0
                ]
            labels_met += [
                (mark, other)
                for other, label in panel.labels.items()
                if other != mark and road.distance(label) < 0.5
            ]
    return boxes_met, words_met, labels_met
