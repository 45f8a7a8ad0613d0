"""The exercises of notebook 05."""

from __future__ import annotations

import torch

from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import choice, gives, gradient, letter
from lesson_utils.exercises.lesson_05_layers import AFFINE, CROSS_ENTROPY, MATMUL
from lesson_utils.exercises.lesson_05_shapes import GATHER, SPREAD, UNBROADCAST
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.graph import ComputationGraph


def weighed(matrix: list[list[float]], vector: list[float]) -> ComputationGraph:
    """The squares of `A @ x`, of which only the first counts."""
    A = torch.tensor(matrix)
    x = torch.tensor(vector, requires_grad=True)
    with Recording() as t:
        z = A @ x
        y = z**2
    return t.graph(of=y, seed=torch.tensor([1.0, 0.0]))


EXERCISES: tuple[Exercise, ...] = (
    choice(
        unjudged(
            "05.1",
            "Two results",
            "What does `grad(y, x)` give for this `y` and this `x`?\n\n"
            "- **a** · the two gradients, as a matrix with two rows\n"
            "- **b** · the gradient of the first result\n"
            "- **c** · the gradient of the sum of both\n- **d** · an error",
            "given = ...",
            'given = "d"',
            "given",
            (
                "A gradient has the shape of its tensor. How many numbers has `x`?",
                "Two results, each with a derivative by each of three inputs: how many are those?",
                "There are six, and room for three. PyTorch does not choose for you.",
            ),
            "Name what you want and you get it: `y.sum()` and `y[0]` are scalars.",
            (
                letter("a", "What `grad` returns has the shape of `x`; a matrix does not fit."),
                letter("b", "Why the first? PyTorch does not prefer one result to another."),
                letter("c", "You may ask for that, but you have to say so."),
            ),
            aim="A gradient belongs to one number. Expect a (a Jacobian) and c (the sum).",
        ),
        {"a": "a matrix", "b": "the first", "c": "the sum", "d": "an error"},
        "d",
    ),
    gradient(
        unjudged(
            "05.2",
            "Only the first one counts",
            "`grad_outputs` says how much each result counts. Work out by hand what "
            "`grad(y, x, grad_outputs=torch.tensor([1., 0.]))` will give, with `A`, `x` and `y` as "
            "above. A list of three numbers.",
            "first_alone = ...",
            "first_alone = [10.0, 20.0, 0.0]",
            "first_alone",
            (
                "With this seed it is the gradient of $y_1$ alone.",
                "$y_1 = z_1^2$, and $z_1$ is the first row of $A$ times $x$.",
                "So it is $2 z_1$ times the first row of $A$.",
            ),
            "The second row of A has been multiplied by 0: it was computed all the same.",
            (
                gives(
                    lambda A, x: [2 * it for it in A[0]],
                    "The 2 is there; a square's slope has one more factor.",
                ),
            ),
            aim="A seed weighs the results. Expect [10, 22, −2] (both results), [1, 2, 0] (the row "
            "alone) and [2, 4, 0] (z left out).",
        ),
        weighed,
        "x",
        (
            ([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]], [1.0, 2.0, 1.0]),
            ([[0.5, -1.0, 2.0], [3.0, 0.0, 1.0]], [2.0, -1.0, 0.5]),
            ([[-1.0, 0.0, 3.0], [1.0, 2.0, -2.0]], [0.5, 3.0, -1.0]),
        ),
    ),
    MATMUL,
    UNBROADCAST,
    AFFINE,
    SPREAD,
    GATHER,
    CROSS_ENTROPY,
)
