"""A picture that answers when somebody points at it, where scripts run.

The picture is an `<img>`, which remains in a notebook that is not trusted. Elsewhere `point.js`
puts it into the page, so that its parts can be pointed at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.script import source, with_script
from lesson_utils.words import pointing
from lesson_utils.words.look import Look

_HERE = Path(__file__).parent
SCRIPT, STYLE = _HERE / "point.js", _HERE / "point.css"


def answers(graph: ComputationGraph, look: Look) -> dict[str, Any]:
    """What `point.js` needs to know of a graph.

    Args:
        graph: The graph.
        look: How it is shown; gradients that it does not show are not told.

    Returns:
        `of`, the value that is differentiated; `values`, what each says, by its id; and `ops`,
        of each operation its uses (the value, and whether a gradient flows along), its results,
        and what it says.
    """
    shown = 2 if look.gradients else 1
    return {
        "of": graph.of,
        "values": {value.id: pointing.of_value(graph, value)[:shown] for value in graph.values},
        "ops": [
            {
                "uses": [(use.value, use.flowed and look.gradients) for use in op.uses],
                "outputs": op.outputs,
                "says": pointing.of_operation(graph, op)[:shown],
            }
            for op in graph.operations
        ],
    }


def answering(image: str, graph: ComputationGraph, look: Look) -> str:
    """A picture on its own, with the script that makes it answer.

    Args:
        image: The picture as `<img>`.
        graph: What it shows.
        look: How it is shown.
    """
    data = {**answers(graph, look), "css": source(STYLE)}
    script = with_script(data, SCRIPT, _HERE / "picture.js")
    return f'<div class="lesson-picture">{image}{script}</div>'
