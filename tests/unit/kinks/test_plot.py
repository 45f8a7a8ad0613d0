"""How kinks are drawn: complete, within the paper, and the same in words."""

import base64
import html
import math
import re
from xml.etree import ElementTree

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lesson_utils import atlas, kink
from lesson_utils.kinks.axes import ticks
from lesson_utils.kinks.plot import svg
from lesson_utils.kinks.table import verdict
from lesson_utils.picture.pieces import text_width

SVG = "{http://www.w3.org/2000/svg}"
FUNCTIONS = {
    "relu": (F.relu, 0.0), "abs": (torch.abs, 0.0), "sqrt": (torch.sqrt, 0.0),
    "log": (torch.log, 0.0), "undefined": (torch.log, -5.0), "jump": (torch.sign, 0.0),
    "reciprocal": (torch.reciprocal, 0.0), "nan": (lambda x: torch.sqrt(x * x), 0.0),
    "identity": (lambda x: F.relu(x) - F.relu(-x), 0.0), "random": (torch.rand_like, 0.0),
    "far": (torch.sin, 1e6), "huge": (lambda x: 1e30 * x.abs(), 0.0), "steep": (torch.exp, 80.0),
    "constant": (lambda x: 0 * x, 0.0),
}  # fmt: skip


def drawn(source):
    return ElementTree.fromstring(source)


def has(root, look):
    return [each for each in root.iter() if look in each.get("class", "").split()]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_text_lies_on_the_paper_and_apart_from_others(name):
    root = drawn(svg(kink(*FUNCTIONS[name])))
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = []
    for text in root.iter(f"{SVG}text"):
        words, size = "".join(text.itertext()), float(text.get("font-size"))
        x, y = float(text.get("x")), float(text.get("y"))
        wide = text_width(words, size)
        x -= {"end": wide, "middle": wide / 2}.get(text.get("text-anchor"), 0)
        assert x >= 0 and x + wide <= width and 0 < y < height, words
        if not words.startswith("PyTorch:"):  # stands in the plot, on a halo
            boxes.append((x, y - 0.7 * size, x + wide, y, words))
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1]
            assert apart or other[3] <= one[1], (one[4], other[4])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_picture_carries_its_words(name):
    k = kink(*FUNCTIONS[name])
    bundle = k._repr_mimebundle_()
    assert bundle["text/plain"] == k.text
    assert html.unescape(re.search(r'alt="(.*?)"', bundle["text/html"], re.S)[1]) == k.text
    data = re.search(r"base64,([^\"]*)", bundle["text/html"])[1]
    assert drawn(base64.b64decode(data)).get("aria-label").split() == k.text.split()


def test_marks_stand_where_their_numbers_are():
    root = drawn(svg(kink(F.relu)))
    left, right = (float(each.get("cy")) for each in has(root, "slope") if each.get("cy"))
    (choice,) = has(root, "choice")
    assert float(choice[0].get("cy")) == left  # PyTorch answers 0, as the slope from the left
    assert left > right  # upwards is less in SVG
    (zero,) = (
        float(each.get("x"))
        for each in root.iter(f"{SVG}text")
        if each.text == "0" and each.get("text-anchor") == "middle" and float(each.get("x")) > 430
    )
    marks = [each for each in [*root.iter(f"{SVG}circle")] if float(each.get("cx")) > 430]
    assert {float(each.get("cx")) for each in marks} == {zero}
    (bar,) = has(root, "interval")
    ends = sorted(map(float, re.findall(r"[\d.]+", bar.get("d"))[1:]))
    assert ends == [right, left]
    half = drawn(svg(kink(lambda x: (x + x.abs()) / 2)))
    assert float(has(half, "choice")[0][0].get("cy")) == pytest.approx((left + right) / 2, abs=0.1)


@pytest.mark.parametrize("name, mark", [("nan", "l12 12"), ("sqrt", "V"), ("abs", None)])
def test_inf_is_an_arrow_and_nan_a_cross(name, mark):
    (choice,) = has(drawn(svg(kink(*FUNCTIONS[name]))), "choice")
    path = choice[0].get("d")
    assert path is None if mark is None else mark in path


def test_there_is_no_fan_without_an_interval():
    assert len(has(drawn(svg(kink(F.relu))), "fan")) == 2
    assert not has(drawn(svg(kink(torch.sqrt))), "fan")


@settings(deadline=None)
@given(low=st.floats(-1e6, 1e6), wide=st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low, wide):
    found = ticks(low, low + wide)
    assert 2 <= len(found) <= 7
    slack = 1e-9 * (abs(low) + wide)
    assert low - slack <= found[0] and found[-1] <= low + wide + slack


def test_an_atlas_is_a_table_in_words_and_a_picture():
    table = atlas({"relu": F.relu, "log at -1": kink(torch.log, -1.0), "root": torch.sqrt})
    assert table.text == (
        "function   left  right  PyTorch  rule\n"
        "relu          0      1        0  keeps rule 2\n"
        "log at -1  none   none       -1  rule 5\n"
        "root       none    inf      inf  keeps rule 4"
    )
    assert repr(table) == table.text
    root = drawn(table.svg)
    texts = ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]
    for word in table.text.replace("keeps rule", "keepsrule").split():
        assert word.replace("keepsrule", "keeps rule") in " ".join(texts)
    assert len(has(root, "choice")) == 3


def test_long_names_and_verdicts_stay_on_the_paper():
    def wordy(x):
        steep = torch.where(x > 0, 1234.567 * x, 7654.321 * x + x * x)
        return steep + 0 * torch.sqrt(x * x)

    table = atlas({"m" * 200: wordy})
    assert "rule 4 asks for 7654.32 or 1234.57" in table.text
    root = drawn(table.svg)
    for text in root.iter(f"{SVG}text"):
        words, size = "".join(text.itertext()), float(text.get("font-size"))
        assert float(text.get("x")) + text_width(words, size) <= float(root.get("width"))
        assert len(words) < 60


@pytest.mark.parametrize(
    "fn, words",
    [
        (F.relu, "keeps rule 2"),
        (lambda x: F.leaky_relu(x, -0.5), "departs: rule 2 asks for 0"),
        (lambda x: torch.where(x >= 0, x, 0.0), "2 operations; in all, rule 2 asks for 0"),
        (lambda x: torch.minimum(x, 0 * x), "2 operations; in all, rule 3 asks for 0"),
        (lambda x: torch.maximum(x, torch.zeros(1)), "2 inputs; in all, rule 2 asks for 0"),
        (torch.rand_like, "rule 6"),
        (lambda x: torch.bernoulli(x + 0.5), "2 operations; in all, rule 6 refuses"),
        (torch.log, "keeps rule 4"),
    ],
)
def test_verdicts(fn, words):
    assert verdict(kink(fn)) == words


def test_an_atlas_says_what_it_takes():
    with pytest.raises(TypeError, match="names and functions, not function"):
        atlas(F.relu)
    with pytest.raises(ValueError, match="at least one"):
        atlas({})
    assert math.isclose(atlas({"abs": torch.abs}, at=2.0).kinks[0][1].left, 1)
