"""Graphs that textbooks draw in one piece."""

import torch

from lesson_utils import trace


def leaves(*numbers):
    return [torch.tensor(float(number), requires_grad=True) for number in numbers]


def perceptron():
    """Two hidden units, seven parameters."""
    x1, x2 = torch.tensor(1.0), torch.tensor(-2.0)
    w11, w12, w21, w22, v1, v2, b = leaves(0.5, -0.3, 0.8, 0.2, 1.2, -0.7, 0.1)
    with trace() as t:
        h1 = torch.tanh(w11 * x1 + w12 * x2)
        h2 = torch.tanh(w21 * x1 + w22 * x2)
        y = v1 * h1 + v2 * h2 + b
        loss = (y - 1.0) ** 2
    return t.graph(of=loss)


def lstm():
    """A cell by hand, of 25 operations."""
    x, h, c = torch.tensor(0.5), torch.tensor(0.1), torch.tensor(-0.2)
    wi, ui, bi, wf, uf, bf = leaves(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    wo, uo, bo, wg, ug, bg = leaves(0.7, 0.8, 0.9, 0.15, 0.25, 0.35)
    with trace() as t:
        i = torch.sigmoid(wi * x + ui * h + bi)
        f = torch.sigmoid(wf * x + uf * h + bf)
        o = torch.sigmoid(wo * x + uo * h + bo)
        g = torch.tanh(wg * x + ug * h + bg)
        c1 = f * c + i * g
        h1 = o * torch.tanh(c1)
    return t.graph(of=h1)


def softmax():
    """With the cross-entropy, by hand."""
    z = torch.tensor([1.0, 2.0, -0.5], requires_grad=True)
    with trace() as t:
        e = torch.exp(z - z.max())
        p = e / e.sum()
        loss = -torch.log(p[1])
    return t.graph(of=loss)


def batch_norm():
    x = torch.tensor([1.0, 2.0, 4.0, -1.0], requires_grad=True)
    gamma, beta = leaves(1.5, 0.5)
    with trace() as t:
        m = x.mean()
        d = x - m
        var = (d * d).mean()
        xh = d / torch.sqrt(var + 1e-5)
        y = gamma * xh + beta
        loss = (y * y).sum()
    return t.graph(of=loss)


def woven():
    (w,) = leaves(0.5)
    with trace() as t:
        y = (w * w + w) * torch.sin(w)
    return t.graph(of=y)


def mlp(count, *sizes):
    """Two layers on a batch."""
    torch.manual_seed(0)
    a, b, c = sizes
    inputs, wanted = torch.randn(count, a), torch.randn(count, c)
    W1, W2 = torch.randn(a, b, requires_grad=True), torch.randn(b, c, requires_grad=True)
    b1, b2 = torch.zeros(b, requires_grad=True), torch.zeros(c, requires_grad=True)
    with trace() as t:
        hidden = torch.relu(inputs @ W1 + b1)
        out = hidden @ W2 + b2
        loss = ((out - wanted) ** 2).mean()
    return t.graph(of=loss)
