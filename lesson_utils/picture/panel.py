"""A part of a graph after its layout: boxes in their places, roads between them, labels.

The elements keep their ids from picture to picture, so that one layout can
serve many frames of an animation:

- `value-3` (a leaf, or the result's half of a box), `operation-2` (its symbol and what it saved);
- `forward-2-0` into operation 2 from its input 0, `backward-2-0` the red road back with its label,
  `result-2-0` out of an operation that has several results, `branch-0`;
- `frame-0` around an unfolded module, with its heading `fold-0`;
- `value-3-again-1`: the same value drawn once more. All of them have the class `value-3`.

Inside, text has the classes `name`, `data`, `gradient`, `local`, `symbol`.
"""

from __future__ import annotations

from collections.abc import Mapping

from lesson_utils.picture.frame import frame
from lesson_utils.picture.layout import Layout
from lesson_utils.picture.pieces import FAINT, INK, PAPER, RED, VIOLET, Piece, say
from lesson_utils.picture.roads import LANE, Box, Lane, arrow, clear, settle, side_of
from lesson_utils.picture.sketch import Sketch


def panel(sketch: Sketch, layout: Layout, widths: Mapping[str, float] | None = None) -> Piece:
    """The finished picture of a part of a graph.

    Args:
        sketch: What it is made of.
        layout: The places of that.
        widths: Of labels that keep their places though their digits change, by
            the marks of their roads; a longer one is placed again.
    """
    boxes = {name: _box(sketch, layout, name) for name in sketch.nodes}
    there: dict[str, Lane] = {}
    back: dict[str, Lane] = {}
    for mark, road in sketch.roads.items():
        course, ends = layout.edges[mark], (boxes[road.tail], boxes[road.head])
        side = LANE if road.back else 0.0
        if road.label:
            side *= side_of(course, layout.labels[mark])
        foreign = [box for name, box in boxes.items() if name not in (road.tail, road.head)]
        there[mark], behind = clear(course, side, ends, foreign)
        if road.back:
            back[mark] = Lane(behind.spline[::-1])
    labels: dict[str, Box] = {}
    for mark, own in back.items():
        if not sketch.roads[mark].label:
            continue
        width, height = sketch.size(mark)
        width = max(width, (widths or {}).get(mark, 0.0))
        place = Box.around(layout.labels[mark], width, height)
        others = [lane for lane in (*there.values(), *back.values()) if lane is not own]
        taken = [*boxes.values(), *labels.values()]
        labels[mark] = settle(place, own, others, taken, upright=sketch.direction == "TB")

    def draw(x: float, y: float) -> str:
        out = [f'<g transform="translate({x:.1f} {y:.1f})">']
        places = {i: layout.frames[f"cluster{i}"] for i in sketch.frames}
        out += [frame(i, start, end) for i, (start, end, _) in places.items()]
        for mark, lane in there.items():
            out.append(_forward(sketch, mark, lane))
            if mark in back:
                out.append(_backward(sketch, mark, back[mark], labels.get(mark)))
        for i, (start, _, middle) in places.items():  # over the roads, which may cross it
            title = sketch.frames[i][1]
            out.append(title.draw(start.real + 12, middle.imag - title.height / 2))
        for name, box in boxes.items():
            out.append(sketch.nodes[name].draw(box.left, box.top))
        return "".join([*out, "</g>"])

    return Piece(layout.width, layout.height, draw)


def _box(sketch: Sketch, layout: Layout, name: str) -> Box:
    piece = sketch.nodes[name]
    return Box.around(layout.nodes[name], piece.width, piece.height, piece.radius)


def _forward(sketch: Sketch, mark: str, lane: Lane) -> str:
    kind, _, rest = mark.partition("-")
    if kind not in ("branch", "result"):
        kind, rest = "forward", mark
    colour, dash = (VIOLET, "2 3") if kind == "branch" else (INK, "")
    road = arrow(lane.spline, "line", colour, 1.3, dash)
    classes = sketch.marks.all(f"{kind}-{rest.partition('-')[0]}", kind)
    leaf, _, copy = sketch.roads[mark].tail.partition("_")
    source = f' data-from="value-{leaf[1:]}-again-{copy}"' if copy else ""
    return f'<g id="{kind}-{rest}" class="{classes}"{source}>{road}</g>'


def _backward(sketch: Sketch, mark: str, lane: Lane, place: Box | None) -> str:
    idle = mark in sketch.idle
    spoilt = mark in sketch.spoilt
    colour, dash = FAINT if idle else RED, "5 3" if idle or spoilt else ""
    table = sketch.tables.get(mark)
    if place is None:
        written = ""
    elif table is None:
        label, spare = sketch.roads[mark].label, place.right - place.left - sketch.size(mark)[0]
        # In a room that is wider: in the middle over a road, and beside one as near as can be.
        beside = place.left < lane.points[len(lane.points) // 2].real
        share = 0.5 if sketch.direction == "LR" else float(beside)
        left = place.left + spare * share
        written = say(left, place.bottom - 2, (label, "note" if idle else "local"))
    else:
        written = table.draw((place.left + place.right - table.width) / 2, place.top)
    road = arrow(lane.spline, "line", colour, 1.8, dash)
    if spoilt:
        road += _cross(lane.middle)
    told = f"backward{' idle' * idle}{' spoilt' * spoilt}"
    classes = sketch.marks.all(f"backward-{mark.partition('-')[0]}", told)
    return f'<g id="backward-{mark}" class="{classes}">{road}{written}</g>'


def _cross(at: complex) -> str:
    """What bars a road, on paper of its own so that the road is broken there."""
    x, y = at.real, at.imag
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6.5" fill="{PAPER}"/>'
        f'<path class="cross" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" fill="none" '
        f'stroke="{RED}" stroke-width="2.4"/>'
    )
