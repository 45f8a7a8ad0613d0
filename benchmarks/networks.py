"""What capturing a network costs, beside a plain forward and backward of it in the same run.

The gradients that the trace tells are first compared with PyTorch's own,
parameter by parameter, under the modules' own names.
"""

import statistics
import time

import torch
from torch import nn

from lesson_utils import trace

REPEATS = 15


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, width, wider, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(width, wider, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wider)
        self.conv2 = nn.Conv2d(wider, wider, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(wider)
        self.shortcut = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(width, wider, 1, stride, bias=False), nn.BatchNorm2d(wider)
            )

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet():
    """ResNet-18 at a quarter of its width, for images of 32 by 32."""
    widths = (16, 16, 32, 64, 128)
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    for i in range(4):
        stride = 1 if i == 0 else 2
        layers += [Block(widths[i], widths[i + 1], stride), Block(widths[i + 1], widths[i + 1], 1)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)]
    return nn.Sequential(*layers).eval(), torch.randn(2, 3, 32, 32)


def transformer():
    """Four encoder layers of width 64, four heads; two texts of 32 tokens."""
    layer = nn.TransformerEncoderLayer(64, 4, 256, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
    return encoder.train(), torch.randn(2, 32, 64)


def agree(model, x):
    """Every parameter of the model is in the graph, by name and with PyTorch's gradient."""
    with trace() as t:
        loss = model(x).square().mean()
    graph = t.graph()
    names, parameters = zip(*model.named_parameters(), strict=True)
    for name, gradient in zip(names, torch.autograd.grad(loss, parameters), strict=True):
        value = graph[f"model.{name}"]
        summary = value.gradient_summary
        if summary is None:
            told = torch.tensor(value.gradient).reshape(gradient.shape)
            torch.testing.assert_close(told, gradient)
        else:
            told = torch.tensor([summary.min, summary.mean, summary.max])
            own = torch.stack([gradient.min(), gradient.mean(), gradient.max()])
            torch.testing.assert_close(told, own, rtol=1e-4, atol=1e-7)
    return len(names)


def ratio(model, x):
    parameters = list(model.parameters())

    def plain():
        torch.autograd.grad(model(x).square().mean(), parameters)

    def block():
        with trace() as t:
            loss = model(x).square().mean()
        return t, loss

    def capture():
        t, loss = block()
        return t.graph(), loss

    functions = plain, block, capture
    times = [[seconds(function) for function in functions] for _ in range(REPEATS)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    return medians, *(statistics.median(row[i] / row[0] for row in times) for i in (1, 2))


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main():
    torch.set_num_threads(1)
    for build in (resnet, transformer):
        torch.manual_seed(0)
        model, x = build()
        count = agree(model, x)
        (plain, block, capture), of_block, of_capture = ratio(model, x)
        print(
            f"{build.__name__}, {count} parameters' gradients right: with trace() block / plain "
            f"forward and backward: {block * 1e3:.1f} ms / {plain * 1e3:.1f} ms = {of_block:.2f}, "
            f"with t.graph() {capture * 1e3:.1f} ms, {of_capture:.2f}"
        )


if __name__ == "__main__":
    main()
