"""One way to show: words, HTML and files of everything that shows itself."""

import re

import matplotlib.figure
import pytest
import torch
from lecture import neuron

import lesson_utils
from lesson_utils import draw, explore, flipbook, kink, kink_table, play, set_context, side_by_side

SHOWN = {
    "trace": neuron,
    "draw": lambda: draw(neuron()),
    "side_by_side": lambda: side_by_side({"one": neuron(), "two": neuron()}),
    "play": lambda: play(neuron()),
    "explore": lambda: explore(lambda x: x * x, x=3.0),
    "flipbook": lambda: flipbook([matplotlib.figure.Figure()], ["the only page"]),
    "kink": lambda: kink(torch.abs),
    "kink_table": lambda: kink_table({"abs": torch.abs}),
}


@pytest.mark.parametrize("name", SHOWN)
def test_its_repr_is_its_words_and_the_page_has_them(name):
    it = SHOWN[name]()
    assert repr(it) == str(it) == it.text and "0x" not in it.text
    bundle = it._repr_mimebundle_()
    assert bundle["text/plain"] == it.text
    assert "text/html" in bundle or "image/png" in bundle


@pytest.mark.parametrize("name", SHOWN)
def test_it_saves_itself_by_suffix_and_names_the_suffixes_it_knows(name, tmp_path):
    it = SHOWN[name]()
    it.save(tmp_path / "it.html")
    assert it.html in (tmp_path / "it.html").read_text(encoding="utf-8")
    it.save(str(tmp_path / "it.txt"))
    assert (tmp_path / "it.txt").read_text(encoding="utf-8") == it.text
    with pytest.raises(ValueError, match=r"'it\.pdf': its name must end in .*\.txt"):
        it.save(tmp_path / "it.pdf")


@pytest.mark.parametrize("name", ["trace", "draw", "kink", "kink_table"])
def test_a_picture_saves_as_svg(name, tmp_path):
    it = SHOWN[name]()
    it.save(tmp_path / "it.svg")
    assert (tmp_path / "it.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_a_trace_that_records_is_short_and_asks_nothing():
    with lesson_utils.trace() as t:
        torch.ones(1) * 2
        said = repr(t)
    assert said == "<trace of 1 operations>" and repr(t).startswith("Computation graph")


def width(drawing):
    return float(re.search(r' width="([\d.]+)"', drawing.svg)[1])


def test_a_room_has_one_setting_and_a_call_may_say_otherwise():
    t = neuron()
    usual = width(draw(t))
    try:
        set_context("talk")
        assert width(draw(t)) == width(play(t).film.drawing) == pytest.approx(1150, abs=1)
        assert 1.38 * usual < 1150 < 1.5 * usual, "all of a projector's width"
        pair = side_by_side({"a": t, "b": t}).drawings.values()
        assert max(map(width, pair)) <= 1150 and all(drawing.look.scale == 1.5 for drawing in pair)
        assert 'width="1254"' in kink(torch.abs).svg
        assert width(draw(t, scale=1.0)) == usual
        inside = explore(lambda x: x * x, x=3.0).drawing
        assert inside.look.scale == 1.5
    finally:
        set_context("notebook")
    assert width(draw(t)) == usual and width(play(t, scale=2).film.drawing) > 1.9 * usual
    with pytest.raises(ValueError, match="'notebook' or 'talk', not 'cinema'"):
        set_context("cinema")


def test_jacobians_reach_every_form():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with lesson_utils.trace() as t:
        s = (torch.tensor([[1.0, 2.0], [0.0, 3.0]]) @ x).sum()
    assert s.requires_grad
    for it in (
        draw(t, jacobians=True),
        *side_by_side({"a": t, "b": t}, jacobians=True).drawings.values(),
    ):
        assert "[[1, 2], [0, 3]]" in it.text
        assert re.search(r"∂u/∂x =\s+\[1, 2\]\s+\[0, 3\]", it.source)
        assert it.svg.count("2×2") == 1
    assert "2×2 Jacobian" in draw(t).source and "2×2 Jacobian" in draw(t).svg


@pytest.mark.parametrize("scale", ["2", 0, -1, 1e9, float("nan"), None])
def test_a_scale_is_a_number_that_can_be_seen(scale):
    if scale is None:
        assert draw(neuron(), scale=None).look.scale == 1
        return
    with pytest.raises(ValueError, match=r"scale must be a number from 0\.1 to 10, not"):
        draw(neuron(), scale=scale)
    with pytest.raises(ValueError, match="notebook"):
        set_context(["talk"])
