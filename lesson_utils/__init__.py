"""See the computation graph that your own PyTorch code makes."""

from lesson_utils.api import (
    draw,
    explore,
    flipbook,
    kink,
    kink_table,
    play,
    saved_memory,
    set_context,
    side_by_side,
    trace,
)

__all__ = [
    "draw",
    "explore",
    "flipbook",
    "kink",
    "kink_table",
    "play",
    "saved_memory",
    "set_context",
    "side_by_side",
    "trace",
]
