"""The small pieces that pictures are made of, as SVG; colours and fonts are here.

A `Piece` knows its size and draws itself at a place; pieces go on top of or
beside one another. Text carries a class (`name`, `data`, `gradient`, …), so
that a frame of an animation can hide or stress it in a finished picture.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lesson_utils.picture.widths import text_width as text_width

# Okabe and Ito's colours, which colour-blind people can tell apart; every kind
# has a shape or an outline of its own as well, for those who print in grey.
PAPER, EDGE_OF_PAPER, INK, FAINT = "#fdfdfb", "#d8d8d2", "#1b1f24", "#5f6772"
BLUE, ORANGE, GREEN, RED, VIOLET = "#0072b2", "#b87a00", "#00755a", "#b8340a", "#8a4a78"
VIOLET_PALE = "#f6ebf3"
INDIGO, OLIVE = "#5b3fc4", "#5f6d00"  # of plots alone: in a graph they mean nothing
PALE = {"parameter": "#fdefd0", "input": "#f1f1ef", "intermediate": "#eaf4fb", "output": "#d9f1e6"}
OUTLINE = {"parameter": ORANGE, "input": FAINT, "intermediate": BLUE, "output": GREEN}
FONT = "Helvetica,Arial,sans-serif"
SIZE, SMALL, FIGURES, DENSE = 16.0, 15.0, 14.0, 13.0  # names; notes; tables; in small boxes
STEP = 12.0  # widths that the layout sees are multiples of it


def clean(text: str) -> str:
    """Text on one line that XML allows: control characters show as their pictures (␊)."""
    if text.isprintable():
        return text
    text = re.sub("[\x00-\x1f]", lambda match: chr(0x2400 + ord(match[0])), text)
    return re.sub("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)


def escape(text: str) -> str:
    """Text for XML and HTML, attributes too."""
    return html.escape(clean(text))


def fit(text: str, room: float, size: float) -> str:
    """As much of a text as `room` pixels hold."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text}…"


def escape_lines(text: str) -> str:
    """The same for text of several lines."""
    return "\n".join(map(escape, text.split("\n")))


@dataclass(frozen=True)
class Piece:
    """Something to draw: its size, and how to draw it with its upper left corner at a place.

    Its outline, if it has one, may have round corners.
    """

    width: float
    height: float
    draw: Callable[[float, float], str]
    radius: float = 0.0


Span = tuple[str, str]  # what it says, and its classes: the first is a key of `_LOOKS`

_LOOKS = {
    "name": (SIZE, INK, True), "data": (SIZE, INK, False), "gradient": (SMALL, RED, False),
    "shape": (SMALL, FAINT, False), "note": (SMALL, FAINT, False), "small": (SMALL, INK, False),
    "symbol": (16.0, "#ffffff", True), "constant": (SMALL, "#ffffff", False),
    "formula": (SMALL, INK, False), "local": (SMALL, RED, False), "freed": (SMALL, FAINT, False),
    "branch": (SMALL, VIOLET, False), "spoilt": (SMALL, RED, True),
}  # fmt: skip


def colour_of(look: str) -> str:
    """The colour of a class of text."""
    return _LOOKS[look][1]


def _look(classes: str) -> tuple[float, str, bool]:
    """Size, colour and boldness of text with these classes."""
    return _LOOKS[classes.partition(" ")[0]]


def say(x: float, y: float, *spans: Span, most: float = 99.0) -> str:
    """A line of text whose baseline starts at a place; neighbours keep their spaces.

    Args:
        x: Where it starts.
        y: Its baseline.
        spans: What it says.
        most: Its largest size.
    """
    size, colour, bold = _look(spans[0][1])
    size = min(size, most)
    parts: list[str] = []
    at = x
    for text, look in spans:
        own_size, own_colour, own_bold = _look(look)
        own_size = min(own_size, most)
        # Each has a place of its own: some programs do not let spans follow one another.
        place = f' x="{at:.1f}"' if parts else ""
        differs = f' font-size="{own_size:g}"' if own_size != size else ""
        differs += f' fill="{own_colour}"' if own_colour != colour else ""
        differs += f' font-weight="{"bold" if own_bold else "normal"}"' if own_bold != bold else ""
        differs += ' text-decoration="line-through"' if look == "freed" else ""
        parts.append(f'<tspan class="{look}"{place}{differs}>{escape(text)}</tspan>')
        at += text_width(text, own_size, bold=own_bold)
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{weight}>'
        + "".join(parts) + "</text>"
    )  # fmt: skip


def line(*spans: Span, most: float = 99.0) -> Piece:
    """One line of text, no letter larger than `most`."""
    looks = [(text, *_look(look)) for text, look in spans]
    size = min(max([look[1] for look in looks]), most)
    width = sum([text_width(text, min(own, most), bold=bold) for text, own, _, bold in looks])
    return Piece(width, size * 1.22, lambda x, y: say(x, y + size * 0.95, *spans, most=most))


def stack(*pieces: Piece, gap: float = 0.0, centred: bool = True) -> Piece:
    """Pieces on top of one another."""
    width = max((piece.width for piece in pieces), default=0.0)

    def draw(x: float, y: float) -> str:
        out = []
        for piece in pieces:
            out.append(piece.draw(x + (width - piece.width) / 2 * centred, y))
            y += piece.height + gap
        return "".join(out)

    return Piece(width, sum(piece.height for piece in pieces) + gap * (len(pieces) - 1), draw)


def beside(*pieces: Piece, gap: float = 8.0) -> Piece:
    """Pieces side by side, their middles in a line."""
    height = max(piece.height for piece in pieces)

    def draw(x: float, y: float) -> str:
        out = []
        for piece in pieces:
            out.append(piece.draw(x, y + (height - piece.height) / 2))
            x += piece.width + gap
        return "".join(out)

    return Piece(sum(piece.width for piece in pieces) + gap * (len(pieces) - 1), height, draw)


def fold(parts: Sequence[str], room: float, size: float) -> list[str]:
    """Parts of a text on as few lines as fit into `room` pixels."""
    rows: list[str] = []
    for part in parts:
        if rows and text_width(f"{rows[-1]} {part}", size) <= room:
            rows[-1] += " " + part
        else:
            rows.append(part)
    return rows


def rows_of(pieces: Sequence[Piece], room: float, gap: float = 24.0) -> Piece:
    """Pieces in rows from left to right, a thin line between neighbours."""
    rows: list[list[Piece]] = [[]]
    for piece in pieces:
        if rows[-1] and sum(p.width + gap for p in rows[-1]) + piece.width > room:
            rows.append([])
        rows[-1].append(piece)

    def draw(x: float, y: float) -> str:
        out = []
        for row in rows:
            at, height = x, max(piece.height for piece in row)
            for i, piece in enumerate(row):
                if i:
                    out.append(
                        f'<path d="M{at - gap / 2:.1f} {y:.1f}v{height:.1f}" '
                        f'stroke="{EDGE_OF_PAPER}" stroke-dasharray="2 4"/>'
                    )
                out.append(piece.draw(at, y))
                at += piece.width + gap
            y += height + gap
        return "".join(out)

    width = max(sum(p.width + gap for p in row) - gap for row in rows)
    return Piece(width, sum(max(p.height for p in row) + gap for row in rows) - gap, draw)
