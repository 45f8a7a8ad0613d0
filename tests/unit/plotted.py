"""A kink's plot, read from the finished SVG as an eye would: numbers come from its own ticks."""

import math
import re
from xml.etree import ElementTree

from lesson_utils.picture.pieces import text_width

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"


class Plot:
    """The whole picture: `texts` are boxes (left, top, right, bottom, words)."""

    def __init__(self, source):
        self.root = ElementTree.fromstring(source)
        self.width, self.height = float(self.root.get("width")), float(self.root.get("height"))
        self.texts = [_box(element) for element in self.root.iter(f"{SVG}text")]
        self.words = [text[4] for text in self.texts]
        self.panels = [Panel(element, self) for element in has(self.root, "axes")]


class Panel:
    """One pair of axes. Its lines and marks are in the numbers that the ticks say."""

    def __init__(self, root, plot):
        self.root = root
        self.xticks, self.yticks = _ticks(root, "xtick", 0), _ticks(root, "ytick", 1)
        clip = next(
            element for element in plot.root.iter(f"{SVG}clipPath")
            if element.get("id") in ElementTree.tostring(root, encoding="unicode")
        )[0]  # fmt: skip
        self.left, self.top = float(clip.get("x")), float(clip.get("y"))
        self.right = self.left + float(clip.get("width"))
        self.bottom = self.top + float(clip.get("height"))
        above = [t for t in plot.texts if self.top - 28 < t[1] and t[3] < self.top - 4]
        notes = [t[4] for t in above if self.left - 60 < t[0] < self.right]
        self._across = next((n[3:] for n in notes if n.startswith("x: ")), "")
        self._upwards = next((n for n in notes if re.match(r"[+−\d]", n)), "")

    def number(self, x, y):
        """What a place on the paper stands for."""
        return (
            _read(x, self.xticks, self._across),
            _read(y, self.yticks, self._upwards) if self.yticks else y,
        )

    def pixel(self):
        """How much of the numbers a pixel is, across and upwards."""
        x, y = self.number(self.left, self.bottom)
        right, up = self.number(self.left + 1, self.bottom - 1)
        return right - x, up - y

    def inside(self, x, y):
        return self.left - 0.1 <= x <= self.right + 0.1 and self.top - 0.1 <= y <= self.bottom + 0.1

    def paths(self, look):
        """The pieces of all lines of a kind, as lists of places on the paper."""
        found = []
        for group in has(self.root, look):
            for path in group.iter(f"{SVG}path"):
                for piece in (path.get("d") or "").split("M")[1:]:
                    numbers = list(map(float, re.findall(r"-?[\d.]+", piece)))
                    found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
        return found

    def lines(self, look):
        """The same in numbers."""
        return [[self.number(*place) for place in piece] for piece in self.paths(look)]

    def marks(self, look):
        """Places of the marks of a kind."""
        return [
            (float(use.get("x")), float(use.get("y")))
            for group in has(self.root, look)
            for use in group.iter(f"{SVG}use")
        ]

    def symbol(self, look):
        """The shape of the only mark of a kind."""
        (use,) = (use for group in has(self.root, look) for use in group.iter(f"{SVG}use"))
        (shape,) = (e for e in self.root.iter() if e.get("id") == use.get(LINK)[1:])
        return shape.get("d")


def has(root, look):
    return [element for element in root.iter() if look in element.get("class", "").split()]


def _box(text):
    words, size = "".join(text.itertext()), float(text.get("font-size"))
    x, y = float(text.get("x")), float(text.get("y"))
    wide = text_width(words, size, bold=text.get("font-weight") == "bold")
    x -= {"end": wide, "middle": wide / 2}.get(text.get("text-anchor"), 0)
    return x, y - 0.75 * size, x + wide, y + 0.2 * size, words


def _ticks(root, look, axis):
    """Numbers and the places of their grid lines."""
    found = []
    for tick in has(root, look):
        start = re.findall(r"-?[\d.]+", next(tick.iter(f"{SVG}path")).get("d"))[axis]
        found.append((float("".join(tick.itertext()).replace("−", "-")), float(start)))
    return found


def _read(place, ticks, scale):
    """A number from its place between ticks, and what is written over an axis: 1e30, 1e-5+1e6."""
    factor, offset = re.fullmatch(
        r"(\d+e-?\d+)?([+-][\d.]+(?:e-?\d+)?)?", scale.replace("−", "-")
    ).groups()
    (a, from_), (b, to) = ticks[0], ticks[-1]
    shown = a + (b - a) * (place - from_) / (to - from_)
    number = shown * float(factor or 1) + float(offset or 0)
    assert math.isfinite(number)
    return number
