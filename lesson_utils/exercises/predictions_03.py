"""What notebook 03 has predicted."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from lesson_utils.capture.memory import saved_memory
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import gives, letter
from lesson_utils.exercises.prediction import prediction


def rounds(*starts: float) -> list[int]:
    """How many times the loop of `climb` runs, from each start."""
    counts = []
    for w in starts:
        z, count = w, 0
        while z < 10.0:
            z, count = z * w, count + 1
        counts.append(count)
    return counts


def written_to(number: float) -> float:
    """What a tensor holds after `relu_in_place` has had it."""
    v = torch.tensor([number])
    v[:] = 0.0
    return v.item()


def bytes_of_two(count: int) -> list[int]:
    """The bytes kept by the library's ReLU, and by `torch.where`."""
    m = torch.linspace(-1, 1, count, requires_grad=True)
    return [saved_memory(F.relu(m)), saved_memory(torch.where(m > 0.0, m, 0.0))]


PREDICTIONS: tuple[Exercise, ...] = (
    prediction(
        "03.a",
        "The other branch",
        "At $x = 3$ the graph of `relu_if` has a product and a sum. And at $x = -3$?",
        '"c"',
        "Which line returns now, and what does it compute?",
        "The number that comes out is 0, and there is a way back from it nevertheless.",
        (
            letter("a", "Another line of Python runs, and each line adds what it computes."),
            letter("b", "`0. * z` is computed from `z`: the way back begins there."),
            letter("d", "What was not run is not there: no operation stands for a branch."),
        ),
        options=(
            "the same operations, with other numbers",
            "none: 0 does not depend on `w`",
            "the same, and one operation more",
            "the same, and an operation for the `if`",
        ),
        aim="Each run records the operations that ran. Expect a, since the code is the same.",
    ),
    prediction(
        "03.b",
        "The same with `where`",
        "Do the graphs of `relu_where` at $x = 3$ and at $x = -3$ have the same operations?",
        '"a"',
        "Does Python have to know the condition before it can go on?",
        "A condition that is a value can be a vector; one that Python asks about cannot.",
        (
            letter("b", "Python asks nothing here: `where` gets both values and the condition."),
            letter("c", "`where` is called either way, with whatever the condition says."),
        ),
        options=(
            "yes: the numbers alone differ",
            "no: one has an operation more",
            "no: `where` is in one of them only",
        ),
        aim="`where` is data, `if` is control flow. Expect b, as with `relu_if`.",
    ),
    prediction(
        "03.c",
        "A plain zero",
        "The negative branch returns `torch.zeros_like(z)` and no longer `0. * z`. What does "
        "`grad(relu_constant(x * w), w)` give at $x = -3$?",
        '"d"',
        "How would PyTorch find the way from a new zero back to `w`?",
        "An optimizer would be spared the error, and would never move `w` at this input.",
        (
            letter("a", "The slope is 0, and nothing tells PyTorch so: look for the way back."),
            letter("b", "`grad` gives `None` only where that is asked for, by `allow_unused`."),
            letter("c", "That would be the slope of the product alone."),
        ),
        options=("0", "`None`", "−3", "an error"),
        aim="Zero and connected is not the same as a constant zero. Expect a.",
    ),
    prediction(
        "03.d",
        "Rounds of the loop",
        "`climb` multiplies by `w` until it has reached ten. How many multiplications are in its "
        "graph from 3, and from 4? A list of two.",
        "[2, 1]",
        "Go through it by hand: 3, then 9, then ...",
        "A graph tells how often its loop ran, and nothing of how often it might have.",
        (
            gives(
                lambda *starts: [it + 1 for it in rounds(*starts)],
                "That counts the questions; the last of them is answered with no.",
            ),
            gives(lambda *_: [1, 1], "A loop is not one operation: each round adds its own."),
        ),
        right=rounds,
        at=((3.0, 4.0), (1.5, 4.0), (2.0, 9.0)),
        aim="A graph unrolls the loop as it ran. Expect [3, 2], the number of questions.",
    ),
    prediction(
        "03.e",
        "Around a jump",
        "From 3.16 to 3.17 `climb(w)` falls, from 31.6 to 10, since it needs one round fewer. What "
        "does autograd say of its slope at 3.16 and at 3.17?",
        '"b"',
        "On either side a power of `w` is computed. Which one, and how does it grow?",
        "To see the jump, a difference quotient across it would do; no derivative can.",
        (
            letter("a", "Autograd sees the rounds that ran at this point, and no neighbour."),
            letter("c", "On both sides plain powers of `w` ran, which have slopes everywhere."),
            letter("d", "At 3.17 as well a power of `w` ran, and it grows with `w`."),
        ),
        options=(
            "it falls, at both",
            "it rises, at both",
            "an error at one of them: there is no slope at a jump",
            "it rises at 3.16 and is 0 at 3.17",
        ),
        aim="Autograd differentiates the piece that ran and is blind to the jump. Expect a and c.",
    ),
    prediction(
        "03.f",
        "The slope of a cutoff",
        "`gate(x, cutoff)` is `x if x > cutoff else 0. * x`. At $x = 3$ and a cutoff of 1, and "
        "with `y = passed * passed`: what is the derivative by `cutoff`? (`grad` is given "
        "`allow_unused=True`.)",
        '"b"',
        "Which operations read `cutoff`, and does a gradient go back through them?",
        "0 would mean: used, and without effect at this point. That is another answer.",
        (
            letter("a", "0 is the slope of something that was used; was it?"),
            letter("c", "That is the slope by `x`."),
            letter("d", "No operation subtracts the cutoff: it is only compared with."),
        ),
        options=("0", "`None`", "6", "−6"),
        aim="A threshold in an `if` cannot be learned. Expect a.",
    ),
    prediction(
        "03.g",
        "What the caller finds",
        "`v = torch.tensor([-5.])`, then `a = relu_in_place(v)`. What is in `v` afterwards? A "
        "number.",
        "0",
        "`z` in the function and `v` outside: how many tensors are that?",
        "Whoever calls such a function has to know; its name should say so, as `relu_` does.",
        (gives(lambda number: number, "The function was given the tensor itself, not a copy."),),
        right=written_to,
        at=((-5.0,), (-1.0,), (-0.5,)),
        aim="Writing in place reaches the caller's tensor. Expect -5.",
    ),
    prediction(
        "03.h",
        "Now or later",
        "`a = relu_in_place(torch.tanh(x * w))` writes over the result of `tanh`, in the next "
        "cell; `grad(a, w)` follows in the one after it. Which of the two fails?",
        '"b"',
        "When does anybody look at what `tanh` saved?",
        "So the line that the error points at is not the line to blame.",
        (
            letter("a", "The result of `tanh` is no leaf; writing into it is allowed."),
            letter("c", "`tanh` has saved its result, and needs it on the way back."),
        ),
        options=("the next cell, at the write", "the one after it, at `grad`", "neither"),
        aim="A harmful write is noticed at the backward pass. Expect a.",
    ),
    prediction(
        "03.i",
        "Which keeps more",
        "A million numbers of four bytes: how many bytes does `F.relu(m)` keep for the backward "
        "pass, and how many `torch.where(m > 0., m, 0.)`? A list of two.",
        "[4000000, 1000000]",
        "What decides, on the way back, where something goes on: and how large is that?",
        "The result of ReLU is often kept by the next operation anyway; then it costs nothing.",
        (
            gives(
                lambda n: [4 * n, 4 * n],
                "Does `where` need the numbers themselves on the way back?",
            ),
            gives(lambda n: [n, n], "ReLU keeps its result, with all its numbers."),
            gives(
                lambda n: [4 * n, 5 * n], "`where` hands on or does not: the numbers do not matter."
            ),
            gives(lambda n: [4 * n, 0], "`where` has to know on the way back which side it chose."),
        ),
        right=bytes_of_two,
        at=((1_000_000,), (10,), (300,)),
        aim="`where` keeps a condition, ReLU a result. Expect two equal numbers.",
    ),
)
