"""Which numbers are written out as a table, and which are drawn as a heat map."""

from __future__ import annotations

import math

from lesson_utils.graph import Data, Summary
from lesson_utils.words.products import flat

COLUMNS = 6  # of a matrix that is written out
LISTED = 12  # elements of a vector that is


def depth(data: Data) -> int:
    """How many dimensions a tensor's numbers have."""
    return 1 + max(map(depth, data), default=0) if isinstance(data, tuple) else 0


def is_wide(data: Data) -> bool:
    """Whether numbers are too many in a row to be written out; complex ones always are."""
    if not isinstance(data, tuple) or any(isinstance(number, complex) for number in flat(data)):
        return False
    if depth(data) == 1:
        return len(data) > LISTED
    return any(is_wide(row) or (depth(row) == 1 and len(_row(row)) > COLUMNS) for row in data)


def _row(data: Data) -> tuple[Data, ...]:
    return data if isinstance(data, tuple) else ()


def summarized(data: Data) -> Summary:
    """Numbers that are listed, as a summary with all of them for a thumbnail."""
    elements = [float(number) for number in flat(data) if not isinstance(number, complex)]
    wide = len(_rows(data)[0])
    rows = tuple(tuple(elements[i : i + wide]) for i in range(0, len(elements), wide))
    if any(math.isnan(number) for number in elements):
        return Summary(math.nan, math.nan, math.nan, rows)
    return Summary(min(elements), math.fsum(elements) / len(elements), max(elements), rows)


def _rows(data: Data) -> list[tuple[Data, ...]]:
    if depth(data) <= 1:
        return [_row(data)]
    return [row for part in _row(data) for row in _rows(part)]


def is_mapped(data: Data, summary: Summary | None) -> bool:
    """Whether a tensor is drawn as a heat map."""
    if summary is None and is_wide(data):
        summary = summarized(data)
    return summary is not None and bool(summary.thumbnail) and summary.min != summary.max
