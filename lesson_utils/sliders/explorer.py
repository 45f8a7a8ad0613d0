"""`explore`: sliders that turn a function's inputs, and the picture that follows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import ipywidgets

from lesson_utils.capture.rerun import Experiment
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.layout import NoLayoutProgram
from lesson_utils.picture.page import inline, scrolling
from lesson_utils.picture.pieces import escape, escape_lines
from lesson_utils.picture.steady import SteadyDrawing
from lesson_utils.sliders.player import naming
from lesson_utils.sliders.ranges import Dial, dial
from lesson_utils.words.notation import format_number


class Explorer:
    """A function with sliders. Shows itself in a notebook; a picture stands in elsewhere.

    Attributes:
        dials: The range of each input.
        drawing: The newest picture that could be drawn, or None.
        drawn_at: The numbers it was drawn at.
        error: What the function raised at the numbers of now, in one line, or empty.
    """

    def __init__(self, experiment: Experiment, dials: list[Dial]) -> None:
        self._experiment = experiment
        self.dials = dials
        self.drawing: Drawing | None = None
        self.drawn_at: dict[str, float] = {}
        self.error = ""
        self.set(**{each.name: each.value for each in dials})

    def set(self, **numbers: float) -> None:
        """Run the function at these numbers and draw what it makes."""
        try:
            graph = self._experiment.run(numbers)
        except Exception as error:  # the student's function may raise anything
            lines = str(error).strip().splitlines()
            self.error = ": ".join([type(error).__name__, *lines[:1]])
            return
        self.drawing, self.drawn_at, self.error = SteadyDrawing(graph), numbers, ""

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
        picture = ipywidgets.HTML(self._page())
        numbers = {each.name: each.value for each in self.dials}

        def link(name: str, slider: ipywidgets.Widget, box: ipywidgets.Widget) -> None:
            def follow(change: Any) -> None:
                number = float(f"{change.new:.12g}")  # ten steps of 0.1 are 1 then
                if numbers[name] != number:
                    numbers[name] = number
                    self.set(**numbers)
                    picture.value = self._page()
                    # The box shows what the picture shows. Nobody moves a slider under a hand.
                    other = slider if change.owner is box else box
                    other.value = number

            slider.observe(follow, "value")
            box.observe(follow, "value")

        rows = []
        for each in self.dials:
            row = _slider(each), _box(each)
            link(each.name, *row)
            rows.append(ipywidgets.HBox(row))
        box = ipywidgets.VBox([*rows, picture, naming()])
        box.add_class("lesson-controls")
        return box

    def _page(self) -> str:
        """What is under the sliders: one text, so that words and picture change together."""
        colour = "var(--jp-error-color1, #b3261e)" if self.error else "inherit"
        says = f'<p role="status" style="margin:4px 0;color:{colour}">{escape(self.says)}</p>'
        return says + scrolling(self._picture())

    def _picture(self) -> str:
        if self.drawing is None:
            return ""
        try:
            return inline(self.drawing.svg)
        except NoLayoutProgram as error:
            return f"<pre>{escape_lines(self.drawing.text)}</pre><p>{escape(str(error))}</p>"

    def __repr__(self) -> str:
        ranges = ", ".join(
            f"{each.name} from {format_number(each.min)} to {format_number(each.max)}"
            for each in self.dials
        )
        words = [] if self.drawing is None else [self.drawing.text]
        return "\n".join([f"Sliders: {ranges}.", self.says, *words])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(self.widget._repr_mimebundle_(**kwargs) or {})
        static = "" if self.drawing is None else self.drawing._repr_mimebundle_()["text/html"]
        bundle["text/html"] = f"<p>{escape(self.says)}</p>{static}"
        bundle["text/plain"] = repr(self)
        return bundle


def explore(fn: Callable[..., Any], /, **inputs: Any) -> Explorer:
    """Turn the inputs of a function and watch its graph and its gradients follow.

    Args:
        fn: A function of tensors, called with the inputs by name. Every picture
            comes from running it anew under `trace()`.
        inputs: For each input a number, a 1-element tensor, or a tuple of one
            of these with its limits: `w=(2.0, -5, 5)`, or with a step
            `w=(2.0, -5, 5, 0.5)`. A number becomes a tensor of no dimensions
            that requires a gradient; a tensor lends its shape, dtype and
            `requires_grad`, and stays as it is.

    Returns:
        An `Explorer`, which shows itself as the last line of a cell.

    Raises:
        TypeError: `fn` is no function of these inputs, or an input is no number.
        ValueError: A tensor of several elements, or limits that make no range.
    """
    if not callable(fn):
        raise TypeError(
            f"explore() takes a function first, not {type(fn).__name__}: explore(f, x=3.0)"
        )
    if not inputs:
        raise TypeError("explore() needs an input to turn, for instance explore(f, x=3.0)")
    _check(fn, inputs)
    values = {n: i[0] if isinstance(i, (tuple, list)) and i else i for n, i in inputs.items()}
    experiment = Experiment(fn, values)
    dials = [
        dial(name, number, inputs[name][1:] if inputs[name] is not values[name] else ())
        for name, number in experiment.numbers.items()
    ]
    return Explorer(experiment, dials)


def _check(fn: Callable[..., Any], inputs: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):  # some built-in functions have none
        return
    try:
        signature.bind(**inputs)
    except TypeError as error:
        name = getattr(fn, "__name__", type(fn).__name__)
        raise TypeError(f"explore() cannot call {name}{signature}: {error}") from None


def _slider(each: Dial) -> ipywidgets.FloatSlider:
    return ipywidgets.FloatSlider(
        each.value, min=each.min, max=each.max, step=each.step, description=each.name,
        readout=False, continuous_update=True, layout=ipywidgets.Layout(width="420px"),
        tooltip=f"{each.name} from {each.min:g} to {each.max:g}",
    )  # fmt: skip


def _box(each: Dial) -> ipywidgets.BoundedFloatText:
    return ipywidgets.BoundedFloatText(
        each.value, min=each.min, max=each.max, step=each.step,
        layout=ipywidgets.Layout(width="90px"), tooltip=f"{each.name}, as a number",
    )  # fmt: skip


def _listed(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {format_number(number)}" for name, number in numbers.items())
