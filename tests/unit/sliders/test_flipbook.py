"""Figures behind a slider, and what stands there without widgets."""

import base64

import ipywidgets
import pytest
from matplotlib.figure import Figure

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
    assert base64.b64decode(bundle["image/png"]) == book.pages[-1] != book.pages[0]
    assert bundle["text/plain"] == repr(book) == "first\nsecond\n<third>"
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == book.widget.model_id


def test_play_slider_and_pages_are_linked_in_the_browser():
    box = flipbook(figures(3), ["a", "b", "<c>"], name="Epoch").widget
    (play, slider), leaves = box.children[0].children, box.children[1]
    assert (slider.max, play.max, slider.description) == (2, 2, "Epoch")
    assert len(leaves.children) == 3 and leaves.selected_index == 0
    assert '<img style="max-width: none" alt="&lt;c&gt;" src="data:image/png;base64,' in (
        leaves.children[2].value
    )
    state = ipywidgets.Widget.get_manager_state()["state"].values()
    links = [each["state"] for each in state if each["model_name"] == "LinkModel"]
    pairs = [(each["source"], each["target"]) for each in links]
    play_, slider_, leaves_ = (f"IPY_MODEL_{each.model_id}" for each in (play, slider, leaves))
    assert ([play_, "value"], [slider_, "value"]) in pairs
    assert ([slider_, "value"], [leaves_, "selected_index"]) in pairs


def test_each_figure_needs_its_caption():
    with pytest.raises(ValueError, match=r"2 figures and 1 captions"):
        flipbook(figures(2), ["only one"])
    with pytest.raises(ValueError, match="at least one figure"):
        flipbook([], [])
