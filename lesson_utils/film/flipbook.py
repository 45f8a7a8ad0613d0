"""Figures to leaf through with a slider, and a still one where no script runs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from io import BytesIO
from typing import Any, Protocol

from lesson_utils.film.reel import reel
from lesson_utils.picture.page import page, scrolling
from lesson_utils.picture.pieces import escape
from lesson_utils.picture.shown import Shown

COLOURS = 32  # of a page
INTERVAL = 600  # milliseconds between pages when they play


class Figure(Protocol):
    """What is asked of a figure; matplotlib's has it."""

    def savefig(self, fname: Any, *, format: str, dpi: float) -> Any:
        """Write the figure to a file."""


class Flipbook(Shown):
    """Figures behind a slider. Shows itself in a notebook.

    The pages change in the browser, so no kernel is needed to leaf through
    them. Where no script runs, the last page is shown, and the captions tell
    the rest.

    Attributes:
        pages: The figures as PNG.
        captions: A sentence for each.
        name: What the slider counts.
    """

    def __init__(self, pages: Sequence[bytes], captions: Sequence[str], name: str) -> None:
        self.pages, self.captions, self.name = tuple(pages), tuple(captions), name

    @property
    def text(self) -> str:
        """The captions, a line each."""
        return "\n".join(self.captions)

    @cached_property
    def html(self) -> str:
        """The pages with their controls, as a piece of a page that needs nothing else."""
        last = len(self.pages) - 1
        frames = [
            {"says": caption, "lines": {}, "pause": INTERVAL, "page": _source(page)}
            for page, caption in zip(self.pages[:-1], self.captions[:-1], strict=True)
        ]
        frames.append({"says": self.captions[-1], "lines": {}, "pause": INTERVAL})
        still = scrolling(
            f'<img class="f{last}" style="max-width:100%;height:auto" '
            f'alt="{escape(self.captions[-1])}" src="{_source(self.pages[-1])}">'
        )
        return reel(still, frames, name=self.name, summary="All captions")

    def files(self) -> Mapping[str, Callable[[], str]]:
        """A page that opens anywhere, or words."""
        return {".html": lambda: page(self.html, self.name), ".txt": lambda: self.text}


def flipbook(
    figures: Sequence[Figure], captions: Sequence[str], *, name: str = "Page", dpi: float = 72
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
    from PIL import Image  # loaded only where there are figures

    if not figures or len(figures) != len(captions):
        raise ValueError(
            f"flipbook() got {len(figures)} figures and {len(captions)} captions: "
            "give it at least one figure, and one caption for each"
        )
    pages = []
    for figure in figures:
        file, packed = BytesIO(), BytesIO()
        figure.savefig(file, format="png", dpi=dpi)
        # All pages are in the notebook: a palette makes them a third as large.
        with Image.open(file) as picture:
            picture.convert("RGB").quantize(COLOURS).save(packed, format="png", optimize=True)
        pages.append(packed.getvalue())
    return Flipbook(pages, captions, name)


def _source(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
