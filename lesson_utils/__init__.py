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
    why,
)
from lesson_utils.clinic.extension import load_ipython_extension as load_ipython_extension
from lesson_utils.clinic.extension import unload_ipython_extension as unload_ipython_extension

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
    "why",
]
