"""A function's result against one of its inputs, found by running it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Protocol, TypeAlias

from lesson_utils.sliders.ranges import Range

Point: TypeAlias = tuple[float, float]  # where, and the result there: nan where there is none
BUDGET = 0.6  # seconds that a curve may take; others take a hundredth of that
_COARSE, _HALVINGS = 16, 2  # points at first, and how often there is one more between all
_FINER = 7  # halvings of what bends, so that a corner is sharp
_MOST = 400
_ASKED_AGAIN = 3  # chance may agree with itself once
_BEND = 0.004  # of the height: about a pixel
_JUMP = 0.05  # of the height, between neighbours that could not be nearer,
_ALONE = 0.25  # while the steps beside it are less than this part of it


class Asked(Protocol):
    """A function of named numbers that can be asked for its number, unnoticed."""

    def asking(self) -> AbstractContextManager[Callable[[Mapping[str, float]], float]]:
        """A block in which it can be asked; a RuntimeError says why it cannot."""


@dataclass(frozen=True)
class Curve:
    """A result against one input, with the others held.

    Attributes:
        by: The input, and the range of the curve.
        held: The numbers of the other inputs, by name.
        points: From left to right; not a number where there is a gap.
        low: The lower end of what is worth showing.
        high: Its upper end.
        why: Why there are no points, in a sentence; or empty.
    """

    by: Range
    held: tuple[tuple[str, float], ...]
    points: tuple[Point, ...] = ()
    low: float = 0.0
    high: float = 0.0
    why: str = ""

    def is_for(self, by: Range, numbers: Mapping[str, float]) -> bool:
        """Whether it is the curve against this input, at these numbers of the others."""
        return self.by == by and self.held == _others(by, numbers)


def curve(fn: Asked, by: Range, numbers: Mapping[str, float], result: float) -> Curve:
    """The curve of a function through a point.

    Args:
        fn: The function.
        by: The input to vary, and from where to where.
        numbers: All inputs.
        result: What the function gives there, so that one that is not the same twice is found.
    """
    held = _others(by, numbers)
    try:
        with fn.asking() as ask:
            fastest = math.inf  # of a run: the first one may have to wait for something
            for _ in range(_ASKED_AGAIN):
                start = perf_counter()
                if not _same(ask(numbers), result):
                    return Curve(by, held, why="it does not give the same number twice")
                fastest = min(fastest, perf_counter() - start)
                if fastest > BUDGET:
                    break
            if fastest * _COARSE > BUDGET:
                return Curve(by, held, why="it takes too long to run it that often")
            points, (low, high) = _sampled(lambda x: ask({**numbers, by.name: x}), by)
    except RuntimeError as reason:
        return Curve(by, held, why=str(reason))
    if not any(math.isfinite(y) for _, y in points):
        return Curve(by, held, why="it has no number here")
    return Curve(by, held, tuple(_cut(points, by, high - low)), low, high)


def _others(by: Range, numbers: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(pair for pair in numbers.items() if pair[0] != by.name)


def _same(one: float, other: float) -> bool:
    if math.isfinite(one) and math.isfinite(other):
        return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-6)
    return math.isnan(one) == math.isnan(other)


def _sampled(ask: Callable[[float], float], by: Range) -> tuple[list[Point], Point]:
    """Points of the curve, evenly at first, then nearer where it bends, as time allows; and what
    range of results is worth showing.
    """
    start, known = perf_counter(), dict[float, float]()
    points: list[Point] = []
    low = high = 0.0
    width = (by.max - by.min) / (_COARSE - 1)
    fresh = [float(f"{by.min + i * width:.12g}") for i in range(_COARSE - 1)] + [by.max]
    for level in range(1 + _HALVINGS + _FINER):
        used = perf_counter() - start
        late = used + used / max(len(known), 1) * len(fresh) > BUDGET
        if not fresh or (level and late) or len(known) + len(fresh) > _MOST:
            break
        for x in fresh:
            y = ask(x)
            known[x] = y if math.isfinite(y) else math.nan
        points = sorted(known.items())
        if level <= _HALVINGS:  # they are even, and no pole counts more than the rest
            low, high = _worth_showing(points)
        pairs = pairwise(points) if level < _HALVINGS else _bent(points, high - low)
        fresh = [float(f"{(x + other) / 2:.12g}") for (x, _), (other, _) in pairs]
    return points, (low, high)


def _bent(points: list[Point], height: float) -> Iterator[tuple[Point, Point]]:
    """Neighbours between which a straight line would not do: corners, jumps, ends of gaps."""
    bends = [False]
    for (x, y), (here, at), (right, beyond) in zip(points, points[1:], points[2:], strict=False):
        line = y + (beyond - y) * (here - x) / (right - x)
        bends.append(abs(at - line) > _BEND * height)
    bends.append(False)
    for i, (one, other) in enumerate(pairwise(points)):
        if bends[i] or bends[i + 1] or math.isnan(one[1]) != math.isnan(other[1]):
            yield one, other


def _cut(points: list[Point], by: Range, height: float) -> Iterator[Point]:
    """The points with a gap where the curve jumps."""
    near = 1.01 * (by.max - by.min) / (_COARSE - 1) / 2 ** (_HALVINGS + _FINER)
    steps = [0.0, *(abs(after - y) for (_, y), (_, after) in pairwise(points)), 0.0]
    yield points[0]
    for i, ((x, _), (right, beyond)) in enumerate(pairwise(points), start=1):
        small = _ALONE * steps[i]
        alone = steps[i - 1] <= small and steps[i + 1] <= small
        if alone and right - x < near and steps[i] > _JUMP * height:
            yield (x + right) / 2, math.nan
        yield right, beyond


def _worth_showing(points: list[Point]) -> Point:
    """The range of a curve, without what shoots off at a pole."""
    found = sorted(y for _, y in points if math.isfinite(y)) or [0.0]
    cut = len(found) // 20
    least, most = found[cut], found[-1 - cut]
    room = 3 * (most - least)
    low, high = max(found[0], least - room), min(found[-1], most + room)
    if high - low <= 1e-6 * max(abs(low), abs(high)):  # flat: float32 has no finer steps
        low, high = low - max(1.0, abs(low)), high + max(1.0, abs(high))
    return low, high
