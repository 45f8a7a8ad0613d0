"""The last exercises of notebook 02: graphs kept by mistake, and graphs that are not built."""

from __future__ import annotations

import math
import weakref
from typing import Any

import torch

from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import gives, gradient, order
from lesson_utils.exercises.leaves import changed, leaf, slope_changed
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import also, function
from lesson_utils.graph import ComputationGraph

COUNT = 10  # batches


def half_cut(weight: float) -> ComputationGraph:
    """A square times itself, one of the two detached."""
    w = torch.tensor(weight, requires_grad=True)
    with Recording() as t:
        u = w * w
        y = u * u.detach()
    return t.graph(of=y)


def mean_loss(w: torch.Tensor, batches: torch.Tensor) -> float:
    """The mean of exp(X w) over all batches, as a number."""
    rows = batches.tolist()
    return math.fsum(math.exp(x * w.item()) for row in rows for x in row) / batches.numel()


class _Batches:
    """Batches that are made when somebody asks for them; it counts those that are still alive."""

    def __init__(self) -> None:
        self.made: list[weakref.ref[torch.Tensor]] = []
        self.most = 0

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, position: int) -> torch.Tensor:
        if position >= COUNT:
            raise IndexError(position)
        self.most = max(self.most, sum(batch() is not None for batch in self.made))
        batch = torch.ones(100)
        self.made.append(weakref.ref(batch))
        return batch


def lets_go(answer: Any) -> str:
    """What is off with an evaluation: old batches alive, slopes written, recording left off."""
    for slope in (None, 7.0):
        w, was = (leaf([0.5], slope) for _ in range(2))
        batches = _Batches()
        with torch.enable_grad():
            answer(w, batches)
            recording = torch.is_grad_enabled()
        if not recording:
            return "The number is right, and after the call nothing is recorded any more, anywhere."
        off = changed(w, was) or slope_changed(w, was)
        if off:
            return f"The number is right, and {off}."
    if batches.most > 2:  # the one of now, and the one before
        return (
            f"The number is right, and before the last of {COUNT} batches {batches.most} were "
            "still alive: something keeps their graphs."
        )
    return ""


MORE: tuple[Exercise, ...] = (
    gradient(
        unjudged(
            "02.6",
            "One of two ways is cut",
            "`u = w * w` and `y = u * u.detach()`, at $w = 3$. What is $\\partial y/\\partial w$ "
            "according to autograd?",
            "cut_gradient = ...",
            "cut_gradient = 54.0",
            "cut_gradient",
            (
                "The detached `u` is a number like any other, without a history.",
                "So `y` is a number times `u`. Which number is it?",
                "It is $9 \\cdot \\partial u/\\partial w$, and `w` is used twice in `u`.",
            ),
            "Without `detach` both ways would count; the value of `y` is the same.",
            (
                gives(
                    lambda w: 4 * w**3,
                    "That is what would come through both factors, and one of them is detached.",
                ),
                gives(lambda w: 0.0, "One of the factors is detached, and the other is not."),
                gives(
                    lambda w: 2 * w,
                    "That is the slope of `u`. By what is it multiplied on the way?",
                ),
            ),
            aim="`detach` cuts a way and leaves the number. Expect 108 (nothing cut), 0 "
            "(everything cut), 6 (the factor forgotten) and 27 (one use of `w` forgotten).",
        ),
        half_cut,
        "w",
        ((3.0,), (-1.5,), (0.7,)),
    ),
    also(
        function(
            unjudged(
                "02.7",
                "An evaluation that lets go",
                "This evaluation keeps the graphs of all batches until it returns. Repair it: the "
                "same mean, and each batch is released before the next but one is made. `w` and "
                "its `.grad` stay as they are.",
                "def mean_loss(w, batches):\n    total = 0.\n    for X in batches:\n"
                "        total += torch.exp(X * w).mean()\n    return total / len(batches)",
                "def mean_loss(w, batches):\n    total = 0.\n    for X in batches:\n"
                "        total += torch.exp(X * w).mean().item()\n    return total / len(batches)",
                "mean_loss",
                (
                    "What does `total` refer to, after the second batch?",
                    "It is a tensor, and behind it are the graphs of all batches so far.",
                    "Add numbers instead, or let no graph be built. Part 7 has three ways.",
                ),
                "`torch.no_grad()` around the loop does it, too, and saves building the graphs.",
                aim="A sum of tensors is a graph of all of them. Expect `.item()` after the loop "
                "(too late), and `backward()` to free (it writes to `.grad`).",
            ),
            mean_loss,
            (
                (torch.tensor([0.5]), torch.tensor([[1.0, 2.0], [0.0, -1.0]])),
                (torch.tensor([-1.0]), torch.tensor([[2.0], [0.5], [1.0]])),
                (torch.tensor([0.0]), torch.tensor([[3.0]])),
            ),
            differentiable=True,
        ),
        lets_go,
    ),
    order(
        unjudged(
            "02.8",
            "One step, two halves",
            "`loss` sums over the rows it is given, and `w.grad` may still hold something of the "
            "step before, or be `None`. Put lines in order, so that `w` makes one step with the "
            "slope of the *whole* batch. One line belongs nowhere.\n\n"
            "- **A** · `optimizer.step()`\n- **B** · `loss(X[2:]).backward()`\n"
            "- **C** · `optimizer.zero_grad()`\n- **D** · `loss(X[:2]).backward()`\n"
            "- **E** · `w.grad.zero_()`",
            "step_lines = ...",
            'step_lines = "CDBA"',
            "step_lines",
            (
                "`.grad` adds up over passes. Where is that wanted, and where is it not?",
                "What is left of the step before has to go first.",
                "Then both halves add to `.grad`, with nothing between them, and `step` reads it.",
            ),
            "The halves may change places: a sum does not mind.",
            (
                Slip(
                    lambda it: "E" in it,
                    "E empties `.grad` as C does, and fails where `.grad` is `None`.",
                    '"CDEBA"',
                ),
                Slip(
                    lambda it: min(it.index("B"), it.index("D")) < it.index("A") < it.index("C"),
                    "What the step before has left is still there when the first half is added.",
                    '"DBAC"',
                ),
                Slip(
                    lambda it: min(it.index("B"), it.index("D")) < it.index("C") < it.index("A"),
                    "`zero_grad` throws away whatever the passes before it have added.",
                    '"DCBA"',
                ),
                Slip(
                    lambda it: it.index("A") < max(it.index("B"), it.index("D")),
                    "`step` reads `.grad` as it is then: what is added later comes too late.",
                    '"CDAB"',
                ),
            ),
            aim="`.grad` adds up over passes, which is a trap and a tool. Expect E between the "
            "halves, and A after each half.",
        ),
        ("CDBA", "CBDA"),
    ),
)
