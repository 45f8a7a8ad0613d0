"""See the computation graph that your own PyTorch code makes."""

from lesson_utils.api import (
    compare,
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
from lesson_utils.clinic.asking import why
from lesson_utils.clinic.extension import load_ipython_extension as load_ipython_extension
from lesson_utils.clinic.extension import unload_ipython_extension as unload_ipython_extension
from lesson_utils.exercises.verbs import check, hint, progress, solution

__all__ = [
    "check",
    "compare",
    "draw",
    "explore",
    "flipbook",
    "hint",
    "kink",
    "kink_table",
    "play",
    "progress",
    "saved_memory",
    "set_context",
    "side_by_side",
    "solution",
    "trace",
    "why",
]
