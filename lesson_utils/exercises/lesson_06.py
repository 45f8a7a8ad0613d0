"""The exercises of notebook 06."""

from __future__ import annotations

from statistics import mean
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd import grad

from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import choice, gives, gradient, letter, picture
from lesson_utils.exercises.formulas import asks_autograd
from lesson_utils.exercises.lesson_06_more import MORE
from lesson_utils.exercises.points import copied
from lesson_utils.exercises.repaired import like
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import also, function
from lesson_utils.graph import ComputationGraph
from lesson_utils.operations import base_name


def four_flowers(
    features: list[float], targets: list[float], weight: float, bias: float
) -> ComputationGraph:
    """A minibatch of four, with a single feature."""
    x, y = torch.tensor(features), torch.tensor(targets)
    w, b = _leaf(weight), _leaf(bias)
    with Recording() as t:
        o = x * w + b
        loss = F.mse_loss(o, y)
    return t.graph(of=loss)


def _errors(x: list[float], y: list[float], w: float, b: float) -> list[float]:
    return [a * w + b - target for a, target in zip(x, y, strict=True)]


def _products(x: list[float], *rest: Any) -> float:
    """Error times feature, added up over the flowers."""
    return sum(e * a for e, a in zip(_errors(x, *rest), x, strict=True))


def by_autograd(
    X: torch.Tensor, y: torch.Tensor, w: torch.Tensor, b: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """The gradients of the linear model's loss."""
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    return grad(F.mse_loss(X @ w + b, y), [w, b])


def penalised() -> ComputationGraph:
    """The loss of a linear model, and what its weights cost."""
    x, target = torch.ones(3, 2), torch.ones(3)
    w, b = _leaf([0.5, -1.0]), _leaf(0.0)
    with Recording() as t:
        loss = F.mse_loss(x @ w + b, target) + 0.1 * (w * w).sum()
    return t.graph(of=loss)


def _leaf(data: float | list[float]) -> torch.Tensor:
    return torch.tensor(data, requires_grad=True)


_POINTS = tuple(
    (torch.tensor(X), torch.tensor(y), torch.tensor(w), torch.tensor(b))
    for X, y, w, b in (
        ([[1.0, 2.0], [3.0, 1.0], [0.0, -1.0]], [0.0, 1.0, 1.0], [0.5, -0.5], 0.25),
        ([[1.0, 0.0, 2.0], [2.0, 1.0, 0.0]], [1.0, 0.0], [1.0, 2.0, 3.0], -1.0),
        ([[2.0], [1.0], [1.0], [0.5], [3.0]], [0.0, 0.0, 1.0, 1.0, 0.0], [0.3], 0.0),
    )
)


def _written(first: str, second: str) -> str:
    return (
        "def linear_gradients(X, y, w, b):\n"
        f"    by_output = {first} * (X @ w + b - y)\n"
        f"    return X.T @ by_output, {second}"
    )


def _measured(answer: Any) -> list[torch.Tensor]:
    return [part for point in _POINTS for part in answer(*copied(point))]


def _slip(first: str, second: str, says: str) -> Slip:
    return like(_measured, _written(first, second), "linear_gradients", says)


def _has_power(answer: Any) -> bool:
    return any(base_name(op.name) == "pow" for op in answer.snapshot().operations)


_BY_HAND = unjudged(
    "06.2",
    "Gradients by hand",
    "Write both formulas as code, for any number of flowers and features: a function that "
    "returns the gradients by `w` and by `b`. No autograd.",
    "def linear_gradients(X, y, w, b):\n    ...",
    _written("2 / len(y)", "by_output.sum()"),
    "linear_gradients",
    (
        "Compute the output first, `X @ w + b`, and then the slope by each output.",
        "That slope is a vector, one number a flower: `2 / len(y) * (output - y)`.",
        "`X.T @` it adds up over the flowers for the weights; for the bias add it up "
        "yourself.",
    ),
    "With zeros for `w` and `b` it gives the slopes of every training's first step below.",
    (
        _slip("2 / len(y)", "by_output", "`b` is used for every flower, so its slopes "
              "are added up."),
        _slip("2", "by_output.sum()", "That is the gradient of the sum of squares; the "
              "loss is a mean over the flowers."),
        _slip("2 / len(y)", "by_output.mean()", "The mean is in the slope by the outputs "
              "already; by `b` it is their sum."),
        _slip("-2 / len(y)", "by_output.sum()", "The sign is the other one: the error is "
              "output minus target."),
    ),
    aim="Two formulas as code: matrix product and sum over the flowers. Expect 2 for 2/n, "
    "a bias without its sum or with a second mean, and `X @` for `X.T @`.",
)  # fmt: skip

EXERCISES: tuple[Exercise, ...] = (
    gradient(
        unjudged(
            "06.1",
            "Four flowers, one slope",
            "Four flowers with a single feature, $x = (1, 2, 3, 4)$, and targets "
            "$y = (2, 3, 6, 6)$. At $w = 2$ and $b = 0$ the outputs are $(2, 4, 6, 8)$. "
            "What is $\\partial L/\\partial w$?",
            "by_weight = ...",
            "by_weight = 5.0",
            "by_weight",
            (
                "Begin with the errors `o - y`. Two of them are 0.",
                "The slope of one squared error by `w` is `2 * (o - y) * x`.",
                "Of four such slopes take the mean: add them up, and divide by four.",
            ),
            "A flower whose output is right takes no part in the step, whatever its feature is.",
            (
                gives(lambda *at: 2 * _products(*at),
                      "That is the slope of the sum of squares; the loss is their mean."),
                gives(_products,
                      "That adds up error times feature; the square and the mean have a "
                      "factor each, and they do not cancel here."),
                gives(lambda *at: _products(*at) / len(at[0]),
                      "The square has a slope too: the factor 2 is missing."),
                gives(lambda x, *rest: 2 * mean(_errors(x, *rest)) * mean(x),
                      "That multiplies the mean error by the mean feature; multiply for each "
                      "flower first."),
            ),
            aim="The slope of a mean of squares: a sum over the flowers with 2/n. Expect 10 or 20 "
            "(without 2/n or 1/n), 2.5 (without the 2), 3.75 (means multiplied) and −5.",
        ),
        four_flowers,
        "w",
        (
            ([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 6.0, 6.0], 2.0, 0.0),
            ([0.5, -1.0, 2.0, 3.0], [1.0, 0.0, -2.0, 4.0], -1.5, 0.5),
            ([3.0, 1.0, -2.0, 0.5], [0.0, 2.0, 1.0, 5.0], 0.7, -1.0),
        ),
    ),
    also(
        function(_BY_HAND, by_autograd, _POINTS, returns=("`w`", "`b`")),
        lambda answer: asks_autograd(answer, _POINTS),
    ),
    picture(
        unjudged(
            "06.3",
            "Write the code of a penalty",
            "A picture: `x` is matrix-multiplied by `w`, `b` is added, and `mse_loss` compares "
            "that with `target`. On a second path `w` is multiplied by itself, `sum` adds it up, "
            "and × takes 0.1 of it. One + joins both paths. `w` and `b` require a gradient. Write "
            "the code that gives this picture, with three flowers and two features.",
            "penalty = ...",
            "x, target = torch.ones(3, 2), torch.ones(3)\n"
            "w = torch.tensor([0.5, -1.], requires_grad=True)\n"
            "b = torch.tensor(0., requires_grad=True)\n"
            "with trace() as penalty:\n"
            "    loss = F.mse_loss(x @ w + b, target) + 0.1 * (w * w).sum()",
            "penalty",
            (
                "Make the four leaves before the block; only `w` and `b` require a gradient.",
                "The first path is the one you know: `F.mse_loss(x @ w + b, target)`.",
                "The second one is `0.1 * (w * w).sum()`; add it to the first in the same block.",
            ),
            "This is called weight decay: by the second path the gradient of `w` has 0.2 w more.",
            (
                Slip(
                    _has_power,
                    "A power is another operation than ×; here `w` is used twice by ×.",
                    "x, target = torch.ones(3, 2), torch.ones(3)\n"
                    "w = torch.tensor([0.5, -1.], requires_grad=True)\n"
                    "b = torch.tensor(0., requires_grad=True)\n"
                    "with trace() as penalty:\n"
                    "    loss = F.mse_loss(x @ w + b, target) + 0.1 * (w ** 2).sum()",
                ),
            ),
            aim="From a picture to code, and a second path to the weights. Expect `w ** 2` for "
            "`w * w`, a leaf that is not named as asked, and the sum forgotten.",
        ),
        penalised,
    ),
    choice(
        unjudged(
            "06.4",
            "Two calls without retaining",
            "`loss = F.mse_loss(X_few @ w + b, y_few)`. First `grad(loss, w)`, then "
            "`grad(loss, b)`, and the first call does not retain the graph. What does the second "
            "one meet?\n\n"
            "- **a** · nothing: from the loss to `b` nothing is missing\n"
            "- **b** · an error: what `mse_loss` had saved is gone\n"
            "- **c** · an error: what `@` had saved is gone\n"
            "- **d** · no error, and twice the gradient",
            "second_call = ...",
            'second_call = "b"',
            "second_call",
            (
                "Where does a backward pass begin, wherever it is going?",
                "Both begin at the loss. Which operation do both come by first?",
                "Does the slope of a squared error depend on numbers? Then they were saved, and "
                "the first call has freed them.",
            ),
            "Both passes run through `mse_loss` and +, and part only there; what `@` had saved "
            "does not matter to the second.",
            (
                letter("a", "+ has saved nothing, but there is one more operation on the way."),
                letter("c", "The way from the loss to `b` does not come by `@`."),
                letter("d", "`grad` returns gradients and adds nothing up; and can the pass get "
                       "through?"),
            ),
            aim="Freeing is node by node, and both passes share the loss. Expect a, since + saves "
            "nothing, and c, since @ is the one that visibly needs numbers.",
        ),
        {"a": "nothing", "b": "mse_loss", "c": "@", "d": "twice"},
        "b",
    ),
    *MORE,
)  # fmt: skip
