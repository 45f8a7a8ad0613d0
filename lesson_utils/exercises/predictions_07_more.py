"""What notebook 07 has predicted, of paths that were cut and of what raises nothing."""

from __future__ import annotations

import torch

from lesson_utils.capture.memory import saved_memory
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import gives, letter
from lesson_utils.exercises.prediction import prediction


def with_path(start: float) -> int:
    """How many of five losses made of a leaf have a path back to it."""
    w = torch.tensor(start, requires_grad=True)
    thrice = 3.0 * w
    with torch.no_grad():
        unseen = 2.0 * w
    losses = (
        torch.tensor(thrice.item()) - 1.0, unseen - 2.0,
        torch.tensor([thrice.item(), unseen.item()]).sum(),
        torch.stack([w, thrice]).argmax() * 4.0, (w > 0.0) * 5.0,
    )  # fmt: skip
    return sum(loss.requires_grad for loss in losses)


def passes(start: float, count: int) -> float:
    """What is in `w.grad` after some passes of one loss."""
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])
    w = torch.tensor(start, requires_grad=True)
    for _ in range(count):
        ((w * x - y) ** 2).sum().backward()  # type: ignore[no-untyped-call]  # torch has none
    assert w.grad is not None  # a leaf after its pass
    return w.grad.item()


def kept(count: int) -> int:
    """The bytes behind kept losses."""
    W = torch.full((20, 5), 0.01, requires_grad=True)
    losses = [torch.tanh(torch.ones(250, 20) @ W).square().mean() for _ in range(count)]
    return saved_memory(*losses)


MORE: tuple[Exercise, ...] = (
    prediction(
        "07.j",
        "Five ways",
        "Five losses are made of `w` in the next cell, in five ways. How many of them have a path "
        "back to it? A number.",
        "0",
        "`item`, `no_grad`, a new tensor, a choice, a comparison: which of these has a slope?",
        "All five end in one message; only the lines tell them apart.",
        (
            gives(lambda _: 1, "Each of the five has one step that hands on no gradient: find it."),
            gives(lambda _: 2, "A choice and a comparison give no slope, either."),
            gives(lambda _: 5, "The numbers all come from `w`; and the paths?"),
        ),
        right=with_path,
        at=((2.0,), (1.0,), (0.5,)),
        aim="A number that comes from `w` need not have a path to it. Expect 1 and 2.",
    ),
    prediction(
        "07.k",
        "Silence",
        "`loss.requires_grad = True` silences the error. What are `w.grad` and `loss.grad` after "
        "the pass?",
        '"d"',
        "Where does the pass begin, and how far does it get?",
        "The optimizer will skip `w` without a word.",
        (
            letter("a", "Nothing has mended the cut: there is still no path to `w`."),
            letter("b", "0 would mean that the pass has come to `w`."),
            letter("c", "The pass begins at `loss`, which is now a leaf: it gets a gradient."),
        ),
        options=(
            "the slope by `w`, and 1",
            "0, and 1",
            "`None`, and `None`",
            "`None`, and 1",
        ),
        aim="A leaf is its own end. Expect a: the message was obeyed.",
    ),
    prediction(
        "07.l",
        "Two squares",
        "`squares` has two elements. What does `squares.backward()` give?",
        '"c"',
        "Two results, one `w`: which slope should be written to `w.grad`?",
        "For one number PyTorch knows what you mean; for two it does not guess.",
        (
            letter("a", "`w.grad` has room for one number."),
            letter("b", "That is what a sum would give, if somebody had formed it."),
        ),
        options=("a slope for each of the two", "the slope of their sum", "an error"),
        aim="A gradient is of one number. Expect b.",
    ),
    prediction(
        "07.m",
        "A copy",
        "`v = w.clone()`, and the loss is computed from `w`. What does `grad(loss, v)` give?",
        '"c"',
        "Is `v` on the way from `loss` back to `w`?",
        "What counts is that a tensor was used, not which number it holds.",
        (
            letter("a", "`v` has the number of `w`, and took no part in the loss."),
            letter("b", "0 would mean: used, and without effect."),
            letter("d", "`None` is given where it is asked for, by `allow_unused=True`."),
        ),
        options=("the slope by `w`", "0", "an error", "`None`"),
        aim="What was not used has no slope. Expect a.",
    ),
    prediction(
        "07.n",
        "Three counts",
        "`counts = torch.tensor([1, 2, 3], requires_grad=True)`. What is wrong with it?",
        '"b"',
        "What type have these three numbers?",
        "A point behind one of the numbers makes all three of them floats.",
        (
            letter("a", "Any tensor that you make yourself may be a leaf, whatever its shape."),
            letter("c", "It may be said in the same line: try it with numbers that have a point."),
            letter("d", "Try it: PyTorch has an objection."),
        ),
        options=(
            "a vector cannot be a leaf",
            "whole numbers have no derivative",
            "`requires_grad` has to be set afterwards",
            "nothing",
        ),
        aim="A derivative asks for small changes. Expect d.",
    ),
    prediction(
        "07.o",
        "Handed to NumPy",
        "`guess` was computed from `w`. What does `guess.numpy()` do?",
        '"a"',
        "What would become of the graph?",
        "The error is a favour: what NumPy computes would be lost without a word.",
        (
            letter("b", "It would be possible, and would lose the graph in silence."),
            letter("c", "PyTorch could have warned; it does more."),
        ),
        options=("it refuses", "it gives an array", "it gives an array, with a warning"),
        aim="An array knows no graph. Expect b.",
    ),
    prediction(
        "07.p",
        "Two logarithms",
        "One logarithm is computed from the detached array, the other one by torch. Which of them "
        "has a way back to `w`?",
        '"d"',
        "Where does each of the two begin?",
        "Both have the same value, so no printed number would tell.",
        (
            letter("a", "The array was detached: its logarithm begins at plain numbers."),
            letter("b", "A tensor made from an array has no history."),
            letter("c", "torch's own logarithm is recorded like any operation."),
        ),
        options=("both", "the one from the array", "neither", "the one by torch"),
        aim="To look is not to compute. Expect a.",
    ),
    prediction(
        "07.q",
        "On the way",
        "The backward pass has come by `guess` on its way to `w`. What is `guess.grad`?",
        '"b"',
        "What does PyTorch keep of a gradient that it has handed on?",
        "If all of them were kept, a backward pass would need twice the memory.",
        (
            letter("a", "It was computed, handed on, and not kept."),
            letter("c", "To read it raises nothing; the question is what is there."),
        ),
        options=("the slope by `guess`", "`None`", "an error"),
        aim="Only leaves keep gradients. Expect a.",
    ),
    prediction(
        "07.r",
        "Three passes, one loss",
        "$x = (1, 2)$, $y = (2, 4)$, $w = 0.5$, and the loss is $\\sum_i (w x_i - y_i)^2$. After "
        "three passes without `zero_grad`, what is `w.grad`? A number.",
        "-45",
        "One pass gives $2(0.5 - 2)\\cdot 1 + 2(1 - 4)\\cdot 2$.",
        "A step along that would be three times too long.",
        (
            gives(lambda start, _: passes(start, 1), "That is one pass; and the other two?"),
            gives(
                lambda start, count: -passes(start, count),
                "The size is right, and the sign is not: a larger `w` lowers the loss.",
            ),
            gives(lambda start, count: passes(start, count) / 2, "The square has a factor of 2."),
        ),
        right=passes,
        at=((0.5, 3), (1.0, 2), (0.0, 4)),
        aim="`.grad` adds up in silence. Expect -15.",
    ),
    prediction(
        "07.s",
        "Ten kept losses",
        "Each loss is one number of four bytes, computed as in the next cell: a batch of 250 × 20 "
        "numbers, and a `tanh` of 250 × 5. How many bytes do ten of them hold?",
        "250000",
        "What did `@` save, and what did `tanh`? Four bytes a number, ten batches.",
        "Nothing of that is needed for an average.",
        (
            gives(lambda n: 4 * n, "That is the numbers alone; each of them keeps its graph."),
            gives(lambda _: 25000, "That is one of them."),
            gives(lambda n: 20000 * n, "That is the batches; `tanh` has saved its results, too."),
        ),
        right=kept,
        at=((10,), (3,), (7,)),
        aim="A kept loss keeps its graph. Expect 40.",
    ),
    prediction(
        "07.t",
        "The list is deleted",
        "`mean = torch.stack(losses).mean()`, then `del losses`. Which graphs are still held?",
        '"c"',
        "What is `mean` made of?",
        "An average of plain numbers would have held nothing.",
        (
            letter("a", "`mean` is a tensor, and it was computed from all the losses."),
            letter("b", "`loss` holds the last one; and what does `mean` hold?"),
        ),
        options=("none", "that of the last loss", "all ten"),
        aim="A mean of tensors holds what its parts hold. Expect a.",
    ),
    prediction(
        "07.u",
        "The root of 0",
        "The root of 0 is not chosen by `where`. What is the slope by `w`?",
        '"d"',
        "What does `where` send to the side that was not chosen, and what does it meet there?",
        "The value, 2, shows nothing of it.",
        (
            letter("a", "Forwards that is so; on the way back both sides are gone through."),
            letter("b", "One of the two terms is a number; look at the other one."),
            letter("c", "It is an infinite slope indeed, and it is multiplied by 0."),
        ),
        options=("1: only the chosen side counts", "0", "`inf`", "`nan`"),
        aim="Both sides of `where` are differentiated. Expect a.",
    ),
)
