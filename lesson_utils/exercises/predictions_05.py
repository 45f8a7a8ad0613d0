"""What notebook 05 has predicted."""

from __future__ import annotations

import torch
from torch.autograd.functional import jacobian

from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import gives, letter
from lesson_utils.exercises.prediction import prediction


def row(which: int, *point: float) -> list[float]:
    """A row of the Jacobian of (A x)², with the notebook's A."""
    A, x = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]), torch.tensor(point)
    found: torch.Tensor = jacobian(lambda x: (A @ x) ** 2, x)  # type: ignore[no-untyped-call]  # torch has none
    return [float(it) for it in found[which]]


def two_shapes(n: int, d: int) -> list[int]:
    """Rows and columns of the Jacobians of `X @ w`, by `w` and by `X`."""
    X, w = torch.ones(n, d), torch.ones(d)
    # The first use of `torch.func` in a kernel takes torch longer to import than a check may take.
    by_w = jacobian(lambda w: X @ w, w)  # type: ignore[no-untyped-call]  # as above
    by_X = jacobian(lambda X: X @ w, X)  # type: ignore[no-untyped-call]  # as above
    return [*by_w.shape, len(by_X), by_X[0].numel()]


PREDICTIONS: tuple[Exercise, ...] = (
    prediction(
        "05.a",
        "The second row",
        "$J_{ij} = 2 z_i A_{ij}$, with $\\mathbf z = A\\mathbf x$ and `A` and `x` as above. The "
        "first row you have seen: the seed `[1, 0]` picked it. What is the second? A list.",
        "[0, 2, -2]",
        "First $z_2 = 0\\cdot 1 + 1\\cdot 2 - 1\\cdot 1$.",
        "The seed `[0, 1]` would have given it, too.",
        (
            gives(
                lambda *point: [it / 2 for it in row(1, *point)],
                "That is without the 2 of the square.",
            ),
            gives(lambda *point: row(0, *point), "That is the first row."),
            gives(
                lambda *point: [it for it in row(1, *point) if it],
                "A row has a column for each input, and there are three.",
            ),
        ),
        right=lambda *point: row(1, *point),
        at=((1.0, 2.0, 1.0), (0.0, 1.0, 3.0), (2.0, 2.0, -1.0)),
        aim="A Jacobian has a row for each result. Expect [0, 1, -1], without the 2.",
    ),
    prediction(
        "05.b",
        "Two Jacobians",
        "`X @ w`, for `X` of shape (3, 2) and `w` of shape (2,). How many rows and columns has the "
        "Jacobian by `w`, and how many that by `X`? A list of four numbers.",
        "[3, 2, 3, 6]",
        "A row for each result, a column for each *number* that it is differentiated by.",
        "Most of the second is zeros: each result depends on one row of `X`.",
        (
            gives(lambda n, d: [n, d, n, d], "Columns stand for numbers, also where `X` has rows."),
            gives(lambda n, d: [d, n, n * d, n], "Rows are results, and columns inputs."),
            gives(
                lambda n, d: [n, d, n * d, n],
                "The second is the other way round: rows are results.",
            ),
            gives(
                lambda n, d: [n, d, 1, n * d],
                "There are three results, by whatever one differentiates.",
            ),
        ),
        right=two_shapes,
        at=((3, 2), (4, 3), (2, 5)),
        aim="Results times inputs, all numbers counted. Expect [3, 2, 3, 2].",
    ),
    prediction(
        "05.c",
        "The gradient of a bias",
        "`b` has two elements and is added to each of three rows. Three rows arrive. What is the "
        "gradient of `b`?",
        '"a"',
        "`b` is one leaf, which was used three times. What does the chain rule do with that?",
        "What is repeated forwards is summed backwards, and the reverse.",
        (
            letter("b", "A gradient has the shape of its tensor, and `b` has two elements."),
            letter("c", "Nothing divides by three here: each use counts in full."),
            letter("d", "Each of the three rows uses `b`, and each use counts."),
        ),
        options=(
            "two numbers: the sum of the rows",
            "three rows of two numbers",
            "two numbers: the mean of the rows",
            "two numbers: those of the last row",
        ),
        aim="Broadcast forwards, sum backwards. Expect c, from habits with losses.",
    ),
    prediction(
        "05.d",
        "A seed of another shape",
        "The result has the shape (3, 2), and the seed is `torch.ones(3)`. What does PyTorch do?",
        '"c"',
        "A seed says how much each element counts. Are there enough of them?",
        "Not even where broadcasting would be possible: a seed has the shape of the result.",
        (
            letter("a", "It might be one weight for each row, or not: PyTorch does not guess."),
            letter("b", "Broadcasting would line 3 up with the 2; and it is not even tried."),
        ),
        options=("it takes one weight for each row", "it broadcasts the seed", "it refuses"),
        aim="A seed has the shape of the result. Expect b.",
    ),
    prediction(
        "05.e",
        "Tall and wide",
        "A backward pass gives a row of a Jacobian, a forward one a column. Which way is cheaper "
        "for a tall Jacobian (more results than inputs), and which for a wide one?",
        '"b"',
        "Count passes: rows on one way, columns on the other.",
        "A loss has one row and millions of columns: that is why training runs backwards.",
        (
            letter("a", "A tall one has many rows, and each would take a backward pass."),
            letter("c", "Count once more: a tall Jacobian has few columns."),
            letter("d", "A wide one has many columns, and each would take a forward pass."),
        ),
        options=(
            "backward for both",
            "forward for a tall one, backward for a wide one",
            "backward for a tall one, forward for a wide one",
            "forward for both",
        ),
        aim="Rows cost backward passes, columns forward ones. Expect c.",
    ),
    prediction(
        "05.f",
        "Two precisions",
        "The error of central differences against the step $h$: how does the curve of `float32` "
        "differ from that of `float64`?",
        '"c"',
        "Which of the two errors depends on the number of digits: the cut across, or the rounding?",
        "Checking in `float64` costs nothing here, even for what is trained in `float32`.",
        (
            letter("a", "Rounding sets in sooner where there are fewer digits."),
            letter("b", "For large steps the error is that of the curve, and both have it."),
        ),
        options=(
            "it is the same until the smallest steps",
            "it lies higher, by the same factor at each step",
            "its valley is less deep, and at larger steps",
        ),
        aim="Rounding depends on digits, the curve's own error does not. Expect b.",
    ),
)
