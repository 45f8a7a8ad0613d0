"""The chain rule in a picture: fractions, a line for each of many paths, the colour of arrows."""

import re
from xml.etree import ElementTree

import pytest
import torch

from lesson_utils import draw, trace
from lesson_utils.picture.formula import formula
from lesson_utils.picture.pieces import RED
from lesson_utils.words.chain_rule import chain_rules

SVG = "{http://www.w3.org/2000/svg}"


def chained(paths):
    w = torch.tensor(0.5, requires_grad=True)
    with trace() as t:
        y = w * 2.0
        for _ in range(paths - 1):
            y = y + w.sin()
    assert y.requires_grad
    return t.graph()


def read(graph, room=800.0):
    """The rule of a graph, its texts with their places, and its piece."""
    (rule,) = chain_rules(graph)
    piece = formula(rule, room)
    root = ElementTree.fromstring(f'<svg xmlns="{SVG[1:-1]}">{piece.draw(0, 0)}</svg>')
    texts = [
        (float(text.get("x")), float(text.get("y")), "".join(text.itertext()).strip(), text)
        for text in root.iter(f"{SVG}text")
    ]
    return rule, texts, root, piece


def test_a_derivative_is_a_fraction_with_its_bar_between():
    _, texts, root, _ = read(chained(1))
    (above, below) = [(y, text) for _, y, text, _ in texts if text.startswith("∂")][:2]
    bars = [it.get("d") for it in root.iter(f"{SVG}path") if it.get("stroke")]
    bar = float(re.match(r"M[\d.]+ ([\d.]+)h", bars[0])[1])
    assert above[1] == "∂y" and below[1] == "∂w" and above[0] < bar < below[0] - 8


@pytest.mark.parametrize("paths", [1, 2, 3, 4])
def test_all_of_the_rule_is_there_and_its_factors_have_the_colour_of_their_arrows(paths):
    rule, texts, root, _ = read(chained(paths))
    shown = "".join(text for _, _, text, _ in texts)
    written = re.sub(r"/(?=∂)", "", rule.text)
    assert sorted(shown.replace(" ", "")) == sorted(written.replace(" ", ""))
    factors = [part for side in rule.sides for part in side if part.use]
    found = [it for it in root.iter() if "factor" in (it.get("class") or "")]
    assert len(found) == len(factors) >= 2 * paths - 1
    for it in found:
        inside = [*it.iter(f"{SVG}text")]
        colours = {text.get("fill") for text in inside} or {it.get("fill", RED)}
        assert colours == {RED}


def test_more_than_two_paths_have_a_line_each_with_their_numbers_beside_them():
    _, texts, _, piece = read(chained(4), room=5000.0)
    lines = sorted({y for _, y, text, _ in texts if text.startswith("+")})
    assert len(lines) == 3
    for y in lines:
        beside = [text for _, at, text, _ in texts if at == y]
        assert len(beside) >= 2 and all(text.startswith(("+", "·", "=")) for text in beside)
    assert piece.height > 4 * 30


@pytest.mark.parametrize("room", [800.0, 200.0, 120.0])
def test_a_rule_keeps_to_its_room(room):
    *_, piece = read(chained(4), room)
    assert piece.width <= room


def test_the_picture_has_the_rules_of_every_parameter():
    w, v = (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))
    with trace() as t:
        y = w * v
    rules = draw(t).svg.count('class="factor use-0-')
    assert y.requires_grad and rules == 2, "∂y/∂w = 3 and ∂y/∂v = 2, neither said twice"
