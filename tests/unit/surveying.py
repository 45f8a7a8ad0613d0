"""Where boxes and roads are in a picture, read from its SVG."""

import re
from xml.etree import ElementTree

from lesson_utils.picture.pieces import text_width
from lesson_utils.picture.roads import samples

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
