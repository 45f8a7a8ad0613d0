"""A picture that answers when somebody points at it, where scripts run.

The picture is an `<img>`, which remains in a notebook that is not trusted. Elsewhere `point.js`
puts it into the page, so that its parts can be pointed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lesson_utils.graph import ComputationGraph, Operation
from lesson_utils.picture.script import source, with_script
from lesson_utils.picture.theme import SHOWN
from lesson_utils.words import pointing
from lesson_utils.words.look import Look

_HERE = Path(__file__).parent
# Classes that keep MathJax from taking two dollar signs for a formula.
_NO_FORMULAS = "mathjax_ignore tex2jax_ignore"
SCRIPTS, STYLE = (_HERE / "inline.js", _HERE / "point.js"), _HERE / "point.css"


def answers(graph: ComputationGraph, look: Look) -> dict[str, Any]:
    """What `point.js` needs to know of a graph.

    Args:
        graph: The graph.
        look: How it is shown; gradients that it does not show are not told.

    Returns:
        `of`, the value that is differentiated; `values`, what each says, by its id; `ops`, of each
        operation its uses (the value, whether a gradient flows along, and what that says), its
        results, those that receive a gradient from the others, and what it says; and `branches`,
        the value that each asked, and what it says.
    """
    shown = 2 if look.gradients else 1
    return {
        "of": graph.of,
        "values": {value.id: pointing.of_value(graph, value)[:shown] for value in graph.values},
        "ops": [_operation(graph, op, look.gradients) for op in graph.operations],
        "branches": [
            (branch.condition, pointing.of_branch(graph, branch)) for branch in graph.branches
        ],
    }


def _operation(graph: ComputationGraph, op: Operation, gradients: bool) -> dict[str, Any]:
    forward, backward = pointing.of_operation(graph, op)
    return {
        "uses": [
            (
                use.value,
                use.flowed and gradients,
                pointing.of_use(graph, op, i) if gradients else "",
            )
            for i, use in enumerate(op.uses)
        ],
        "outputs": op.outputs,
        "inside": [use.value for use in op.inside],
        "says": (forward, backward) if gradients else (forward,),
    }


def answering(
    image: str, graph: ComputationGraph, look: Look, further: Mapping[str, Any] | None = None
) -> str:
    """A picture on its own, with the script that makes it answer.

    Args:
        image: The picture as `<img>`.
        graph: What it shows.
        look: How it is shown.
        further: The pictures that may take its place, as `unfold.js` reads them.
    """
    data = {**answers(graph, look), **(further or {}), "css": source(STYLE)}
    unfold = [_HERE / "unfold.js"] if further else []
    script = with_script(data, *SCRIPTS, *unfold, _HERE / "picture.js")
    return f"{opening('lesson-picture', look.scale)}{image}{script}</div>"


def opening(kind: str, scale: float) -> str:
    """The start of a box that answers, whose words are so many times as large as usual."""
    large = "" if scale == 1 else f' style="--scale:{scale:g}"'
    return f'<div class="{kind} {SHOWN} {_NO_FORMULAS}"{large}>'
