"""See the computation graph that your own PyTorch code makes."""

from lesson_utils.drawing import draw
from lesson_utils.tracing import trace

__all__ = ["draw", "trace"]
