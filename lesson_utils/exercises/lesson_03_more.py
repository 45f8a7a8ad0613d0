"""The last exercises of notebook 03: writing in place; and what judges its functions."""

from __future__ import annotations

from typing import Any

import torch

from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import choice, letter, order
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import also, function
from lesson_utils.graph import Operation


def connected(answer: Any) -> str:
    """What is off with a function, a branch of which leads nowhere; a zero does not tell."""
    for at in (-2.0, 3.0, 8.0):
        z = torch.tensor([at], requires_grad=True)
        (found,) = torch.autograd.grad(answer(z).sum(), z, allow_unused=True)
        if found is None:
            return (
                f"At {at:g} its result requires a gradient, and no way leads from there back to "
                "`z`: `grad` still fails."
            )
    return ""


def rectified(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """tanh, and 0 where it is negative."""
    return torch.tanh(x * w).clamp(min=0.0)


def nothing_written(answer: Any) -> str:
    """What is off with a function that makes a copy, to write into it."""
    x, w = torch.tensor([-1.0, 2.0]), torch.tensor([2.0, 0.5], requires_grad=True)
    with Recording() as t:
        answer(x, w)
    written = next(filter(writes, t.snapshot().operations), None)
    if written is None:
        return ""
    line = "" if written.line is None else f" in line {written.line}"
    return f"Its gradient is right, and it still writes into a tensor{line}."


def writes(operation: Operation) -> bool:
    """Whether an operation writes into what it reads."""
    return (
        operation.name == "setitem"
        or operation.name.endswith("_")
        or any(it.name in ("inplace", "out") and not it.default for it in operation.arguments)
    )


MORE: tuple[Exercise, ...] = (
    order(
        unjudged(
            "03.6",
            "A step by hand",
            "Put lines in order, so that `w` makes one step downhill on `y` and stays a leaf that "
            "requires a gradient. One line belongs nowhere.\n\n"
            "- **A** · `with torch.no_grad():`\n- **B** · `    w -= 0.1 * w.grad`\n"
            "- **C** · `y.backward()`\n- **D** · `y = (w * w).sum()`\n"
            "- **E** · `w.requires_grad_(False)`",
            "downhill = ...",
            'downhill = "DCAB"',
            "downhill",
            (
                "B reads `w.grad`. Which line writes that?",
                "`backward` needs a graph, so `y` is computed first, outside of A.",
                "B writes into a leaf, which is allowed in one block only.",
            ),
            "That is what `torch.optim.SGD` does in its `step`, for each of its parameters.",
            (
                Slip(
                    lambda it: "E" in it,
                    "After E `w` requires no gradient any more; A is meant for a single moment.",
                    '"DCEB"',
                ),
                Slip(
                    lambda it: it.index("A") < it.index("D") < it.index("B"),  # D is in its block
                    "Under `no_grad` no graph is built, and `backward` would have none.",
                    '"ADCB"',
                ),
                Slip(
                    lambda it: it.index("B") < it.index("C"),
                    "B needs what C writes.",
                    '"DABC"',
                ),
            ),
            aim="A write into a leaf belongs under `no_grad`, and only the write. Expect A around "
            "everything, and E.",
        ),
        ("DCAB",),
    ),
    choice(
        unjudged(
            "03.7",
            "A write that does harm",
            "`z = x * w + 1.`, and `w` requires a gradient. Which of these ends with an error?\n\n"
            "- **a** · `z[:] = 0.`, then `grad(z, w)`\n"
            "- **b** · `s = torch.sin(z)`, `z[:] = 0.`, then `grad(s, w)`\n"
            "- **c** · `s = torch.sin(z)`, `s[:] = 0.`, then `grad(s, w)`\n"
            "- **d** · none of them",
            "harm = ...",
            'harm = "b"',
            "harm",
            (
                "A write does harm where some node has saved the old value.",
                "+ saves nothing, and × saved `x`. What does sin save?",
                "sin needs its cosine at the input, so it keeps what it read.",
            ),
            "With tanh instead of sin it would be the other way round: tanh keeps its result.",
            (
                letter("a", "Whose derivative would need the old `z`? + keeps nothing."),
                letter("c", "sin does not keep its result: nobody misses the old `s`."),
                letter("d", "One of them overwrites what a node has saved."),
            ),
            aim="A write does harm by what is saved, not by where it is. Expect a (the last write "
            "before `grad`), and d after the harmless write into the sum.",
        ),
        {"a": "z", "b": "z under sin", "c": "s", "d": "none"},
        "b",
    ),
    also(
        function(
            unjudged(
                "03.8",
                "Rectify without a write",
                "The values of this function are right, and its gradient cannot be computed. "
                "Repair it without writing into any tensor, not even into a copy.",
                "def rectified(x, w):\n    a = torch.tanh(x * w)\n    a[a < 0.] = 0.\n    return a",
                "def rectified(x, w):\n    a = torch.tanh(x * w)\n"
                "    return torch.where(a > 0., a, 0.)",
                "rectified",
                (
                    "Which tensor does tanh keep, and which line writes into it?",
                    "The write chooses element by element, and so does another operation.",
                    "`torch.where` takes a condition, and makes a new tensor.",
                ),
                "`a.clone()` before the write would run, too, at the price of one more tensor.",
                aim="A result that was saved must not be overwritten. Expect `.clone()`, and "
                "`.detach()` or `.data` (whose gradient is wrong, or gone).",
            ),
            rectified,
            (
                (torch.tensor([-1.0, 2.0]), torch.tensor([2.0, 0.5])),
                (torch.tensor([3.0, -0.5]), torch.tensor([-0.25, -1.0])),
            ),
            differentiable=True,
        ),
        nothing_written,
    ),
)
