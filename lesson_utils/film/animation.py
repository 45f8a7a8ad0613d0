"""A film as a picture that moves by itself, for places that allow no script: CSS alone."""

from __future__ import annotations

import re
from dataclasses import replace

from lesson_utils.film.film import Film
from lesson_utils.picture.marks import Marks
from lesson_utils.picture.pieces import INK, SIZE, Piece, escape, fold
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
    width = float(film.drawing.svg.partition(' viewBox="0 0 ')[2].partition(" ")[0])
    footer, moments = _sentences(film, width - 2 * MARGIN)
    marks = replace(film.marks, footer=footer)
    return film.painted(replace(marks, style=_style(len(film.frames), marks, moments)))


def _style(count: int, marks: Marks, moments: list[str]) -> str:
    """The style sheet that moves every part with marks."""
    clock = _Clock(count)
    partial = [stage.classes for told in marks.partial.values() for stage in told]
    waiting = marks.waiting.values()
    for classes in dict.fromkeys([*marks.classes.values(), *partial, *waiting, *moments]):
        clock.add(classes)
    return (
        f"<style>*{{animation:{clock.length:g}s step-end infinite}}"
        f"{''.join(clock.rules)}{''.join(clock.keyframes.values())}"
        "@media (prefers-reduced-motion:reduce){*{animation:none!important}}</style>"
    )


class _Clock:
    """When what shows, as rules and keyframes."""

    def __init__(self, count: int) -> None:
        self.length = count * STEP + REST
        self.rules: list[str] = []
        self.keyframes: dict[str, str] = {}
        self._count = count

    def add(self, classes: str) -> None:
        """Say how parts with these marks move."""
        marks: dict[str, list[int]] = {}
        for mark, number in re.findall(r"\b([fudn])(\d+)\b", classes):
            marks.setdefault(mark, []).append(int(number))
        here = "." + ".".join(classes.split())
        names = []
        shown = max(marks.get("f", [0])), min(marks.get("u", [self._count]))
        if shown != (0, self._count):
            names.append(self._name("s", [shown], "visibility:hidden", "visibility:visible"))
        if max(marks.get("d", [0])):
            clear = max(marks["d"]), self._count
            names.append(self._name("d", [clear], "opacity:.3", "opacity:1"))
        if names:
            self.rules.append(f"{here}{{animation-name:{','.join(names)}}}")
        if "n" in marks:  # once on the way there, once on the way back
            halo = f"filter:drop-shadow(0 0 3px {STRESS})"
            spans = [(number, number + 1) for number in sorted(set(marks["n"]))]
            name = self._name("n", spans, "filter:none", halo)
            self.rules.append(f"{here}>path,{here}>rect{{animation-name:{name}}}")

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


def _sentences(film: Film, room: float) -> tuple[Piece, list[str]]:
    """The sentence of each frame, all in one place, and the marks of each."""
    told = [fold(frame.sentence.split(" "), room, SIZE) for frame in film.frames]
    last = len(told) - 1
    moments = [f"f{i} u{i + 1}" if i < last else f"f{i}" for i in range(last + 1)]

    def draw(x: float, y: float) -> str:
        out = []
        for marks, lines in zip(moments, told, strict=True):
            hidden = ' visibility="hidden"' if marks is not moments[-1] else ""
            out.append(f'<g class="{marks}"{hidden}>')
            for row, text in enumerate(lines):
                out.append(
                    f'<text x="{x:g}" y="{y + (row + 0.8) * _LINE:.1f}" '
                    f'font-size="{SIZE:g}" fill="{INK}">{escape(text)}</text>'
                )
            out.append("</g>")
        return "".join(out)

    return Piece(room, max(map(len, told)) * _LINE, draw), moments
