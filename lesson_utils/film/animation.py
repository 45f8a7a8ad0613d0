"""A film as a picture that moves by itself, for places that allow no script: CSS alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from lesson_utils.film.film import Film
from lesson_utils.picture.pieces import INK, SIZE, fold
from lesson_utils.picture.sheet import MARGIN

STRESS = "#e69f00"  # Okabe and Ito's orange, as a halo
STEP, REST = 2.5, 4.0  # seconds: for each frame, and at the end
_LINE = 20.0  # pixels from one line of a sentence to the next


def animated(film: Film) -> str:
    """The film as SVG: one frame after the other, again and again.

    Who asks for reduced motion sees the finished picture.

    Raises:
        NoLayoutProgram: No layout program is installed.
    """
    xmlns = ' xmlns="http://www.w3.org/2000/svg"'
    root = fromstring(film.svg.replace(xmlns, "", 1))
    _sentences(root, film)
    count = len(film.frames)
    clock = _Clock(count)
    for element in root.iter():
        for part, rule in clock.rules(element):
            part.set("style", rule)
    style = Element("style")
    style.text = (
        f"*{{animation:{clock.length:g}s step-end infinite}}"
        f"{''.join(clock.keyframes.values())}"
        "@media (prefers-reduced-motion:reduce){*{animation:none!important}}"
    )
    root.insert(0, style)
    return tostring(root, encoding="unicode").replace("<svg ", f"<svg{xmlns} ", 1)


class _Clock:
    """When what shows, as keyframes."""

    def __init__(self, count: int) -> None:
        self.length = count * STEP + REST
        self.keyframes: dict[str, str] = {}
        self._count = count

    def rules(self, element: Element) -> Iterator[tuple[Element, str]]:
        """The elements that an element's marks move, and how."""
        marks: dict[str, list[int]] = {}
        for mark, number in re.findall(r"\b([fudn])(\d+)\b", element.get("class", "")):
            marks.setdefault(mark, []).append(int(number))
        names = []
        shown = max(marks.get("f", [0])), min(marks.get("u", [self._count]))
        if shown != (0, self._count):
            names.append(self._name("s", [shown], "visibility:hidden", "visibility:visible"))
        if max(marks.get("d", [0])):
            clear = max(marks["d"]), self._count
            names.append(self._name("d", [clear], "opacity:.3", "opacity:1"))
        if names:
            yield element, f"animation-name:{','.join(names)}"
        if "n" in marks:  # once on the way there, once on the way back
            halo = f"filter:drop-shadow(0 0 3px {STRESS})"
            spans = [(number, number + 1) for number in sorted(set(marks["n"]))]
            name = self._name("n", spans, "filter:none", halo)
            for part in element:
                if part.tag in ("path", "rect"):
                    yield part, f"animation-name:{name}"

    def _name(self, kind: str, spans: list[tuple[int, int]], before: str, during: str) -> str:
        """The name of keyframes that differ in some spans of frames; the last frame stays."""
        name = kind + "_".join(f"{start}-{end}" for start, end in spans)
        steps = {0.0: before}
        for start, end in spans:
            steps[start * STEP] = during
            steps[end * STEP if end < self._count else self.length] = (
                before if end < self._count else during
            )
        told = "".join(f"{100 * t / self.length:.3f}%{{{rule}}}" for t, rule in steps.items())
        self.keyframes[name] = f"@keyframes {name}{{{told}}}"
        return name


def _sentences(root: Element, film: Film) -> None:
    """Write the sentence of each frame under the picture, all in one place."""
    _, _, width, height = map(float, root.get("viewBox", "0 0 0 0").split())
    told = [fold(each.sentence.split(" "), width - 2 * MARGIN, SIZE) for each in film.frames]
    more = max(map(len, told)) * _LINE + MARGIN
    scale = float(root.get("width", "0")) / width
    root.set("viewBox", f"0 0 {width:.1f} {height + more:.1f}")
    root.set("height", f"{(height + more) * scale:.0f}")
    paper = root.find("rect[@class='paper']")
    if paper is not None:
        paper.set("height", f"{height + more - 1:.1f}")
    last = len(told) - 1
    for number, lines in enumerate(told):
        until = f" u{number + 1}" if number < last else ""
        group = SubElement(root, "g", {"class": f"f{number}{until}"})
        if until:
            group.set("visibility", "hidden")
        for row, text in enumerate(lines):
            place = {"x": f"{MARGIN:g}", "y": f"{height + (row + 0.6) * _LINE:.1f}"}
            SubElement(group, "text", {**place, "font-size": f"{SIZE:g}", "fill": INK}).text = text
