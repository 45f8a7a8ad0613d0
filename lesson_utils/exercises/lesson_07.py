"""The exercises of notebook 07."""

from __future__ import annotations

import torch

from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import choice, gives, letter, numbers, order
from lesson_utils.exercises.lesson_07_more import MORE
from lesson_utils.exercises.repaired import like, repair
from lesson_utils.exercises.seen_repairs import (
    carried_off,
    is_carried,
    overwritten,
    overwritten_off,
)
from lesson_utils.exercises.unjudged import unjudged


def fails_at(xs: tuple[float, ...]) -> float:
    """The `x` at which the loop meets the error."""
    log_rate = torch.tensor(0.0, requires_grad=True)
    rate = torch.exp(log_rate)
    for x in xs:
        try:
            ((rate * x - 1.0) ** 2).backward()  # type: ignore[no-untyped-call]  # torch has none
        except RuntimeError:
            return x
    raise AssertionError("the loop has to fail")


def _carry(*lines: str) -> str:
    return "\n".join([
        "def carry(w, batches):",
        "    h = torch.tensor(0.)",
        "    for x in batches:",
        *(f"        {line}" for line in lines),
        "    return h",
    ])  # fmt: skip


def _grow(line: str) -> str:
    return f"def grow(w, x):\n    e = torch.exp(w * x)\n    {line}\n    return e.sum()"


_CARRIED = ("h = torch.tanh(w * h + x)", "loss = (h - 1.) ** 2", "loss.backward()")

EXERCISES: tuple[Exercise, ...] = (
    numbers(
        unjudged(
            "07.1",
            "Where the loop fails",
            "`rate = torch.exp(log_rate)` is computed once, before the loop over "
            "`x in (1., 2., 3.)`; in it are `loss = (rate * x - 1.) ** 2` and `loss.backward()`. "
            "At which `x` does the error come?",
            "fails_at = ...",
            "fails_at = 2.0",
            "fails_at",
            (
                "Which operations run anew in each step, and which one ran only once?",
                "`exp` keeps its result for the backward pass. How long?",
                "Until a first pass comes by. Which step is the first that finds it gone?",
            ),
            "Not the losses count, but the passes through `exp`, which ran only once.",
            (
                gives(
                    lambda xs: xs[0],
                    "The first pass finds all that it needs; it is the one that frees.",
                ),
                gives(
                    lambda xs: xs[2],
                    "What a pass needs is gone as soon as one other pass came by.",
                ),
            ),
            aim="Not the number of losses counts, but how often a pass runs through an operation "
            "that saved something. Expect 1 and 3.",
        ),
        fails_at,
        (((1.0, 2.0, 3.0),), ((0.5, -1.0, 4.0),), ((7.0, 3.0, 2.0),)),
    ),
    order(
        unjudged(
            "07.2",
            "Two losses, one pass",
            "Put lines in order, so that `w.grad` holds the gradient of both losses together and "
            "nothing is retained. One line belongs nowhere.\n\n"
            "- **A** · `first, second = (trunk - 1.) ** 2, 3. * trunk`\n"
            "- **B** · `(first + second).backward()`\n"
            "- **C** · `trunk = torch.tanh(w)`\n"
            "- **D** · `w.grad = None`\n"
            "- **E** · `first.backward(retain_graph=True)`",
            "trunk_lines = ...",
            'trunk_lines = "DCAB"',
            "trunk_lines",
            (
                "What is computed first, what of it, and which line goes back?",
                "Both losses are in one of the passes; then the other pass is one too many.",
                "Old gradients have to go before the pass, not after it.",
            ),
            "One pass runs through the trunk once, two passes run through it twice: for the same "
            "sum.",
            (
                Slip(
                    lambda it: it.index("A") < it.index("B") < it.index("D"),
                    "There the gradient is cleared after it has come.",
                    '"CABD"',
                ),
                Slip(
                    lambda it: {"A", "B", "E"} <= set(it) and it.index("A") < it.index("E"),
                    "E goes back through the first loss once more; one pass for the sum is enough.",
                    '"DCAEB"',
                ),
            ),
            aim="Add losses up, and go back once. Expect E before B (the plaster), and D at the "
            "end.",
        ),
        ("DCAB", "CDAB", "CADB"),
    ),
    repair(
        unjudged(
            "07.3",
            "Carry a state",
            "The second batch ends in an error. Repair the function: each batch goes on from the "
            "*number* in `h`, `w.grad` adds up each batch's own gradient, and what is held does "
            "not grow with the batches.",
            _carry(*_CARRIED),
            _carry("h = torch.tanh(w * h.detach() + x)", *_CARRIED[1:]),
            "carry",
            (
                "What is behind `h` when the second batch begins?",
                "The graph of the first batch, which its own pass has freed. The number is enough.",
                "`h.detach()` is that number without a graph. Where does the next batch read `h`?",
            ),
            "This is how recurrent networks are trained on long texts: back through one piece at "
            "a time.",
            (
                Slip(
                    is_carried,
                    "Retaining keeps the graphs of all batches: what is held grows with each, and "
                    "later batches go back through all earlier ones.",
                    _carry(*_CARRIED[:2], "loss.backward(retain_graph=True)"),
                ),
            ),
            aim="Number and graph of a state are two things. Expect `retain_graph=True`, which "
            "is seen by what is held, and a state set back to 0.",
        ),
        carried_off,
    ),
    repair(
        unjudged(
            "07.4",
            "Overwrite what was saved",
            "`exp` has saved its result, and the next line writes into it. Repair the function; "
            "what it returns stays the same.",
            _grow("e += 1."),
            _grow("e = e + 1."),
            "grow",
            (
                "Which tensor does the backward pass of `exp` need?",
                "Its own result, as it was. So leave that tensor as it is.",
                "`e + 1.` makes a new tensor; `e += 1.` writes into the old one.",
            ),
            "The name `e` moves on to the new tensor, and `exp` still holds the old one.",
            (
                like(
                    overwritten,
                    _grow("e.data += 1."),
                    "grow",
                    "By way of `.data` PyTorch does not notice the write. The error is gone, and "
                    "`exp` computes its slope from the overwritten number.",
                ),
                like(
                    overwritten,
                    _grow("e = e.detach() + 1."),
                    "grow",
                    "`detach` lets go of the graph, so that nothing arrives at `w`.",
                ),
            ),
            aim="Repair the write and not the message. Expect `.data` (a wrong gradient without an "
            "error), `detach`, and a clone, which is a repair.",
        ),
        overwritten_off,
    ),
    choice(
        unjudged(
            "07.5",
            "Which line cut the path",
            "`x` is a batch of numbers, and `w` requires a gradient. Which line cut the path from "
            "`loss` back to `w`?\n\n"
            "- **a** · `score = torch.sigmoid(w * x)`\n"
            "- **b** · `found = score > 0.5`\n"
            "- **c** · `share = found.float().mean()`\n"
            "- **d** · `loss = (share - 0.7) ** 2`",
            "cut = ...",
            'cut = "b"',
            "cut",
            (
                "Ask of each line: is its result a smooth function of what it reads?",
                "The last line whose result requires a gradient is the one before the cut.",
                "A small change of `w` changes `score`. Does it change an answer, yes or no?",
            ),
            "Where an accuracy is wanted as a loss, a smooth function of the score takes its "
            "place.",
            (
                letter("a", "A sigmoid is smooth, and its result requires a gradient."),
                letter("c", "`float` and `mean` would both hand a gradient on; none can arrive "
                       "through what they read."),
                letter("d", "It has a smooth function, a square; the path was lost before."),
            ),
            aim="The line to blame is not that of the error. Expect c, since `float()` looks like "
            "a conversion that loses something, and d.",
        ),
        {"a": "sigmoid", "b": ">", "c": "mean", "d": "square"},
        "b",
    ),
    *MORE,
)  # fmt: skip
