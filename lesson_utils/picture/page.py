"""How a picture fits into a page: it shrinks with the page as long as its text can be read."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from lesson_utils.picture.pieces import escape, escape_lines
from lesson_utils.picture.theme import SCHEME, SHOWN, themed
from lesson_utils.words.look import READABLE


def fitting(svg: str, readable: float = READABLE) -> str:
    """The style that makes a picture as wide as the page allows, down to readable text.

    Args:
        svg: A picture of ours: it begins with its width in pixels and its `viewBox`.
        readable: Pixels of the smallest text that it is shrunk to; then it scrolls.
    """
    width = float(svg.partition(' width="')[2].partition('"')[0])
    drawn = float(svg.partition(' viewBox="')[2].partition('"')[0].split()[2])
    smallest = min(map(float, re.findall(r'font-size="([\d.]+)"', svg)), default=READABLE)
    least = min(width, drawn * readable / smallest)  # a small scale is the reader's own wish
    return f"max-width:100%;height:auto;min-width:{least:.0f}px"


def image(svg: str, alt: str, readable: float = READABLE) -> str:
    """A picture as an `<img>`, which survives in a notebook that is not trusted."""
    data = base64.b64encode(spoken_elsewhere(themed(svg)).encode()).decode()
    return scrolling(
        f'<img style="{fitting(svg, readable)}" '
        f'src="data:image/svg+xml;base64,{data}" alt="{escape_lines(alt)}">'
    )


def spoken_elsewhere(svg: str) -> str:
    """A picture without its words, which an `<img>` has, or a script gives it in a page."""
    return re.sub(r' aria-label="[^"]*"', "", svg, count=1)


def inline(svg: str) -> str:
    """A picture as a part of the page itself, for a box that scrolls."""
    return themed(svg).replace("<svg ", f'<svg style="{fitting(svg)}" ', 1)


def scrolling(content: str) -> str:
    """A box that scrolls where its content is wider than the page, which itself does not."""
    return f'<div class="{SHOWN}" style="overflow-x: auto">{content}{SCHEME}</div>'


def sentence(text: str) -> str:
    """A sentence of a page, what is between backticks as code."""
    return "".join(
        f"<code>{escape(part)}</code>" if number % 2 else escape(part)
        for number, part in enumerate(text.split("`"))
    )


def row(contents: Iterable[str], gap: float) -> str:
    """Pieces of a page side by side, or below one another where the page is too narrow."""
    cells = "".join(
        '<div style="display: inline-block; vertical-align: top; '
        f'max-width: calc(100% - {gap:g}px); margin-right: {gap:g}px">{content}</div>'
        for content in contents
    )
    return f"<div>{cells}</div>"


def page(content: str, title: str) -> str:
    """A piece of a page as a file of its own."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{escape_lines(title)}</title><body class="lesson-page">{content}</body></html>\n'
    )
