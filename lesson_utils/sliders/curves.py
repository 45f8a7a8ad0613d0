"""The curve beside a graph: found when another input changes, and kept while its own does."""

from __future__ import annotations

from collections.abc import Mapping

from lesson_utils.picture.drawing import Drawing
from lesson_utils.sliders.chart import Chart, Note
from lesson_utils.sliders.curve import Asked, Curve, curve
from lesson_utils.sliders.here import here
from lesson_utils.sliders.ranges import Range


class Curves:
    """The curves of one function.

    Args:
        fn: The function.
    """

    def __init__(self, fn: Asked) -> None:
        self._fn = fn
        self._last: Curve | None = None

    def beside(self, drawing: Drawing, by: Range, numbers: Mapping[str, float]) -> Chart | Note:
        """The curve with the point that is drawn, or why there is none.

        Args:
            drawing: The graph.
            by: The input that the curve is against.
            numbers: All inputs.
        """
        now = here(drawing.graph, by.name)
        if self._last is None or not self._last.is_for(by, numbers):
            if now is None or now.y is None:  # the picture says why
                return Note("")
            self._last = curve(self._fn, by, numbers, now.y)
        if self._last.why:
            return Note(f"No curve of this function: {self._last.why}.")
        return Chart(self._last, numbers[by.name], now, drawing.look.scale)
