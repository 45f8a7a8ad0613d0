"""The chain rule as it stands in a textbook: fractions, a path a line where there are many."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lesson_utils.picture.pieces import Piece, Span, beside, colour_of, line, stack
from lesson_utils.words.chain_rule import EQUALS, PLUS, Part, Rule

BESIDE = 2  # paths that stand on one line, if they fit
GAP = 6.0  # between lines

Parts = Sequence[Part]


def formula(rule: Rule, room: float) -> Piece:
    """A chain rule as a picture.

    Its factors have the colour of the arrows that they are from, and the class
    `use-2-0` of the use that both belong to.

    Args:
        rule: What it says.
        room: Its width, in pixels. Where that is too little, every path has a
            line, and at last every side of the equation has lines of its own.
    """
    sides = [_terms(side) for side in rule.sides]
    whole = _row([part for side in rule.sides for part in (EQUALS, *side)][1:])
    if max(map(len, sides)) <= BESIDE and whole.width <= room:
        return whole
    alone = len(sides[0]) == 1  # the derivative; where it is its only factor it is not said twice
    head = _row(sides[0][0] if alone else [])
    columns = [
        [[PLUS if number else EQUALS, *term] for number, term in enumerate(side)]
        for side in sides[alone:]
    ]
    aligned = _aligned(head, columns)
    if aligned.width <= room:
        return aligned
    rows = [row for side in columns for term in side for row in _folded(term, room - head.width)]
    return stack(
        *(beside(_empty(head.width) if number else head, row, gap=0)
          for number, row in enumerate(rows)),
        gap=GAP, centred=False,
    )  # fmt: skip


def _terms(side: Parts) -> list[list[Part]]:
    """The products of a sum."""
    terms: list[list[Part]] = [[]]
    for part in side:
        if part == PLUS:
            terms.append([])
        else:
            terms[-1].append(part)
    return terms


def _aligned(head: Piece, columns: Sequence[Sequence[Parts]]) -> Piece:
    """Every path on its line, with its numbers beside it; the result is on the last."""
    *sums, (result,) = [[_row(term) for term in side] for side in columns]
    count = max(map(len, sums))
    lines = [[_empty(head.width) if number else head] for number in range(count)]
    for side in sums:
        width = max(term.width for term in side)
        for number in range(count):
            if number < len(side):
                lines[number].append(_wide(side[number], width))
            else:
                lines[number].append(_empty(width))
    lines[-1].append(result)
    return stack(*(beside(*row, gap=0) for row in lines), gap=GAP, centred=False)


def _folded(parts: Parts, room: float) -> list[Piece]:
    """A product on as many lines as it needs."""
    rows: list[list[Part]] = [[]]
    for part in parts:
        if len(rows[-1]) > 1 and _row([*rows[-1], part]).width > room:
            rows.append([])
        rows[-1].append(part)
    return [_row(row) for row in rows]


def _row(parts: Parts) -> Piece:
    """Parts on one line; a derivative is a fraction, and what is between is one text."""
    pieces: list[Piece] = []
    spans: list[Span] = []
    for part in parts:
        found = re.fullmatch(r"(seed·)?(∂.*?)/(∂.*)", part.text)
        if found is None:
            look = f"local factor use-{part.use}" if part.use else "formula"
            spans.append((part.text, look))
            continue
        seed, above, below = found.groups()
        if seed is not None:
            spans.append((seed, "formula"))
        pieces += _text(spans)
        spans = []
        pieces.append(_fraction(above, below, part.use))
    pieces += _text(spans)
    return beside(*pieces, gap=0) if pieces else _empty(0)


def _text(spans: Sequence[Span]) -> list[Piece]:
    """What is between fractions; spaces at its ends are room, since programs drop them."""
    if not spans:
        return []
    whole = line(*spans)
    (first, look), *rest = spans
    stripped = [(first.lstrip(" "), look), *rest]
    left = whole.width - line(*stripped).width
    return [_empty(left), _wide(line(*stripped), whole.width - left)]


def _fraction(above: str, below: str, use: str) -> Piece:
    look = "local" if use else "formula"
    top, bottom = line((above, look)), line((below, look))
    both = stack(top, bottom, gap=2)

    def draw(x: float, y: float) -> str:
        bar = f"M{x:.1f} {y + top.height + 1.5:.1f}h{both.width:.1f}"
        drawn = f'{both.draw(x, y)}<path d="{bar}" stroke="{colour_of(look)}"/>'
        return f'<g class="factor use-{use}">{drawn}</g>' if use else drawn

    return Piece(both.width, both.height, draw)


def _wide(piece: Piece, width: float) -> Piece:
    """A piece with empty room to the right."""
    return Piece(width, piece.height, piece.draw)


def _empty(width: float) -> Piece:
    return Piece(width, 0, lambda x, y: "")
