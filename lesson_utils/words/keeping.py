"""What a saved tensor says: in words, in the SVG and in the DOT."""

from __future__ import annotations

from lesson_utils.graph import ComputationGraph, SavedTensor
from lesson_utils.words.captions import arguments, expression
from lesson_utils.words.notation import format_data, format_shape

SPOILT = "✗"  # before a saved tensor that a write has spoilt, and on the roads that need it


def saved_words(graph: ComputationGraph, saved: SavedTensor) -> str:
    """Both names, size, and whether it is still there: `x (self) [1], 4 bytes, kept`."""
    name = saved.name if saved.value is None else f"{graph[saved.value].name} ({saved.name})"
    if saved.is_spoilt:
        by = " ".join(overwritten(graph, saved))
        return f"{name}{_size(saved)}, {SPOILT} {spoilt(saved)} ({by})"
    worth = (
        ""
        if saved.data is None and saved.summary is None
        else (f": {format_data(saved.data, saved.summary)}")
    )
    return f"{name}{_size(saved)}, {saved.state}{worth}"


def saved_brief(graph: ComputationGraph, saved: SavedTensor) -> str:
    """The student's name if it has one, else PyTorch's, and size: `x [1], 4 bytes`."""
    return f"{_own_name(graph, saved)}{_size(saved)}"


def _own_name(graph: ComputationGraph, saved: SavedTensor) -> str:
    return saved.name if saved.value is None else graph[saved.value].name


def spoilt(saved: SavedTensor) -> str:
    """Why PyTorch will refuse it: `saved at version 0, now 1`."""
    return f"saved at version {saved.version_saved}, now {saved.version_now}"


def spoilt_brief(graph: ComputationGraph, saved: SavedTensor) -> str:
    """The same, with the student's name for it: `✗ x: saved at version 0, now 1`."""
    return f"{SPOILT} {_own_name(graph, saved)}: {spoilt(saved)}"


def overwritten(graph: ComputationGraph, saved: SavedTensor) -> tuple[str, ...]:
    """What wrote to it, in two parts: `overwritten by` and `u.add_(1), line 7`."""
    if saved.spoilt_by is None:
        return ("overwritten since",)
    op = graph.operations[saved.spoilt_by]
    names = [graph[i].name for i in op.inputs]
    written = expression(graph, op)
    if op.arguments and op.name.endswith("_"):
        written = f"{names[0].partition('@')[0]}.{op.name}({', '.join(arguments(op, names)[1:])})"
    elif not op.arguments:
        written = op.name
    return "overwritten by", written + ("" if op.line is None else f", line {op.line}")


def _size(saved: SavedTensor) -> str:
    if saved.shape is None:
        return f", {saved.nbytes:,} bytes" if saved.nbytes else ", size not shown"
    return f" {format_shape(saved.shape)}, {saved.nbytes:,} bytes"
