"""Roads between the boxes of a picture.

An operation's use of a value is one road with two lanes: the value goes
forwards on one, the derivative comes back on the other. The layout program is
asked for one course per road, which is quick and keeps clear of every box and
label; the course runs from the middle of one box to the middle of the other,
and each lane is cut where it meets their outlines.

Points are complex numbers, x + y·i: a step is a difference, its length an
`abs`, and a right angle a factor of i.
"""

from __future__ import annotations

from collections.abc import Sequence

from lesson_utils.layout import Point

Box = tuple[float, float, float, float]  # left, top, right, bottom

LANE = 4.5  # pixels from the middle of the road to each lane
HEAD = 9.0
_STEPS = 6


def lane(spline: Sequence[Point], offset: float) -> list[Point]:
    """A Bézier spline moved sideways, each point at a right angle to its neighbours."""
    moved = []
    last = len(spline) - 1
    for i, point in enumerate(spline):
        # Control points may coincide with the ends: then a farther one gives the direction.
        before, after = max(i - 1, 0), min(i + 1, last)
        while before > 0 and abs(spline[before] - point) < 1:
            before -= 1
        while after < last and abs(spline[after] - point) < 1:
            after += 1
        step = spline[after] - spline[before]
        moved.append(point + 1j * step / (abs(step) or 1.0) * offset)
    return moved


def between(spline: Sequence[Point], tail: Box, head: Box) -> list[Point]:
    """The part of a spline between two boxes that it starts and ends in."""
    return _leave(_leave(spline, tail)[::-1], head)[::-1]


def _leave(spline: Sequence[Point], box: Box) -> list[Point]:
    """The spline from where it leaves the box that it starts in."""
    left, top, right, bottom = box
    start, last = 0, len(spline) - 4
    while start < last:
        knot = spline[start + 3]
        if not (left < knot.real < right and top < knot.imag < bottom):
            break
        start += 3
    a, b, c, d = spline[start : start + 4]
    low, t = 0.0, 1.0
    for _ in range(7):
        middle = (low + t) / 2
        point = _at(a, b, c, d, middle)
        if left < point.real < right and top < point.imag < bottom:
            low = middle
        else:
            t = middle
    # De Casteljau's construction gives the rest of the curve.
    ab, bc, cd = a + (b - a) * t, b + (c - b) * t, c + (d - c) * t
    abc, bcd = ab + (bc - ab) * t, bc + (cd - bc) * t
    return [abc + (bcd - abc) * t, bcd, cd, d, *spline[start + 4 :]]


def _at(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    u = 1 - t
    return (a * u + 3 * b * t) * u * u + (3 * c * u + d * t) * t * t


def samples(spline: Sequence[Point], steps: int = _STEPS) -> list[Point]:
    """Points along a spline, its ends among them."""
    points = [spline[0]]
    for i in range(0, len(spline) - 3, 3):
        a, b, c, d = spline[i : i + 4]
        points += [_at(a, b, c, d, j / steps) for j in range(1, steps + 1)]
    return points


def side_of(spline: Sequence[Point], place: Point) -> int:
    """On which side of a spline a place lies: 1 or -1, as `lane` counts them."""
    points = samples(spline)
    away = [abs(each - place) for each in points]
    nearest = min(max(away.index(min(away)), 1), len(points) - 2)
    step = points[nearest + 1] - points[nearest - 1]
    return 1 if (step.conjugate() * (place - points[nearest])).imag >= 0 else -1


def beside(spline: Sequence[Point], label: Box, across: bool) -> Point:
    """How far a label must move to stand clear of a spline, on the side where it is.

    Args:
        spline: What it must not touch.
        label: Where the label is.
        across: Whether it may move to the left and right only, or up and down only.
    """
    left, top, right, bottom = label
    points = samples(spline)
    if across:
        near = [each.real for each in points if top - 4 <= each.imag <= bottom + 4]
        start, end = left, right
    else:
        near = [each.imag for each in points if left - 4 <= each.real <= right + 4]
        start, end = top, bottom
    if not near:
        return 0j
    low, high = min(near), max(near)
    move = high + 5 - start if start + end > low + high else low - 5 - end
    return complex(move, 0) if across else complex(0, move)


def arrow(spline: Sequence[Point], look: str, colour: str, width: float, dash: str = "") -> str:
    """A line along the spline with a head at its end."""
    *before, bend, tip = spline
    length = abs(tip - bend) or 1.0
    ahead = (tip - bend) / length * HEAD
    # The line stops inside the head, and must not bend back to get there.
    if length < HEAD:
        bend -= ahead / 2
    notch = tip - ahead * 0.8
    left, right = tip - ahead * (1 - 0.4j), tip - ahead * (1 + 0.4j)
    bends = " ".join(f"{each.real:.1f} {each.imag:.1f}" for each in (*before[1:], bend, notch))
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path class="{look}" d="M{before[0].real:.1f} {before[0].imag:.1f}C{bends}" '
        f'fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        f'<path class="{look}" d="M{tip.real:.1f} {tip.imag:.1f}L{left.real:.1f} {left.imag:.1f}'
        f'L{notch.real:.1f} {notch.imag:.1f}L{right.real:.1f} {right.imag:.1f}z" fill="{colour}"/>'
    )
