"""Figures to leaf through with a slider, and a still one where widgets cannot run."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cached_property
from html import escape
from io import BytesIO
from typing import Any, Protocol

import ipywidgets

from lesson_utils.picture.page import scrolling
from lesson_utils.sliders.controls import naming, turning
from lesson_utils.sliders.live import Live

INTERVAL = 600  # milliseconds between pages when they play


class Figure(Protocol):
    """What is asked of a figure; matplotlib's has it."""

    def savefig(self, fname: Any, *, format: str, dpi: float) -> Any:
        """Write the figure to a file."""


class Flipbook(Live):
    """Figures behind a slider. Shows itself in a notebook.

    The pages change in the browser, so no kernel is needed to leaf through
    them. Elsewhere the last page is shown, and the captions tell the rest.

    Attributes:
        pages: The figures as PNG.
        captions: A sentence for each.
    """

    def __init__(self, pages: Sequence[bytes], captions: Sequence[str], name: str) -> None:
        self.pages, self.captions, self.name = tuple(pages), tuple(captions), name

    @property
    def text(self) -> str:
        """The captions, a line each."""
        return "\n".join(self.captions)

    @cached_property
    def widget(self) -> ipywidgets.Widget:
        """Play button, slider and pages."""
        leaves = ipywidgets.Stack(
            [_leaf(*each) for each in zip(self.pages, self.captions, strict=True)],
            selected_index=0,
        )
        box = ipywidgets.VBox([turning(leaves, self.name, INTERVAL), leaves, naming()])
        box.add_class("lesson-controls")
        return box

    @property
    def html(self) -> str:
        """The last page, and all captions under it."""
        captions = "".join(f"<li>{escape(each)}</li>" for each in self.captions)
        return (
            f"{scrolling(_image(self.pages[-1], self.captions[-1]))}"
            f"<details><summary>All captions</summary><ol>{captions}</ol></details>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        del bundle["text/html"]  # a picture is what every front end shows
        return bundle | {"image/png": base64.b64encode(self.pages[-1]).decode()}


def flipbook(
    figures: Sequence[Figure], captions: Sequence[str], *, name: str = "Page", dpi: float = 80
) -> Flipbook:
    """Put figures behind a slider, one at a time.

    Args:
        figures: Matplotlib figures, in order; they may be closed afterwards.
        captions: A sentence for each: what a reader without the figure needs.
        name: What the slider counts, from 0: `Epoch`.
        dpi: Pixels per inch of the pages.

    Raises:
        ValueError: No figures, or not one caption for each.
    """
    if not figures or len(figures) != len(captions):
        raise ValueError(
            f"flipbook() got {len(figures)} figures and {len(captions)} captions: "
            "give it at least one figure, and one caption for each"
        )
    pages = []
    for figure in figures:
        file = BytesIO()
        figure.savefig(file, format="png", dpi=dpi)
        pages.append(file.getvalue())
    return Flipbook(pages, captions, name)


def _leaf(page: bytes, caption: str) -> ipywidgets.HTML:
    shown = scrolling(_image(page, caption))
    wrapped = '<p role="status" style="white-space:normal">'
    return ipywidgets.HTML(f"{shown}{wrapped}{escape(caption)}</p>")


def _image(page: bytes, caption: str) -> str:
    data = base64.b64encode(page).decode()
    alt = escape(caption)
    return f'<img style="max-width: none" alt="{alt}" src="data:image/png;base64,{data}">'
