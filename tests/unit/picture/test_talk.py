"""After `set_context("talk")` pictures can be read from the last row."""

import re

import pytest
from lecture import neuron
from reading import read
from textbook import batch_norm, lstm, mlp, perceptron, softmax, woven

from lesson_utils import draw, play, set_context


@pytest.fixture(autouse=True)
def talk():
    set_context("talk")
    yield
    set_context("notebook")


def smallest(svg):
    """Pixels of the smallest text on screen, and the width of the picture."""
    width, drawn = re.search(r'width="(\d+)".* viewBox="0 0 ([\d.]+)', svg).groups()
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', svg)]
    return min(sizes) * int(width) / float(drawn), int(width)


@pytest.mark.parametrize(
    "make", [lambda: neuron().graph(), woven, softmax, lambda: mlp(4, 3, 4, 1)]
)
def test_up_to_eight_operations_fit_a_projector_with_no_text_under_18_pixels(make):
    drawing = draw(make())
    size, width = smallest(drawing.svg)
    assert len(drawing.graph.operations) <= 8 and len(read(drawing.svg)) == 1
    assert size > 17.9 and width <= 1150


@pytest.mark.parametrize("make", [perceptron, batch_norm, lstm])
def test_larger_ones_scroll_rather_than_shrink(make):
    for html, svg in [(draw(make()).html, draw(make()).svg), (play(make()).html, draw(make()).svg)]:
        least = float(re.search(r"height:auto;min-width:(\d+)px", html)[1])
        size, width = smallest(svg)
        assert size * least / width > 17.9, "the page does not shrink it further"
        assert "overflow-x: auto" in html, "and what does not fit can be scrolled to"
