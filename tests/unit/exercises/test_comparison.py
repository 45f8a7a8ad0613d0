"""Where two graphs part."""

import base64
import re

import pytest
import torch
from answers import answer_of, verdict

from lesson_utils import compare, trace
from lesson_utils.exercises.catalogue import CATALOGUE


def leaf(number):
    return torch.tensor(number, requires_grad=True)


def first():
    x, w, b = torch.tensor(3.0), leaf(2.0), leaf(1.0)
    with trace() as t:
        u = x * w
        y = torch.relu(u + b)
    assert y.requires_grad
    return t


def test_a_graph_is_the_same_as_itself_and_as_one_with_other_numbers():
    x, w, b = torch.tensor(-5.0), leaf(4.0), leaf(0.0)
    with trace() as other:
        a = torch.relu(b + w * x)
    assert a.requires_grad
    found = compare(first(), other)
    assert (
        found.same and found.text == "Both graphs are the same: 3 operations, with the same inputs."
    )
    assert "<img" not in found.html


def test_the_first_place_where_they_part_is_said_and_framed_in_both():
    x, w, b = torch.tensor(3.0), leaf(2.0), leaf(1.0)
    with trace() as other:
        u = x * w
        y = torch.tanh(u + b)
    assert y.requires_grad
    found = compare(first(), other)
    assert not found.same and found.parts == (2, 2)
    assert "the first graph has `y = ReLU(v)`" in found.says
    assert "the second graph has `y = tanh(v)`" in found.says
    assert found.html.count("<img") == 2


@pytest.mark.parametrize("other", [torch.var_mean, torch.neg], ids=["two values", "one"])
def test_what_differs_is_framed_once_and_in_the_red_of_its_page(other):
    def of(function):
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        with trace() as t:
            one, two = function(w * w)
            y = one * two
        assert y.requires_grad
        return t

    html = compare(of(torch.unbind), of(other)).html
    pictures = [base64.b64decode(it).decode() for it in re.findall(r'base64,([^"]+)"', html)]
    assert len(pictures) == 2 and "<code>one = unbind(u)</code> (line" in html
    assert 'class="operation culprit"' in pictures[0]
    for picture in pictures:
        assert len(re.findall(r'class="[^"]* culprit"', picture)) == 1
        assert ".culprit.culprit>rect:first-of-type{stroke:#b8340a;stroke:light-dark(" in picture


def test_a_path_that_was_cut_is_a_difference():
    x, w, b = torch.tensor(3.0), leaf(2.0), leaf(1.0)
    with trace() as other:
        u = (x * w).detach()
        y = torch.relu(u + b)
    assert y.requires_grad
    found = compare(first(), other)
    assert found.parts[1] == 1 and "detach" in found.says


def test_a_leaf_that_requires_no_gradient_is_a_difference():
    x, w, b = torch.tensor(3.0), leaf(2.0), torch.tensor(1.0)
    with trace() as other:
        y = torch.relu(x * w + b)
    assert y.requires_grad
    found = compare(first(), other)
    assert not found.same and "`b` requires a gradient in the first graph alone" in found.says


def test_what_is_computed_twice_counts_twice():
    w = leaf(2.0)
    with trace() as once:
        e = w.exp()
        y = e * e
    with trace() as twice:
        y = w.exp() * w.exp()
    assert y.requires_grad
    found = compare(once, twice)
    assert found.parts == (None, 1) and "the first graph has all of it" not in found.says


def test_arguments_count_and_the_order_of_independent_operations_does_not():
    w = leaf([1.0, 2.0])
    with trace() as one:
        a, b = w.sin(), w.cos()
        y = (a * b).sum(0)
    with trace() as other:
        b, a = w.cos(), w.sin()
        y = (a * b).sum(0)
    with trace() as third:
        a, b = w.sin(), w.cos()
        y = (a * b).sum(0, keepdim=True)
    assert y.requires_grad and compare(one, other).same and not compare(one, third).same


def test_a_graph_and_its_trace_will_do_and_nothing_else():
    t = first()
    assert compare(t, t.graph()).same
    with pytest.raises(TypeError, match=r"compare\(\) takes a trace"):
        compare(t, 3)


def test_what_is_scaled_may_not_be_exchanged():
    x, w = leaf(1.0), leaf(2.0)
    with trace() as one:
        y = torch.add(x, w, alpha=2)
    with trace() as other:
        y = torch.add(w, x, alpha=2)
    assert y.requires_grad and not compare(one, other).same


def test_a_write_is_not_a_new_tensor():
    w = leaf(1.0)
    with trace() as t:
        h = torch.tanh(w)
        y = torch.relu(h)
    with trace() as u:
        h = torch.tanh(w)
        y = h.relu_()
    assert y.requires_grad
    found = compare(t, u)
    assert not found.same and found.parts[1] == 1


def test_shapes_do_not_count_nor_does_the_way_a_function_is_called():
    pairs = [
        (lambda: leaf(2.0).sin() + 1, lambda: leaf([2.0]).sin() + 1),
        (lambda: leaf([[1.0]]).mv(torch.ones(1)), lambda: leaf([[1.0]]) @ torch.ones(1)),
    ]
    for one, other in pairs:
        with trace() as t:
            y = one()
        with trace() as u:
            z = other()
        assert compare(t.graph(of=y), u.graph(of=z)).same
    z = leaf(1.0)
    with trace() as t:
        y = torch.where(z > 0, z, -z)
    with trace() as u:
        y = z.where(z > 0, -z)
    with trace() as v:
        y = torch.where(z > 0, -z, z)
    assert y.requires_grad and compare(t, u).same and not compare(t, v).same
    told = [it.name for it in u.graph().operations[-1].arguments]
    reads = [u.graph()[i].name for i in u.graph().operations[-1].inputs]
    assert told == ["condition", "input", "other"] and reads[0] == "z"


def test_lines_that_the_student_cannot_see_are_not_told(tmp_path):
    said = verdict(CATALOGUE["01.2"], answer_of(CATALOGUE["01.2"], """
p = torch.tensor([0.5], requires_grad=True)
q = torch.tensor([1.0], requires_grad=True)
with trace() as yours:
    y = torch.cos(p) * p + q
check("01.2", yours)
"""), tmp_path)  # fmt: skip
    assert said.status == "not yet" and said.text.count("(line ") == 1
