"""The lecture's neuron, as the tests use it."""

import torch
import torch.nn.functional as F

from lesson_utils import trace


def neuron():
    """The trace of a = relu(x*w + b) at x = 3, w = 2, b = 1."""
    x = torch.tensor([3.0])
    w = torch.tensor([2.0], requires_grad=True)
    b = torch.tensor([1.0], requires_grad=True)
    with trace() as t:
        a = F.relu(x * w + b)
    assert a.item() == 7
    return t
