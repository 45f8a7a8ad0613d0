"""Small programs of many kinds, each as one graph: those of courses and of benchmarks."""

import torch
import torch.nn.functional as F
from textbook import batch_norm, leaves, lstm, mlp, perceptron, softmax, woven
from torch import nn

from lesson_utils import trace


def weights(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).requires_grad_()


def graph(loss_of):
    """The graph of a function without arguments, of its result."""

    def made():
        torch.manual_seed(0)
        inner = loss_of()
        with trace() as t:
            result = inner()
        return t.graph(of=result, seed=None if result.numel() == 1 else torch.ones_like(result))

    return made


def network(model, *shape):
    def start():
        net, x = model().eval(), torch.randn(shape)
        return lambda: net(x)

    return graph(start)


@graph
def cnn():
    x, k1, k2, w = torch.randn(1, 1, 8, 8), weights(2, 1, 3, 3), weights(3, 2, 3, 3), weights(3, 2)

    def inner():
        h = F.max_pool2d(F.relu(F.conv2d(x, k1)), 2)
        h = F.relu(F.conv2d(h, k2)).flatten(1)
        return F.cross_entropy(h @ w, torch.tensor([1]))

    return inner


@graph
def rnn():
    xs = torch.randn(4, 2)
    W, U, b = weights(2, 3), weights(3, 3, seed=1), weights(3, seed=2)

    def inner():
        h = torch.zeros(3)
        for x in xs:
            h = torch.tanh(x @ W + h @ U + b)
        return h.sum()

    return inner


@graph
def attention():
    x = torch.randn(3, 4)
    Wq, Wk, Wv = (weights(4, 4, seed=i) for i in range(3))

    def inner():
        q, k, v = x @ Wq, x @ Wk, x @ Wv
        p = torch.softmax(q @ k.T / 2.0, dim=-1)
        return (p @ v).sum()

    return inner


@graph
def residual():
    x, W1, W2 = torch.randn(2, 4), weights(4, 4), weights(4, 4, seed=1)

    def inner():
        h = x @ W1
        h = h + torch.relu(h @ W2)
        h = h + torch.tanh(h @ W2)
        return h.mean()

    return inner


@graph
def gan():
    z, real = torch.randn(2), torch.randn(2)
    G, D = weights(2, 2), weights(2, seed=1)

    def inner():
        fake = torch.tanh(z @ G)
        good, bad = torch.sigmoid(real @ D), torch.sigmoid(fake @ D)
        return -(torch.log(good) + torch.log(1 - bad))

    return inner


@graph
def vae():
    x, noise = torch.randn(3), torch.randn(2)
    Wm, Ws, Wd = weights(3, 2), weights(3, 2, seed=1), weights(2, 3, seed=2)

    def inner():
        mean, log_var = x @ Wm, x @ Ws
        z = mean + torch.exp(0.5 * log_var) * noise
        rebuilt = ((z @ Wd - x) ** 2).sum()
        apart = -0.5 * (1 + log_var - mean**2 - torch.exp(log_var)).sum()
        return rebuilt + apart

    return inner


@graph
def layer_norm():
    x, gain, shift = weights(4), weights(4, seed=1), weights(4, seed=2)

    def inner():
        m = x.mean()
        v = ((x - m) ** 2).mean()
        return ((x - m) / torch.sqrt(v + 1e-5) * gain + shift).pow(2).sum()

    return inner


@graph
def cross_entropy():
    z = weights(4)
    return lambda: torch.log(torch.exp(z).sum()) - z[2]


@graph
def polynomial():
    x, a, b, c, d = leaves(1.5, 0.5, -1.0, 2.0, 0.3)
    return lambda: a * x**3 + b * x**2 + c * x + d


@graph
def horner():
    x, a, b, c, d = leaves(1.5, 0.5, -1.0, 2.0, 0.3)
    return lambda: ((a * x + b) * x + c) * x + d


@graph
def newton():
    x, c = leaves(1.0, 2.0)

    def inner():
        y = x
        for _ in range(3):
            y = y - (y * y - c) / (2 * y)
        return y

    return inner


@graph
def cumulative_product():
    xs = leaves(1.1, 0.9, 1.3, 0.7, 1.2)

    def inner():
        product, total = xs[0], xs[0]
        for x in xs[1:]:
            product = product * x
            total = total + product
        return total

    return inner


@graph
def mixture():
    x = torch.tensor(0.7)
    m1, m2, s1, s2, w = leaves(-1.0, 1.0, 0.5, 0.8, 0.3)

    def inner():
        p = torch.sigmoid(w)
        one = torch.exp(-(((x - m1) / s1) ** 2) / 2) / s1
        two = torch.exp(-(((x - m2) / s2) ** 2) / 2) / s2
        return -torch.log(p * one + (1 - p) * two)

    return inner


@graph
def gru():
    x, h = torch.tensor(0.5), torch.tensor(0.1)
    wz, uz, wr, ur, wn, un = leaves(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)

    def inner():
        z = torch.sigmoid(wz * x + uz * h)
        r = torch.sigmoid(wr * x + ur * h)
        n = torch.tanh(wn * x + r * (un * h))
        return (1 - z) * n + z * h

    return inner


@graph
def butterfly():
    """Two values that cross again and again, as in a fast Fourier transform."""
    a, b, w = leaves(1.0, 2.0, 0.5)

    def inner():
        p, q = a, b
        for _ in range(3):
            p, q = p + w * q, p - w * q
        return p * q

    return inner


@graph
def logistic():
    x1, x2, y = torch.tensor(0.5), torch.tensor(-1.0), torch.tensor(1.0)
    w1, w2, b = leaves(0.4, -0.6, 0.1)

    def inner():
        p = torch.sigmoid(w1 * x1 + w2 * x2 + b)
        return -(y * torch.log(p) + (1 - y) * torch.log(1 - p))

    return inner


class Neuron(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.tensor(3.0)), nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return torch.relu(x * self.w + self.b)


def chain(count):
    @graph
    def made():
        x, w, b = torch.randn(8), weights(8), weights(8, seed=1)
        steps = [lambda h: h * w, torch.tanh, lambda h: h + b, torch.sin]

        def inner():
            h = x
            for i in range(count):
                h = steps[i % 4](h)
            return h

        return inner

    return made


def diamonds(count):
    @graph
    def made():
        x, w = torch.randn(8), weights(8)

        def inner():
            h = x
            for _ in range(count):
                h = torch.tanh(h) + h * w
            return h

        return inner

    return made


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.c1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.c2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.b1, self.b2 = nn.BatchNorm2d(outside), nn.BatchNorm2d(outside)
        self.down = None
        if stride > 1 or inside != outside:
            skip = nn.Conv2d(inside, outside, 1, stride, bias=False)
            self.down = nn.Sequential(skip, nn.BatchNorm2d(outside))

    def forward(self, x):
        y = self.b2(self.c2(F.relu(self.b1(self.c1(x)))))
        return F.relu(y + (x if self.down is None else self.down(x)))


def resnet():
    layers, inside = [], 4
    for level in range(4):
        for j in range(2):
            layers.append(Block(inside, 4 << level, 2 if level and not j else 1))
            inside = 4 << level
    stem = [nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()]
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inside, 10)]
    return nn.Sequential(*stem, nn.MaxPool2d(3, 2, 1), *layers, *end)


def transformer():
    layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)


def three_layers():
    first, second = nn.Linear(16, 32), nn.Linear(32, 32)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Linear(32, 4))


TEXTBOOK = {
    "perceptron": perceptron, "LSTM cell": lstm, "softmax": softmax, "batch norm": batch_norm,
    "woven": woven, "MLP 3-4-1": lambda: mlp(4, 3, 4, 1), "MLP 4-8-1": lambda: mlp(4, 4, 8, 1),
    "MLP 64-128-10": lambda: mlp(32, 64, 128, 10),
}  # fmt: skip
BENCHMARKS = {
    "neuron": network(Neuron), "three layers": network(three_layers, 8, 16),
    "chain of 50": chain(50), "chain of 500": chain(500), "167 diamonds": diamonds(167),
    "transformer": network(transformer, 1, 8, 16), "ResNet-18": network(resnet, 1, 3, 32, 32),
}  # fmt: skip
CLASSICS = {
    "CNN": cnn, "RNN over 4 steps": rnn, "attention": attention, "residual": residual, "GAN": gan,
    "VAE": vae, "layer norm": layer_norm, "cross entropy": cross_entropy, "GRU cell": gru,
    "polynomial": polynomial, "Horner": horner, "Newton": newton, "mixture": mixture,
    "cumulative product": cumulative_product, "butterfly": butterfly, "logistic": logistic,
}  # fmt: skip
GRAPHS = {**TEXTBOOK, **BENCHMARKS, **CLASSICS}
