"""A button that lets a slider move by itself, to and fro, until a hand takes over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from lesson_utils.sliders.ranges import Range

_EVERY = 100  # milliseconds
_STEPS = 60  # from one end of a slider to the other, or fewer


class Playing:
    """Plays a slider.

    Args:
        step: Called at each tick of the browser's clock.

    Attributes:
        widget: The button.
    """

    def __init__(self, step: Callable[[], None]) -> None:
        self._step, self._way = step, 1
        # The clock of ipywidgets has buttons without names; ours stands for it. It runs in the
        # page, so it stops with the page, and waits for a kernel that is slow.
        self._clock = ipywidgets.Play(
            max=10**9, interval=_EVERY, layout=ipywidgets.Layout(display="none")
        )
        self._button = ipywidgets.ToggleButton(layout=ipywidgets.Layout(width="auto"))
        self._name = ""
        ipywidgets.jslink((self._button, "value"), (self._clock, "playing"))
        self._clock.observe(self._tick, "value")
        self._button.observe(self._written, "value")
        self.widget = ipywidgets.Box([self._button, self._clock])

    @property
    def plays(self) -> bool:
        """Whether it does now."""
        return bool(self._button.value)

    def pause(self) -> None:
        """Stop at once: what the clock has sent already is not heard."""
        self._button.value = False

    def name(self, name: str) -> None:
        """Say which slider it plays."""
        self._name = name
        self._written()

    def next(self, span: Range, number: float) -> float:
        """The position after this one, on the way to and fro."""
        stride = max(span.step, round((span.max - span.min) / span.step / _STEPS) * span.step)
        if not span.min < number < span.max:
            self._way = 1 if number <= span.min else -1
        return span.nearest(number + self._way * stride)

    def _tick(self, _: Any) -> None:
        if self.plays:
            self._step()

    def _written(self, _: Any = None) -> None:
        self._button.description = f"{'Pause' if self.plays else 'Play'} {self._name}"
        self._button.tooltip = f"Move {self._name} to and fro"
