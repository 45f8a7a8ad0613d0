"""Running the layout program, and putting laid-out pieces together in one SVG."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache, lru_cache
from pathlib import Path

INSTALL = "To see the picture, install the layout program: pip install graphviz-pure"
GAP = 16.0


class NoLayoutProgram(RuntimeError):
    """Neither graphviz-pure nor Graphviz's own `dot` is on this machine."""


@cache
def find_program() -> str | None:
    """Path of the layout program: graphviz-pure beside this Python, else any `dot`.

    graphviz-pure comes with the lesson and draws the same bytes everywhere.
    """
    beside = Path(sys.executable).parent
    for name, place in (
        ("graphviz-pure", str(beside)),
        ("graphviz-pure", None),
        ("dot", None),
    ):
        found = shutil.which(name, path=place)
        if found:
            return found
    return None


def lay_out(source: str) -> list[str]:
    """SVG documents for the graphs in a DOT text, in their order.

    The same text is laid out once: a notebook draws many a graph again.

    Raises:
        NoLayoutProgram: There is none; the message says what to install.
        RuntimeError: The program refused the text.
    """
    program = find_program()
    if program is None:
        raise NoLayoutProgram(INSTALL)
    return list(run(program, source))


@lru_cache(maxsize=64)
def run(program: str, source: str) -> tuple[str, ...]:
    """What the layout program makes of a DOT text."""
    done = subprocess.run(
        [program, "-Tsvg"], input=source.encode(), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the layout program failed: {done.stderr.decode()[:200]}")
    return tuple(re.findall(r"<svg.*?</svg>", done.stdout.decode(), flags=re.DOTALL))


def size_of(svg: str) -> tuple[float, float]:
    """Width and height of a laid-out piece, in pixels (one point is drawn as one)."""
    box = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', svg)
    return (float(box[1]), float(box[2])) if box else (0.0, 0.0)


def compose(pieces: list[str], label: str, *, scale: float, width: float, paper: str) -> str:
    """One SVG of all pieces, in rows no wider than `width`, on opaque paper.

    Args:
        pieces: SVG documents from `lay_out`.
        label: What a screen reader says; already escaped.
        scale: Size on screen; 1 draws a point as a pixel.
        width: Where a row ends, in pixels at scale 1.
        paper: Colour behind everything, so that no page theme shines through.
    """
    x = y = row = total = 0.0
    parts = []
    for piece in pieces:
        wide, high = size_of(piece)
        if x and x + wide > width:
            x, y, row = 0.0, y + row + GAP, 0.0
        body = re.sub(r"<svg[^>]*>", "", piece, count=1).removesuffix("</svg>")
        body = re.sub(r"<!--.*?-->\s*|<title>.*?</title>\s*", "", body, flags=re.DOTALL).strip()
        body = body.replace("&#45;", "-")  # graphviz writes every hyphen so, in ids too
        parts.append(f'<g transform="translate({x + GAP:g} {y + GAP:g})">{body}</g>')
        total, row, x = max(total, x + wide), max(row, high), x + wide + GAP
    across, down = total + 2 * GAP, y + row + 2 * GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{across * scale:.0f}" height="{down * scale:.0f}" '
        f'viewBox="0 0 {across:.2f} {down:.2f}" role="img" aria-label="{label}">'
        f'<rect class="paper" width="100%" height="100%" rx="8" fill="{paper}"/>'
        + "".join(parts)
        + "</svg>"
    )
