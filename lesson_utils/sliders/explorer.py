"""Sliders that change a function's inputs, and the picture that follows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, Protocol

import ipywidgets

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.gallery import GAP
from lesson_utils.picture.layout import NoLayoutProgram
from lesson_utils.picture.page import inline, row, scrolling
from lesson_utils.picture.pieces import escape, escape_lines
from lesson_utils.picture.shown import Shown
from lesson_utils.picture.steady import SteadyDrawing
from lesson_utils.sliders.chart import Chart, Note
from lesson_utils.sliders.controls import naming
from lesson_utils.sliders.curve import Asked
from lesson_utils.sliders.curves import Curves
from lesson_utils.sliders.playing import Playing
from lesson_utils.sliders.ranges import Range
from lesson_utils.words.look import Look
from lesson_utils.words.notation import MINUS, format_number

# The sentence above the picture may be longer, and is then folded: it takes no part in the width.
_SAYS = "width:0;min-width:100%;margin:4px 0"
_SHRINKS = {"min_width": "0", "max_width": "100%"}


class Runner(Asked, Protocol):
    """A function of named numbers that can be run again and again."""

    def run(self, numbers: Mapping[str, float]) -> ComputationGraph:
        """The graph that it makes at these numbers."""


class Explorer(Shown):
    """A function with sliders. Shows itself in a notebook; a picture takes their place elsewhere.

    Attributes:
        ranges: The range of each input.
        drawing: The newest picture that could be drawn, or None.
        drawn_at: The numbers it was drawn at.
        error: What the function raised at the numbers of now, in one line, or empty.
    """

    def __init__(self, runner: Runner, ranges: list[Range], look: Look | None = None) -> None:
        self._runner, self._look = runner, look
        self.ranges = ranges
        self.drawing: Drawing | None = None
        self.drawn_at: dict[str, float] = {}
        self.error = ""
        self._numbers = {span.name: span.value for span in ranges}
        self._moved: Range | None = None  # the last one
        self._curves = Curves(runner)
        self._playing = Playing(self._step)
        self._controls: dict[str, tuple[ipywidgets.Widget, ipywidgets.Widget]] = {}
        self._picture_widget: ipywidgets.HTML | None = None
        self._curve_widget: ipywidgets.HTML | None = None
        self._moving = False  # the controls by us, and not by a hand
        self._hand: ipywidgets.Widget | None = None  # the control that a hand is moving
        self._run()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(self.widget._repr_mimebundle_(**kwargs) or {})
        return bundle | super()._repr_mimebundle_(**kwargs)

    def set(self, **numbers: float) -> None:
        """Run the function at other numbers, and move the sliders there.

        Args:
            numbers: For some inputs or all; they may lie outside of a slider's range.

        Raises:
            TypeError: A name that is no input.
        """
        for name in numbers:
            if name not in self._numbers:
                known = ", ".join(self._numbers)
                raise TypeError(f"set() got {name!r}, but the inputs are {known}")
        for span in self.ranges:
            number = float(numbers.get(span.name, self._numbers[span.name]))
            if number != self._numbers[span.name]:
                self._numbers[span.name], self._moved = number, span
        self._run()
        if self._picture_widget is not None:  # first: a page shows changes in their order
            self._picture_widget.value = self._page()
        self._moving = True
        try:
            for span in self.ranges:
                if span.name not in self._controls:
                    continue
                slider, box = self._controls[span.name]
                # Nobody moves a slider under a hand, which may be farther by now.
                if self._hand is not slider:
                    slider.value = span.nearest(self._numbers[span.name])
                if self._hand is not box:
                    box.value = self._numbers[span.name]
        finally:
            self._moving = False
        if self._curve_widget is not None:  # last: where it is a new one, it takes a while
            self._playing.name(self._by.name)
            self._curve_widget.value = self._beside.inline

    def reset(self) -> None:
        """Put all inputs back to where they started."""
        self._playing.pause()
        self.set(**{span.name: span.value for span in self.ranges})

    @property
    def _beside(self) -> Chart | Note:
        if self.drawing is None:
            return Note("")
        return self._curves.beside(self.drawing, self._by, self.drawn_at)

    def _step(self) -> None:
        by = self._by
        self.set(**{by.name: self._playing.next(by, self._numbers[by.name])})

    @property
    def _by(self) -> Range:
        """The input that the curve is drawn against: the one last moved."""
        if self._moved is None and self.drawing is not None:
            wanted = {value.name for value in self.drawing.graph if value.requires_grad}
            self._moved = next((span for span in self.ranges if span.name in wanted), None)
        return self._moved or self.ranges[0]

    def _run(self) -> None:
        try:
            graph = self._runner.run(self._numbers)
        except Exception as error:  # the student's function may raise anything
            lines = str(error).strip().splitlines()
            self.error = ": ".join([type(error).__name__, *lines[:1]])
            return
        self.drawing = SteadyDrawing(graph, self._look)
        self.drawn_at, self.error = dict(self._numbers), ""

    @property
    def says(self) -> str:
        """What the picture shows, or why it does not follow."""
        at = _listed(self.drawn_at)
        if not self.error:
            return f"The picture at {at}."
        if self.drawing is None:
            return f"✗ {self.error}"
        return f"✗ {self.error}. This is still the picture at {at}."

    @cached_property
    def widget(self) -> ipywidgets.Widget:
        """The sliders and the picture."""
        self._picture_widget = ipywidgets.HTML(self._page(), layout=ipywidgets.Layout(**_SHRINKS))
        self._curve_widget = ipywidgets.HTML(
            self._beside.inline, layout=ipywidgets.Layout(**_SHRINKS)
        )
        self._playing.name(self._by.name)
        reset = ipywidgets.Button(
            description="Reset", tooltip="All inputs back to where they started",
            layout=ipywidgets.Layout(width="auto"),
        )  # fmt: skip
        reset.on_click(lambda _: self.reset())
        rows = []
        for span in self.ranges:
            slider, box = self._controls[span.name] = _slider(span), _box(span)
            slider.observe(partial(self._follow, span, True), "value")
            box.observe(partial(self._follow, span, False), "value")
            rows.append(ipywidgets.HBox([slider, box]))
        rows.append(ipywidgets.Box([self._playing.widget, reset]))
        pictures = [self._picture_widget, self._curve_widget]
        rows.append(ipywidgets.Box(pictures, layout=ipywidgets.Layout(flex_flow="row wrap")))
        box = ipywidgets.VBox([*rows, naming()])
        box.add_class("lesson-controls")
        return box

    def _follow(self, span: Range, slid: bool, change: Any) -> None:
        """A hand moved a slider, or typed a number, which is taken as it is."""
        number = float(f"{change.new:.12g}")  # ten steps of 0.1 are 1 then
        known = self._numbers[span.name]
        if slid:  # it says where it is, too, and then it is nearest to the number
            known = span.nearest(known)
        if not self._moving and math.isfinite(number) and number != known:
            self._playing.pause()
            self._hand = change.owner
            try:
                self.set(**{span.name: number})
            finally:
                self._hand = None

    def _page(self) -> str:
        """What is under the sliders: one text, so that words and picture change together."""
        colour = "var(--jp-error-color1, #b3261e)" if self.error else "inherit"
        says = f'<p role="status" style="{_SAYS};color:{colour}">{escape(self.says)}</p>'
        return says + scrolling(self._picture())

    def _picture(self) -> str:
        if self.drawing is None:
            return ""
        try:
            return inline(self.drawing.svg)
        except NoLayoutProgram as error:
            return f"<pre>{escape_lines(self.drawing.text)}</pre><p>{escape(str(error))}</p>"

    @property
    def text(self) -> str:
        """The ranges, what the picture shows, and the graph in words."""
        ranges = ", ".join(
            f"{span.name} from {format_number(span.min)} to {format_number(span.max)}"
            for span in self.ranges
        )
        words = [] if self.drawing is None else [self.drawing.text, self._beside.text]
        return "\n".join(filter(None, [f"Sliders: {ranges}.", self.says, *words]))

    @property
    def html(self) -> str:
        """The picture of now and the curve, without sliders."""
        pictures = [] if self.drawing is None else [self.drawing.html, self._beside.html]
        return f"<p>{escape(self.says)}</p>{row(pictures, GAP)}"


def _slider(span: Range) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        span.value, min=span.min, max=span.max, step=span.step, description=span.name,
        readout=False, continuous_update=True, layout=ipywidgets.Layout(width="420px"),
        tooltip=f"{span.name} from {format_number(span.min)} to {format_number(span.max)}",
    )  # fmt: skip


def _box(span: Range) -> ipywidgets.FloatText:
    return ipywidgets.FloatText(
        span.value, layout=ipywidgets.Layout(width="90px"), tooltip=f"{span.name}, as a number"
    )


def _listed(numbers: Mapping[str, float]) -> str:
    told = (f"{name} = {_exact(number)}" for name, number in numbers.items())
    return ", ".join(told)


def _exact(number: float) -> str:
    return f"{number:.12g}".replace("-", MINUS)
