"""Roads between the boxes of a picture.

An operation's use of a value is one road with two lanes: the value goes
forwards on one, the derivative comes back on the other. The layout program is
asked for one course per road, which is quick and keeps clear of every box and
label; the course runs from the middle of one box to the middle of the other,
and each lane is cut where it meets their outlines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from lesson_utils.layout import Point

Box = tuple[float, float, float, float]  # left, top, right, bottom

LANE = 4.5  # pixels from the middle of the road to each lane
HEAD = 9.0
_STEPS = 6


def lane(spline: Sequence[Point], offset: float) -> list[Point]:
    """A Bézier spline moved sideways, each point at a right angle to its neighbours."""
    moved = []
    for i, (x, y) in enumerate(spline):
        # Control points may coincide with the ends: then a farther one gives the direction.
        ax, ay = next((p for p in reversed(spline[:i]) if math.dist(p, (x, y)) > 1), (x, y))
        bx, by = next((p for p in spline[i + 1 :] if math.dist(p, (x, y)) > 1), (x, y))
        length = math.hypot(bx - ax, by - ay) or 1.0
        moved.append((x - (by - ay) / length * offset, y + (bx - ax) / length * offset))
    return moved


def between(spline: Sequence[Point], tail: Box, head: Box) -> list[Point]:
    """The part of a spline between two boxes that it starts and ends in."""
    return _leave(_leave(spline, tail)[::-1], head)[::-1]


def _leave(spline: Sequence[Point], box: Box) -> list[Point]:
    """The spline from where it leaves the box that it starts in."""
    left, top, right, bottom = box

    def inside(point: Point) -> bool:
        return left < point[0] < right and top < point[1] < bottom

    start = 0
    while start + 3 < len(spline) - 1 and inside(spline[start + 3]):
        start += 3
    curve = spline[start : start + 4]
    low, high = 0.0, 1.0
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(at(curve, middle)) else (low, middle)
    return [*_from(curve, high), *spline[start + 4 :]]


def _from(curve: Sequence[Point], t: float) -> list[Point]:
    """The rest of one Bézier curve, by de Casteljau's construction."""
    rest = [curve[-1]]
    points = list(curve)
    while len(points) > 1:
        points = [(p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t) for p, q in pairwise(points)]
        rest.insert(0, points[-1])
    return rest


def at(spline: Sequence[Point], t: float) -> Point:
    """The point of a spline at `t`, which counts its curves from 0."""
    i = min(int(t), (len(spline) - 1) // 3 - 1)
    a, b, c, d = spline[3 * i : 3 * i + 4]
    t -= i
    u = 1 - t
    k, m, n, o = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
    return (
        k * a[0] + m * b[0] + n * c[0] + o * d[0],
        k * a[1] + m * b[1] + n * c[1] + o * d[1],
    )


def side_of(spline: Sequence[Point], place: Point) -> int:
    """On which side of a spline a place lies: 1 or -1, as `lane` counts them."""
    last = (len(spline) - 1) // 3 * _STEPS
    nearest = min(range(1, last), key=lambda i: math.dist(at(spline, i / _STEPS), place))
    (ax, ay), (bx, by) = at(spline, (nearest - 1) / _STEPS), at(spline, (nearest + 1) / _STEPS)
    return 1 if (bx - ax) * (place[1] - ay) >= (by - ay) * (place[0] - ax) else -1


def beside(spline: Sequence[Point], label: Box, across: bool) -> Point:
    """How far a label must move to stand clear of a spline, on the side where it is.

    Args:
        spline: What it must not touch.
        label: Where the label is.
        across: Whether it may move to the left and right only, or up and down only.
    """
    i = 0 if across else 1
    points = [at(spline, j / _STEPS) for j in range((len(spline) - 1) // 3 * _STEPS + 1)]
    near = [p[i] for p in points if label[1 - i] - 4 <= p[1 - i] <= label[3 - i] + 4]
    if not near:
        return 0.0, 0.0
    if label[i] + label[i + 2] > max(near) + min(near):
        move = max(near) + 5 - label[i]
    else:
        move = min(near) - 5 - label[i + 2]
    return (move, 0.0) if across else (0.0, move)


def arrow(spline: Sequence[Point], look: str, colour: str, width: float, dash: str = "") -> str:
    """A line along the spline with a head at its end."""
    *before, bend, (x, y) = spline
    length = math.hypot(x - bend[0], y - bend[1]) or 1.0
    dx, dy = (x - bend[0]) / length * HEAD, (y - bend[1]) / length * HEAD
    end = (x - dx * 0.8, y - dy * 0.8)
    # The line stops inside the head, and must not bend back to get there.
    if length < HEAD:
        bend = (bend[0] - dx / 2, bend[1] - dy / 2)
    points = [*before, bend, end]
    bends = " ".join(f"{x:.1f} {y:.1f}" for x, y in points[1:])
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path class="{look}" d="M{points[0][0]:.1f} {points[0][1]:.1f}C{bends}" fill="none" '
        f'stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        f'<path class="{look}" d="M{x:.1f} {y:.1f}L{x - dx - dy * 0.4:.1f} {y - dy + dx * 0.4:.1f}'
        f'L{end[0]:.1f} {end[1]:.1f}L{x - dx + dy * 0.4:.1f} {y - dy - dx * 0.4:.1f}z" '
        f'fill="{colour}"/>'
    )
