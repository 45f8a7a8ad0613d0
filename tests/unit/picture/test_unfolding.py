"""Folded networks: framed modules, pictures that can be read, and what a page holds of them."""

import base64
import json
import re
import zlib
from itertools import combinations, pairwise

import pytest
import torch
from networks import encoder, resnet
from reading import overlap, read

from lesson_utils import draw, play, trace
from lesson_utils.graph import folded
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.page import spoken_elsewhere
from lesson_utils.picture.theme import themed
from lesson_utils.picture.unfolding import BYTES, HINT
from lesson_utils.words.look import Look

TOO_MUCH = "What is in the other modules is too much for this page: draw(…, depth=2) shows it."


@pytest.fixture(scope="module")
def residual():
    return resnet()


@pytest.fixture(scope="module")
def attentive():
    return encoder()


def known(html):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html)[1])


def unpacked(picture):
    return json.loads(zlib.decompress(base64.b64decode(picture)))


def size(svg):
    return [float(n) for n in re.search(r'width="(\d+)" height="(\d+)"', svg).groups()]


def smallest(svg):
    """Pixels on screen of the smallest text."""
    drawn = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    return min(map(float, re.findall(r'font-size="([\d.]+)"', svg))) * size(svg)[0] / drawn


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("name", ["residual", "attentive"])
def test_networks_are_read_at_each_depth(name, depth, request):
    drawing = draw(request.getfixturevalue(name), depth=depth)
    width, height = size(drawing.svg)
    assert width <= 836 and height <= 4000
    assert smallest(drawing.svg) >= 10.95
    for panel in read(drawing.svg):
        for one, other in combinations([box.rect for box in panel.boxes], 2):
            assert not overlap(one, other)


def test_each_block_of_a_large_network_is_a_panel_with_its_name(residual):
    drawing = draw(residual, depth=2)
    names = [f"model.{i}" for i in range(3, 11)]
    assert [opened.name for opened in drawing.graph.opened] == names
    assert len(drawing.arrangement.layouts) == 10, "what comes first, each block, what comes last"
    words = re.findall(r'<tspan class="(?:name|symbol)"[^>]*>([^<]*)', drawing.svg)
    assert words.count("conv1") == 8 and "model.3.conv1" not in words
    assert [word for word in words if word in names] == names
    assert "fold-" not in drawing.svg, "nothing looks as if it could be folded"


def test_parameters_of_an_unfolded_module_are_in_its_frame():
    path = ["model", "model.layers", "model.layers.0", "model.layers.0.linear1"]
    graph = folded(encoder(layers=1, width=4), 0, path)
    drawing = Drawing(graph, Look(width=860.0))  # in one part
    rect = r'"><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"'
    frames = re.findall(f'class="frame{rect}', drawing.svg)
    weight = drawing.graph["model.layers.0.linear1.weight"].id
    boxes = [*frames, *re.findall(f'id="value-{weight}" class="[^"]*{rect}', drawing.svg)]
    assert len(boxes) == 5
    for one, other in pairwise(boxes):
        (x, y, w, h), (left, top, wide, high) = map(float, one), map(float, other)
        assert x < left and y < top and left + wide < x + w and top + high < y + h


def test_a_page_holds_a_picture_of_each_module_that_opens(residual):
    html = draw(residual, depth=1).html
    assert len(html) <= BYTES
    data = known(html)
    assert data["hint"] == HINT
    base = draw(residual, depth=1).graph
    modules = [op.id for op in base.operations if op.folds]
    assert sorted(map(int, data["ways"][0]["opens"])) == modules
    assert len(data["ways"]) == len(data["pictures"]) + 1
    for op, number in data["ways"][0]["opens"].items():
        name = base.operations[int(op)].name
        picture, ways = unpacked(data["pictures"][number - 1]), data["ways"][number]
        alone = folded(residual, 1, [name])
        assert picture["svg"] == spoken_elsewhere(themed(draw(alone).svg))
        assert picture["words"] == draw(alone).text
        assert len(picture["ops"]) == len(alone.operations)
        assert ways["chain"] == [0, number] and list(ways["folds"].values()) == [0]
        assert f'id="fold-{next(iter(ways["folds"]))}"' in picture["svg"]


def test_a_run_opens_to_its_modules_and_they_open_too(attentive):
    data = known(draw(attentive, depth=2).html)
    (run,) = data["ways"][0]["opens"].values()
    four = data["ways"][run]["opens"]
    assert len(four) == 4
    for number in four.values():
        assert data["ways"][number]["chain"] == [0, run, number]
        back = [to for to in data["ways"][number]["opens"].values() if to in four.values()]
        assert len(back) == 3, "its neighbours open in its place"


def test_what_a_page_cannot_hold_is_told(residual, attentive, monkeypatch):
    html = draw(residual, depth=1).html
    monkeypatch.setattr("lesson_utils.picture.unfolding.STEPS", 20)
    short = known(draw(residual, depth=1).html)
    assert len(short["pictures"]) == 1 and len(short["ways"][0]["opens"]) == 1
    assert short["hint"] == f"{HINT} {TOO_MUCH}"
    monkeypatch.setattr("lesson_utils.picture.unfolding.STEPS", 800)
    monkeypatch.setattr("lesson_utils.picture.unfolding.BYTES", 90_000)
    assert len(known(draw(residual, depth=1).html)["pictures"]) < len(known(html)["pictures"])
    assert known(draw(residual, depth=2).html)["hint"] == (
        "What is in modules is too much for this page: draw(…, depth=3) shows it."
    )
    assert known(draw(attentive, depth=3).html)["hint"] == (
        "draw(…) without a depth shows every parameter."
    )


def test_a_graph_without_modules_holds_one_picture():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = w * w
    assert y.requires_grad
    assert draw(t, depth=1).html == draw(t).html


def test_the_same_bytes_each_time(attentive):
    assert draw(attentive, depth=2).html == draw(attentive, depth=2).html


def test_a_film_of_a_folded_network_has_a_step_for_each_module(attentive):
    told = play(attentive, depth=2).text.split("\n")
    assert told[0].endswith("The parameters are in the modules.")
    assert told[1] == "1. model.layers.0–3 × 4: out = model.layers.0–3(x), of shape [2, 5, 16]."
    assert told[-2] == "7. model.layers.0–3 × 4: the parameters in it receive their gradients."
    with pytest.raises(ValueError, match="depth must be 0 or more"):
        play(attentive, depth=-1)
