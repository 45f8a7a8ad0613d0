"""The HTML of a film: still pictures and sentences, and the script that takes their place.

A front end that does not trust a notebook leaves out scripts: the picture and the sentences
remain. Where the script runs, in a notebook, on a page or in a file, it replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lesson_utils.picture.pieces import escape
from lesson_utils.picture.pointing import SCRIPTS, STYLE, opening
from lesson_utils.picture.script import source, with_script

_HERE = Path(__file__).parent
Line = tuple[int, int, str]  # its source, its number there, its text


def reel(
    still: str,
    frames: Sequence[Mapping[str, Any]],
    *,
    name: str,
    summary: str,
    turn: int = 0,
    code: Sequence[Line] = (),
    graph: Mapping[str, Any] | None = None,
    scale: float = 1.0,
) -> str:
    """A film as a piece of a page.

    Args:
        still: The pictures as `<img>`, whose parts are marked as `film.js` reads them.
        frames: For each step `says`, its sentence, and `lines`, those of the code that run, with
            the pass that they are in.
        name: What the slider counts.
        summary: What the sentences are called where no script runs.
        turn: The first step of the backward half; 0 if there is none.
        code: The lines of code beside the picture.
        graph: What the parts of the picture answer, as `pointing.answers` gives it, with `when`
            they do and the `lines` of the operations.
        scale: How many times as large as usual the words are.
    """
    told = "".join(f"<li>{escape(frame['says'])}</li>" for frame in frames)
    # The sentences are in the page already.
    silent = [{key: it for key, it in frame.items() if key != "says"} for frame in frames]
    data = {"frames": silent, "turn": turn, "name": name, "code": code}
    css = "\n".join(map(source, (STYLE, _HERE / "film.css")))
    script = with_script(
        {**data, "graph": graph, "css": css}, *SCRIPTS, _HERE / "stage.js", _HERE / "film.js"
    )
    return (
        f"{opening('lesson-film', scale)}{still}"
        f"<p>Run the cell, or trust the notebook, and it plays.</p>"
        f"<details><summary>{escape(summary)}</summary>"
        f'<ol start="0">{told}</ol></details>{script}</div>'
    )
