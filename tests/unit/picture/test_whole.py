"""Textbook graphs and small networks are one picture that fits a page and can be read."""

import re
from functools import partial
from itertools import combinations

import pytest
import torch
from reading import overlap, read
from textbook import batch_norm, lstm, mlp, perceptron, softmax, woven

from lesson_utils import draw, play, trace

GRAPHS = {
    "perceptron": perceptron,
    "LSTM cell": lstm,
    "softmax": softmax,
    "batch norm": batch_norm,
    "woven": woven,
    "MLP 3-4-1": partial(mlp, 4, 3, 4, 1),
    "MLP 4-8-1": partial(mlp, 4, 4, 8, 1),
    "MLP 8-16-1": partial(mlp, 4, 8, 16, 1),
    "MLP 64-128-10": partial(mlp, 32, 64, 128, 10),
}


@pytest.fixture(params=GRAPHS)
def drawing(request):
    return draw(GRAPHS[request.param]())


def scale(drawing):
    """Pixels on a page for a pixel of the drawing."""
    width, drawn = re.search(r'width="(\d+)".* viewBox="0 0 ([\d.]+)', drawing.svg).groups()
    return int(width) / float(drawn)


def test_it_is_one_graph_in_the_width_of_a_page_with_no_text_under_11_pixels(drawing):
    assert len(read(drawing.svg)) == 1
    assert int(re.search(r'width="(\d+)"', drawing.svg)[1]) <= 836
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', drawing.svg)]
    assert min(sizes) * scale(drawing) > 10.99


def test_every_value_operation_and_gradient_is_there(drawing):
    graph = drawing.graph
    (panel,) = read(drawing.svg)
    for op in graph.operations:
        assert len(panel.named(f"operation-{op.id}")) == 1
        for i, use in enumerate(op.uses):
            value = graph[use.value]
            if value.role != "constant":
                assert panel.named(f"value-{value.id}"), value.name
            if use.flowed:
                assert panel.roads[f"backward-{op.id}-{i}"].colour == "red"
    for value in graph:
        texts = [text for box in panel.named(f"value-{value.id}") for _, text in box.texts]
        if value.has_gradient and value.id != graph.of:
            assert any(text.startswith("∂") for text in texts), value.name


def test_nothing_lies_over_anything(drawing):
    (panel,) = read(drawing.svg)
    texts = [(place, text) for box in panel.boxes for place, text in box.texts]
    for (one, first), (other, second) in combinations(texts, 2):
        assert one == other or not overlap(one, other), f"{first} on {second}"
    for one, other in combinations(panel.boxes, 2):
        inside = within(one.rect, other.rect) or within(other.rect, one.rect)
        assert inside or not overlap(one.rect, other.rect), "only a chip is in another box"
    for mark, road in panel.roads.items():
        for box in panel.boxes:
            deepest = min(map(box.away, road.points))
            # Two lanes run beside a course that clears the box.
            assert deepest > -3.5, f"{mark} through {sorted(box.marks)}"


def within(small, large):
    return all(large[i] <= small[i] for i in (0, 1)) and all(large[i] >= small[i] for i in (2, 3))


def test_small_boxes_say_what_their_sign_means_and_have_their_inputs_in_them():
    drawing = draw(lstm())
    assert (
        "∂ in a box is the gradient of h1 with respect to the value in it."
        in drawing.svg.replace("</tspan></text>", "")
    )
    assert drawing.arrangement.dense and not draw(perceptron()).arrangement.dense
    (panel,) = read(drawing.svg)
    for op in drawing.graph.operations:
        (home,) = panel.named(f"operation-{op.id}")
        for source in op.inputs:
            value = drawing.graph[source]
            if value.role == "input":
                chips = panel.named(f"value-{source}")
                assert any(within(chip.rect, home.rect) for chip in chips), value.name


def test_a_film_of_small_boxes_shows_and_hides_the_same_parts():
    film = play(lstm()).film
    for number, frame in enumerate(film.frames):
        for value in frame.values:
            assert re.search(rf'class="value value-{value} \w+ d{number}\b', film.svg)
        for op in frame.backward:
            assert re.search(rf'id="backward-{op}-\d" class="backward f{number}', film.svg)
    assert film.frames[-1].sentence.startswith("The backward pass is done")


def test_forty_operations_are_whole_and_more_are_in_panels():
    def chain(count):
        (w,) = [torch.tensor(0.5, requires_grad=True)]
        with trace() as t:
            h = w
            for _ in range(count):
                h = torch.sin(h)
        return draw(t)

    assert len(read(chain(40).svg)) == 1
    assert len(read(chain(41).svg)) > 1
