"""Vectors, matrices and larger tensors in the picture, and every gradient of notebook 05."""

import re
from collections import Counter
from itertools import combinations
from xml.etree import ElementTree

import matplotlib
import pytest
import replay
import surveying
import torch
import torch.nn.functional as F
from torch.func import jacrev

from lesson_utils import draw, trace
from lesson_utils.picture.pieces import text_width
from lesson_utils.words.notation import format_number
from lesson_utils.words.products import flat, products_of

SVG = "{http://www.w3.org/2000/svg}"


def three(number):
    """A number in a table: three significant digits."""
    return f"{number:.3g}".replace("-", "−")


def leaf(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()


def group(svg, mark):
    return next(element for element in ElementTree.fromstring(svg).iter(f"{SVG}g") if
                element.get("id") == mark)  # fmt: skip


def texts(element):
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


MIXING = {
    "matrix times vector": (lambda x: M @ x, 3),
    "row times matrix": (lambda x: x @ across, 3),
    "linear with a bias": (lambda x: F.linear(x, M, bias), 3),
    "softmax": (lambda x: F.softmax(x, 0), 4),
    "log softmax": (lambda x: F.log_softmax(x, 0), 4),
    "running sum": (lambda x: torch.cumsum(x, 0), 4),
    "reversed": (lambda x: x.flip(0), 4),
    "a part": (lambda x: x[1:3], 4),
    "sorted": (lambda x: torch.sort(x).values, 4),
}
M, bias = leaf(4, 3, seed=1).detach(), leaf(4, seed=2).detach()
across = M.T.clone()


def mixed(name):
    function, size = MIXING[name]
    x = leaf(size)
    with trace() as t:
        y = function(x)
    seed = leaf(len(y), seed=3).detach()
    return t.graph(of=y, seed=seed), jacrev(function)(x.detach()), seed


@pytest.mark.parametrize("name", MIXING)
def test_the_numbers_on_the_arc_are_those_of_jacrev(name):
    graph, expected, _ = mixed(name)
    (op,) = graph.operations
    svg = draw(graph, jacobians=True).svg
    title, *numbers = texts(group(svg, f"backward-0-{op.inputs.index(graph['x'].id)}"))
    assert title.startswith("∂") and title.endswith(" =")
    assert numbers == [three(number + 0.0) for number in expected.flatten().tolist()]


@pytest.mark.parametrize("name", MIXING)
def test_the_product_that_flowed_is_seed_times_jacobian(name):
    graph, expected, seed = mixed(name)
    (product,) = products_of(graph, graph.operations[0])
    assert product.vector == ("seed", tuple(seed.tolist()))
    assert product.flowed[0] == f"seed·∂{graph[graph.of].name}/∂x"
    assert torch.allclose(torch.tensor(product.flowed[1], dtype=torch.float64), seed @ expected)
    drawing = draw(graph, jacobians=True)
    assert "vector–Jacobian product: seed · ∂" in drawing.text
    shown = " ".join(texts(ElementTree.fromstring(drawing.svg)))
    assert all(three(number) in shown for number in product.flowed[1])


def below(svg):
    """What is written under the graph."""
    everything = Counter(texts(ElementTree.fromstring(svg)))
    for panel in surveying.panels(svg):
        everything -= Counter(texts(panel))
    return list(everything.elements())


def test_the_product_is_written_out_under_the_graph_and_the_seed_stands_at_its_result():
    X, w = leaf(3, 2), torch.tensor([1.0, -2.0], dtype=torch.float64)
    with trace() as t:
        y = X @ w
    drawing = draw(t.graph(of=y, seed=torch.tensor([1.0, 0.0, 2.0])), jacobians=True)
    under = below(drawing.svg)
    for title in ("seed", "∂y/∂X", "seed·∂y/∂X", "1×3", "3×6", "1×6, to be [3, 2]"):
        assert title in under
    numbers = Counter(
        ["1", "0", "2", *["1", "−2"] * 3, *["0"] * 12, "1", "−2", "0", "−0", "2", "−4"]
    )
    assert Counter(under) >= numbers
    assert texts(group(drawing.svg, f"value-{drawing.graph.of}"))[-4].startswith("seed  [3] =")


def test_a_zero_in_a_jacobian_has_no_sign():
    X, w = torch.ones(2, 2, requires_grad=True), torch.tensor([1.0, -2.0])
    with trace() as t:
        y = X @ w
    graph = t.graph(of=y, seed=torch.ones(2))
    shown = texts(group(draw(graph, jacobians=True).svg, "backward-0-0"))[1:]
    assert shown == ["1", "−2", "0", "0", "0", "0", "1", "−2"]
    assert "−0" not in draw(graph, jacobians=True).text, "nor in the words"


def test_a_value_used_twice_gets_two_parts_that_add_up_to_its_gradient():
    A = leaf(2, 2)
    with trace() as t:
        s = (A @ A).sum()
    graph = t.graph()
    products = products_of(graph, graph.operations[0])
    assert [product.flowed[0] for product in products] == ["part of ∂s/∂A"] * 2
    assert [product.local for product in products] == ["∂u/∂A₁", "∂u/∂A₂"]
    total = torch.tensor([product.flowed[1] for product in products], dtype=torch.float64).sum(0)
    assert torch.allclose(total.reshape(2, 2), torch.autograd.grad(s, A)[0])


def test_jacobians_are_drawn_on_demand_only():
    graph, _, _ = mixed("softmax")
    plain = draw(graph)
    assert "4×4 Jacobian" in plain.svg and "product:" not in plain.text
    assert draw(graph, jacobians=True, gradients=False).svg == draw(graph, gradients=False).svg


def test_a_large_jacobian_keeps_to_its_shape():
    x = leaf(20)
    with trace() as t:
        y = F.softmax(x, 0)
    drawing = draw(t.graph(of=y, seed=torch.ones(20)), jacobians=True)
    assert "20×20 Jacobian" in drawing.svg and "product" not in drawing.text


def test_elementwise_derivatives_are_as_many_numbers_as_elements():
    x = leaf(9, 9)
    with trace() as t:
        s = torch.tanh(x).sum()
    svg = draw(t).svg
    assert "∂u/∂x: 81 numbers" in svg and "81×81" not in svg
    assert s.requires_grad


def test_equal_derivatives_are_said_once():
    x = leaf(6)
    with trace() as t:
        s = x.mean()
    for on_demand in (False, True):
        arc = group(draw(t, jacobians=on_demand).svg, "backward-0-0")
        assert texts(arc) == ["∂s/∂x = 0.1667 each"]
    assert s.requires_grad


def test_different_derivatives_are_counted_and_listed_on_demand():
    x = leaf(6)
    with trace() as t:
        s = torch.sin(x).sum()
    assert texts(group(draw(t).svg, "backward-0-0")) == ["∂u/∂x: 6 numbers"]
    listed = texts(group(draw(t, jacobians=True).svg, "backward-0-0"))
    assert listed == ["∂u/∂x =", *map(three, torch.cos(x).tolist())]
    assert s.requires_grad


@pytest.mark.parametrize("name", MIXING)
def test_tables_on_arcs_stand_clear_of_boxes_and_of_each_other(name):
    graph, _, _ = mixed(name)
    apart(draw(graph, jacobians=True).svg)


def test_tables_of_a_layer_stand_clear_of_boxes_and_of_each_other():
    A, B = leaf(2, 2), leaf(2, 2, seed=1)
    with trace() as t:
        s = ((A @ B) * A).sum()
    apart(draw(t, jacobians=True).svg)
    assert s.requires_grad


def apart(svg):
    for panel in surveying.panels(svg):
        labels = {}
        for arc in panel.iter(f"{SVG}g"):
            if arc.get("class", "").startswith("backward"):
                spans = [span(text) for text in arc.iter(f"{SVG}text")]
                labels[arc.get("id")] = (
                    min(extent[0] for extent in spans), min(extent[1] for extent in spans),
                    max(extent[2] for extent in spans), max(extent[3] for extent in spans),
                )  # fmt: skip
        assert labels
        for label, place in labels.items():
            for value, box in surveying.boxes(panel).items():
                assert not surveying.overlap(place, box), f"{label} lies on {value}"
        for one, other in combinations(labels, 2):
            assert not surveying.overlap(labels[one], labels[other]), f"{one} lies on {other}"
    assert float(re.search(r'width="(\d+)"', svg)[1]) <= 836


def span(text):
    size = float(text.get("font-size"))
    width = text_width("".join(text.itertext()), size)
    x, y = float(text.get("x")), float(text.get("y"))
    left = x - width if text.get("text-anchor") == "end" else x
    return left, y - size * 0.7, left + width, y + size * 0.2


# Tables and heat maps


def value_box(tensor, mark="value-0"):
    with trace() as t:
        s = (tensor * 1.0).sum()
    assert s.requires_grad == tensor.requires_grad
    drawing = draw(t)
    return group(drawing.svg, mark), drawing.text


def test_decimal_points_of_a_column_stand_in_line():
    box, _ = value_box(torch.tensor([[1.5, -20.25], [100.0, 3.125], [0.001, 7.0]]))
    digits = 14 * 0.56
    points = {}
    for label in box.iter(f"{SVG}text"):
        text = "".join(label.itertext())
        if label.get("text-anchor") == "end":
            after = text_width(text[len(re.match(r"−?\d+", text)[0]) :], 14)
            points[text] = float(label.get("x")) - after
    assert len(points) == 6
    for column in (("1.5", "100", "0.001"), ("−20.2", "3.12", "7")):
        places = [points[entry] for entry in column]
        assert max(places) - min(places) < 0.2 < digits


def test_a_tensor_of_three_dimensions_is_a_table_for_each_matrix_with_all_its_numbers():
    tensor = torch.arange(60.0).reshape(3, 4, 5)
    box, _ = value_box(tensor)
    shown = texts(box)
    assert any("[3, 4, 5]" in text for text in shown)
    assert Counter(shown) >= Counter(three(number) for number in tensor.flatten().tolist())
    brackets = [path for path in box.iter(f"{SVG}path") if path.get("fill") == "none"]
    assert len(brackets) == 3


@pytest.mark.parametrize("shape", [(64, 64), (70, 2), (200,), (5, 6, 7)])
def test_a_larger_tensor_is_a_heat_map_with_its_extremes_and_shape(shape):
    tensor = leaf(*shape).detach()
    box, words = value_box(tensor)
    shown = " ".join(texts(box))
    assert f"[{', '.join(map(str, shape))}]" in shown
    for word, number in (("min", tensor.min()), ("mean", tensor.mean()), ("max", tensor.max())):
        assert f"{word} {format_number(number.item())}" in shown
    rows = 1 if len(shape) == 1 else min(16, tensor.numel() // shape[-1])
    squares = [rect for rect in box.iter(f"{SVG}rect") if rect.get("fill") not in ("none", None)]
    assert len(squares) - 1 == rows * min(16, shape[-1]) + 2, "the box, the map, two swatches"
    assert re.search(r"^Drawn as heat maps, a bar where negative: .*, u\.$", words, re.M)


def test_the_darkest_square_is_the_largest_element():
    tensor = torch.zeros(16, 16)
    tensor[3, 5], tensor[10, 2] = 1.0, -1.0
    box, _ = value_box(tensor)
    squares = [rect for rect in box.iter(f"{SVG}rect") if float(rect.get("width")) < 9]
    fills = [square.get("fill") for square in squares][:256]
    light, dark = [rect.get("fill") for rect in box.iter(f"{SVG}rect") if rect.get("width") == "9"]
    assert fills.index(dark) == 3 * 16 + 5 and fills.index(light) == 10 * 16 + 2
    assert fills.count(dark) == fills.count(light) == 1


def test_a_large_tensor_of_one_number_says_so_without_a_map():
    box, words = value_box(torch.full((9, 9), 2.5))
    assert "all 2.5" in texts(box)
    assert "= all 2.5, shape [9, 9]" in words and "heat map" not in words


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (2, 0, 3)])
def test_a_tensor_without_elements_shows_its_shape(shape):
    box, words = value_box(torch.ones(shape, requires_grad=True))
    assert texts(box)[0].endswith(f"[{', '.join(map(str, shape))}]") and "empty" in texts(box)
    assert f"shape [{', '.join(map(str, shape))}]" in words


def test_not_a_number_is_crossed_out_and_leaves_the_others_their_shades():
    tensor = leaf(10, 10).detach()
    tensor[0, 0] = torch.nan
    box, _ = value_box(tensor)
    assert sum(path.get("stroke") == "#b8340a" for path in box.iter(f"{SVG}path")) == 1
    assert "min nan" in " ".join(texts(box))
    assert len({rect.get("fill") for rect in box.iter(f"{SVG}rect")}) > 50


# Saved tensors


def kept(t):
    """What operations keep that is no value of the graph, and how it is shown."""
    drawing = draw(t, saved=True)
    shown = [x for op in drawing.graph.operations for x in op.saved if x.value is None]
    return shown, drawing


def test_a_saved_tensor_that_is_no_value_shows_its_numbers():
    x = leaf(3, 4)
    with trace() as t:
        y = F.layer_norm(x, (4,))
    (mean, rstd), drawing = kept(t)
    assert torch.allclose(torch.tensor(flat(mean.data)).double(), x.mean(1), atol=1e-6)
    expected = 1 / torch.sqrt(x.var(1, unbiased=False) + 1e-5)
    assert torch.allclose(torch.tensor(flat(rstd.data)).double(), expected, atol=1e-6)
    shown = texts(ElementTree.fromstring(drawing.svg))
    assert all(three(number) in shown for number in flat(mean.data) + flat(rstd.data))
    assert f"kept: [[{format_number(flat(mean.data)[0])}]," in drawing.text
    assert y.grad_fn._saved_result1.shape == (3, 1), "looking freed nothing"


def test_a_large_saved_tensor_is_a_heat_map():
    x = leaf(20, 8)
    torch.manual_seed(0)
    with trace() as t:
        y = F.dropout(x, 0.5)
    (mask,), drawing = kept(t)
    assert (mask.summary.min, mask.summary.max) == (0.0, 2.0)
    assert mask.summary.mean == pytest.approx((y != 0).double().mean().item() * 2)
    assert "kept: min 0, mean" in drawing.text
    assert sum(rect.get("width") == "9" for rect in ElementTree.fromstring(drawing.svg).iter(
        f"{SVG}rect")) >= 4  # fmt: skip


def test_a_freed_tensor_shows_no_numbers():
    x = leaf(3, 4)
    with trace() as t:
        y = F.layer_norm(x, (4,))
    y.sum().backward()
    (mean, _), drawing = kept(t)
    assert mean.state == "freed" and mean.data is None
    assert "freed:" not in drawing.text


def test_max_over_a_dimension_is_not_elementwise_and_max_of_two_is():
    x = leaf(9, 9)
    with trace() as t:
        top = x.max(1).values.sum()
    assert "9×81 Jacobian" in draw(t).svg
    with trace() as t:
        both = torch.maximum(x, x.detach() * 0).sum()
    assert "81 numbers" in draw(t).svg
    assert top.requires_grad and both.requires_grad


# Seeds


def test_gradients_from_a_seed_say_so():
    x = leaf(3)
    with trace() as t:
        y = x * x
    seed = torch.tensor([1.0, 0.0, 2.0])
    drawing = draw(t.graph(of=y, seed=seed))
    assert "Gradients of y, from the seed [1, 0, 2]:" in drawing.text
    assert "seed·∂y/∂x" in drawing.text and "seed" in " ".join(texts(ElementTree.fromstring(
        drawing.svg)))  # fmt: skip
    expected = torch.autograd.grad(y, x, seed.double())[0]
    graph = t.graph(of=y, seed=seed)
    assert torch.allclose(torch.tensor(graph["x"].gradient, dtype=torch.float64), expected)


def test_a_chain_rule_from_a_seed_adds_up():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        a = w * w * 3
    rule = draw(t.graph(seed=2.0)).text.splitlines()[-1]
    assert rule == (
        "  seed·∂a/∂w = seed · ∂a/∂u · ∂u/∂w₁ + seed · ∂a/∂u · ∂u/∂w₂ = 2 · 3 · 2 + 2 · 3 · 2 = 24"
    )
    assert torch.autograd.grad(a, w, torch.tensor(2.0))[0] == 24


# Notebook 05


@pytest.fixture(scope="module")
def lesson():
    matplotlib.use("Agg")
    return replay.execute("05_vectors_and_matrices.ipynb")


def test_every_gradient_of_notebook_05_is_that_of_central_differences_and_of_torch_func(lesson):
    _, shown, _ = lesson
    counts = [replay.check(graph) for graph in shown if graph.of is not None]
    assert counts == [2, 2, 6]
    assert [graph.of is None for graph in shown] == [True, False, False, False]


def test_every_jacobian_of_notebook_05_is_that_of_torch_func(lesson):
    _, shown, _ = lesson
    checked = 0
    for graph in shown:
        for op in graph.operations:
            for i, jacobian in enumerate(op.jacobians):
                if jacobian is None:
                    continue
                inputs = [replay.tensor_of(graph[j].data, graph[j].shape) for j in op.inputs]
                expected = jacrev(replay.OPERATIONS[op.name], argnums=i)(*inputs)
                drawn = torch.tensor(flat(jacobian), dtype=torch.float64)
                assert torch.allclose(drawn, expected.reshape(-1), rtol=1e-5)
                checked += 1
    assert checked >= 5


def test_notebook_05_computes_one_jacobian_in_three_ways(lesson):
    space, _, printed = lesson
    expected = jacrev(lambda x: (space["A"] @ x) ** 2)(space["x"].detach())
    for name in ("by_hand", "by_rows", "by_library"):
        assert torch.equal(space[name], expected)
    assert "1×1000 Jacobian: {'backward': 1, 'forward': 1000}, equal: True" in printed


def test_vectors_of_long_numbers_are_cut_so_that_the_picture_fits_the_page():
    w, b = leaf(8), leaf(8, seed=1)
    with trace() as t:
        y = torch.sin(torch.tanh(torch.linspace(-1.3, 1.7, 8) * w) + b).sum()
    assert y.requires_grad
    svg = draw(t).svg
    assert float(re.search(r'width="(\d+)"', svg)[1]) <= 836
    assert draw(t).arrangement.plan.count("digraph") == 1


# Wide matrices, and signs


@pytest.mark.parametrize("shape", [(4, 7), (2, 32), (13,), (2, 3, 8)])
def test_what_has_too_many_columns_is_a_heat_map_that_says_each_number(shape):
    torch.manual_seed(0)
    tensor = torch.randn(shape)
    box, words = value_box(tensor)
    titles = [title.text for title in box.iter(f"{SVG}title")]
    assert titles == [format_number(number) for number in tensor.flatten().tolist()]
    assert "heat map" in words and format_number(tensor.flatten()[-1].item()) in words
    for word, number in (("min", tensor.min()), ("mean", tensor.mean()), ("max", tensor.max())):
        assert f"{word} {format_number(number.item())}" in " ".join(texts(box))


@pytest.mark.parametrize("shape", [(4, 6), (12,), (8, 8), (64,)])
def test_no_picture_of_a_listed_tensor_is_wider_than_a_page(shape):
    torch.manual_seed(0)
    with trace() as t:
        (torch.randn(shape, requires_grad=True) * 1000).sum()
    for jacobians in (False, True):
        width = re.search(r'width="(\d+)"', draw(t, jacobians=jacobians).svg)[1]
        assert int(width) <= 836


def test_the_sign_of_a_square_can_be_seen_without_colours():
    tensor = torch.linspace(-1, 2, 28).reshape(4, 7)
    box, _ = value_box(tensor)
    squares = [(rect, rect.find(f"{SVG}title")) for rect in box.iter(f"{SVG}rect")]
    places = {
        (rect.get("x"), rect.get("y")): float(t.text.replace("−", "-"))
        for rect, t in squares
        if t is not None
    }
    bars = [
        path.get("d") for path in box.iter(f"{SVG}path") if re.search(r"h[\d.]+$", path.get("d"))
    ]
    negative = sum(number < 0 for number in places.values())
    assert len(places) == 28 and len(bars) == negative + 1, "and one on the scale"


def test_dark_is_far_from_zero_on_both_sides():
    tensor = torch.tensor([[-4.0, -1.0, 0.0, 0.5, 1.0, 2.0, 4.0]])
    box, _ = value_box(tensor)
    fills = [r.get("fill") for r in box.iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    light = [sum(int(fill[i : i + 2], 16) for i in (1, 3, 5)) for fill in fills]
    assert light[0] < light[1] < light[2] > light[3] > light[4] > light[5] > light[6]
    assert fills[0] != fills[6]
