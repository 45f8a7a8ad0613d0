"""What notebook 02 has predicted, about what is freed, never built, and added up."""

from __future__ import annotations

import torch

from lesson_utils.capture.memory import saved_memory
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import gives, letter
from lesson_utils.exercises.prediction import prediction


def after_backward(batches: int) -> int:
    """The bytes held by a sum of losses that have all been gone back from."""
    W = torch.zeros(20, 5, requires_grad=True)
    total = torch.tensor(0.0)
    for _ in range(batches):
        loss = torch.tanh(torch.ones(250, 20) @ W).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has none
        total = total + loss
    return saved_memory(total)


def four_ways(count: int) -> list[int]:
    """The bytes held by the same numbers, computed in four ways."""
    weights = torch.ones(count, requires_grad=True)
    with torch.no_grad():
        inside = torch.exp(weights)
    others = torch.exp(weights.detach()), torch.exp(torch.ones(count))
    return [saved_memory(it) for it in (torch.exp(weights), inside, *others)]


def three_passes(slope: float) -> list[float]:
    """What is in `.grad` after each of three passes."""
    w, seen = torch.tensor([2.0], requires_grad=True), []
    for _ in range(3):
        (slope * w).backward()  # type: ignore[no-untyped-call]  # torch has none
        assert w.grad is not None  # a leaf after its pass
        seen.append(w.grad.item())
    return seen


def writes(uses: int) -> int:
    """How often a leaf that is used several times is written to in one pass."""
    w, count = torch.tensor([2.0], requires_grad=True), [0]

    def counted(_: torch.Tensor) -> None:
        count[0] += 1

    w.register_post_accumulate_grad_hook(counted)  # type: ignore[no-untyped-call]  # as above
    sum((w * w for _ in range(uses - 2)), 3.0 * w).backward()  # type: ignore[no-untyped-call]  # torch has none
    return count[0]


MORE: tuple[Exercise, ...] = (
    prediction(
        "02.h",
        "With `backward` each time",
        "The same loop with `total += loss`, and `loss.backward()` in each step. How many bytes "
        "that operations saved are held in the end? A number.",
        "0",
        "What does `backward` do with what the nodes had saved?",
        "The nodes themselves are kept, all of them, so it is a mistake nevertheless.",
        (
            gives(lambda n: 25000 * n, "That would be so if no pass had come by."),
            gives(25000, "`backward` has been through the last graph, too."),
        ),
        right=after_backward,
        at=((20,), (3,), (7,)),
        aim="A pass frees what was saved, whatever tensors are kept. Expect 500000 and 25000.",
    ),
    prediction(
        "02.i",
        "Four ways to the same numbers",
        "`torch.exp` of 1000 numbers: of a leaf that requires a gradient; of the same under "
        "`no_grad`; of its `detach()`; of a plain tensor. How many bytes does each graph keep? A "
        "list of four.",
        "[4000, 0, 0, 0]",
        "Where is a graph built at all?",
        "The results themselves take as much memory in all four; it is about what a graph adds.",
        (
            gives(lambda n: [4 * n] * 4, "What no backward pass can need is not saved."),
            gives(
                lambda n: [4 * n, 0, 4 * n, 0], "`detach` gives the numbers without their history."
            ),
            gives(lambda n: [4 * n, 4 * n, 0, 0], "Under `no_grad` nothing is recorded."),
        ),
        right=four_ways,
        at=((1000,), (10,), (300,)),
        aim="No graph, nothing kept: three ways to have none. Expect [4000, 0, 4000, 0].",
    ),
    prediction(
        "02.j",
        "A frozen layer",
        "`layer2(torch.tanh(layer1(batch)))`, and the parameters of `layer1` require no gradient. "
        "What is kept for the backward pass?",
        '"d"',
        "Which derivatives are still wanted, and what does each of them need?",
        "So whoever trains the last layer alone needs little memory.",
        (
            letter("a", "Nothing is asked of `layer1` any more, and it is what needs the batch."),
            letter("b", "The second layer is trained: its gradient needs the layer's input."),
            letter("c", "Its weights serve the way on to the first layer, where nobody goes."),
        ),
        options=(
            "the batch, and the result of `tanh`",
            "nothing",
            "the result of `tanh`, and the weights of `layer2`",
            "the result of `tanh` alone",
        ),
        aim="What is not to be trained needs nothing kept. Expect c.",
    ),
    prediction(
        "02.k",
        "Three passes",
        "`y = 5. * w`, then `y.backward()`, three times over. What is `w.grad` after each? A list "
        "of three.",
        "[5, 10, 15]",
        "Does `backward` write over what is there?",
        "No step was taken, and nothing went wrong: adding is what `backward` is made for.",
        (
            gives(
                lambda slope: [slope] * 3,
                "`backward` adds to what is there; it does not write over it.",
            ),
            gives(
                lambda slope: [slope, slope**2, slope**3], "The passes are added, not multiplied."
            ),
        ),
        right=three_passes,
        at=((5.0,), (2.0,), (0.5,)),
        aim="`.grad` adds up over passes. Expect [5, 5, 5].",
    ),
    prediction(
        "02.l",
        "One pass, three uses",
        "`(w * w + 3. * w).backward()` uses `w` three times. How many times is `w.grad` written "
        "to? A number.",
        "1",
        "When is a gradient complete: on each path, or when all paths have come together?",
        "The sum over the paths is formed on the way, before anything is written.",
        (
            gives(lambda uses: uses, "The paths are added up before the leaf is reached."),
            gives(2, "`w * w` and `3. * w` are added up before the leaf is reached."),
        ),
        right=writes,
        at=((3,), (4,), (7,)),
        aim="Within one pass paths are summed on the way; over passes `.grad` adds. Expect 3.",
    ),
    prediction(
        "02.m",
        "After `zero_grad`",
        "What does `optimizer.zero_grad()` leave in `w.grad`?",
        '"b"',
        "What takes less memory?",
        "`set_to_none=False` gives the zeros that the name promises.",
        (
            letter("a", "So it did in older versions; today it saves that memory."),
            letter(
                "c", "Then the next pass would add to it, and that is what the call is to prevent."
            ),
        ),
        options=("zeros", "`None`", "the old gradient, marked as used"),
        aim="None takes no memory and is not the same as zero. Expect a.",
    ),
)
