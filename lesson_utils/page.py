"""How a picture stands in a page: it shrinks with the page as long as its text can be read."""

from __future__ import annotations

import base64

from lesson_utils.shapes import SMALL, escape_lines

READABLE = 11.0  # pixels: the smallest text that a picture is shrunk to; then it scrolls


def fitting(svg: str) -> str:
    """The style that makes a picture as wide as the page allows, down to readable text.

    Args:
        svg: A picture of ours, which begins with its width in pixels; `SMALL`
            is the smallest size of text in it.
    """
    width = float(svg.partition(' width="')[2].partition('"')[0])
    return f"max-width:100%;height:auto;min-width:{width * READABLE / SMALL:.0f}px"


def image(svg: str, alt: str) -> str:
    """A picture as an `<img>`, which survives in a notebook that is not trusted."""
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<div style="overflow-x: auto"><img style="{fitting(svg)}" '
        f'src="data:image/svg+xml;base64,{data}" alt="{escape_lines(alt)}"></div>'
    )


def inline(svg: str) -> str:
    """A picture as a part of the page itself."""
    return svg.replace("<svg ", f'<svg style="{fitting(svg)}" ', 1)
