"""The curve beside the graph: what it is made of, what it leaves alone, and what it says."""

import contextlib
import io
import math
import random
import re
import sys
import threading
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from test_explorer import inside, neuron, sliders

from lesson_utils import explore
from lesson_utils.capture import rerun
from lesson_utils.capture.rerun import Experiment
from lesson_utils.sliders import curve as curves
from lesson_utils.sliders.chart import ticks
from lesson_utils.sliders.curve import curve
from lesson_utils.sliders.ranges import range_of

WEIGHTS = [2.0]


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch):
    """Whatever else the machine is doing."""
    monkeypatch.setattr(curves, "BUDGET", 60.0)


def found(fn, x, **more):
    """The curve of a function of `x` alone."""
    experiment = Experiment(fn, {"x": x})
    with torch.enable_grad():
        result = fn(torch.tensor(x, requires_grad=True)).detach()
    return curve(experiment, range_of("x", x, **more), experiment.numbers, float(result))


def shown(explorer):
    """The curve in the page."""
    pages = [page.value for page in inside(explorer.widget, "HTML")]
    return next((page for page in pages if 'class="curve"' in page), pages[1])


def line(svg, kind):
    """The numbers of a line of the chart."""
    path = re.search(rf'<path class="{kind}" d="([^"]*)"', svg)[1]
    return [float(number) for number in re.findall(r"-?[\d.]+", path)]


def test_its_points_are_the_functions():
    it = found(torch.sin, 1.0)
    assert len(it.points) >= 61 and (it.points[0][0], it.points[-1][0]) == (-5, 5)
    for x, y in it.points:
        assert y == pytest.approx(math.sin(x), abs=1e-6)
    assert -1.001 <= it.low < -0.99 and 0.99 < it.high <= 1.001


def test_a_corner_is_sharp_and_a_jump_is_a_gap():
    corner = found(lambda x: F.relu(x - 0.123), 1.0)
    assert min(abs(x - 0.123) for x, _ in corner.points) < 0.01
    assert all(math.isfinite(y) for _, y in corner.points)
    jump = found(lambda x: torch.where(x > 0.123, x + 3, x), 1.0)
    (gap,) = [x for x, y in jump.points if math.isnan(y)]
    assert gap == pytest.approx(0.123, abs=0.01)


def careful(x):
    if x < -2:
        raise ValueError("below -2")
    return torch.log(x + 1) / (x - 2)


def test_what_is_not_finite_or_raises_is_a_gap():
    for x, y in found(careful, 1.0).points:
        assert math.isnan(y) == (x <= -1 or x == 2)
    pole = found(lambda x: 1 / x, 2.0)
    assert (pole.low, pole.high) == (-6, 6) and max(y for _, y in pole.points) > 100


def test_nothing_of_the_students_changes_and_nothing_is_heard():
    layer = torch.nn.BatchNorm1d(1)
    history, total = [], torch.zeros(1)
    torch.manual_seed(0)
    random.seed(0)

    def busy(x):
        print("so many lines")
        history.append(x.item())
        WEIGHTS.append(1.0)
        total.add_(1)
        y = layer(torch.stack([x, 2 * x])[:, None]).sum() + x * WEIGHTS[0]
        y.backward(retain_graph=True)
        return y

    with contextlib.redirect_stdout(io.StringIO()) as heard:
        explorer = explore(busy, x=3.0)
        states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
        before = [*history], [*WEIGHTS], total.item(), layer.state_dict()["running_mean"].clone()
        written = heard.getvalue()
        assert "Curve of y" in explorer.text
    assert heard.getvalue() == written and written.count("so many") == 1
    after = history, WEIGHTS, total.item(), layer.state_dict()["running_mean"]
    assert after == before and before[0] == [3.0]
    assert torch.equal(torch.get_rng_state(), states[0]) and random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == states[2]


def test_others_are_heard_meanwhile():
    with contextlib.redirect_stdout(io.StringIO()) as heard:
        with Experiment(neuron, {"x": 1.0, "w": 1.0, "b": 1.0}).asking():
            print("mine")
            kept = sys.stdout
            other = threading.Thread(target=lambda: print("theirs"))
            other.start()
            other.join()
        print("later", file=kept)
    assert heard.getvalue() == "theirs\nlater\n"


def noisy(x):
    return x * torch.randn(())


COUNT = [0.0]


def counting(x):
    COUNT[0] += 1
    return x * COUNT[0]


def slow(x):
    time.sleep(0.04)
    return x * 2


def writing(x):
    with open("/dev/null", "w") as file:
        file.write(str(x.item()))
    return x * 2


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (noisy, "it draws random numbers"),
        (lambda x: x * random.random(), "it does not give the same number twice"),
        (counting, "it does not give the same number twice"),
        (slow, "it takes too long to run it that often"),
        (writing, "to run it more often could change something of yours"),
    ],
)
def test_where_there_is_no_curve_a_sentence_says_why(fn, says, monkeypatch):
    monkeypatch.setattr(curves, "BUDGET", 0.6 if fn is slow else 60.0)
    runs = COUNT[0]
    explorer = explore(fn, x=1.0)
    sentence = f"No curve of this function: {says}."
    assert explorer.text.endswith(sentence) and sentence in explorer.html
    assert sentence in shown(explorer)
    assert COUNT[0] in (runs, runs + 1)


def test_several_numbers_have_no_curve_and_the_picture_says_why():
    explorer = explore(lambda x: x * torch.ones(3), x=1.0)
    assert "urve" not in explorer.text and "needs a scalar" in explorer.text


def test_a_slower_function_has_fewer_points(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(curves, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(curves, "BUDGET", 1.0)
    monkeypatch.setattr(rerun, "twin_of", lambda fn: fn)  # a copy would have a clock of its own

    def points(cost):
        def sine(x):
            clock[0] += cost
            return torch.sin(x)

        return len(found(sine, 1.0).points)

    counts = [points(1 / runs) for runs in (15, 17, 32, 62, 200)]
    assert counts[:4] == [0, 16, 31, 61] and counts[4] > 61


@pytest.mark.parametrize("at", [-1.5, 0.5, 2.0])
def test_the_tangent_has_autograds_slope_through_the_point(at):
    explorer = explore(lambda x: torch.exp(x / 2) * x, x=at)
    svg = shown(explorer)
    x = torch.tensor(at, requires_grad=True)
    y = torch.exp(x / 2) * x
    y.backward()
    assert explorer.text.splitlines()[-1].endswith(f"∂y/∂x = {x.grad:.4g}.".replace("-", "−"))
    # Two points of the curve tell how much of each a pixel is.
    numbers = line(svg, "curve")
    first, last = numbers[:2], numbers[-2:]

    def value(x):
        return math.exp(x / 2) * x

    wide = 10 / (last[0] - first[0])
    high = (value(5) - value(-5)) / (first[1] - last[1])
    left, top, right, bottom = line(svg, "tangent")
    assert (top - bottom) / (right - left) * high / wide == pytest.approx(x.grad.item(), rel=0.05)
    cx, cy = map(float, re.search(r'class="now" cx="([-\d.]+)" cy="([-\d.]+)"', svg).groups())
    assert (cx, cy) == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=0.11)
    assert -5 + (cx - first[0]) * wide == pytest.approx(at, abs=0.05)
    assert value(-5) + (first[1] - cy) * high == pytest.approx(y.item(), abs=0.2)


def test_it_is_found_again_only_when_another_input_changes():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    assert "slope ∂a/∂x = 2" in shown(explorer) and "with w = 2, b = 1" in shown(explorer)
    asked = []
    own = explorer._curves._fn.asking
    explorer._curves._fn.asking = lambda: asked.append(1) or own()
    first = line(shown(explorer), "curve")
    for x in (2.9, 2.8, -1.0):
        sliders(explorer)["x"].value = x
    assert not asked and line(shown(explorer), "curve") == first
    assert "slope ∂a/∂x = 0" in shown(explorer)
    for w in (1.9, 1.8):
        sliders(explorer)["w"].value = w
    assert len(asked) == 1 and "slope ∂a/∂w = −0" in shown(explorer)
    assert "with x = −1, b = 1" in shown(explorer)
    sliders(explorer)["x"].value = 4.0
    assert len(asked) == 2 and "slope ∂a/∂x = 1.8" in shown(explorer)


def test_the_picture_comes_before_the_curve():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    changed = []
    for page in inside(explorer.widget, "HTML"):
        page.observe(lambda change: changed.append('class="curve"' in change.new), "value")
    sliders(explorer)["w"].value = 1.0
    assert changed == [False, True]


def test_the_first_that_requires_a_gradient_is_first():
    explorer = explore(lambda x, w: x * w, x=torch.tensor(3.0), w=2.0)
    assert "Curve of y against w from −5 to 5, with x = 3" in explorer.text
    sliders(explorer)["x"].value = 2.0
    assert explorer.text.endswith("y = 4; x needs no gradient.") and 'class="tangent"' not in shown(
        explorer
    )


def test_a_page_without_a_kernel_has_the_curve_too():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    assert explorer.html.count("<img") == 2 and "Curve of a against x" in explorer.html
    assert explorer.html == explore(neuron, x=3.0, w=2.0, b=1.0).html
    assert explorer.text.endswith(
        "Curve of a against x from −10 to 10, with w = 2, b = 1: it goes from 0 to 21. "
        "At x = 3 a = 7; slope ∂a/∂x = 2."
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-5, 5, ["−4", "−2", "0", "2", "4"]),
        (0, 0.02, ["0", "0.005", "0.01", "0.015", "0.02"]),
        (1e6, 1.0004e6, ["1000000", "1000100", "1000200", "1000300", "1000400"]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert [text for _, text in ticks(low, high)] == expected


def button(explorer, kind):
    return inside(explorer.widget, kind)[0]


def test_reset_puts_all_back():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    explorer.set(x=1.0, w=77.0)
    button(explorer, "ToggleButton").value = True
    button(explorer, "Button").click()
    assert explorer.drawn_at == {"x": 3.0, "w": 2.0, "b": 1.0}
    assert [slider.value for slider in sliders(explorer).values()] == [3.0, 2.0, 1.0]
    assert button(explorer, "ToggleButton").value is False


def test_a_slider_plays_to_and_fro_until_a_hand_takes_over():
    explorer = explore(lambda w: w * 2, w=(0, 1, 0.25))
    play, clock = button(explorer, "ToggleButton"), button(explorer, "Play")
    assert play.description == "Play w"
    clock.value += 1
    assert explorer.drawn_at["w"] == 0.5, "it waits for the button"
    play.value = True
    seen = []
    for _ in range(10):
        clock.value += 1
        seen.append(explorer.drawn_at["w"])
    assert seen == [0.75, 1.0, 0.75, 0.5, 0.25, 0.0, 0.25, 0.5, 0.75, 1.0]
    assert sliders(explorer)["w"].value == 1.0 and play.description == "Pause w"
    sliders(explorer)["w"].value = 0.5
    assert play.value is False
    clock.value += 1  # what was on its way
    assert explorer.drawn_at["w"] == 0.5


def test_what_plays_is_the_slider_last_moved():
    explorer = explore(neuron, x=3.0, w=2.0, b=1.0)
    sliders(explorer)["b"].value = 2.0
    play = button(explorer, "ToggleButton")
    assert play.description == "Play b"
    play.value = True
    button(explorer, "Play").value += 1
    assert explorer.drawn_at == {"x": 3.0, "w": 2.0, "b": 2.2}
