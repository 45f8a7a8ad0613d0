"""The exercises of notebook 03: branches, loops, and writing in place."""

from __future__ import annotations

import torch

from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import choice, gives, gradient, letter, numbers, picture
from lesson_utils.exercises.lesson_03_more import MORE, connected
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import also, function
from lesson_utils.graph import ComputationGraph


def neuron_slopes(xs: list[float], weight: float, bias: float) -> list[float]:
    """The neuron's derivative by `w`, at each x."""
    x = torch.tensor(xs)
    w = torch.full_like(x, weight, requires_grad=True)
    z = x * w + bias
    (found,) = torch.autograd.grad(torch.where(z > 0, z, 0.0).sum(), w)
    return [float(slope) for slope in found]


def absolute() -> ComputationGraph:
    """The absolute value, chosen by `where`."""
    z = torch.tensor(-2.0, requires_grad=True)
    with Recording() as t:
        y = torch.where(z > 0.0, z, -z)
    return t.graph(of=y)


def climbed(start: float) -> ComputationGraph:
    """The loop that multiplies until it has reached ten."""
    w = torch.tensor(start, requires_grad=True)
    with Recording() as t:
        y = _climb(w)
    return t.graph(of=y)


def _rounds(w: float) -> int:
    """How many factors `w` the loop has multiplied when it ends."""
    return next(n for n in range(1, 99) if w**n >= 10)


def _climb(w: torch.Tensor) -> torch.Tensor:
    z = w
    while z < 10.0:
        z = z * w
    return z


EXERCISES: tuple[Exercise, ...] = (
    numbers(
        unjudged(
            "03.1",
            "The slope on either side",
            "All three go into the lecture's neuron, $a = \\mathrm{relu}(x w + b)$ with $w = 2$ "
            "and $b = 1$. What is $\\partial a/\\partial w$ at $x = 3$, and at $x = -3$? Write two "
            "numbers in a list.",
            "neuron_slopes = ...",
            "neuron_slopes = [3.0, 0.0]",
            "neuron_slopes",
            (
                "First compute the sum $x w + b$ at each of the two.",
                "Where the sum is negative, what does ReLU hand on?",
                "Where it is positive, ReLU and + hand on what arrives; what is left is ×.",
            ),
            "Any right ReLU has these two, however it is written.",
            (
                gives(
                    lambda xs, w, b: xs,
                    "At $x = -3$ the sum is negative. What does ReLU hand on there?",
                ),
                gives(lambda xs, w, b: [0, xs[0]], "In which order are the two asked?"),
                gives(
                    lambda xs, w, b: [w, 0],
                    "That is `w` itself; the derivative by `w` is the other factor.",
                ),
                gives(
                    lambda xs, w, b: [xs[0] * w + b, 0],
                    "These are the values of `a`; the question is about its derivatives.",
                ),
            ),
            aim="ReLU's two slopes, through a neuron. Expect −3 for the second (ReLU ignored), 2 "
            "(the factor itself) and 7 (the value).",
        ),
        neuron_slopes,
        (([3.0, -3.0], 2.0, 1.0), ([-1.5, 2.0], -2.0, 0.5), ([0.7, -1.0], 3.0, -1.0)),
    ),
    choice(
        unjudged(
            "03.2",
            "The place of the `if`",
            "Think of the graph of `relu_if` at $x = 3$. What stands between the sum and `a` on "
            "the way that a gradient takes?\n\n- **a** · an operation for the `if`\n"
            "- **b** · both branches, one of them not taken\n"
            "- **c** · nothing: `a` is the sum\n- **d** · a ReLU",
            "between = ...",
            'between = "c"',
            "between",
            (
                "Which lines of `relu_if` ran, and did any of them compute something?",
                "`z > 0.` was computed, and is a truth value. What did `return z` compute?",
                "Returning a tensor is no operation: it is the very same tensor.",
            ),
            "The question itself is recorded, beside that way: a truth value has no derivative.",
            (
                letter("a", "Python decides; no operation of PyTorch runs for it."),
                letter("b", "The branch that did not run left no trace: nobody read the code."),
                letter("d", "PyTorch sees a comparison, and does not know what it is for."),
            ),
            aim="Autograd records what ran, and reads no code. Expect b (as in a flow chart) "
            "and d.",
        ),
        {"a": "an operation", "b": "both", "c": "nothing", "d": "a ReLU"},
        "c",
    ),
    picture(
        unjudged(
            "03.3",
            "An absolute value by `where`",
            "Write code for this graph: a leaf `z`, a single number that requires a gradient; "
            "`z > 0.`; `-z`; and a `where` that chooses between `z` and `-z`. Give your trace.",
            "absolute = ...",
            "z = torch.tensor(-2., requires_grad=True)\n"
            "with trace() as absolute:\n    y = torch.where(z > 0., z, -z)",
            "absolute",
            (
                "There are three operations, and no question of Python's.",
                "All of them go into the block: `with trace() as absolute:`.",
                "`torch.where` takes the condition, then what it gives where that is true.",
            ),
            "Both `z` and `-z` are computed, whichever is chosen; with an `if` only one is.",
            aim="A choice as an operation. Expect an `if` (no `where` in the graph), `torch.abs`, "
            "and the two values the other way round.",
        ),
        absolute,
    ),
    also(
        function(
            unjudged(
                "03.4",
                "Two branches without a history",
                "Between 0 and 6 this function hands its input on, and outside it is constant. "
                "Its values are right, and `grad` fails in two of three branches. Repair it, so "
                "that the derivative is 0 there.",
                "def capped(z):\n    if z < 0.:\n        return torch.zeros_like(z)\n"
                "    if z > 6.:\n        return torch.tensor([6.])\n    return z",
                "def capped(z):\n    if z < 0.:\n        return 0. * z\n"
                "    if z > 6.:\n        return 6. + 0. * z\n    return z",
                "capped",
                (
                    "Which branches return a tensor that was not computed from `z`?",
                    "A derivative of 0 needs a way back, with a factor of 0 on it.",
                    "`0. * z` is zero and connected. What does it take to make that six?",
                ),
                "`z.clamp(0., 6.)` does all of it in one operation, and for vectors.",
                aim='"Zero" and "not connected" are two things. Expect `requires_grad=True` on '
                "the constants (a new leaf leads nowhere), and only one branch repaired.",
            ),
            lambda z: z.clamp(0.0, 6.0),
            tuple((torch.tensor([at]),) for at in (-2.0, 3.0, 8.0, 0.5, 5.95, 6.05, 0.02, -0.05)),
            differentiable=True,
        ),
        connected,
    ),
    gradient(
        unjudged(
            "03.5",
            "A loop, and one leaf",
            "`y = climb(w)` at $w = 2$. Go through the loop by hand: what is "
            "$\\partial y/\\partial w$?",
            "climb_slope = ...",
            "climb_slope = 32.0",
            "climb_slope",
            (
                "Write down `z` after each round, as a power of `w`.",
                "The loop ends when ten is reached. Which power is `y` then?",
                "`y` is $w^n$, so each of its $n$ factors is a way back; all of them add up.",
            ),
            "Each round has its own node, and all of them lead to the one `w`.",
            (
                gives(lambda w: w ** _rounds(w), "That is the value of `y`, and no slope."),
                gives(
                    lambda w: (_rounds(w) - 1) * w ** (_rounds(w) - 2),
                    "That is the slope one round earlier. Had the loop reached ten then?",
                ),
                gives(
                    lambda w: (_rounds(w) + 1) * w ** _rounds(w),
                    "That is the slope one round later. The loop had ended before.",
                ),
                gives(
                    lambda w: w ** (_rounds(w) - 1),
                    "That is the last round alone; `w` is in the rounds before, too.",
                ),
            ),
            aim="A loop is unrolled, and a leaf used in each round has a way from each. Expect 8 "
            "(last use only), 12 or 80 (a round too few or too many) and 16 (the value).",
        ),
        climbed,
        "w",
        ((2.0,), (1.5,), (-2.5,)),
    ),
    *MORE,
)
