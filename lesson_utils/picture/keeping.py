"""What a box says of saved tensors: those that its operation keeps, and who spoilt its value."""

from __future__ import annotations

from lesson_utils.graph import ComputationGraph, Operation, SavedTensor
from lesson_utils.picture.pieces import Piece, beside, line, stack
from lesson_utils.picture.tables import numbers
from lesson_utils.words.keeping import SPOILT, overwritten, saved_brief, spoilt_brief
from lesson_utils.words.notation import format_data


def kept(graph: ComputationGraph, op: Operation, most: float) -> Piece:
    """What an operation keeps for the backward pass, a line each, no letter larger than `most`."""
    if not op.saved:
        return line(("keeps nothing", "note"), most=most)
    spoilt = [tensor for tensor in op.saved if tensor.is_spoilt]
    told = dict.fromkeys(spoilt_brief(graph, tensor) for tensor in spoilt)  # one may be there twice
    lines = [line((text, "spoilt"), most=most) for text in told]
    for tensor in op.saved:
        if tensor.is_spoilt:
            continue
        text = saved_brief(graph, tensor)
        if tensor.state == "freed":
            lines.append(line(("○ ", "note"), (text, "freed"), (" freed", "note"), most=most))
            continue
        table = numbers(tensor.data, tensor.summary, "small", most)
        if table is None:
            worth = "" if tensor.data is None else f" = {format_data(tensor.data)}"
            lines.append(line((f"● keeps {text}{worth}", "small"), most=most))
        else:
            lines.append(beside(line((f"● keeps {text} =", "small"), most=most), table))
    return stack(*lines, gap=2)


def writer(graph: ComputationGraph, saved: SavedTensor) -> Piece:
    """In the box of a value that was overwritten while an operation still needed it: by what."""
    first, *more = overwritten(graph, saved)
    return stack(*[line((text, "spoilt")) for text in (f"{SPOILT} {first}", *more)])
