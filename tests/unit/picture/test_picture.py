"""How the picture is laid out: nothing runs through anything, nothing is lost."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
import torch
from lecture import neuron
from surveying import SVG, boxes, overlap, panels, ways_back
from torch import nn

from lesson_utils import draw, trace
from lesson_utils.picture.drawing import Drawing
from lesson_utils.words.look import Look


def leaf(number):
    return torch.tensor(number, requires_grad=True)


def four_arcs():
    w = leaf(2.0)
    with trace() as t:
        y = (w * w + w) * torch.sin(w)
    assert y.requires_grad
    return t


def perceptron():
    w1, w2, b1, b2, v1, v2, c = map(leaf, (0.5, -0.3, 0.1, 0.2, 0.7, -0.4, 0.6))
    x = torch.tensor(2.0)
    with trace() as t:
        y = v1 * torch.tanh(w1 * x + b1) + v2 * torch.tanh(w2 * x + b2) + c
    assert y.requires_grad
    return t


def chain(length):
    x = leaf(0.5)
    with trace() as t:
        y = x
        for _ in range(length // 3):
            y = torch.sin(y) * 1.1 + 0.1
    assert y.requires_grad
    return t


def matrices():
    layer, x = nn.Linear(2, 3), torch.ones(4, 2)
    with trace() as t:
        loss = nn.functional.mse_loss(layer(x), torch.zeros(4, 3))
    assert loss.requires_grad
    return t


JUDGED = [neuron, four_arcs, perceptron, lambda: chain(60), matrices]
NAMES = ["neuron", "four arcs", "perceptron", "chain of 60", "matrices"]


@pytest.mark.parametrize("make", JUDGED, ids=NAMES)
def test_no_arc_runs_through_a_box_and_no_label_is_buried(make):
    for panel in panels(draw(make()).svg):
        around, ways = boxes(panel), list(ways_back(panel))
        assert ways
        for name, points, label in ways:
            for value, (left, top, right, bottom) in around.items():
                within = [
                    p for p in points if left + 2 < p[0] < right - 2 and top + 2 < p[1] < bottom - 2
                ]
                assert not within, f"{name} runs through {value}"
                assert not overlap(label, (left, top, right, bottom)), f"{name}'s label on {value}"
        for (name, _, label), (other, _, second) in combinations(ways, 2):
            assert not overlap(label, second), f"the labels of {name} and {other} overlap"
        for (name, points, _), (other, _, label) in ((a, b) for a in ways for b in ways):
            on_it = [p for p in points if overlap((*p, *p), label)]
            assert not on_it, f"{name} crosses the label of {other}"


@pytest.mark.parametrize("make", [*JUDGED, lambda: chain(501)], ids=[*NAMES, "chain of 501"])
def test_pictures_fit_beside_the_prompt_of_a_notebook(make):
    assert float(re.search(r'width="(\d+)"', draw(make()).svg)[1]) <= 836


@pytest.mark.parametrize("make", JUDGED, ids=NAMES)
def test_every_id_is_there_once_and_all_operations_are_drawn(make):
    t = make()
    svg = draw(t).svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    graph = t.graph()
    for op in graph.operations:
        assert f"operation-{op.id}" in ids
    for value in graph.values:
        assert value.role == "constant" or f"value-{value.id}" in ids


def test_the_neuron_runs_from_left_to_right_and_the_perceptron_down():
    assert "rankdir=LR" in draw(neuron()).source
    assert "rankdir=TB" in draw(perceptron()).source


def test_other_digits_keep_their_places():
    def plan(number):
        w, b = leaf(number), leaf(0.5)
        with trace() as t:
            y = torch.sigmoid(w * b)
        assert y.requires_grad
        return draw(t).arrangement.plan

    assert plan(1.25) == plan(1.26)


def test_boxes_come_in_few_widths():
    found = ElementTree.fromstring(draw(neuron()).svg)
    widths = {
        group.get("id"): float(group.find(f"{SVG}rect").get("width"))
        for group in found.iter(f"{SVG}g")
        if group.get("class", "").startswith("value ") and "output" not in group.get("class")
    }
    assert all(width % 12 == 0 for width in widths.values())
    assert widths["value-1"] == widths["value-3"], "w = 2 and b = 1"


def test_a_value_that_crosses_panels_appears_again_small():
    drawing = draw(chain(60))
    assert drawing.arrangement.plan.count("digraph") > 1
    assert 'class="value value-' in drawing.svg and "-again-1" in drawing.svg


def test_a_copy_says_from_which_part_it_comes_and_a_note_explains_the_sign():
    w = torch.tensor(0.5, requires_grad=True)
    with trace() as t:
        h = first = torch.sin(w)
        for _ in range(44):
            h = torch.sin(h)
        a = h * first
    assert a.requires_grad
    drawing = draw(t)
    found = panels(drawing.svg)
    makers = {
        value: part
        for part, panel in enumerate(found, 1)
        for value in boxes(panel)
        if "again" not in value
    }
    copies = 0
    for part, panel in enumerate(found, 1):
        for group in panel.iter(f"{SVG}g"):
            if "-again-" not in group.get("id", ""):
                continue
            copies += 1
            home = makers[group.get("id").partition("-again")[0]]
            assert home < part
            assert "".join(group.find(f"{SVG}text[last()]").itertext()) == f"▸ from part {home}"
            assert group.find(f"{SVG}title").text.endswith(f" ▸ from part {home}")
    assert copies >= len(found) - 1
    words = re.sub("<[^>]*>", " ", drawing.svg)
    said = f"The graph is cut into {len(found)} parts."
    assert (
        words.count(said) == 1
        and said in drawing.svg.partition('aria-label="')[2].partition('"')[0]
    )
    assert all(f"part {part}" in words for part in range(1, len(found) + 1))


def test_a_leaf_with_many_uses_is_drawn_at_each():
    w = leaf(0.9)
    with trace() as t:
        y = w
        for _ in range(8):
            y = torch.sin(y) * w
    svg = draw(t).svg
    assert len(re.findall(r'id="value-0(?:-again-\d+)?"', svg)) == 9
    assert y.requires_grad


def test_leaves_operations_and_results_differ_in_shape():
    svg = draw(neuron()).svg

    def first_rect(mark):
        return re.search(rf'<g id="{mark}"[^>]*><rect[^>]*>', svg)[0]

    radius = {mark: float(re.search(r'rx="([\d.]+)"', first_rect(mark))[1])
              for mark in ("value-1", "value-2", "operation-0")}  # fmt: skip
    assert radius["value-1"] > 15 and radius["value-2"] < 5 and radius["operation-0"] == 14
    assert "stroke-dasharray" in first_rect("value-0"), "x needs no gradient and looks it"
    assert "stroke-dasharray" not in first_rect("value-1")


def test_a_branch_is_a_question_with_its_answer_and_line():
    z = leaf(-1.0)
    with trace() as t:
        a = z * 2
        if a > 0:
            a = a * 3
    svg = draw(t).svg
    assert 'id="branch-0"' in svg and re.search(r"a &gt; 0\?", svg) and "False, line" in svg


def test_an_empty_block_says_so():
    with trace() as t:
        pass
    drawing = draw(t)
    assert "An empty graph: nothing was computed in this block." in drawing.svg
    assert drawing.text == "An empty graph: nothing was computed in this block."


def test_large_tensors_are_heat_maps_with_their_extremes():
    with trace() as t:
        s = torch.arange(4096.0).reshape(64, 64).requires_grad_().sum()
    svg = draw(t).svg
    assert "max 4095" in svg and "4094" not in svg.replace("4095", "")
    assert svg.count("<rect") > 256
    assert s.requires_grad


def test_constants_stand_beside_the_symbol_in_their_order():
    x = leaf(2.0)
    with trace() as t:
        y = 1 - x
        z = y * 3
    seen = [" ".join("".join(element.itertext()).split()) for element in
            ElementTree.fromstring(draw(t).svg).iter(f"{SVG}text")]  # fmt: skip
    assert "1 −" in seen, "in the order of the code"
    assert "× 3" in seen
    assert z.requires_grad


def test_text_on_the_picture_survives_in_a_dark_page():
    assert re.search(r'<rect class="paper"[^>]*fill="#fdfdfb"', draw(neuron()).svg)


@pytest.mark.parametrize("width", [860, 300], ids=["beside", "below"])
def test_the_arrow_of_a_question_points_at_its_diamond(width):
    x, w = leaf(3.0), leaf(2.0)
    with trace() as t:
        z = x * w
        if z > 0:
            y = z * 2
    drawing = Drawing(t.graph(of=y), Look(width=width))
    root = ElementTree.fromstring(drawing.svg)
    road = next(g for g in root.iter(f"{SVG}g") if g.get("id") == "branch-0-road")
    mark = next(g for g in root.iter(f"{SVG}g") if g.get("id") == "branch-0")
    tip = [float(number) for number in re.findall(r"[-\d.]+", road[1].get("d"))[:2]]
    left, middle, side = [float(n) for n in re.findall(r"[-\d.]+", mark[0].get("d"))[:3]]
    assert abs(tip[0] - (left + side)) < side + 4 and abs(tip[1] - middle) < side + 4
