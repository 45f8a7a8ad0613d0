"""A saved picture is an ordinary SVG: a program that is no browser draws the same."""

import io

import numpy as np
import pytest
import resvg_py
from lecture import neuron
from PIL import Image
from textbook import lstm, mlp, perceptron, softmax

from lesson_utils import draw, set_context

PICTURES = {
    "neuron": lambda: draw(neuron()),
    "what it keeps": lambda: draw(neuron(), saved=True),
    "perceptron": lambda: draw(perceptron()),
    "LSTM cell": lambda: draw(lstm()),
    "softmax with Jacobians": lambda: draw(softmax(), jacobians=True),
    "MLP with heat maps": lambda: draw(mlp(4, 4, 8, 1)),
}
FONT = "Liberation Sans"  # which stands in for Helvetica on Debian, in Chromium too


def pixels(png, size=None):
    image = Image.open(io.BytesIO(png)).convert("L")
    return np.asarray(image if size is None else image.resize(size), float)


def both(page, svg):
    """Grey pixels of a picture as Chromium and as resvg draw it."""
    page.set_content(f'<body style="margin:0;background:#fff">{svg}</body>')
    browser = pixels(page.locator("svg").screenshot())
    png = resvg_py.svg_to_bytes(
        svg_string=svg, background="#ffffff", font_family=FONT, sans_serif_family=FONT
    )
    return browser, pixels(bytes(png), browser.shape[::-1])


@pytest.mark.parametrize("name", PICTURES)
def test_chromium_and_resvg_draw_the_same(page, name):
    page.set_viewport_size({"width": 900, "height": 1600})
    browser, other = both(page, PICTURES[name]().svg)
    assert np.abs(browser - other).mean() < 4, "of 255; edges are smoothed differently"
    # Ink in tiles of the size of a word: none is missing, and none is there twice.
    for tile in range(0, browser.shape[0] - 12, 12):
        for left in range(0, browser.shape[1] - 40, 40):
            here = np.s_[tile : tile + 12, left : left + 40]
            ink = [255 - drawn[here].mean() for drawn in (browser, other)]
            assert abs(ink[0] - ink[1]) < 25, (name, left, tile, ink)


def test_each_part_of_a_line_of_text_has_a_place_of_its_own():
    svg = draw(neuron()).svg
    for text in svg.split("<text ")[1:]:
        spans = text.partition("</text>")[0].split("<tspan ")[1:]
        assert all(' x="' in span.partition(">")[0] for span in spans[1:])


def test_in_grey_and_on_slides_it_is_the_same_picture(page):
    """No two kinds of box differ in colour alone, and `talk` only enlarges."""
    small = draw(neuron())
    set_context("talk")
    try:
        large = draw(neuron())
    finally:
        set_context("notebook")
    assert large.svg.count("<rect") == small.svg.count("<rect")
    browser, other = both(page, large.svg)
    assert np.abs(browser - other).mean() < 4
