"""The picture: what it shows, that nothing breaks it, that it is the same each time."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lecture import neuron

from lesson_utils import draw, trace
from lesson_utils.graph import ComputationGraph, Operation, Use, Value
from lesson_utils.picture import layout
from lesson_utils.words import chain_rule as chainrule

GOLDEN = Path(__file__).parent / "golden"


def texts(svg):
    return [
        "".join(element.itertext()).replace("\xa0", " ").strip()
        for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_the_lectures_figure_has_every_number():
    shown = " ".join(texts(draw(neuron()).svg))
    for part in (
        "∂u/∂w = 3", "∂v/∂u = 1", "∂v/∂b = 1", "∂a/∂v = 1", "∂a/∂w = 3", "∂a/∂b = 1", "ReLU", "×",
        "∂a ∂w = ∂a ∂v · ∂v ∂u · ∂u ∂w = 1 · 1 · 3 = 3", "needs no gradient",
    ):  # fmt: skip
        assert part in shown


def test_the_words_of_the_lectures_graph_are_golden():
    path = GOLDEN / "neuron.txt"
    text = draw(neuron(), saved=True).text + "\n"
    if os.environ.get("LESSON_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_elements_keep_their_ids():
    svg = draw(neuron()).svg
    for mark in ("value-0", "operation-2", "forward-0-1", "backward-0-1"):
        assert f'id="{mark}"' in svg
    assert 'id="backward-0-0"' not in svg, "no arc to x, which needs no gradient"


def test_the_same_bytes_every_time_and_nothing_of_the_run():
    first, second = draw(neuron()).svg, draw(neuron()).svg
    assert first == second
    assert "<!--" not in first and "0x" not in first


def test_without_gradients_no_arc_and_no_formula():
    plain = draw(neuron(), gradients=False)
    assert "∂" not in plain.svg and "∂" not in plain.text


def test_scale_changes_the_size_on_screen_alone():
    small, large = draw(neuron()).svg, draw(neuron(), scale=2).svg
    width = [int(re.search(r'width="(\d+)"', svg)[1]) for svg in (small, large)]
    assert abs(width[1] - 2 * width[0]) <= 1
    assert re.search(r'viewBox="[^"]*"', small)[0] == re.search(r'viewBox="[^"]*"', large)[0]
    with pytest.raises(ValueError, match="scale"):
        draw(neuron(), scale=0)


def chain(length):
    z = torch.tensor(0.5, requires_grad=True)
    with trace() as t:
        y = z
        for _ in range(length):
            y = torch.sin(y)
    assert y.requires_grad
    return t


def wide_network():
    w1, w2, b1, b2, v1, v2, c = (torch.tensor(0.1 * i, requires_grad=True) for i in range(7))
    x = torch.tensor(2.0)
    with trace() as t:
        y = v1 * torch.tanh(w1 * x + b1) + v2 * torch.tanh(w2 * x + b2) + c
    assert y.requires_grad
    return t


@pytest.mark.parametrize("make", [neuron, wide_network, lambda: chain(60), lambda: chain(200)])
def test_pictures_fit_a_notebook_and_stay_legible(make):
    drawing = draw(make())
    width = float(re.search(r'width="(\d+)"', drawing.svg)[1])
    assert width <= 900
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', drawing.svg)]
    assert min(sizes) >= 11
    html = drawing._repr_mimebundle_()["text/html"]
    narrowest = float(re.search(r"max-width:100%;height:auto;min-width:(\d+)px", html)[1])
    assert 10.9 <= min(sizes) * narrowest / width <= 13, "it shrinks, but not beyond 11 px"
    assert 'style="overflow-x: auto"><img ' in html, "and scrolls from there on"


def test_every_use_of_a_leaf_has_its_own_arc_and_factor():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = (w * w + w) * torch.sin(w)
    drawing = draw(t)
    arcs = [i for i in re.findall(r'id="(backward-[\d-]+)"', drawing.svg)]
    assert len(arcs) == 7
    (rule,) = chainrule.chain_rules(t.graph())
    assert rule.text.count(" + ") >= 3 and "∂u/∂w₁" in rule.text and "∂u/∂w₂" in rule.text
    assert y.requires_grad


@settings(max_examples=40, deadline=None, derandomize=True)
@given(name=st.text(min_size=1, max_size=12))
def test_any_name_is_shown_as_it_is(name):
    values = (
        Value(0, name, "parameter", (), "float32", True, 1.0, 2.0),
        Value(1, "y", "output", (), "float32", True, 2.0, 1.0),
    )
    use = Use(0, 2.0, 2.0, jacobian_shape=(), flowed=True)
    op = Operation(0, name, (use,), (1,), "MulBackward0")
    drawing = draw(ComputationGraph(values, (op,), of=1))
    seen = " ".join(texts(drawing.svg))
    printable = re.sub(r"[\x00-\x1f\x7f-\xa0\ud800-\udfff\ufffe\uffff]", " ", name)
    for part in printable.split():
        assert part in seen
    parser = Elements()
    parser.feed(drawing._repr_mimebundle_()["text/html"])
    assert parser.tags == ["div", "div", "img", "style", "script", "script"]
    told = json.loads(parser.texts[1])
    assert [said[0] for said in told["values"].values()] == [f"{name} = 1", "y = 2"]


class Elements(HTMLParser):
    """The elements of a piece of a page, in order, and the texts in them."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("name", ["α₁", "a<b", "a&b", 'say "w"', "it's", "🙂", "a\\nb", "w_1"])
def test_the_names_that_break_others(name):
    values = (Value(0, name, "input", (), "float32", False, 1.0),)
    drawing = draw(ComputationGraph((*values, Value(1, "y", "output", (), "float32", False, 1.0)),
        (Operation(0, "exp", (Use(0),), (1,)),)))  # fmt: skip
    assert any(name in text for text in texts(drawing.svg))


def test_wrong_input_is_named():
    with pytest.raises(TypeError, match=r"draw\(\) takes a trace or its graph, not int"):
        draw(3)


def test_without_a_layout_program_the_words_stand_in(monkeypatch):
    monkeypatch.setattr(layout, "find_program", lambda: None)
    drawing = draw(neuron())
    bundle = drawing._repr_mimebundle_()
    assert "pip install graphviz-pure" in bundle["text/plain"]
    assert "∂a/∂w = 3" in bundle["text/html"] and "<img" not in bundle["text/html"]
    with pytest.raises(layout.NoLayoutProgram, match="pip install"):
        _ = drawing.svg


def test_saving(tmp_path):
    drawing = draw(neuron())
    drawing.save(tmp_path / "neuron.svg")
    assert (tmp_path / "neuron.svg").read_text(encoding="utf-8") == drawing.svg
    drawing.save(tmp_path / "neuron.dot")
    assert "digraph" in (tmp_path / "neuron.dot").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"\.svg"):
        drawing.save(tmp_path / "neuron.png")


def test_kept_and_freed_differ_in_more_than_colour():
    t = neuron()
    assert "● keeps a [1], 4 bytes" in " ".join(texts(draw(t, saved=True).svg))
    w = torch.tensor([2.0], requires_grad=True)
    with trace() as t_freed:
        a = torch.relu(w + 1)
    torch.autograd.grad(a, w)
    shown = " ".join(texts(draw(t_freed, saved=True).svg))
    assert "○" in shown and "freed" in shown and "keeps nothing" in shown
