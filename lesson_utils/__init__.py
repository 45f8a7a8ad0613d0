"""See the computation graph that your own PyTorch code makes."""

from lesson_utils.capture.memory import saved_memory
from lesson_utils.capture.mode import trace
from lesson_utils.kinks.kink import kink
from lesson_utils.kinks.table import atlas
from lesson_utils.picture.drawing import draw
from lesson_utils.picture.gallery import side_by_side
from lesson_utils.sliders.explorer import explore
from lesson_utils.sliders.flipbook import flipbook
from lesson_utils.sliders.player import play

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
