"""What is said besides the graph is true: other code, other paths, writes that autograd misses."""

import numpy as np
import pytest
import torch

from lesson_utils import draw, trace


def leaf(number=2.0):
    return torch.tensor(number, requires_grad=True)


def words(t):
    return draw(t)._repr_mimebundle_()["text/plain"]


def test_a_path_outside_of_the_block_is_told():
    x = leaf()
    h = x * 5
    with trace() as t:
        y = h * x
    assert t.graph(of=y)["x"].gradient == 10  # PyTorch's is 20, over both paths
    assert "h was not computed here: its own path to x is not counted" in words(t)


def test_nothing_is_told_of_what_leads_elsewhere():
    x, other = leaf(), leaf(3.0)
    h = other * 5
    with trace() as t:
        y = h * x
    assert y.requires_grad and not t.graph().note


def test_grad_changed_by_other_code_is_no_earlier_pass():
    x = leaf()
    with trace() as t:
        y = x * x
    y.backward()
    x.grad *= 0.5
    note = t.graph().note
    assert "x.grad is 2, and here 4" in note and "earlier pass" not in note


def test_a_write_through_data_makes_a_new_value():
    w = leaf([1.0, 2.0])
    with trace() as t:
        w.data -= 0.5
        y = w * 2
    assert y.requires_grad
    assert "w × 2 gives y = [1, 3]" in words(t) and "gives w = [0.5, 1.5]" in words(t)


def test_a_write_through_numpy_makes_a_new_value():
    x, a = leaf([1.0, 2.0]), torch.ones(2)
    with trace() as t:
        a.numpy()[0] = 7
        y = x * a
    assert y.requires_grad and "changed in place(a@0) gives a = [7, 1]" in words(t)


def test_a_write_past_autograd_is_no_multiplication():
    x = leaf([1.0, 2.0])
    with trace() as t:
        c = x * 2
        c.detach().zero_()
        e = c + 1
    assert e.requires_grad
    assert "c@0 × x" not in words(t) and "changed in place(c@0, x) gives c = [0, 0]" in words(t)


def test_a_norm_that_is_only_asked_is_no_result():
    w = leaf([3.0, 4.0])
    with trace() as t:
        y = (w * 2).sum()
        if w.norm() > 1:
            y = y / 2
    assert t.graph().of == t.graph()["y"].id


def test_complex_derivatives_say_that_they_are_conjugated():
    z = torch.tensor(1 + 2j, requires_grad=True)
    with trace() as t:
        a = (z * z).abs()
    assert a.requires_grad and "conjugated" in t.graph().note


def test_numbers_of_numpy_are_written_as_numbers():
    x = leaf()
    with trace() as t:
        y = torch.add(x, x, alpha=np.int64(2))
    assert y.requires_grad and "add(x, x, alpha=2) gives y = 6" in words(t)


def test_names_survive_what_cannot_be_recorded():
    x = leaf()
    nested = torch.nested.nested_tensor([torch.ones(2)], layout=torch.jagged)
    with trace() as t:
        y = x * 3
        z = nested * 2
    assert y.requires_grad and z.is_nested
    assert "x × 3 gives y = 6" in words(t)


def test_two_numbers_are_compared_with_two_signs():
    x = leaf()
    with trace() as t:
        if x == 2:
            y = x * 2
    assert y.requires_grad and "Python asked whether x == 2: True" in words(t)


@pytest.mark.parametrize("stop", ["requires_grad_", "detach_"])
def test_a_tensor_that_stops_requiring_a_gradient_is_named(stop):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        y = x * 3
        s = (y + 1).sum()
        if stop == "detach_":
            y.detach_()
        else:
            x.requires_grad_(False)
    name = "y" if stop == "detach_" else "x"
    assert f"{name} no longer requires a gradient" in t.graph(of=s).note
