"""See the computation graph that your own PyTorch code makes."""

from lesson_utils.atlases import atlas
from lesson_utils.drawing import draw
from lesson_utils.explorer import explore
from lesson_utils.flipbook import flipbook
from lesson_utils.gallery import side_by_side
from lesson_utils.kinks import kink
from lesson_utils.memory import saved_memory
from lesson_utils.tracing import trace
from lesson_utils.widgets import play

__all__ = [
    "atlas",
    "draw",
    "explore",
    "flipbook",
    "kink",
    "play",
    "saved_memory",
    "side_by_side",
    "trace",
]
