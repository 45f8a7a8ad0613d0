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

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise, product
from math import hypot
from typing import NamedTuple

from lesson_utils.picture.layout import Point

Spline = Sequence[Point]  # of cubic Béziers: its ends, and two control points between each


class Box(NamedTuple):
    """A rectangle, its corners perhaps round."""

    left: float
    top: float
    right: float
    bottom: float
    radius: float = 0.0

    @classmethod
    def around(cls, middle: Point, width: float, height: float, radius: float = 0.0) -> Box:
        """The box of this size around a place."""
        x, y = middle.real, middle.imag
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2, radius)

    def holds(self, point: Point) -> bool:
        """Whether a point lies within the outline."""
        left, top, right, bottom, radius = self
        x, y = point.real, point.imag
        if not (left < x < right and top < y < bottom):
            return False
        across = max(left - x, x - right) + radius
        down = max(top - y, y - bottom) + radius
        return across <= 0 or down <= 0 or hypot(across, down) <= radius

    def away(self, point: Point) -> float:
        """How far a point lies outside of the rectangle."""
        left, top, right, bottom, _ = self  # asked of many points: quick to tell
        x, y = point.real, point.imag
        across = left - x if x < left else x - right if x > right else 0.0
        down = top - y if y < top else y - bottom if y > bottom else 0.0
        return hypot(across, down)

    def meets(self, other: Box) -> bool:
        """Whether two rectangles have a place in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def moved(self, step: Point) -> Box:
        """The box elsewhere."""
        x, y = step.real, step.imag
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y, self.radius)

    def grown(self, rim: float) -> Box:
        """The rectangle with a rim around it."""
        return Box(self.left - rim, self.top - rim, self.right + rim, self.bottom + rim)


LANE = 4.5  # pixels from the middle of the road to each lane
HEAD = 9.0
_STEPS = 12
_GAPS = (5.0, 3.0)  # pixels between a label and its road
_SLIDES = (0.0, -4.0, 4.0, -8.0, 8.0)  # along it: the layout leaves 11 free on either side
_REACH = 40.0  # what is farther away from a label is none of its neighbours
_WINS = 2.0  # how much nearer a label is to its own road than to any other


def shifted(spline: Spline, offset: float) -> list[Point]:
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


def between(spline: Spline, tail: Box, head: Box) -> list[Point]:
    """The part of a spline between two boxes that it starts and ends in."""
    return _leave(_leave(spline, tail)[::-1], head)[::-1]


def _leave(spline: Spline, box: Box) -> list[Point]:
    """The spline from where it leaves the box that it starts in."""
    start, last = 0, len(spline) - 4
    while start < last and box.holds(spline[start + 3]):
        start += 3
    a, b, c, d = spline[start : start + 4]
    low, t = 0.0, 1.0
    for _ in range(12):  # to a tenth of a pixel on the longest road
        middle = (low + t) / 2
        if box.holds(_at(a, b, c, d, middle)):
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


def samples(spline: Spline, steps: int = _STEPS) -> list[Point]:
    """Points along a spline, its ends among them."""
    points = [spline[0]]
    for i in range(0, len(spline) - 3, 3):
        a, b, c, d = spline[i : i + 4]
        points += [_at(a, b, c, d, j / steps) for j in range(1, steps + 1)]
    return points


def side_of(spline: Spline, place: Point) -> int:
    """On which side of a spline a place lies: 1 or -1, as `shifted` counts them."""
    points = samples(spline)
    away = [abs(point - place) for point in points]
    nearest = min(max(away.index(min(away)), 1), len(points) - 2)
    step = points[nearest + 1] - points[nearest - 1]
    return 1 if (step.conjugate() * (place - points[nearest])).imag >= 0 else -1


class Lane:
    """One way of a road between two boxes, from where it leaves one to where it meets the other."""

    def __init__(self, spline: Spline) -> None:
        self.spline = spline

    @cached_property
    def points(self) -> list[Point]:
        """Points along it."""
        return samples(self.spline)

    @property
    def middle(self) -> Point:
        """The point half of the way along it."""
        steps = [abs(end - start) for start, end in pairwise(self.points)]
        gone = [*accumulate(steps, initial=0.0)]
        return min(zip(self.points, gone, strict=True), key=lambda at: abs(at[1] - gone[-1] / 2))[0]

    @cached_property
    def hull(self) -> Box:
        """A rectangle that it stays in, since a Bézier curve stays among its control points."""
        xs, ys = [point.real for point in self.spline], [point.imag for point in self.spline]
        return Box(min(xs), min(ys), max(xs), max(ys))


def clear(
    course: Spline, side: float, ends: tuple[Box, Box], foreign: Sequence[Box]
) -> tuple[Lane, Lane]:
    """Both lanes of a road; where one would cut a corner of another box, both move away from it."""
    found: list[tuple[float, float, tuple[Lane, Lane]]] = []
    for aside in (0.0, side, -side):
        lanes = tuple([Lane(between(shifted(course, aside + by), *ends)) for by in (-side, side)])
        near = [box for box in foreign if any([box.meets(lane.hull) for lane in lanes])]
        deep = sum([box.holds(point) for box in near for lane in lanes for point in lane.points])
        if not deep:
            return lanes[0], lanes[1]
        found.append((deep, abs(aside), (lanes[0], lanes[1])))
    return min(found, key=lambda way: way[:2])[2]


def settle(
    label: Box, own: Lane, others: Iterable[Lane], taken: Iterable[Box], *, upright: bool
) -> Box:
    """Where a label is clear of its road, and nearer to it than to any other.

    The layout program keeps boxes and labels apart, but lets roads that meet in
    a box run close by. There the label moves along, to where they are wider apart.

    Args:
        label: Where the layout program would have it: on one side of its road.
        own: Its road.
        others: The other roads, and its own the other way.
        taken: Boxes and labels that it must not touch.
        upright: Whether the picture goes down the page: then it moves away from
            its road to the left or right, and along it up or down.
    """
    around = label.grown(_REACH)
    near = [point for lane in others if around.meets(lane.hull) for point in lane.points]
    crowd = [box for box in taken if around.meets(box)]
    places: list[tuple[bool, float, int, Box]] = []
    for gap, slide in product(_GAPS, _SLIDES):
        moved = label.moved(slide * (1j if upright else 1))
        moved = moved.moved(_clear(own.points, moved, gap, upright))
        wins = min(map(moved.away, near), default=_REACH) - min(map(moved.away, own.points))
        free = not any(moved.grown(1.0).meets(box) for box in crowd)
        if free and wins >= _WINS:
            return moved
        places.append((free, wins, -len(places), moved))
    return max(places)[-1]


def _clear(road: Sequence[Point], label: Box, gap: float, upright: bool) -> Point:
    """How far a label must move to be clear of its road, on the side where it is."""
    if upright:
        points = [point.real for point in road if label.top - 4 <= point.imag <= label.bottom + 4]
        start, end = label.left, label.right
    else:
        points = [point.imag for point in road if label.left - 4 <= point.real <= label.right + 4]
        start, end = label.top, label.bottom
    if not points:
        return 0j
    low, high = min(points), max(points)
    move = high + gap - start if start + end > low + high else low - gap - end
    return complex(move, 0) if upright else complex(0, move)


def arrow(spline: Spline, look: str, colour: str, width: float, dash: str = "") -> str:
    """A line along the spline with a head at its end."""
    *before, bend, tip = spline
    length = abs(tip - bend) or 1.0
    ahead = (tip - bend) / length * HEAD
    # The line stops inside the head, and must not bend back to get there.
    if length < HEAD:
        bend -= ahead / 2
    notch = tip - ahead * 0.8
    left, right = tip - ahead * (1 - 0.4j), tip - ahead * (1 + 0.4j)
    bends = " ".join(f"{point.real:.1f} {point.imag:.1f}" for point in (*before[1:], bend, notch))
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path class="{look}" d="M{before[0].real:.1f} {before[0].imag:.1f}C{bends}" '
        f'fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        f'<path class="{look}" d="M{tip.real:.1f} {tip.imag:.1f}L{left.real:.1f} {left.imag:.1f}'
        f'L{notch.real:.1f} {notch.imag:.1f}L{right.real:.1f} {right.imag:.1f}z" fill="{colour}"/>'
    )
