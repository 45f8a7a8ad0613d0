"""What a picture of the neuron costs, beside a peer and a floor, in one run.

Ratios are medians of interleaved repetitions: capture with all numbers beside
a plain forward and backward of the same neuron, and code to SVG beside
torchviz through the same layout program: with our layouts forgotten each time,
with numbers that change from picture to picture, and with the same picture.
"""

import random
import statistics
import subprocess
import time

import torch
import torchviz
from torch import nn

from lesson_utils import draw, trace
from lesson_utils.picture.layout import find_program, run

REPEATS = 60


class Neuron(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(3.0))
        self.b = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return torch.relu(x * self.w + self.b)


MODEL, X = Neuron(), torch.tensor(2.0)
PARAMETERS = list(MODEL.parameters())


def plain():
    out = MODEL(X)
    return torch.autograd.grad(out, PARAMETERS)


def capture():
    with trace() as t:
        out = MODEL(X)
    return t.graph(), out


def block():
    with trace() as t:
        out = MODEL(X)
    return t, out


def again():
    x, w, b = torch.tensor(2.0), MODEL.w, MODEL.b
    with trace() as t:
        out = torch.relu(x * w + b)
    return draw(t).svg, out


def other_numbers():
    x, w, b = (torch.tensor(round(random.uniform(-5, 5), 2)) for _ in range(3))
    w.requires_grad_()
    b.requires_grad_()
    with trace() as t:
        out = torch.relu(x * w + b)
    return draw(t).svg, out


def first_time():
    run.cache_clear()
    return again()


def peer():
    x, w, b = torch.tensor(2.0), MODEL.w, MODEL.b
    source = torchviz.make_dot(torch.relu(x * w + b), params={"w": w, "b": b}).source
    command = [find_program(), "-Tsvg"]
    return subprocess.run(command, input=source.encode(), capture_output=True, check=True).stdout


def seconds(function, inner):
    start = time.perf_counter()
    for _ in range(inner):
        function()
    return (time.perf_counter() - start) / inner


def ratio(function, floor, inner):
    pairs = [(seconds(function, inner), seconds(floor, inner)) for _ in range(REPEATS)]
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    return first, second, statistics.median(a / b for a, b in pairs)


def main():
    torch.set_num_threads(1)
    for function in (plain, capture, again, peer):
        function()
    for name, function, floor, inner in (
        ("with trace() block / plain forward and backward", block, plain, 50),
        ("capture with t.graph() / plain forward and backward", capture, plain, 50),
        ("code to SVG, drawn for the first time / torchviz", first_time, peer, 1),
        ("code to SVG, with other numbers each time / torchviz", other_numbers, peer, 1),
        ("code to SVG, drawn again / torchviz", again, peer, 1),
    ):
        first, second, by = ratio(function, floor, inner)
        print(f"{name}: {first * 1e3:.3f} ms / {second * 1e3:.3f} ms = {by:.2f}")


if __name__ == "__main__":
    main()
