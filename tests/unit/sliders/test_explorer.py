"""What `explore` shows, says and leaves alone."""

import gc
import re
import sys
import weakref

import ipywidgets
import pytest
import torch
import torch.nn.functional as F
from reading import read

from lesson_utils import explore
from lesson_utils.picture import layout
from lesson_utils.sliders.ranges import range_of


def neuron(x, w, b):
    u = x * w
    v = u + b
    a = F.relu(v)
    return a


def inside(widget, kind):
    """All widgets of a kind in a box."""
    found = [widget] if type(widget).__name__ == kind else []
    return found + [
        part for child in getattr(widget, "children", ()) for part in inside(child, kind)
    ]


def sliders(explorer):
    return {slider.description: slider for slider in inside(explorer.widget, "FloatSlider")}


def shown(explorer):
    return next(page.value for page in inside(explorer.widget, "HTML") if "role" in page.value)


def test_a_moved_slider_moves_the_picture():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    sliders(explorer)["w"].value = -1.5
    graph = explorer.drawing.graph
    assert (graph["u"].data, graph["a"].data, graph["w"].gradient) == (-4.5, 0.0, 0.0)
    assert "The picture at x = 3, w = −1.5, b = 1." in shown(explorer)
    for part in (" = −4.5", " = −1.5"):
        assert part in shown(explorer)


def test_slider_and_box_follow_each_other_and_a_change_is_run_once():
    runs = []

    def counted(w, b):
        runs.append((w.item(), b.item()))
        return w * b

    explorer = explore(counted, w=1.0, b=2.0)
    controls = [inside(explorer.widget, kind) for kind in ("FloatSlider", "FloatText")]
    for sliders_then_boxes in (controls, controls[::-1]):
        runs.clear()
        for kind in sliders_then_boxes:
            kind[0].value = 3.0 if sliders_then_boxes is controls else 4.0
        assert len(runs) == 1
        assert [kind[0].value for kind in controls] == [runs[-1][0]] * 2
    controls[0][0].value = 0.1 + 0.7 + 0.1  # 0.8999999999999999
    assert controls[1][0].value == 0.9 and "w = 0.9," in shown(explorer)
    controls[0][0].value = 4.0
    controls[1][1].value = -1.0
    assert runs[-1] == (4.0, -1.0) and "The picture at w = 4, b = −1." in shown(explorer)


def test_sixty_positions_give_autograds_numbers():
    explorer = explore(lambda w, b: torch.sigmoid(w * 2 + b) * w, w=0.0, b=1.0)
    for i in range(60):
        at = {"w": -3 + i / 10, "b": 1.0}
        explorer.set(**at)
        w, b = (torch.tensor(at[name], requires_grad=True) for name in "wb")
        gradients = torch.autograd.grad(torch.sigmoid(w * 2 + b) * w, (w, b))
        found = [explorer.drawing.graph[name].gradient for name in "wb"]
        assert found == pytest.approx([gradient.item() for gradient in gradients], abs=1e-7)


def test_one_layout_serves_all_positions_and_no_box_moves():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    places = set()
    for i in range(60):
        explorer.set(x=3.0, w=0.013 + i / 7, b=1.0)
        if i == 0:
            layout.run.cache_clear()
        svg = explorer.drawing.svg
        boxes = re.findall(r'<rect x="[^"]*" y="[^"]*" width="[^"]*" height="[^"]*"', svg)
        roads = re.findall(r'<path class="line" d="([^"]*)"', svg)
        places.add((re.search(r'viewBox="[^"]*"', svg)[0], len(boxes), len(roads)))
    assert layout.run.cache_info().misses <= 1
    assert len(places) == 1


def test_numbers_of_other_lengths_leave_every_box_as_it_is():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    widths = []
    for w in (2.0, 2.25, 0.3333):
        explorer.set(x=3.0, w=w, b=1.0)
        boxes = re.findall(r'<rect x="([\d.]+)" y="[^"]*" width="([\d.]+)"', explorer.drawing.svg)
        widths.append([float(number) for box in boxes for number in box])
    assert widths[1] == widths[2] == widths[0]


@pytest.mark.parametrize("w", [2.0, -1.333, torch.tensor([2.0], requires_grad=True)])
def test_what_a_box_says_is_in_its_middle(w):
    """Right of the badge where there is one; the room is that of long numbers."""
    for box in read(explore(neuron, x=3.0, w=w, b=1.0).drawing.svg)[0].boxes:
        rows = [rect for rect, said in box.texts if "=" in said]
        assert len(rows) == 2
        middles = [(left + right) / 2 for left, _, right, _ in rows]
        assert middles[0] == pytest.approx(middles[1], abs=0.2)
        leaf = len(box.texts) == 2
        if leaf:
            assert middles[0] == pytest.approx((box.rect[0] + box.rect[2]) / 2, abs=0.2)


def test_labels_of_roads_stay_beside_them():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    places = []
    for w in (2.0, -1.333):
        explorer.set(w=w)
        (panel,) = read(explorer.drawing.svg)
        places.append({mark: rect for mark, rect in panel.labels.items()})
        for mark, rect in panel.labels.items():
            assert panel.roads[mark].distance(rect) < 20, mark
    (at, wider) = (found["backward-0-0"] for found in places)
    assert at[0] == wider[0] or at[2] == wider[2], "the end at its road stays"


def test_names_are_those_inside_the_function():
    graph = explore(neuron, x=3.0, w=2.0, b=1.0).drawing.graph
    assert [value.name for value in graph.values] == ["x", "w", "u", "b", "v", "a"]


def test_an_input_keeps_its_name_when_the_function_reuses_it():
    def shadow(x):
        x = x * 2
        return x + 1

    graph = explore(shadow, x=3.0).drawing.graph
    assert graph.values[0].name == "x" and graph.values[0].data == 3
    assert [value.name for value in graph.values].count("x") == 1


def test_a_result_without_a_name_is_called_y():
    assert "y" in explore(lambda x: x * x, x=3.0).drawing.graph
    y = torch.tensor(2.0)
    graph = explore(lambda x: x * y, x=3.0).drawing.graph
    assert graph["out"].data == 6 and graph["y"].data == 2


def test_a_module_can_be_turned_too():
    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.slope = torch.nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return self.slope * x

    line = Line()
    graph = explore(line, x=3.0).drawing.graph
    assert [value.gradient for value in graph.values if value.role == "parameter"] == [3.0, 2.0]
    assert line.slope.grad is None


def test_numbers_and_tensors_become_leaves_of_their_kind():
    kinds = {}

    def look(a, b, c, d):
        for name, tensor in dict(a=a, b=b, c=c, d=d).items():
            kinds[name] = (tuple(tensor.shape), tensor.dtype, tensor.requires_grad, tensor.is_leaf)
        return a * b.float() * c * d

    b = torch.tensor([[2.0]], dtype=torch.float64)
    c = torch.tensor([3.0], requires_grad=True)
    explore(look, a=1, b=b, c=c, d=torch.tensor(4))
    assert kinds == {
        "a": ((), torch.float32, True, True),
        "b": ((1, 1), torch.float64, False, True),
        "c": ((1,), torch.float32, True, True),
        "d": ((), torch.float32, True, True),
    }


def test_the_students_tensors_and_random_numbers_stay_as_they_were():
    w = torch.tensor([2.0], requires_grad=True)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()

    def noisy(w):
        w.add(1).backward()
        return F.dropout(w * torch.randn(1), 0.5)

    explorer = explore(noisy, w=w)
    first = explorer.drawing.svg
    explorer.set(w=3.0)
    explorer.set(w=2.0)
    assert explorer.drawing.svg == first, "the same value gives the same picture"
    assert torch.equal(torch.random.get_rng_state(), before)
    assert w.grad is None and w._version == 0 and w.item() == 2


def test_nothing_of_a_run_stays_alive():
    kept = []

    def watched(w):
        u = w * 2
        kept.append(weakref.ref(u))
        return u * u

    explorer = explore(watched, w=2.0)
    gc.disable()
    try:
        explorer.set(w=3.0)
        assert [reference() for reference in kept] == [None, None]
    finally:
        gc.enable()


def test_no_profiler_runs_while_the_function_does():
    """Its frame is caught as it starts; afterwards it runs at its own speed."""
    met = []

    def look(w):
        met.append(sys.getprofile())
        return w * 2

    explore(look, w=1.0)
    assert met == [None] and sys.getprofile() is None


def test_who_measures_the_notebook_goes_on_measuring():
    calls = []
    sys.setprofile(lambda frame, event, _: calls.append(event))
    try:
        explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
        before = len(calls)
        explorer.set(x=3.0, w=1.0, b=1.0)
        assert len(calls) > before
    finally:
        sys.setprofile(None)
    assert explorer.drawing.graph["w"].gradient == 3


def careful(x):
    if x < 0:
        raise ValueError("x must not be negative\nsecond line")
    return x.sqrt() * 2


def test_an_exception_is_one_line_and_the_last_good_picture_stays():
    explorer = explore(careful, x=4.0)
    good = explorer.drawing.svg
    sliders(explorer)["x"].value = -1.0
    assert explorer.says == (
        "✗ ValueError: x must not be negative. This is still the picture at x = 4."
    )
    assert explorer.drawing.svg == good and "second line" not in shown(explorer)
    sliders(explorer)["x"].value = 9.0
    assert explorer.says == "The picture at x = 9." and explorer.drawing.graph["y"].data == 6


def test_a_function_that_fails_at_once_still_has_its_sliders():
    explorer = explore(careful, x=-1.0)
    assert explorer.says == "✗ ValueError: x must not be negative"
    assert explorer._repr_mimebundle_()["text/plain"].splitlines()[1] == explorer.says
    sliders(explorer)["x"].value = 1.0
    assert explorer.drawing.graph["y"].data == 2


def test_what_is_committed_of_an_explorer_is_the_same_every_time():
    first, second = (explore(neuron, x=3.0, w=2.0, b=1.0)._repr_mimebundle_() for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    assert first["text/plain"].startswith("Sliders: x from −10 to 10, w from −5 to 5, b from −5 to")
    assert "<img" in first["text/html"]


@pytest.mark.parametrize(
    ("inputs", "error", "says"),
    [
        ({"x": True}, TypeError, "x is bool"),
        ({"x": "3"}, TypeError, "x is str"),
        ({"x": torch.ones(2)}, ValueError, "x is a tensor of 2 elements"),
        ({"x": torch.tensor(1j)}, ValueError, "x is a complex one"),
        ({"x": (2.0, 1.0)}, ValueError, "2 must lie below 1"),
        ({"x": (2.0, 0.0, 5.0, 0.5)}, ValueError, r"\(min, max\) or \(min, max, step\)"),
        ({"x": (0.0, 2.0, 0.0)}, ValueError, "step must be positive"),
        ({"x": float("nan")}, ValueError, "finite"),
        ({"x": ipywidgets.FloatLogSlider()}, ValueError, "FloatLogSlider; take a FloatSlider"),
        ({"z": 1.0}, TypeError, "cannot call careful"),
        ({}, TypeError, "needs an input"),
    ],
)
def test_a_wrong_input_is_named(inputs, error, says):
    with pytest.raises(error, match=says):
        explore(careful, **inputs)


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="a function first"):
        explore(3.0, x=1.0)


@pytest.mark.parametrize(
    ("value", "ends"),
    [(0.0, 5.0), (2.0, 5.0), (3.0, 10.0), (-40.0, 100.0), (0.01, 0.02), (1e6, 2e6)],
)
def test_a_range_of_its_own_holds_the_value_and_is_round(value, ends):
    it = range_of("x", value)
    assert (it.min, it.max) == (-ends, ends) and it.min <= value <= it.max
    assert it.step == pytest.approx(ends / 50)


def test_limits_and_steps_can_be_given():
    explorer = explore(lambda w: w * 2, w=(0, 4, 0.5))
    slider = sliders(explorer)["w"]
    assert (slider.value, slider.min, slider.max, slider.step) == (2.0, 0.0, 4.0, 0.5)
    assert range_of("w", 2.0, (0.0, 3.0)).step == 0.02


def started(**inputs):
    """Where the slider of x starts, and its limits."""

    def fn(x=1.5):
        return torch.as_tensor(x) * 2

    it = explore(fn, **inputs).ranges[0]
    return it.value, it.min, it.max, it.step


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((-3, 3), (1.5, -3, 3, 0.05)),  # the function's default lies within
        ((2, 4), (3, 2, 4, 0.02)),  # it does not: the middle
        ((2.0, 5.0, 1.0), (3, 2, 5, 1)),
        ((0, 1, 0.3), (0.3, 0, 1, 0.3)),
        (ipywidgets.FloatSlider(value=2.5, min=0, max=4, step=0.5), (2.5, 0, 4, 0.5)),
        (ipywidgets.IntSlider(value=2, min=0, max=4), (2, 0, 4, 1)),
        ((torch.tensor([2.0]), -3, 3), (2, -3, 3, 0.05)),
    ],
)
def test_ranges_are_as_in_interact(given, expected):
    assert started(x=given) == pytest.approx(expected)


def test_middle_positions_are_those_of_interact():
    for low, high, step in ((0.0, 1.0, 0.25), (2.0, 5.0, 1.0), (-1.0, 4.0, 0.5)):
        theirs = ipywidgets.interactive(lambda x: None, x=(low, high, step)).children[0]
        ours = explore(lambda x: x * 2, x=(low, high, step)).ranges[0]
        assert (ours.min, ours.max, ours.step) == (theirs.min, theirs.max, theirs.step)
        assert abs(ours.value - theirs.value) < step


def test_set_moves_some_sliders_and_leaves_the_others():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    controls = sliders(explorer)
    explorer.set(w=1.5)
    assert explorer.drawn_at == {"x": 3.0, "w": 1.5, "b": 1.0} and controls["w"].value == 1.5
    explorer.set(w=77)
    assert explorer.drawing.graph["w"].data == 77 and controls["w"].value == controls["w"].max
    assert "w = 77" in shown(explorer)
    with pytest.raises(TypeError, match="'z', but the inputs are x, w, b"):
        explorer.set(z=1)


def test_a_slider_that_says_where_it_is_changes_nothing():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    slider = sliders(explorer)["w"]
    explorer.set(w=1.234)
    slider.value = 1.2000000000000002  # as a browser answers to 1.2
    assert explorer.drawn_at["w"] == 1.234
    slider.value = 1.3
    assert explorer.drawn_at["w"] == 1.3


def test_a_float32_input_is_written_as_a_person_would():
    explorer = explore(lambda w: w * 2, w=torch.tensor([0.1]))
    assert explorer.ranges[0].value == 0.1


def test_a_slider_is_not_moved_under_a_hand():
    """Its page may be farther by the time our answer comes, and would be thrown back."""
    explorer = explore(lambda w: w * 2, w=(-5, 5, 0.1))
    rows = explorer.widget.children
    slider, box = rows[0].children
    for number in (0.1 * 3, -4.7000000000000002, 0.30000000000000071):
        slider.value = number
        assert slider.value == number
        assert box.value == explorer.drawn_at["w"] == float(f"{number:.12g}")
    box.value = 1.234
    assert box.value == 1.234 and slider.value == pytest.approx(1.2)
