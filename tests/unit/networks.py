"""Networks that are drawn folded."""

from itertools import pairwise

import torch
from torch import nn

from lesson_utils import trace


class Block(nn.Module):
    """Two convolutions and a way around them, as in ResNet-18."""

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


def resnet(*widths):
    """ResNet-18, narrow, its graph; or one of fewer stages, of these widths."""
    torch.manual_seed(0)
    widths = widths or (4, 4, 8, 16, 32)
    layers = [nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for i, (width, wider) in enumerate(pairwise(widths)):
        layers += [Block(width, wider, 2 if i else 1), Block(wider, wider, 1)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], 10)]
    model, x = nn.Sequential(*layers), torch.randn(2, 3, 32, 32)
    with trace() as t:
        loss = model(x).sum()
    return t.graph(of=loss)


def encoder(layers=4, width=16):
    """Layers of a transformer, and their graph."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.1, batch_first=True)
    model = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
    x = torch.randn(2, 5, width)
    with trace() as t:
        out = model(x)
        loss = (out * out).mean()
    return t.graph(of=loss)
