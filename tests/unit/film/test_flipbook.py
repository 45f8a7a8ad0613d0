"""Figures behind a slider, and what stands there without a script."""

import base64
import json
import re
from io import BytesIO

import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageChops

from lesson_utils import flipbook


def figures(count):
    found = []
    for i in range(count):
        figure = Figure(figsize=(2, 1))
        figure.add_subplot().plot([0, i])
        found.append(figure)
    return found


def test_a_flipbook_falls_back_to_its_last_page_and_all_captions():
    book = flipbook(figures(3), ["first", "second", "<third>"])
    bundle = book._repr_mimebundle_()
    assert bundle["text/plain"] == repr(book) == "first\nsecond\n<third>"
    (image,) = re.findall(r"<img [^>]*>", bundle["text/html"])
    (data,) = re.findall(r'base64,([^"]*)"', image)
    assert base64.b64decode(data) == book.pages[-1] != book.pages[0]
    assert 'alt="&lt;third&gt;"' in image
    assert re.findall(r"<li>(.*?)</li>", bundle["text/html"]) == [
        "first",
        "second",
        "&lt;third&gt;",
    ]


def test_the_script_is_given_all_other_pages():
    book = flipbook(figures(3), ["a", "b", "c"], name="Epoch")
    data = json.loads(re.search(r'json">(.*?)</script>', book.html)[1])
    pages = [frame.get("page", "").partition("base64,")[2] for frame in data["frames"]]
    assert [base64.b64decode(page) for page in pages] == [*book.pages[:2], b""]
    assert re.findall(r"<li>(.*?)</li>", book.html) == ["a", "b", "c"]
    assert data["name"] == "Epoch" and data["code"] == []


def test_pages_keep_what_the_figure_shows():
    figure = figures(2)[1]
    plain = BytesIO()
    figure.savefig(plain, format="png", dpi=72)
    (page,) = flipbook([figure], ["one"]).pages
    before = Image.open(plain).convert("RGB")
    after = Image.open(BytesIO(page)).convert("RGB")
    assert before.size == after.size and len(page) < len(plain.getvalue())
    difference = ImageChops.difference(before, after)
    assert max(high for _, high in difference.getextrema()) < 48, (
        "of 255, and only at the edges of lines"
    )


def test_each_figure_needs_its_caption():
    with pytest.raises(ValueError, match=r"2 figures and 1 captions"):
        flipbook(figures(2), ["only one"])
    with pytest.raises(ValueError, match="at least one figure"):
        flipbook([], [])
