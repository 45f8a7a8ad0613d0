"""Questions that Python asks of tensors: what is recorded of them and how they are drawn."""

import inspect
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import grad

from lesson_utils import draw, trace


def climb(w):
    z = w
    while z < 10.0:
        z = z * w
    return z


def line_of(function, text):
    lines, first = inspect.getsourcelines(function)
    (offset,) = [i for i, line in enumerate(lines) if text in line]
    return first + offset


def climbing(number):
    w = torch.tensor(number, requires_grad=True)
    with trace() as t:
        y = climb(w)
    return t, w, y


@settings(max_examples=40, deadline=None, derandomize=True)
@given(number=st.floats(1.25, 12.0, width=32))
def test_a_loop_is_as_long_as_the_data_say(number):
    t, w, y = climbing(number)
    graph = t.graph(of=y)
    n = len(graph.branches)
    assert [branch.taken for branch in graph.branches] == [True] * (n - 1) + [False]
    assert sum(op.name == "mul" for op in graph.operations) == n - 1
    assert y.item() == pytest.approx(number**n, rel=1e-4)
    if n > 1:
        assert graph["w"].gradient == pytest.approx(n * number ** (n - 1), rel=1e-4)
        assert graph["w"].gradient == grad(y, w)[0].item()


def test_every_question_of_a_loop_has_its_diamond_and_the_line_of_the_while():
    t, _, y = climbing(2.0)
    drawing = draw(t)
    assert len(set(re.findall(r'id="(branch-\d+)"', drawing.svg))) == 4
    line = line_of(climb, "while")
    assert {branch.line for branch in t.graph().branches} == {line}
    assert drawing.text.count(f"True (line {line})") == 3
    assert drawing.text.count(f"False (line {line})") == 1
    assert y.item() == 16


def test_nothing_leads_back_from_a_question():
    x, cutoff = (torch.tensor([number], requires_grad=True) for number in (3.0, 1.0))
    with trace() as t:
        y = (x if x > cutoff else 0 * x) * 2
    graph = t.graph()
    assert graph["cutoff"].gradient is None and graph["x"].gradient == 2
    assert grad(y, cutoff, allow_unused=True) == (None,)
    asked = next(op for op in graph.operations if op.name == "gt")
    assert asked.backward is None and asked.saved == ()
    assert f'id="backward-{asked.id}-' not in draw(t).svg


@pytest.mark.parametrize("number, operations", [(3.0, ["mul", "gt"]), (-3.0, ["mul", "gt", "neg"])])
def test_another_answer_is_another_graph(number, operations):
    w = torch.tensor(number, requires_grad=True)
    with trace() as t:
        v = w * 1
        y = v if v > 0 else -v
    assert [op.name for op in t.graph(of=y).operations] == operations


def test_where_asks_nothing():
    z = torch.tensor([-1.0, 2.0], requires_grad=True)
    with trace() as t:
        y = torch.where(z > 0, z, 0.0).sum()
    assert t.graph().branches == () and "?" not in draw(t).text
    assert tuple(grad(y, z)[0].tolist()) == t.graph()["z"].gradient == (0, 1)


def test_two_questions_in_one_line_are_two():
    z = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = z * 3 if z > 0 and not z > 5 else z
    assert [branch.taken for branch in t.graph(of=y).branches] == [True, False]


def test_a_question_of_a_vector_raises_as_ever_and_the_rest_is_drawn():
    z = torch.tensor([-1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="ambiguous"), trace() as t:
        v = z * 2
        if v > 0:
            v = v * 2
    assert "z × 2.0 gives" in draw(t).text or "z × 2 gives" in draw(t).text
    assert t.graph(of="v", seed=torch.ones(2)).branches == ()
