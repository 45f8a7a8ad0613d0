"""Slopes of a function of one number, from one side at a time, by differences.

The quotient (f(a + h) − f(a)) / h is taken for a long row of steps h, each half
the one before, and its limit is read off the row. Nothing is assumed: the limit
may be a number, infinite, or not exist, and then it is nan.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

EPSILON = sys.float_info.epsilon
# Not a power of two, or sin(π/x) would be met at its zeros only.
FIRST = 0.118
COUNT = 45
WINDOW = 7


@dataclass(frozen=True)
class Side:
    """A function on one side of a point.

    Attributes:
        steps: Distances from the point, each half the one before.
        values: The function there; nan where it is not defined.
        slope: The one-sided slope at the point: finite, ±inf, or nan.
        derivative: Where the derivative goes as the point is approached; nan
            if nowhere. At a jump the slope is infinite and this need not be.
    """

    steps: tuple[float, ...]
    values: tuple[float, ...]
    slope: float
    derivative: float


def side(f: Callable[[float], float], at: float, sign: int) -> Side:
    """Measure a function on one side of a point.

    Args:
        f: The function; nan where it is not defined.
        at: The point.
        sign: −1 for the left, 1 for the right.
    """
    centre = f(at)
    far = scale(at)
    points = [at + sign * FIRST * far * 2.0**-k for k in range(COUNT)]
    points = [x for x in points if abs(x - at) > 1000 * math.ulp(at)]
    steps = [abs(x - at) for x in points]  # what is left of the step after rounding
    values = [f(x) for x in points]
    quotients, errors = _chords(at, [centre] * len(points), values, steps)
    gaps = [a - b for a, b in pairwise(steps)]
    secants, noise = _chords(at, values[1:], values[:-1], gaps)
    slope, derivative = limit(quotients, errors), limit(secants, noise)
    # Adding 0 takes the sign off a zero.
    return Side(tuple(steps), tuple(values), sign * slope + 0.0, sign * derivative + 0.0)


def _chords(
    at: float, near: Sequence[float], far: Sequence[float], gaps: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Slopes of chords, seen from the point outwards, and a bound of their rounding errors.

    What a function rounds is its result, and its input as well (as in 3x − 0.3).
    """
    chords, errors = [], []
    for a, b, gap in zip(near, far, gaps, strict=True):
        chord = (b - a) / gap
        chords.append(chord)
        errors.append(4 * EPSILON * (abs(a) + abs(b) + abs(at * chord)) / gap)
    return chords, errors


def scale(at: float) -> float:
    """The distance that counts as far from a point: 1, and more where numbers are sparse."""
    return max(1.0, 2.0**35 * math.ulp(at))


def limit(terms: Sequence[float], errors: Sequence[float]) -> float:
    """The limit of a row of numbers g(h), g(h/2), g(h/4), … as h goes to 0.

    Richardson's extrapolation if g is smooth in h; Aitken's if it goes like
    another power of h; infinite if the differences do not shrink; else nan.

    Args:
        terms: The numbers, the smallest step last.
        errors: A bound of the rounding error of each.
    """
    start = len(terms)
    while start and not math.isnan(terms[start - 1]):
        start -= 1
    terms, errors = terms[start:], errors[start:]
    if len(terms) < 2 * WINDOW:
        return math.nan
    tail = terms[-WINDOW:]
    if any(map(math.isinf, tail)):
        return tail[0] if len(set(tail)) == 1 else math.nan
    while any(map(math.isinf, terms)):
        terms, errors = terms[1:], errors[1:]
    found, error = _richardson(terms, errors)
    floor = 1e-12 * max(map(abs, terms))
    if error <= 1e-6 * (1 + abs(found)):
        return _tidy(found, max(error, floor))
    return _slow(terms, errors)


def _richardson(terms: Sequence[float], errors: Sequence[float]) -> tuple[float, float]:
    """The best extrapolation of all windows of the row, with an estimate of its error.

    Each column of Neville's table removes one power of h (Ridders 1982).
    """
    best, least = math.nan, math.inf
    for first in range(len(terms) - WINDOW + 1):
        column = list(terms[first : first + WINDOW])
        noise = 4 * errors[first + WINDOW - 1]
        for power in range(1, WINDOW):
            factor = 2.0**power
            following = [(factor * b - a) / (factor - 1) for a, b in pairwise(column)]
            error = noise + max(
                abs(new - old) for new, old in zip(following, column[1:], strict=True)
            )
            if error < least:
                best, least = following[-1], error
            column = following
    return best, least


def _slow(terms: Sequence[float], errors: Sequence[float]) -> float:
    """The limit of a row whose differences shrink by another factor than ½, or grow."""
    differences = [b - a for a, b in pairwise(terms)]
    clear = 0
    while clear < len(differences) and errors[clear + 1] <= 1e-4 * abs(differences[clear]):
        clear += 1
    last = differences[max(0, clear - 10) : clear]
    if len(last) < 6 or any(a * b <= 0 for a, b in pairwise(last)):
        return math.nan
    ratios = [b / a for a, b in pairwise(last)]
    if min(ratios) > 0.97:
        return math.copysign(math.inf, last[-1])
    if max(ratios) < 0.93 and max(ratios[-4:]) - min(ratios[-4:]) < 0.01:
        found = terms[clear] + last[-1] * ratios[-1] / (1 - ratios[-1])
        return _tidy(found, 1e-4 * abs(last[-1]) + 1e-9)
    return math.nan


def _tidy(found: float, error: float) -> float:
    """Without the digits that are noise: 0.9999999999998 ± 1e-12 is 1."""
    if abs(found) <= 10 * error:
        return 0.0
    return round(found, min(300, -math.floor(math.log10(max(error, 1e-300))) - 1))


def bends(left: Side, right: Side, at: float, centre: float) -> str:
    """How a function bends in some neighbourhood of a point.

    Going right, the slopes of the chords between neighbours never fall where it
    is convex, and never rise where it is concave.

    Args:
        left: The function on the left.
        right: The same on the right.
        at: The point.
        centre: The function there.

    Returns:
        "convex", "concave" or "neither".
    """
    for first in range(2, 30, 4):
        chosen = slice(first, first + 10)
        points = [(-h, v) for h, v in zip(left.steps[chosen], left.values[chosen], strict=True)]
        points.append((0.0, centre))
        points += reversed(list(zip(right.steps[chosen], right.values[chosen], strict=True)))
        gaps = [b[0] - a[0] for a, b in pairwise(points)]
        values = [value for _, value in points]
        chords, errors = _chords(at, values[:-1], values[1:], gaps)
        if any(error > 0.01 * gap for error, gap in zip(errors, gaps, strict=True)):
            break  # too near: rounding would hide a bend
        rises = [b - a for a, b in pairwise(chords)]
        noise = [2 * (a + b) for a, b in pairwise(errors)]
        if all(rise >= -error for rise, error in zip(rises, noise, strict=True)):
            return "convex"
        if all(rise <= error for rise, error in zip(rises, noise, strict=True)):
            return "concave"
    return "neither"
