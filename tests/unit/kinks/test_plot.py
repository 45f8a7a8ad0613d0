"""How kinks are drawn: complete, within the paper, legible, and the same in words."""

import base64
import hashlib
import html
import math
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import matplotlib.style
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from plotted import SVG, Plot, has

from lesson_utils import kink, kink_table
from lesson_utils.kinks.kink import Kink
from lesson_utils.kinks.plot import svg
from lesson_utils.kinks.rules import Rule, plain
from lesson_utils.kinks.table import verdict
from lesson_utils.picture import pieces as shapes

INF, NAN = math.inf, math.nan
FUNCTIONS = {
    "relu": (F.relu, 0.0), "abs": (torch.abs, 0.0), "sqrt": (torch.sqrt, 0.0),
    "cbrt": (lambda x: x.sign() * x.abs() ** (1 / 3), 0.0), "jump": (torch.sign, 0.0),
    "reciprocal": (torch.reciprocal, 0.0), "relu6": (F.relu6, 6.0), "hardtanh": (F.hardtanh, 1.0),
    "tan": (torch.tan, math.pi / 2), "clamp": (lambda x: torch.clamp(x, min=0), 0.0),
    "right": (lambda x: torch.where(x >= 0, x, 0.0), 0.0), "down": (lambda x: -x.sqrt(), 0.0),
    "log": (torch.log, 0.0), "undefined": (torch.log, -5.0), "round": (torch.round, 0.5),
    "nan": (lambda x: torch.sqrt(x * x), 0.0), "half": (lambda x: (x + x.abs()) / 2, 0.0),
    "identity": (lambda x: F.relu(x) - F.relu(-x), 0.0), "random": (torch.rand_like, 0.0),
    "far": (torch.sin, 1e6), "farther": (torch.abs, 1e200), "steep": (torch.exp, 80.0),
    "huge": (lambda x: 1e30 * x.abs(), 0.0), "vast": (lambda x: 1e307 * x.abs().clamp(max=1), 0.0),
    "tiny": (lambda x: 1e-3 * x.abs(), 0.0), "constant": (lambda x: 0 * x, 0.0),
    "lifted": (lambda x: 123456 + x.abs(), 0.0), "large": (lambda x: -1234567 * F.relu(x), 0.0),
    "pole beside": (torch.tan, 1.0),
}  # fmt: skip
SEEN = [name for name in FUNCTIONS if name != "random"]
KINKS = {name: kink(*case) for name, case in FUNCTIONS.items()}
PICTURES = {name: svg(measurement) for name, measurement in KINKS.items()}


def plot(name):
    return Plot(PICTURES[name])


def close(panel, place, number):
    """Whether a place is where a number belongs, to half a pixel."""
    pixel = panel.pixel()
    return all(
        abs(a - b) <= 0.5 * abs(size)
        for a, b, size in zip(panel.number(*place), number, pixel, strict=True)
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_text_lies_on_the_paper_and_apart_from_others(name):
    it = plot(name)
    for i, (left, top, right, bottom, words) in enumerate(it.texts):
        assert left >= 2 and right <= it.width - 2 and top > 2 and bottom < it.height - 2, words
        for other in it.texts[:i]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (words, other[4])


@pytest.mark.parametrize("name", SEEN)
def test_no_text_lies_on_a_line_or_a_mark(name):
    it = plot(name)
    for panel in it.panels:
        looks = ("curve", "slope", "chosen", "interval")
        lines = [piece for look in looks for piece in panel.paths(look)]
        lines += [[place] for look in ("slope", "choice", "value") for place in panel.marks(look)]
        for piece in lines:
            for (x, y), (to_x, to_y) in pairwise([*piece, piece[-1]]):
                for i in range(21):  # mid-way, too
                    at = x + (to_x - x) * i / 20, y + (to_y - y) * i / 20
                    if panel.inside(*at):
                        on = [t for t in it.texts if t[0] < at[0] < t[2] and t[1] < at[1] < t[3]]
                        assert not on, (on, at)


@pytest.mark.parametrize("name", SEEN)
def test_nothing_is_drawn_beyond_the_paper(name):
    it = plot(name)
    for panel in it.panels:
        for look in ("slope", "choice", "value"):
            for x, y in panel.marks(look):
                assert panel.inside(x, y)
        for path in panel.root.iter(f"{SVG}path"):
            if not path.get("clip-path") and not path.get("id"):  # nor the shape of a mark
                numbers = list(map(float, re.findall(r"-?[\d.]+", path.get("d"))))
                assert all(0 < x < it.width for x in numbers[::2])
                assert all(0 < y < it.height for y in numbers[1::2])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_picture_carries_its_words(name):
    k = KINKS[name]
    bundle = k._repr_mimebundle_()
    assert bundle["text/plain"] == k.text
    assert html.unescape(re.search(r'alt="(.*?)"', bundle["text/html"], re.S)[1]) == k.text
    data = re.search(r"base64,([^\"]*)", bundle["text/html"])[1]
    it = Plot(base64.b64decode(data))
    alone = Plot(k.svg.encode())
    assert alone.root.get("aria-label").split() == k.text.split()
    assert " ".join(k.text.split()) in " ".join(it.words)


@pytest.mark.parametrize("name", SEEN)
def test_titles_label_and_legend(name):
    k, words = KINKS[name], plot(name).words
    assert {f"{k.name}: the function", "its derivative", f"PyTorch: {plain(k.autograd)}"} <= {
        *words
    }
    assert ("slope from the left" in words) == math.isfinite(k.left)
    assert ("slope from the right" in words) == math.isfinite(k.right)
    wide = k.subdifferential is not None and k.left != k.right
    assert ("all between" in words) == wide
    assert {"function, and PyTorch's derivative", "PyTorch's choice"} <= {*words}
    assert ("not defined here" in words) == all(math.isnan(f) for _, f, _ in k.curve)


@pytest.mark.parametrize("name", SEEN)
def test_marks_stand_where_their_numbers_are(name):
    k = KINKS[name]
    function, derivative = plot(name).panels
    for place in function.marks("value"):
        assert close(function, place, (k.at, k.value))
    (choice,) = derivative.marks("choice")
    middle = (derivative.top + derivative.bottom) / 2
    assert derivative.number(*choice)[0] == pytest.approx(k.at, abs=derivative.pixel()[0])
    low, high = (
        derivative.number(derivative.left, y)[1] for y in (derivative.bottom, derivative.top)
    )
    if math.isnan(k.autograd):
        assert choice[1] == pytest.approx(middle, abs=0.1)
    elif low <= k.autograd <= high:
        assert close(derivative, choice, (k.at, k.autograd))
    else:
        assert abs(choice[1] - middle) > 90 and (choice[1] < middle) == (k.autograd > 0)
    rings = [slope for slope in (k.left, k.right) if math.isfinite(slope)]
    for place, slope in zip(derivative.marks("slope"), rings, strict=True):
        assert close(derivative, place, (k.at, slope))
    bars = [[(k.at, s) for s in k.subdifferential]] if k.subdifferential else []
    for bar, ends in zip(derivative.paths("interval"), bars, strict=True):
        assert all(close(derivative, *pair) for pair in zip(bar, ends, strict=True))


@pytest.mark.parametrize("name", SEEN)
def test_slopes_are_as_steep_as_they_say(name):
    k = KINKS[name]
    function, _ = plot(name).panels
    one = function.pixel()
    shown = {"slope": [s for s in (k.left, k.right) if math.isfinite(s)], "chosen": [k.autograd]}
    for look, slopes in shown.items():
        for piece, slope in zip(function.paths(look), slopes, strict=False):
            (x, y), (to_x, to_y) = piece[0], piece[-1]
            length = math.hypot(to_x - x, to_y - y)
            angle = math.atan2(slope * one[0] / one[1], 1)
            assert length > 20
            assert math.atan2(y - to_y, to_x - x) % math.pi == pytest.approx(
                angle % math.pi, abs=0.02
            ) or abs(angle) == pytest.approx(math.pi / 2, abs=0.02)


@pytest.mark.parametrize("name", SEEN)
def test_the_curve_is_the_function_and_is_cut_where_that_breaks(name):
    k = KINKS[name]
    for column, panel in enumerate(plot(name).panels, 1):
        one = panel.pixel()
        known = [(row[0], row[column]) for row in k.curve if math.isfinite(row[column])]
        for piece in panel.paths("curve"):
            for x, y in piece:
                if panel.top < y < panel.bottom:  # the rest is cut off at the edge
                    at, number = panel.number(x, y)
                    near = [abs(f - number) for x, f in known if abs(x - at) <= 1.5 * one[0]]
                    assert near and min(near) <= 0.6 * abs(one[1])
        for piece in panel.lines("curve"):
            assert not piece[0][0] + one[0] < k.at < piece[-1][0] - one[0]
            at = [x for x, _ in piece]
            assert at == sorted(at)


@pytest.mark.parametrize(
    "name, pieces", [("jump", 2), ("round", 2), ("tan", 2), ("pole beside", 3)]
)
def test_no_line_is_drawn_up_a_jump(name, pieces):
    function, _ = plot(name).panels
    found = [piece for piece in function.paths("curve") if len(piece) > 1]
    assert len(found) == pieces
    for piece in found:
        for (x, y), (to_x, to_y) in pairwise(piece):
            steep = abs(to_y - y) > 0.5 * (function.bottom - function.top)
            assert not steep or to_x - x > 1


@pytest.mark.parametrize(
    "name, shape",
    [
        ("nan", "M -6 6L 6 -6M -6 -6L 6 6"),
        ("abs", "C"),
        ("sqrt", "M 0 -6L -6 6L 6 6z"),
        ("reciprocal", "M -0 6L 6 -6L -6 -6z"),
        ("tan", "M 0 -6L -6 6L 6 6z"),
    ],
)
def test_a_number_is_a_dot_nan_a_cross_and_what_lies_beyond_an_arrow(name, shape):
    found = plot(name).panels[1].symbol("choice")
    assert shape in found


def test_there_is_no_fan_without_an_interval():
    assert len(has(plot("relu").root, "fan")) == 1
    assert not has(plot("sqrt").root, "fan") and not has(plot("identity").root, "fan")


@pytest.mark.parametrize("name", SEEN)
def test_what_matters_fills_its_panel(name):
    for panel in plot(name).panels:
        heights = [
            y for piece in panel.paths("curve") for _, y in piece if panel.top <= y <= panel.bottom
        ]
        if heights and max(heights) - min(heights) > 1:  # not a constant
            assert max(heights) - min(heights) > 0.4 * (panel.bottom - panel.top)


def made(**parts):
    """A kink of numbers that are written here, so that no version of torch matters."""
    curve = tuple((i / 8, abs(i / 8) ** 1.5 / 3, math.copysign(0.1, i)) for i in range(-8, 9))
    rule = Rule(2, (0.0,), True)
    parts = {"left": -1.0, "right": 1.0, "subdifferential": (-1.0, 1.0), "curve": curve, **parts}
    return Kink("f", 0.0, 0.0, bend="convex", autograd=0.0, rule=rule,
                operations=("abs",), reads=1, **parts)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(low=st.floats(-1e6, 1e6), wide=st.floats(1e-3, 1e6), power=st.integers(-30, 306))
def test_ticks_are_few_round_and_in_order(low, wide, power):
    if power > 6:
        low *= 10.0 ** (power - 6)
        wide *= 10.0 ** (power - 6)
    curve = tuple((i / 8, low + wide * (i + 8) / 16, wide / 2) for i in range(-8, 9))
    it = Plot(svg(made(left=NAN, right=NAN, subdifferential=None, curve=curve)))
    for panel in it.panels:
        for ticks in (panel.xticks, panel.yticks):
            assert 2 <= len(ticks) <= 8
            assert ticks == sorted(ticks) and len({number for number, _ in ticks}) == len(ticks)
            steps = [b[0] - a[0] for a, b in pairwise(ticks)]
            assert max(steps) == pytest.approx(min(steps))
    for left, _, right, _, words in it.texts:
        assert left >= 0 and right <= it.width, words


EXTREME = st.sampled_from([0.0, NAN, INF, -INF, 1.7e308, -1.7e308, 5e-324]) | st.floats()


@pytest.mark.filterwarnings("error")
@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(EXTREME, EXTREME), min_size=16, max_size=16), *[EXTREME] * 4)
def test_any_numbers_can_be_drawn(rows, value, left, right, answer):
    known = math.isfinite(left) and math.isfinite(right)
    curve = tuple((i - 7.5, *row) for i, row in enumerate(rows))
    interval = (min(left, right), max(left, right)) if known else None
    k = replace(
        made(left=left, right=right, subdifferential=interval, curve=curve),
        value=value, autograd=answer,
    )  # fmt: skip
    it = Plot(svg(k))
    assert len(it.panels) == 2
    assert all(left >= 0 and right <= it.width for left, _, right, _, _ in it.texts)


def test_the_bytes_are_the_same_in_every_version_of_matplotlib():
    # Those of 3.10.9 and 3.11.2; a change of ours changes them, a version must not.
    found = hashlib.sha256(svg(made()).encode()).hexdigest()
    assert found == "8b62630a95e2fe7c095428908a0faf55c873732df25d4745518f7926c64a0d5e"


def test_the_bytes_are_the_same_in_every_thread_and_process():
    some = ["relu", "sqrt", "nan", "far"] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: svg(KINKS[n]), some)) == [PICTURES[n] for n in some]
    code = "import torch; from lesson_utils import kink; print(kink(torch.abs).svg)"
    for seed in "1", "2":
        out = run(code, PYTHONHASHSEED=seed)
        assert out.rstrip("\n") == PICTURES["abs"]


def run(code, **env):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **env}, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip


def test_matplotlib_comes_with_the_first_plot_and_pyplot_never():
    code = """
import sys, torch, lesson_utils
loaded = lambda name: name in sys.modules
k = lesson_utils.kink(torch.abs)
table = lesson_utils.kink_table({"abs": torch.abs})
random = lesson_utils.kink(torch.rand_like)._repr_mimebundle_()
print(k, table, loaded("matplotlib"))
k._repr_mimebundle_(), table._repr_mimebundle_()
print(loaded("matplotlib"), loaded("matplotlib.pyplot"))
import matplotlib
print(matplotlib.get_backend(auto_select=False))
"""
    lines = run(code, MPLBACKEND="").splitlines()  # the backend is still to be chosen
    assert lines[-3].endswith("False") and lines[-2:] == ["True False", "None"]


def test_looking_changes_nothing_of_the_students_and_theirs_nothing_of_the_picture():
    mine = {
        "text.usetex": True, "font.size": 30, "axes.facecolor": "black", "path.sketch": (3, 9, 2),
        "svg.hashsalt": "mine", "lines.marker": "x", "axes.xmargin": 0.4, "figure.dpi": 211,
        "axes.labelcolor": "white", "svg.fonttype": "path", "figure.autolayout": True,
        "axes.grid": False, "timezone": "Europe/Berlin", "interactive": True,
    }  # fmt: skip
    with matplotlib.rc_context(mine), np.errstate(all="raise"):
        before, faults = dict(matplotlib.rcParams), np.geterr()
        assert svg(KINKS["vast"]) == PICTURES["vast"]
        assert svg(KINKS["relu"]) == PICTURES["relu"]
        assert dict(matplotlib.rcParams) == before and np.geterr() == faults
        with pytest.raises(ValueError):  # a fault of ours, too, leaves all as it was
            svg(replace(KINKS["relu"], curve=((0.0, 0.0, 0.0), (NAN, 0.0, 0.0))))
        assert dict(matplotlib.rcParams) == before


@pytest.mark.filterwarnings("error")
def test_names_are_drawn_as_they_are():
    for name in ("函数", "функция", "м" * 300, "a_$b$_{c}"):
        it = Plot(svg(replace(KINKS["relu"], name=name)))
        assert any(words.startswith(name[:20]) for words in it.words)
        assert all(right <= it.width for _, _, right, _, _ in it.texts)
    assert "$x$ & <b>" in Plot(kink_table({"$x$ & <b>": KINKS["relu"]}).svg).words


def test_ids_are_those_of_one_picture_alone_and_nothing_else_leaks_into_a_page():
    seen = {}
    for name, source in PICTURES.items():
        ids = set(re.findall(r' id="([^"]*)"', source))
        assert set(re.findall(r'#(\w+)[")]', source)) - {*re.findall(r'="#(\w{6})"', source)} == ids
        for mark in ids:
            assert seen.setdefault(mark, name) == name
        assert "<style" not in source and "<!" not in source and "<?" not in source
        assert "atplotlib v" not in source and "dc:date" not in source


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_picture_is_small_and_its_text_is_not(name):
    assert len(PICTURES[name].encode()) < 20_000
    it = plot(name)
    assert it.width == 836
    assert min(float(t.get("font-size")) for t in it.root.iter(f"{SVG}text")) >= 13
    assert "DejaVu" not in PICTURES[name]


def test_the_style_serves_the_students_plots_too_in_our_colours():
    with matplotlib.style.context("lesson_utils.kinks.lesson"):
        rc = matplotlib.rcParams
        assert rc["figure.facecolor"] == rc["axes.facecolor"] == rc["savefig.facecolor"]
        cycle = [f"#{entry['color'].strip('#')}" for entry in rc["axes.prop_cycle"]]
        meant = {shapes.BLUE, shapes.ORANGE, shapes.GREEN, shapes.RED, shapes.VIOLET}
        assert cycle[:2] == [shapes.INDIGO, shapes.OLIVE] and not meant.intersection(cycle)
        assert "#" + rc["grid.color"].strip("#") == shapes.EDGE_OF_PAPER
        assert "#" + rc["text.color"].strip("#") == shapes.INK
        assert "#" + rc["xtick.color"].strip("#") == shapes.FAINT


def test_a_kink_table_is_a_table_in_words_and_a_picture():
    table = kink_table({"relu": F.relu, "log at -1": kink(torch.log, -1.0), "root": torch.sqrt})
    assert table.text == (
        "function   left  right  PyTorch  rule\n"
        "relu          0      1        0  keeps rule 2\n"
        "log at -1  none   none       −1  rule 5\n"
        "root       none    inf      inf  keeps rule 4"
    )
    assert repr(table) == table.text
    it = Plot(table.svg)
    for word in table.text.replace("keeps rule", "keepsrule").split():
        assert word.replace("keepsrule", "keeps rule") in " ".join(it.words)
    (lines,) = it.panels
    zero, least, beyond = lines.marks("choice")
    assert lines.number(*zero)[0] == pytest.approx(0, abs=0.01)
    assert lines.number(*least)[0] == pytest.approx(-1, abs=0.01)
    assert beyond[0] > lines.right  # an arrow
    left, right = (lines.number(*mark)[0] for mark in lines.marks("slope")[:2])
    assert (left, right) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))
    ((start, end),) = lines.lines("interval")
    assert (start[0], end[0]) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))
    rows = {words: (top + bottom) / 2 for _, top, _, bottom, words in it.texts}
    for name, place in zip(("relu", "log at -1", "root"), (zero, least, beyond), strict=True):
        assert place[1] == pytest.approx(rows[name], abs=3)


def wordy(x):
    steep = torch.where(x > 0, 1234.567 * x, 7654.321 * x + x * x)
    return steep + 0 * torch.sqrt(x * x)


@pytest.mark.parametrize(
    "table",
    [
        {"m" * 200: wordy},
        {"one": torch.abs},
        {name: KINKS[name] for name in FUNCTIONS},
        {"down": KINKS["down"], "steep": KINKS["steep"]},
    ],
    ids=["wordy", "one", "all", "steep"],
)
def test_a_kink_table_stays_on_the_paper_its_texts_apart(table):
    table = kink_table(table)
    it = Plot(table.svg)
    for i, (left, top, right, bottom, words) in enumerate(it.texts):
        assert left >= 2 and right <= it.width - 2 and bottom <= it.height and len(words) < 60
        for other in it.texts[:i]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (words, other[4])
    assert len(table.svg) < 2_500 * (len(table.kinks) + 3)


def test_long_verdicts_are_told_in_full():
    assert "rule 4 asks for 7654.32 or 1234.57" in kink_table({"m" * 200: wordy}).text


@pytest.mark.parametrize(
    "fn, words",
    [
        (F.relu, "keeps rule 2"),
        (lambda x: F.leaky_relu(x, -0.5), "departs: rule 2 asks for 0"),
        (lambda x: torch.where(x >= 0, x, 0.0), "2 operations; in all, rule 2 asks for 0"),
        (lambda x: torch.minimum(x, 0 * x), "2 operations; in all, rule 3 asks for 0"),
        (lambda x: torch.maximum(x, torch.zeros(1)), "2 inputs; in all, rule 2 asks for 0"),
        (torch.rand_like, "rule 6"),
        (lambda x: torch.bernoulli(x + 0.5), "2 operations; in all, rule 6 refuses"),
        (torch.log, "keeps rule 4"),
    ],
)
def test_verdicts(fn, words):
    assert verdict(kink(fn)) == words


def test_a_kink_table_says_what_it_takes():
    with pytest.raises(TypeError, match="names and functions, not function"):
        kink_table(F.relu)
    with pytest.raises(ValueError, match="at least one"):
        kink_table({})
    assert math.isclose(kink_table({"abs": torch.abs}, at=2.0).kinks[0][1].left, 1)


def test_left_and_right_differ_in_more_than_colour_and_in_colours_of_their_own():
    both = PICTURES["abs"]
    graph_colours = (shapes.ORANGE, shapes.GREEN, shapes.VIOLET)
    assert not any(colour in both for colour in graph_colours)
    for colour, dashes in ((shapes.INDIGO, "6.9"), (shapes.OLIVE, "2.7")):
        slopes = re.findall(rf'<path[^>]*stroke-dasharray="{dashes}[^>]*>', both)
        assert slopes and all(colour in slope for slope in slopes)
    table = kink_table({"abs": torch.abs}).svg
    heads = [re.findall(rf'<use xlink:href="#(\w+)"[^>]*{c}', table) for c in ("5b3fc4", "5f6d00")]
    assert all(heads) and heads[0] != heads[1]
