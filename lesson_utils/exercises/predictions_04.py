"""What notebook 04 has predicted."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.autograd import grad

from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import gives, letter
from lesson_utils.exercises.prediction import prediction


def quotients(h: float) -> list[float]:
    """What ReLU's difference quotients at 0 are, from the left and from the right."""
    zero = torch.tensor(0.0)
    left, right = (F.relu(zero) - F.relu(zero - h)) / h, (F.relu(zero + h) - F.relu(zero)) / h
    return [left.item(), right.item()]


def hardtanh_at(bound: float) -> float:
    """PyTorch's slope at a concave kink."""
    z = torch.tensor(bound, requires_grad=True)
    return grad(F.hardtanh(z, -bound, bound), z)[0].item()


def by_rule_two(left: float, right: float) -> float:
    """The number of an interval that is closest to 0."""
    return max(left, min(right, 0.0))


def equal_shares(*tied: float) -> list[float]:
    """PyTorch's gradient of a maximum at a tie."""
    v = torch.tensor(tied, requires_grad=True)
    return [float(it) for it in grad(v.max(), v)[0]]


def identity_at(kink: float) -> float:
    """PyTorch's slope of relu(x) - relu(-x), moved so that both kinks are at a point."""
    z = torch.tensor(kink, requires_grad=True)
    return grad(F.relu(z - kink) - F.relu(kink - z), z)[0].item()


PREDICTIONS: tuple[Exercise, ...] = (
    prediction(
        "04.a",
        "Both slopes of ReLU",
        "From 0, take a step $h$ to the left and one to the right, and divide the change in ReLU "
        "by $h$. What comes out for each of the two, whatever $h$ is? A list: left, right.",
        "[0, 1]",
        "To the left ReLU is constant, to the right it is the number itself.",
        "No smaller step brings them any closer: that is what makes it a kink.",
        (
            gives([1, 0], "Those are the two, the other way round."),
            gives([0.5, 0.5], "That is their mean, which neither side has."),
            gives([0, 0], "To the right ReLU rises as fast as its input."),
        ),
        right=quotients,
        at=((0.5,), (0.25,), (0.125,)),
        aim="At a kink the one-sided slopes differ, however small the step. Expect [0.5, 0.5].",
    ),
    prediction(
        "04.b",
        "A kink that bends down",
        "hardtanh has slope 1 before 1, and 0 after it. What will PyTorch answer at 1 itself? A "
        "number.",
        "0",
        "The slope drops, so the function is concave there. What does rule 3 ask for?",
        "Rules 2 and 3 are one rule: of all numbers between the slopes, take the smallest in size.",
        (
            gives(1, "Of the numbers between the slopes, rule 3 takes the one of smallest norm."),
            gives(0.5, "The mean of the slopes is in the interval, and not the smallest."),
        ),
        right=hardtanh_at,
        at=((1.0,), (2.0,), (0.5,)),
        aim="Rule 3 is rule 2 upside down. Expect 1, from the side where it comes from.",
    ),
    prediction(
        "04.c",
        "What rule 2 asks for",
        "At 0 its subgradients are $[-0.5, 1]$. Which of them does rule 2 ask for? A number.",
        "0",
        "The norm of a single number is its size.",
        "What rule 2 asks for is one thing; what PyTorch answers is in the next cell.",
        (
            gives(
                lambda left, _: left, "That is one end of the interval; what lies between the ends?"
            ),
            gives(
                lambda _, right: right,
                "That is the largest of all; which one has the smallest size?",
            ),
            gives(
                lambda left, right: (left + right) / 2,
                "That is the middle of the interval, and not the smallest in size.",
            ),
        ),
        right=by_rule_two,
        at=((-0.5, 1.0), (-2.0, 1.0), (-0.25, 0.5)),
        aim="Smallest norm means closest to 0, not the smaller end. Expect -0.5 and 0.25.",
    ),
    prediction(
        "04.d",
        "A tie of three",
        "Which of these vectors of shares is the shortest? A list of three, to three decimals.",
        "[1/3, 1/3, 1/3]",
        "The length is the root of the sum of squares. One large share makes it long.",
        "Its length is $1/\\sqrt{3}$; that of giving all to one is 1.",
        (
            gives([1, 0, 0], "That one is of length 1, the longest there is."),
            gives([1, 1, 1], "Those shares add up to 3."),
            gives([0.5, 0.5, 0], "There is a shorter one: the third may have a share, too."),
            gives([0, 0, 0], "Those shares do not add up to 1."),
        ),
        right=equal_shares,
        at=((0.0, 0.0, 0.0), (1.5, 1.5, 1.5), (-2.0, -2.0, -2.0)),
        aim="The norm is that of the whole gradient vector. Expect [1, 0, 0].",
    ),
    prediction(
        "04.e",
        "Where `nan` comes from",
        "At 0: `sqrt(x)`, `log(x)`, `reciprocal(x)`, `sqrt(x * x)`, `x * log(x)`, "
        "`exp(log(x))`. Whose gradients are `nan`?",
        '"a"',
        "A single operation may answer `inf`. What does it take to make a `nan` of that?",
        "An infinite slope alone is a number that one can compute with.",
        (
            letter("b", "Their slopes are infinite, and that is a limit: rule 4, not `nan`."),
            letter("c", "In the others, too, a 0 meets an infinite slope on the way."),
            letter("d", "Those of a single operation are infinite, and that is not `nan`."),
        ),
        options=(
            "those of the last three",
            "those of the first three",
            "that of `x * log(x)` alone",
            "all six",
        ),
        aim="It takes two operations: 0 times infinity. Expect b and d.",
    ),
    prediction(
        "04.f",
        "The side that is not taken",
        "`torch.where(z > 0, torch.sqrt(z), 0.)` at $z = 0$: what are the value and the gradient?",
        '"d"',
        "What does `where` send to the side that it did not choose, and what meets it there?",
        "No warning comes with it, and the value looks healthy.",
        (
            letter(
                "a", "On the way back the root is passed through as well, and a 0 arrives there."
            ),
            letter("b", "`where` sends a 0 to the root, and 0 times infinity is no infinity."),
            letter("c", "The value is the side that was chosen, and that is a plain number."),
        ),
        options=("0 and 0", "0 and `inf`", "`nan` and `nan`", "0 and `nan`"),
        aim="`where` computes and differentiates both sides. Expect a.",
    ),
    prediction(
        "04.g",
        "The identity, built from kinks",
        "$\\mathrm{relu}(x) - \\mathrm{relu}(-x)$ is $x$, with slope 1 everywhere. What does "
        "PyTorch answer at 0? A number.",
        "0",
        "Each of the two ReLUs chooses for itself. What, and what becomes of the sum?",
        "Here the answer is not one of several that are right: it is wrong.",
        (
            gives(1, "That is its slope; but no operation here knows the whole function."),
            gives(2, "That would be so if each ReLU took its slope from the right."),
            gives(0.5, "That is no choice of PyTorch's for ReLU, nor a sum of two such choices."),
        ),
        right=identity_at,
        at=((0.0,), (1.5,), (-2.0,)),
        aim="Choices at kinks do not add up to a subgradient of the sum. Expect 1.",
    ),
    prediction(
        "04.h",
        "What gradcheck says",
        "`gradcheck` compares with $(f(h)-f(-h))/2h$. What is its verdict on `relu` and on `abs`, "
        "each at 0?",
        '"c"',
        "What is that quotient for each of the two, and what does PyTorch answer?",
        "It passes by symmetry, not because it has a derivative.",
        (
            letter("a", "For one of the two the quotient happens to be what PyTorch answers."),
            letter("b", "The quotient is the mean of two slopes: which mean is 0?"),
            letter("d", "For one of the two the mean of the slopes is not PyTorch's choice."),
        ),
        options=(
            "both fail",
            "`relu` passes, `abs` fails",
            "`relu` fails, `abs` passes",
            "both pass",
        ),
        aim="Across a kink gradcheck compares with the mean of the slopes. Expect a.",
    ),
)
