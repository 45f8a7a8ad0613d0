"""What an operation keeps for the backward pass, as the list below its symbol."""

from __future__ import annotations

from lesson_utils.graph import ComputationGraph, Operation
from lesson_utils.picture.pieces import Piece, beside, line, stack
from lesson_utils.picture.tables import numbers
from lesson_utils.words.captions import saved_brief
from lesson_utils.words.notation import format_data


def saved_list(graph: ComputationGraph, op: Operation, most: float) -> Piece:
    """One line for each tensor: a full mark if it is still there, an empty one if not.

    Args:
        graph: The whole graph.
        op: The operation.
        most: The largest size of text.
    """
    if not op.saved:
        return line(("keeps nothing", "note"), most=most)
    lines = []
    for tensor in op.saved:
        text = saved_brief(graph, tensor)
        if tensor.state == "freed":
            lines.append(line(("○ ", "note"), (text, "freed"), (" freed", "note"), most=most))
            continue
        table = numbers(tensor.data, tensor.summary, "small")
        if table is None:
            worth = "" if tensor.data is None else f" = {format_data(tensor.data)}"
            lines.append(line((f"● keeps {text}{worth}", "small"), most=most))
        else:
            lines.append(beside(line((f"● keeps {text} =", "small"), most=most), table))
    return stack(*lines, gap=2)
