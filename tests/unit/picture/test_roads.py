"""A picture says what the graph says: read back as an eye would, with no help of what drew it."""

from collections import Counter
from functools import partial
from itertools import combinations

import pages
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lecture import neuron
from reading import overlap, read, texts_of

from lesson_utils import draw, play, trace

LARGE = 8  # operations; what is larger is drawn in panels, or with long detours
SLACK = 1.0  # pixels between an arrow and the outline that it touches


def leaf(number):
    return torch.tensor(number, requires_grad=True)


def diamond():
    w = leaf(0.5)
    with trace() as t:
        y = torch.sin(w) * torch.exp(w)
    assert y.requires_grad
    return t


def pieces():
    """An operation of several results, a value of three uses, and one that gets no gradient."""
    x, w = torch.tensor([1.0, 2.0]), torch.tensor([0.5, -1.0], requires_grad=True)
    with trace() as t:
        first, second = torch.unbind(w * x)
        y = first * second + first
    assert y.requires_grad
    return t


def bent():
    """A question, and a value that is made and never used."""
    z = leaf(2.0)
    with trace() as t:
        u = z * z
        if u > 3:
            unused = torch.exp(z)
        a = torch.relu(u)
    assert unused.requires_grad
    return t.graph(of=a)


SOURCES = {
    "neuron": lambda: [("neuron", draw(neuron()))],
    "neuron with what it keeps": lambda: [("neuron", draw(neuron(), saved=True))],
    "film": lambda: [("film", play(neuron()).film.drawing)],
    "diamond": lambda: [("diamond", draw(diamond()))],
    "several results": lambda: [("several results", draw(pieces()))],
    "a question": lambda: [("a question", draw(bent()))],
    **{path.stem: partial(pages.drawings, path) for path in pages.NOTEBOOKS},
}


def small(source):
    """The drawings of graphs of up to eight operations, each with its place."""
    found = [
        (at, drawing) for at, drawing in SOURCES[source]() if len(drawing.graph.operations) <= LARGE
    ]
    assert found
    return found


def touches(boxes, point):
    return any(abs(box.away(point)) <= SLACK for box in boxes)


def wrong_roads(drawing):
    """Uses without a right road forwards or back, and roads that are no use's."""
    graph, wrong, drawn = drawing.graph, [], Counter()
    for panel in read(drawing.svg):
        expected = {}
        for op in graph.operations:
            homes = panel.named(f"operation-{op.id}")
            drawn[op.id] += len(homes)
            if not homes:
                continue
            ends = {out: panel.named(f"value-{out}") for out in op.outputs}
            if len(op.outputs) == 1:
                assert ends[op.outputs[0]] == homes, "an operation stands in its result's box"
            else:
                for i, out in enumerate(op.outputs):
                    expected[f"result-{op.id}-{i}"] = "dark", homes, ends[out]
            for i, source in enumerate(op.inputs):
                value, use = graph[source], f"{op.id}-{i}"
                if value.role == "constant":
                    continue
                shown = panel.named(f"value-{source}")
                expected[f"forward-{use}"] = "dark", shown, homes
                flows = graph.of is not None and op.uses[i].flowed and value.has_gradient
                barred = drawing.look.saved and op.is_spoilt and op.uses[i].has_derivative
                if (flows or barred) and drawing.look.gradients:
                    expected[f"backward-{use}"] = "red", homes, shown
        for mark, (colour, start, end) in expected.items():
            road = panel.roads.get(mark)
            if road is None or road.colour != colour:
                wrong.append(f"no {colour} road {mark}")
            elif not (touches(start, road.points[0]) and touches(end, road.points[-1])):
                wrong.append(f"{mark} does not lead from its box to the other, head last")
        known = {"dark", "red"}
        more = {mark for mark, road in panel.roads.items() if road.colour in known} - {*expected}
        wrong += [f"{mark} is no use's" for mark in more]
    wrong += [f"operation {op} is drawn {n} times" for op, n in drawn.items() if n != 1]
    return wrong


def lost_labels(drawing):
    """Labels that are nearer to another road than to their own, or far from any."""
    lost = []
    for panel in read(drawing.svg):
        for mark, label in panel.labels.items():
            away = {other: road.distance(label) for other, road in panel.roads.items()}
            own = away.pop(mark)
            if own > 12:
                lost.append(f"the label of {mark} is {own:.0f} pixels from it")
            lost += [f"{mark}'s label is at {other}" for other, d in away.items() if d < own + 0.5]
        for mark, road in panel.roads.items():
            if road.colour == "red" and mark not in panel.labels:
                lost.append(f"{mark} has no label")
    return lost


def covered(drawing):
    """What lies over what."""
    faults = []
    for panel in read(drawing.svg):
        for one, other in combinations(panel.boxes, 2):
            if overlap(one.rect, other.rect):
                faults.append(f"box {sorted(one.marks)} on {sorted(other.marks)}")
        for (mark, one), (name, other) in combinations(panel.labels.items(), 2):
            if overlap(one, other):
                faults.append(f"the labels of {mark} and {name}")
        for mark, label in panel.labels.items():
            faults += [
                f"the label of {mark} on box {sorted(box.marks)}"
                for box in panel.boxes
                if overlap(label, box.rect)
            ]
            faults += [
                f"{other} through the label of {mark}"
                for other, road in panel.roads.items()
                if road.distance(label) < 0.5
            ]
        for mark, road in panel.roads.items():
            for box in panel.boxes:
                own = touches([box], road.points[0]) or touches([box], road.points[-1])
                if min(map(box.away, road.points)) < (-2 if own else 0):
                    faults.append(f"{mark} through box {sorted(box.marks)}")
        for box in panel.boxes:
            left, top, right, bottom = box.rect
            for (x, y, end, base), words in box.texts:
                if x < left or y < top or end > right or base > bottom:
                    faults.append(f"{words!r} sticks out of its box")
            faults += [
                f"{words!r} on {others!r}"
                for (one, words), (other, others) in combinations(box.texts, 2)
                if overlap(one, other)
            ]
    faults += [
        f"{words!r} on {others!r}"
        for (one, words), (other, others) in combinations(texts_of(drawing.svg), 2)
        if overlap(one, other)
    ]
    return faults


@pytest.mark.parametrize("source", SOURCES)
def test_each_use_has_a_dark_road_and_each_gradient_a_red_one_back(source):
    assert not {at: wrong for at, drawing in small(source) if (wrong := wrong_roads(drawing))}


@pytest.mark.parametrize("source", SOURCES)
def test_a_label_stands_nearest_to_its_own_road(source):
    assert not {at: lost for at, drawing in small(source) if (lost := lost_labels(drawing))}


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_lies_over_anything(source):
    assert not {at: faults for at, drawing in small(source) if (faults := covered(drawing))}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    leaves=st.lists(st.booleans(), min_size=1, max_size=3),
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8
    ),
    differentiated=st.integers(0, 20),
)
def test_any_small_graph_has_its_roads(leaves, steps, differentiated):
    calls = (torch.add, torch.mul, torch.sub, torch.sin, torch.exp)
    values = [torch.tensor(0.1 * i + 0.3, requires_grad=on) for i, on in enumerate(leaves)]
    made = []
    with trace() as t:
        for which, *read_from in steps:
            inputs = [values[-1 - i % len(values)] for i in read_from]
            made.append(calls[which](*inputs[: 2 if which < 3 else 1]))
            values.append(made[-1])
    of = made[differentiated % len(made)]
    assert not wrong_roads(draw(t.graph(of=of) if of.requires_grad else t))
