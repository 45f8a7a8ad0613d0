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
from lesson_utils.sliders.player import naming, turning

INTERVAL = 600  # milliseconds between pages when they play


class Figure(Protocol):
    """What is asked of a figure; matplotlib's has it."""

    def savefig(self, fname: Any, *, format: str, dpi: float) -> Any:
        """Write the figure to a file."""


class Flipbook:
    """Figures behind a slider. Shows itself in a notebook.

    The pages change in the browser, so no kernel is needed to leaf through
    them. Elsewhere the last page stands alone, and the captions tell the rest.

    Attributes:
        pages: The figures as PNG.
        text: The captions, a line each.
    """

    def __init__(self, pages: Sequence[bytes], captions: Sequence[str], name: str) -> None:
        self.pages, self.captions, self.name = tuple(pages), tuple(captions), name
        self.text = "\n".join(self.captions)

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

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(self.widget._repr_mimebundle_(**kwargs) or {})
        bundle.pop("text/html", None)
        bundle["image/png"] = base64.b64encode(self.pages[-1]).decode()
        bundle["text/plain"] = self.text
        return bundle


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
    data, said = base64.b64encode(page).decode(), escape(caption)
    shown = f'<img style="max-width: none" alt="{said}" src="data:image/png;base64,{data}">'
    return ipywidgets.HTML(f'{scrolling(shown)}<p role="status">{said}</p>')
