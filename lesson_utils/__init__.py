"""See the computation graph that your own PyTorch code makes."""

from lesson_utils.drawing import draw
from lesson_utils.memory import saved_memory
from lesson_utils.tracing import trace

__all__ = ["draw", "saved_memory", "trace"]
