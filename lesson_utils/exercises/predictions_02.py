"""What notebook 02 has predicted, about what is saved and how much."""

from __future__ import annotations

import torch

from lesson_utils.capture.memory import saved_memory
from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import gives, letter
from lesson_utils.exercises.prediction import prediction
from lesson_utils.exercises.predictions_02_more import MORE


def habits_of_seven(*numbers: float) -> list[int]:
    """How many of seven functions keep their input, their result, or nothing."""
    z = torch.tensor(numbers, requires_grad=True)
    kept = []
    for function in (
        torch.sin, torch.log, torch.square, torch.tanh, torch.sqrt, torch.neg, torch.sum,
    ):  # fmt: skip
        with Recording() as t:
            function(z)
        (operation,) = t.graph().operations
        kept.append(" ".join(saved.name for saved in operation.saved))
    return [kept.count(it) for it in ("self", "result", "")]


def bytes_of_three(count: int) -> list[int]:
    """The bytes behind three results of one leaf."""
    p = torch.ones(count, requires_grad=True)
    return [saved_memory(it) for it in (p * p, p * torch.exp(p), p + p)]


def bytes_of_habits(batches: int) -> list[int]:
    """The bytes held after some batches, with three habits."""
    W = torch.zeros(20, 5, requires_grad=True)
    losses = [torch.tanh(torch.ones(250, 20) @ W).square().mean() for _ in range(batches)]
    total = torch.stack(losses).sum()
    return [saved_memory(total), saved_memory(*losses), saved_memory(losses[-1])]


PREDICTIONS: tuple[Exercise, ...] = (
    prediction(
        "02.a",
        "Both factors",
        "Now `x` requires a gradient as well. What does the node of `x * w` keep?",
        '"c"',
        "There are two derivatives now. Which number does each of them need?",
        "A product with two trained factors keeps twice as much.",
        (
            letter("a", "`x` serves the derivative by `w`; now one by `x` is wanted, too."),
            letter("b", "`w` serves the derivative by `x`; the one by `w` is still wanted."),
            letter("d", "A product's derivatives are its factors, and never its result."),
        ),
        options=("`x`", "`w`", "both", "its result"),
        aim="What is kept depends on what is to be differentiated. Expect a, the answer of 02.1.",
    ),
    prediction(
        "02.b",
        "Seven functions",
        "How many of `sin`, `log`, `square`, `tanh`, `sqrt`, `neg` and `sum` keep their input, how "
        "many their result, and how many nothing? A list of three counts.",
        "[3, 2, 2]",
        "Whose derivative is easily said by its result, as that of `exp` is? Whose is a constant?",
        "Where both would do PyTorch has chosen: `tanh` and `sqrt` could do with their input, "
        "too, and would compute their result a second time.",
        (
            gives([4, 1, 2], "One more has a derivative that its result gives at once."),
            gives(
                [5, 0, 2], "The slope of `tanh` is $1 - \\tanh^2$: which number gives it sooner?"
            ),
            gives([7, 0, 0], "Some slopes are the same at every input."),
        ),
        right=habits_of_seven,
        at=((1.0, 2.0), (3.0, 0.5), (2.0, 4.0, 8.0)),
        aim="Input, result or nothing: what the backward formula needs. Expect [4, 1, 2], which "
        "overlooks `sqrt`, and [5, 0, 2].",
    ),
    prediction(
        "02.c",
        "Shared memory",
        "`p` is a leaf of 1000 numbers. How many bytes are kept by the graphs of `p * p`, of "
        "`p * torch.exp(p)` and of `p + p`? A list of three.",
        "[4000, 8000, 0]",
        "First list the *tensors* that are kept, and count each of them once.",
        "The memory of `p` is there anyway; the graph only keeps it from being released.",
        (
            gives(lambda n: [8 * n, 12 * n, 0], "Memory that is kept twice is there once."),
            gives(
                lambda n: [8 * n, 8 * n, 0],
                "Both factors of `p * p` are one tensor, and it is there once.",
            ),
            gives(
                lambda n: [4 * n, 12 * n, 0],
                "`exp` keeps its result, and × keeps that same tensor.",
            ),
            gives(lambda n: [4 * n, 8 * n, 4 * n], "The slopes of + are 1, whatever came in."),
        ),
        right=bytes_of_three,
        at=((1000,), (10,), (300,)),
        aim="Bytes are those of tensors, however many nodes keep them. Expect [8000, 12000, 0].",
    ),
    prediction(
        "02.d",
        "Still alive",
        "`product = data * p`. First `data` is deleted, then `product`. Does the tensor that was "
        "called `data` still exist after the first, and after the second?",
        '"b"',
        "Who refers to it besides the name `data`?",
        "A graph keeps alive what it saved, and a result keeps its graph alive.",
        (
            letter("a", "When the last reference to the result is gone, its graph goes as well."),
            letter("c", "The node of the product still refers to it: it has saved it."),
        ),
        options=("yes, and yes", "yes, and no", "no, and no"),
        aim="Saved means kept alive, as long as the result lives. Expect c.",
    ),
    prediction(
        "02.e",
        "As far as `u`",
        "`grad(y, u)`, without retaining. Which nodes run, and what is freed?",
        '"a"',
        "The pass goes back from `y` to `u`. By which operations does it come?",
        "What did not run has freed nothing, so a pass can still go through it once.",
        (
            letter("b", "`×` made `u`: it lies behind the place where the pass ends."),
            letter("c", "Without `retain_graph=True` each node frees what it saved as it runs."),
            letter("d", "`exp` lies between `u` and `y`, so the pass comes by it."),
        ),
        options=(
            "`+` and `exp`; the result of `exp` is freed",
            "all three; the result of `exp` and `x` are freed",
            "`+` and `exp`; nothing is freed",
            "`+` alone; nothing is freed",
        ),
        aim='PyTorch frees node by node, what ran. Expect b: "the graph is destroyed".',
    ),
    prediction(
        "02.f",
        "Three times",
        "`s = w + b - x`, and `grad(s, w)` three times, without retaining. At which call does the "
        "error come?",
        '"d"',
        "What do `+` and `-` keep for the backward pass?",
        "What saved nothing can lose nothing.",
        (
            letter("a", "The first pass finds all it needs, whatever the graph is."),
            letter("b", "That would be so if one of the nodes had saved something."),
            letter("c", "That would be so if one of the nodes had saved something, and sooner."),
        ),
        options=("the first", "the second", "the third", "none of them"),
        aim="The error means that saved tensors are gone, not that a graph is used up. Expect b.",
    ),
    prediction(
        "02.g",
        "Twenty batches, three habits",
        "The graph of one batch keeps 25,000 bytes. How many bytes are held after the twentieth, "
        "with `total += loss`, with `losses.append(loss)` and with `total += loss.item()`? A list "
        "of three.",
        "[500000, 500000, 25000]",
        "Which of the old graphs can still be reached from a variable?",
        "The last loss is a variable as well, so one graph is there in any case.",
        (
            gives(
                lambda n: [25000, 25000 * n, 25000],
                "`total` is one tensor, made of all twenty losses.",
            ),
            gives(
                lambda n: [25000 * n, 25000 * n, 0],
                "After a step the variable `loss` is still there.",
            ),
            gives(lambda n: [25000 * n] * 3, "A plain number has no graph, and holds none."),
            gives(lambda _: [25000] * 3, "Whoever keeps a tensor keeps its graph."),
        ),
        right=bytes_of_habits,
        at=((20,), (3,), (7,)),
        aim="A kept tensor keeps its graph. Expect [25000, 500000, 25000]: the sum is one tensor.",
    ),
    *MORE,
)
