"""The nodes behind tensors: what they can still do, asked without running them."""

import torch
import torch.nn.functional as F

from lesson_utils.capture.behind import holds, is_freed, is_reached, leaves_behind, spoilt


def leaf(*numbers):
    return torch.tensor(numbers, requires_grad=True)


def test_a_node_that_saved_nothing_for_an_option_is_not_freed():
    y = F.layer_norm(leaf(1.0, 2.0), (2,))  # its weight and bias are None
    assert not is_freed(y.grad_fn) and holds(y.grad_fn)
    y.sum().backward()
    assert is_freed(y.grad_fn) and not holds(y.grad_fn)


def test_a_saved_value_that_was_written_to():
    u = torch.exp(leaf(1.0, 2.0))
    assert spoilt(u.grad_fn) == []
    node = u.grad_fn
    u += 1
    assert len(spoilt(node)) == 1 and not is_freed(node)


def test_what_a_pass_reaches():
    w, b = leaf(1.0), leaf(2.0)
    u = w * 2
    y = u + 1
    assert is_reached(y, w) and is_reached(y, u) and not is_reached(y, b)
    assert [it is w for it in leaves_behind(y)] == [True]
