"""Pictures are dark on a dark page, as an image and inside of it, and can be read there."""

import io

import pytest
import torch
from lecture import neuron
from PIL import Image
from textbook import mlp, softmax

from lesson_utils import draw, kink, kink_table, play, trace
from lesson_utils.picture.page import inline
from lesson_utils.picture.page import page as as_file
from lesson_utils.picture.pieces import PAPER
from lesson_utils.picture.theme import DARK, SCHEME

CONTRASTS = """() => {
    const paint = document.createElement('canvas').getContext('2d');
    const light = (colour) => {
        paint.fillStyle = colour;
        paint.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3)
            .map(it => it / 255)
            .map(it => it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (text) => {  // what is painted last, of what was painted before, at its middle
        const box = text.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const shapes = [...text.closest('svg').querySelectorAll('rect,ellipse,path,text')];
        const before = shapes.slice(0, shapes.indexOf(text)).filter(it => {
            const at = it.getBoundingClientRect();
            const closed = it.tagName !== 'path' || /z$/i.test(it.getAttribute('d'));
            const painted = getComputedStyle(it).fill !== 'none' && !it.closest('[clip-path]');
            return closed && painted && it.tagName !== 'text'
                && at.x <= x && x <= at.right && at.y <= y && y <= at.bottom && at.width > 20;
        });
        return getComputedStyle(before.at(-1)).fill;
    };
    const found = [];
    for (const text of document.querySelectorAll('svg text')) {
        if (!text.textContent.trim()) continue;
        const both = [light(getComputedStyle(text).fill) + 0.05, light(behind(text)) + 0.05];
        found.push([Math.max(...both) / Math.min(...both), text.textContent]);
    }
    return found;
}"""


def opened(page, html, theme="", scheme="light"):
    """A page with one of JupyterLab's themes, or one that follows the reader's settings."""
    page.emulate_media(color_scheme=scheme)
    named = f' data-jp-theme-light="{theme}"'
    page.set_content(f"<body{named}>{html}</body>" if theme else as_file(html, "Pictures"))


def paper(page, selector):
    """The colour of a picture's paper, as it is painted."""
    shot = page.locator(selector).first.screenshot()
    red, green, blue = Image.open(io.BytesIO(shot)).convert("RGB").getpixel((12, 5))
    return f"#{red:02x}{green:02x}{blue:02x}"


@pytest.mark.parametrize(
    ("theme", "scheme", "colour"),
    [
        ("true", "dark", PAPER), ("false", "light", DARK[PAPER]),
        ("", "light", PAPER), ("", "dark", DARK[PAPER]),
    ],
)  # fmt: skip
def test_a_picture_follows_the_page(page, theme, scheme, colour):
    opened(page, draw(neuron()).html + kink(torch.abs).html + play(neuron()).html, theme, scheme)
    assert paper(page, ".lesson-picture svg") == colour
    assert paper(page, ".lesson-film svg") == colour
    assert paper(page, "img") == colour, "a plot stays an image"


@pytest.mark.parametrize("theme", ["true", "false"])
def test_every_text_stands_out_from_what_is_behind_it(page, theme):
    asked = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = asked * asked if asked > 1 else asked
    pictures = [draw(neuron(), saved=True), draw(softmax(), jacobians=True), draw(mlp(4, 4, 8, 1))]
    pictures += [draw(t), kink(torch.abs), kink_table({"abs": torch.abs, "sqrt": torch.sqrt})]
    opened(page, "".join(page_of(picture) for picture in pictures), theme)
    found = page.evaluate(CONTRASTS)
    assert y.requires_grad and len(found) > 100
    assert [text for ratio, text in found if ratio < 4.5] == []


def page_of(picture):
    return f'<div class="lesson-shown">{SCHEME}{inline(picture.svg)}</div>'


def test_a_saved_picture_is_the_same_everywhere():
    assert "light-dark" not in draw(neuron()).svg + kink(torch.abs).svg
