"""Running the layout program: DOT in, places of nodes and courses of edges out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

INSTALL = "To see the picture, install the layout program: pip install graphviz-pure"

Point = complex


class NoLayoutProgram(RuntimeError):
    """Neither graphviz-pure nor Graphviz's own `dot` is on this machine."""


@dataclass(frozen=True)
class Layout:
    """One laid-out graph, in pixels (a point is drawn as one) with y downwards.

    Attributes:
        width: Of everything.
        height: Of everything.
        nodes: The middle of each node, by its name.
        edges: The cubic Bézier points of each edge from tail to head, by its id.
        labels: The middle of each edge's label, by the edge's id.
        frames: Two corners of each cluster and the middle of its label, by its name.
    """

    width: float
    height: float
    nodes: dict[str, Point]
    edges: dict[str, list[Point]]
    labels: dict[str, Point]
    frames: dict[str, tuple[Point, Point, Point]]


@cache
def find_program() -> str | None:
    """Path of the layout program: graphviz-pure beside this Python, else any `dot`.

    graphviz-pure comes with the lesson and places everything alike everywhere.
    """
    beside = Path(sys.executable).parent
    for name, place in (("graphviz-pure", str(beside)), ("graphviz-pure", None), ("dot", None)):
        found = shutil.which(name, path=place)
        if found:
            return found
    return None


def lay_out(source: str) -> tuple[Layout, ...]:
    """Layouts of the graphs in a DOT text, in their order; one run of the program.

    The same text is laid out once: a notebook draws many a graph again.

    Raises:
        NoLayoutProgram: There is none; the message says what to install.
        RuntimeError: The program refused the text.
    """
    program = find_program()
    if program is None:
        raise NoLayoutProgram(INSTALL)
    return run(program, source)


@lru_cache(maxsize=64)
def run(program: str, source: str) -> tuple[Layout, ...]:
    """What the layout program makes of a DOT text."""
    done = subprocess.run(
        [program, "-Tjson0"], input=source.encode(), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the layout program failed: {done.stderr.decode()[:200]}")
    text, decoder, at, found = done.stdout.decode(), json.JSONDecoder(), 0, []
    while (at := text.find("{", at)) >= 0:
        document, at = decoder.raw_decode(text, at)
        found.append(_read(document))
    return tuple(found)


def _read(document: dict[str, object]) -> Layout:
    _, _, width, height = _floats(str(document["bb"]))
    objects: list[dict[str, str]] = document.get("objects", [])  # type: ignore[assignment]  # its form
    edges: list[dict[str, str]] = document.get("edges", [])  # type: ignore[assignment]  # is Graphviz's

    def point(text: str) -> Point:
        x, y = _floats(text)
        return complex(x, height - y)

    def frame(cluster: dict[str, str]) -> tuple[Point, Point, Point]:
        left, low, right, high = _floats(cluster["bb"])
        return complex(left, height - high), complex(right, height - low), point(cluster["lp"])

    return Layout(
        width,
        height,
        {node["name"]: point(node["pos"]) for node in objects if "pos" in node},
        {edge["id"]: [point(pair) for pair in edge["pos"].split()] for edge in edges},
        {edge["id"]: point(edge["lp"]) for edge in edges if "lp" in edge},
        {it["name"]: frame(it) for it in objects if "lp" in it and "pos" not in it},
    )


def _floats(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]
