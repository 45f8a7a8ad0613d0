"""Two graphs beside each other: what is shown, that it fits, that it is the same each time."""

import re

import pytest
import torch

from lesson_utils import draw, side_by_side, trace
from lesson_utils.picture import layout


def neuron(number):
    x, b = torch.tensor([number]), torch.tensor([1.0], requires_grad=True)
    w = torch.tensor([2.0], requires_grad=True)
    with trace() as t:
        a = torch.relu(x * w + b)
    assert a.requires_grad
    return t


def shown(gallery):
    return gallery._repr_mimebundle_()


def test_each_graph_has_its_title_its_picture_and_its_words():
    t, other = neuron(3.0), neuron(-3.0)
    bundle = shown(side_by_side({"x = 3": t, "x < 0": other}))
    html, words = bundle["text/html"], bundle["text/plain"]
    assert html.count("<img") == html.count("alt=") == 2
    assert "<b>x = 3</b>" in html and "<b>x &lt; 0</b>" in html
    assert words == f"x = 3:\n{draw(t).text}\n\nx < 0:\n{draw(other).text}"
    assert "ReLU(v) gives a = 7" in html and "ReLU(v) gives a = 0" in html


def width(drawing):
    return float(re.search(r'width="(\d+)"', drawing.svg)[1])


@pytest.mark.parametrize("count", [2, 3])
def test_graphs_that_are_rows_alone_are_so_together_everything_in_the_same_place(count):
    graphs = {f"graph {i}": neuron(float(i + 2)) for i in range(count)}
    drawings = side_by_side(graphs, saved=True).drawings
    alone = [draw(t, saved=True).svg for t in graphs.values()]
    assert [drawing.svg for drawing in drawings.values()] == alone
    places = {tuple(re.findall(r'<rect x="[^"]*" y="[^"]*"', svg)) for svg in alone}
    assert len(places) == 1, "what differs is in the same place"


def batch():
    x, w = torch.ones(4, 3), torch.ones(3, 2, requires_grad=True)
    with trace() as t:
        hidden = (x @ w + 1.0).tanh()
        loss = (hidden * hidden).sum()
    assert loss.requires_grad
    return t


@pytest.mark.parametrize("count", [2, 3])
def test_other_pictures_fit_in_one_row_of_a_notebook(count):
    gallery = side_by_side({f"graph {i}": batch() for i in range(count)}, saved=True)
    assert sum(map(width, gallery.drawings.values())) + 10 * count <= 836


def test_saved_tensors_and_gradients_are_shown_as_asked():
    both = {"one": neuron(3.0), "two": neuron(1.0)}
    plain = shown(side_by_side(both, gradients=False, saved=True))["text/plain"]
    assert plain.count("keeps for backward") == 4 and "∂" not in plain


def test_a_graph_taken_earlier_stands_beside_the_same_one_later():
    t = neuron(3.0)
    before = t.graph()
    for call in t._recorder.calls:
        for saved in call.saved:
            saved.now = lambda: None
    words = shown(side_by_side({"before": before, "now": t}, saved=True))["text/plain"]
    assert words.count(", kept") == words.count(", freed") == 2


def test_the_same_bytes_every_time():
    first, second = (side_by_side({"a": neuron(3.0), "b": neuron(1.0)}) for _ in range(2))
    assert shown(first) == shown(second)


def test_without_a_layout_program_the_words_stand_in(monkeypatch):
    monkeypatch.setattr(layout, "find_program", lambda: None)
    html = shown(side_by_side({"a": neuron(3.0), "b": neuron(1.0)}))["text/html"]
    assert "<img" not in html and html.count("ReLU(v) gives a") == 2


def test_wrong_input_is_named():
    t = neuron(3.0)
    with pytest.raises(TypeError, match="titles with their graphs, not trace"):
        side_by_side(t)
    with pytest.raises(TypeError, match="a trace or its graph, not int"):
        side_by_side({"a": t, "b": 3})
    with pytest.raises(ValueError, match="two or three graphs, not 1"):
        side_by_side({"a": t})
