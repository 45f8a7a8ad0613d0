"""A batch of flowers that goes through a model in parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import grad

from lesson_utils.exercises.held import Held
from lesson_utils.exercises.points import is_changed
from lesson_utils.exercises.repaired import WRITES, wrong


class Watched(nn.Module):
    """A linear model that remembers how many flowers came at once.

    Attributes:
        held: Watches what its graphs hold.
        most: How many flowers came at once, at most.
        left: How many saved tensors were still held when flowers came, at most.
    """

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)
        self.held, self.most, self.left = Held(), 0, 0
        self.linear.register_forward_pre_hook(self._seen)  # also if it is called by itself
        with torch.no_grad():
            self.linear.weight.copy_(torch.tensor([[0.5, -1.0]]))
            self.linear.bias.fill_(0.25)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """The outputs of some flowers."""
        return torch.as_tensor(self.linear(X)).view(-1)

    def _seen(self, _: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        self.most = max(self.most, given[0].numel() // FEATURES)
        self.left = max(self.left, self.held.now)


FEATURES, ROOM = 2, 3  # numbers of a flower, and flowers that may be in the model at once
_FLOWERS = (
    ([[1.0, 2.0], [3.0, 1.0], [0.0, -1.0], [2.0, 2.0], [-1.0, 0.0]], [0.0, 1.0, 1.0, 0.0, 1.0]),
    ([[0.0, 1.0], [1.0, 1.0], [2.0, -1.0], [0.5, 0.0], [4.0, 1.0]], [1.0, 1.0, 0.0, 0.0, 0.0]),
    ([[1.0, 0.5], [-2.0, 1.0], [0.0, 3.0], [1.0, -1.0], [2.0, 0.5]], [0.0, 1.0, 1.0, 0.5, -1.0]),
)


def parts_off(answer: Callable[..., Any]) -> str:
    """What is off with a pass over the parts of a batch."""
    for flowers in _FLOWERS:
        model, other = Watched(), Watched()
        given, (X, y) = (tuple(map(torch.tensor, flowers)) for _ in range(2))
        whole = grad(F.mse_loss(other(X), y), list(other.parameters()))
        outcome = model.held.run(answer, model, *given)
        if outcome.failed:
            return f"It {outcome.failed}."
        if is_changed(given, (X, y)):
            return WRITES
        if is_changed([*model.parameters()], [*other.parameters()]):
            return "It has changed the model; asked are gradients, and no step."
        if model.most > ROOM:
            return f"{model.most} flowers went through the model at once; there is room for three."
        if model.left:
            return "When a part goes through the model, the graph of an earlier one is still held."
        if model.held.longest > ROOM:
            return "More than three flowers were computed with at once, beside the model."
        found = [p.grad for p in model.parameters()]
        if any(it is None for it in found):
            return "In the end a parameter has no gradient."
        if any(wrong(one, other) for one, other in zip(found, whole, strict=True)):
            return "What adds up in `.grad` is not the gradient of the mean over all five."
    return ""


def added(answer: Callable[..., Any]) -> list[torch.Tensor]:
    """What adds up in each `.grad`, for slips."""
    models = [Watched() for _ in _FLOWERS]
    for model, (X, y) in zip(models, _FLOWERS, strict=True):
        answer(model, torch.tensor(X), torch.tensor(y))
    return [p.grad for model in models for p in model.parameters() if p.grad is not None]
