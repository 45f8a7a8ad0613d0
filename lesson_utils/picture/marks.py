"""What a film adds to a picture, given before it is painted: when each part shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lesson_utils.picture.pieces import INK, Piece, colour_of, escape, text_width


class Partial(NamedTuple):
    """What a value's box says until its gradient is complete.

    Attributes:
        text: The gradient as far as it has arrived.
        short: The same without its symbol, where there is no room for that.
        classes: When it shows.
    """

    text: str
    short: str
    classes: str


@dataclass(frozen=True)
class Marks:
    """Classes for the parts of a picture; empty for a picture that does not move.

    Attributes:
        classes: More classes of a part: of `value-3` (all its boxes), its `value-3 data` and
            `value-3 gradient`, `operation-2`, the roads `forward-2`, `result-2` and `backward-2`,
            `branch-0`, and `end`, all that is under the graph.
        partial: By the id of a value.
        waiting: When a "?" stands for what a part will show.
        style: A style sheet of the picture's own.
        footer: What is under everything else.
    """

    classes: Mapping[str, str] = field(default_factory=dict)
    partial: Mapping[int, Sequence[Partial]] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    style: str = ""
    footer: Piece | None = None

    def all(self, key: str, own: str) -> str:
        """The classes of a part: its own, and those of the film."""
        more = self.classes.get(key)
        return own if more is None else f"{own} {more}"

    def group(self, key: str, piece: Piece) -> Piece:
        """A part that has no group of its own; unmarked, it stays as it is."""
        more = self.classes.get(key)
        if more is None:
            return piece

        def draw(x: float, y: float) -> str:
            sign = self.sign(key, x + piece.width / 2, y + piece.height / 2 + 5)
            return f'<g class="{more}">{piece.draw(x, y)}</g>{sign}'

        return Piece(piece.width, piece.height, draw, piece.radius)

    def sign(self, key: str, x: float, y: float, said: str = "?") -> str:
        """What stands around a place until a part shows; readers of the screen hear the film."""
        until = self.waiting.get(key)
        if until is None:
            return ""
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="15" fill="{INK}" text-anchor="middle" '
            f'class="{until}" visibility="hidden">{said}</text>'
        )

    def title(self, value: int, piece: Piece, size: float) -> Piece:
        """The title of a gradient, and what is there before it is complete."""
        marked, told = self.group(f"value-{value} gradient", piece), self.partial.get(value)
        if not told:
            return marked

        def draw(x: float, y: float) -> str:
            out = [marked.draw(x, y)]
            for stage in told:
                fits = text_width(stage.text, size) <= piece.width + 16
                out.append(
                    f'<text x="{x + piece.width / 2:.1f}" y="{y + size * 0.95:.1f}" '
                    f'font-size="{size:g}" fill="{colour_of("gradient")}" text-anchor="middle" '
                    f'class="{stage.classes}" visibility="hidden">'
                    f"{escape(stage.text if fits else stage.short)}</text>"
                )
            return "".join(out)

        return Piece(marked.width, marked.height, draw)


UNMARKED = Marks()
