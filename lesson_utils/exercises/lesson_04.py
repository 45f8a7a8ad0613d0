"""The exercises of notebook 04."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch.autograd import grad

from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import choice, gradient, letter, numbers, order
from lesson_utils.exercises.lesson_01 import neuron
from lesson_utils.exercises.lesson_04_repair import LENGTH
from lesson_utils.exercises.lesson_04_rules import EDGES, MAXIMUM, SMOOTH
from lesson_utils.exercises.unjudged import unjudged

SPELLINGS: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = (
    F.relu,
    lambda x: x * (x > 0),
    lambda x: x if x > 0 else 0 * x,
    lambda x: torch.where(x > 0, x, 0.0),
    lambda x: torch.where(x >= 0, x, 0.0),
    lambda x: (x + x.abs()) / 2,
    lambda x: torch.maximum(x, torch.zeros_like(x)),
)


def spelled(kink: float) -> list[float]:
    """What autograd answers on the kink for each spelling of max(x - kink, 0)."""
    x = torch.tensor(kink, requires_grad=True)
    return [grad(spelling(x - kink), x)[0].item() for spelling in SPELLINGS]


EXERCISES: tuple[Exercise, ...] = (
    gradient(
        unjudged(
            "04.1",
            "Exactly on the kink",
            "The lecture's neuron with $x=-1$, $w=1$ and $b=1$, so that $xw+b=0$. There ReLU has "
            "no derivative. What does `grad(a, w)` give for $a = \\mathrm{relu}(x w + b)$? Write a "
            'number, or `"error"`.',
            "on_the_kink = ...",
            "on_the_kink = -0.0",
            "on_the_kink",
            (
                "ReLU's slope is 0 on the left of its kink and 1 on the right. PyTorch picks.",
                "PyTorch's ReLU hands on what arrives where `z > 0`, and nowhere else.",
                "So it picks the slope on the left. Multiply it by what × brings, on to `w`.",
            ),
            "The sign of −0 comes from 0 · (−1); to every comparison it is the same number as 0.",
            (
                Slip(
                    lambda answer: isinstance(answer, str),
                    "Autograd raises no error here, and gives no warning either.",
                    '"error"',
                ),
            ),
            aim="At a kink autograd answers silently. Expect −1 (the slope on the right, times x), "
            '−0.5 (the middle), and "error".',
        ),
        neuron,
        "w",
        ((-1.0, 1.0, 1.0), (-2.0, 1.5, 3.0), (0.5, -4.0, 2.0)),
        words=("error",),
    ),
    numbers(
        unjudged(
            "04.2",
            "Seven spellings at 0",
            "What does autograd answer at 0 for each of the seven? A list of seven numbers, in the "
            "order above. (Three different numbers appear.)",
            "at_zero = ...",
            "at_zero = [0, 0, 0, 0, 1, 0.5, 0.5]",
            "at_zero",
            (
                "Autograd sees operations, not the function. Go through those of each line.",
                "A mask, an `if` and a `where` hand on what arrives to what was taken at 0.",
                "`abs` has the slope 0 at 0. `maximum` shares what arrives where both are equal.",
            ),
            "None of the seven is wrong: each answer lies between the two slopes, 0 and 1.",
            (
                Slip(
                    lambda answer: set(map(float, answer)) == {0.0},
                    "Equal functions, but are they equal operations? Autograd sees only those.",
                    "[0, 0, 0, 0, 0, 0, 0]",
                ),
                Slip(
                    lambda answer: float(answer[4]) == 0,
                    "At 0 the fifth asks `0 >= 0`. Which branch does it take?",
                    "[0, 0, 0, 0, 0, 0.5, 0.5]",
                ),
                Slip(
                    lambda answer: float(answer[6]) in (0.0, 1.0),
                    "In the last one both inputs are 0: neither of them is larger.",
                    "[0, 0, 0, 0, 1, 0.5, 1]",
                ),
                Slip(
                    lambda answer: float(answer[5]) in (0.0, 1.0),
                    "The sixth has two paths, one through `abs`; add them, and halve.",
                    "[0, 0, 0, 0, 1, 0, 0.5]",
                ),
            ),
            aim="Autograd differentiates the spelling. Expect seven zeros, 0 for `x >= 0`, and 1 "
            "for `maximum`.",
        ),
        spelled,
        ((0.0,), (1.5,), (-2.0,)),
    ),
    SMOOTH,
    MAXIMUM,
    EDGES,
    order(
        unjudged(
            "04.6",
            "A root that never sees 0",
            "Put lines in order: `y` is to be $\\sqrt z$ where $z>0$ and 0 elsewhere, and its "
            "gradient at $z=0$ is to be 0. One line belongs nowhere.\n\n"
            "- **A** · `y = torch.where(positive, root, 0.)`\n- **B** · `root = torch.sqrt(z)`\n"
            "- **C** · `positive = z > 0`\n- **D** · `safe = torch.where(positive, z, 1.)`\n"
            "- **E** · `root = torch.sqrt(safe)`",
            "lines = ...",
            'lines = "CDEA"',
            "lines",
            (
                "Where does the infinite number come from? What should be read there instead?",
                "The root must be taken of something that is never 0.",
                "First the question, then the safe input, its root, and the choice.",
            ),
            "In the branch not taken any harmless number will do: its result is thrown away.",
            (
                Slip(
                    lambda answer: "B" in answer,
                    "That takes the root of `z` itself, also at 0: there its slope is infinite.",
                    '"CDBA"',
                ),
            ),
            aim="The repair stands before the dangerous operation. Expect B, which only chooses "
            "afterwards.",
        ),
        ("CDEA",),
    ),
    LENGTH,
    choice(
        unjudged(
            "04.8",
            "All units on the kink",
            "The same network again, but its hidden weights and biases start at zero, so that "
            "*every* unit is on the kink. Whose hidden weights move in a hundred steps?\n\n"
            "- **a** · those of both, `relu` and `right`\n- **b** · those of `relu` alone\n"
            "- **c** · those of `right` alone\n- **d** · those of neither",
            "moves = ...",
            'moves = "c"',
            "moves",
            (
                "What arrives at a hidden weight went through the activation's local derivative.",
                "At 0 `relu` chooses 0, and `right` chooses 1.",
                "A product with a factor 0 is 0, in the first step and in each that follows.",
            ),
            "Weights start at random for another reason, too: units that start alike stay alike.",
            (
                letter("a", "One of the two hands nothing on at 0, so its weights learn nothing."),
                letter("b", "Which number does `relu` choose at 0? It is a factor of each path."),
                letter("d", "Both choose a number at 0, and one of these numbers is not 0."),
            ),
            aim="When the choice at a kink matters. Expect a (it never does) and d (zero weights "
            "never learn).",
        ),
        {"a": "both", "b": "relu", "c": "right", "d": "neither"},
        "c",
    ),
)
