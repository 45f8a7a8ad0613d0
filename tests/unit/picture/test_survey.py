"""Pictures of graphs of many kinds, measured: they fit, can be read, and nothing crosses."""

import re

import pytest
from classics import GRAPHS
from reading import outside, read
from surveying import faults

from lesson_utils import draw

FEW = 20  # operations of a graph in which no label may lie on another's road
LONG = {"chain of 500", "167 diamonds"}


@pytest.fixture(scope="module", params=sorted(set(GRAPHS) - LONG))
def drawing(request):
    return draw(GRAPHS[request.param]())


@pytest.mark.parametrize("name", sorted(LONG))
def test_hundreds_of_operations_fit_and_nothing_crosses(name):
    drawing = draw(GRAPHS[name]())
    assert width_and_scale(drawing)[0] <= 836
    through_boxes, through_words, _ = faults(drawing)
    assert not through_boxes and not through_words


def width_and_scale(drawing):
    width, drawn = re.search(r'width="(\d+)".* viewBox="0 0 ([\d.]+)', drawing.svg).groups()
    return int(width), int(width) / float(drawn)


def test_it_is_no_wider_than_a_page_and_its_text_can_be_read(drawing):
    width, scale = width_and_scale(drawing)
    assert width <= 836
    assert min(map(float, re.findall(r'font-size="([\d.]+)"', drawing.svg))) * scale > 10.99


def test_no_road_runs_through_a_box_or_its_words(drawing):
    through_boxes, through_words, _ = faults(drawing)
    assert not through_boxes and not through_words


def test_no_label_lies_on_the_road_of_another(drawing):
    _, _, through_labels = faults(drawing)
    assert not through_labels or len(drawing.graph.operations) > FEW


def test_words_keep_clear_of_round_corners(drawing):
    for panel in read(drawing.svg):
        for box in panel.boxes:
            for (left, _, right, base), words in box.texts:
                # The base line: what hangs below it is narrow.
                ends = complex(left + 1, base - 3), complex(right - 1, base - 3)
                near = [end for end in ends if not outside(box.rect, end)]
                assert all(box.away(end) <= 0.5 for end in near), words
