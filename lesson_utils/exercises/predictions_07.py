"""What notebook 07 has predicted, of graphs that are gone and values that were changed."""

from __future__ import annotations

import torch

from lesson_utils.capture.memory import saved_memory
from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import gives, letter
from lesson_utils.exercises.prediction import prediction
from lesson_utils.exercises.predictions_07_more import MORE


def around_a_pass(count: int) -> list[int]:
    """The bytes behind a neuron after a pass that retains them, and after one that does not."""
    w = torch.ones(count, requires_grad=True)
    a = torch.relu(3.0 * torch.ones(count) * w + 1.0)
    a.backward(torch.ones(count), retain_graph=True)  # type: ignore[no-untyped-call]  # torch has none
    retained = saved_memory(a)
    a.backward(torch.ones(count))  # type: ignore[no-untyped-call]  # as above
    return [retained, saved_memory(a)]


def failing_line(start: float) -> int:
    """Which of three lines fails: a leaf is made, gone back to, and stepped."""
    for line in (1, 2, 3):
        try:
            if line == 1:
                w = torch.tensor(start, requires_grad=True)
            elif line == 2:
                ((3.0 * w - 1.0) ** 2).backward()  # type: ignore[no-untyped-call]  # as above
            else:
                w -= 0.01
        except RuntimeError:
            return line
    raise AssertionError("one of them has to fail")


PREDICTIONS: tuple[Exercise, ...] = (
    prediction(
        "07.a",
        "Back once more",
        "`a.backward()` twice, with one forward pass before. What does the second do?",
        '"c"',
        "What does ReLU need on the way back, and who has it by then?",
        "The error comes before anything is written: `w.grad` is still that of the first pass.",
        (
            letter("a", "Before it could add anything, it has to get through ReLU."),
            letter(
                "b", "`backward` never writes over a gradient; and this one does not get there."
            ),
            letter("d", "It does not know that the numbers are the same; it runs, or tries to."),
        ),
        options=(
            "it adds another 3 to `w.grad`",
            "it writes 3 to `w.grad` again",
            "it fails",
            "nothing: `w.grad` is there already",
        ),
        aim="One graph serves one pass. Expect a.",
    ),
    prediction(
        "07.b",
        "What a plaster holds",
        "ReLU saved its result and × saved `x`, one number of four bytes each. How many bytes are "
        "held after a pass with `retain_graph=True`, and after a second one without it? A list.",
        "[8, 0]",
        "To retain means to keep all that was saved. And what does the last pass do?",
        "Only the last of several passes can do without `retain_graph`.",
        (
            gives(lambda n: [8 * n, 8 * n], "The second pass does not retain."),
            gives(lambda _: [0, 0], "The first pass was told to keep what was saved."),
            gives(lambda n: [4 * n, 0], "Both operations have saved a number."),
        ),
        right=around_a_pass,
        at=((1,), (3,), (10,)),
        aim="Retaining holds the saved tensors. Expect [8, 8].",
    ),
    prediction(
        "07.c",
        "The rate, after the loop",
        "The error is silenced by `retain_graph=True`, and `log_rate` is stepped in the loop. Is "
        "`rate` still `exp(log_rate)` in the end?",
        '"b"',
        "On which line, and how often, is `rate` computed?",
        "So each step after the first learns from a rate that is no longer there.",
        (
            letter("a", "`rate` was computed once, from the `log_rate` of that time."),
            letter("c", "The write is allowed: it is under `no_grad`, and `exp` saved its result."),
        ),
        options=("yes", "no", "an error, since `log_rate` was written to"),
        aim="The plaster also trains on an old number. Expect a.",
    ),
    prediction(
        "07.d",
        "A trunk that is shared",
        "`first.backward()`, then `second.backward()`; both losses are made of `trunk`. Does the "
        "second pass work?",
        '"a"',
        "By which operation do both passes come, and what does it need?",
        "Had the trunk been a sum, it would have worked: a sum saves nothing.",
        (
            letter("b", "The losses are two, and the operation that made `trunk` is one."),
            letter("c", "`3. * trunk` has not been run through yet; look further back."),
        ),
        options=(
            "no: what `tanh` had saved is gone",
            "yes: each loss has its own graph",
            "no: what `3. * trunk` had saved is gone",
        ),
        aim="Count passes through operations, not through results. Expect b.",
    ),
    prediction(
        "07.e",
        "Behind the second loss",
        "`h` goes from batch to batch. What is behind the `loss` of the second batch?",
        '"d"',
        "What is `h` made of when the second batch begins?",
        "And behind that of the hundredth are all hundred batches.",
        (
            letter("a", "`h` is a tensor, and its graph comes along with it."),
            letter("b", "The loss is made of `h` and of what this batch computes, too."),
            letter("c", "A number in a tensor knows how it was made."),
        ),
        options=(
            "the second batch alone",
            "the first batch alone",
            "nothing: `h` is a number by then",
            "both batches",
        ),
        aim="A carried state carries its graph. Expect a.",
    ),
    prediction(
        "07.f",
        "The plaster, forty batches on",
        "With `retain_graph=True` and no cut: how do the bytes behind the last loss grow with the "
        "number of batches?",
        '"b"',
        "What does each batch add to what the state knows?",
        "Time grows as well: each pass goes through all batches before.",
        (
            letter("a", "Without a cut the last loss is made of all batches."),
            letter("c", "Each batch adds what its own operations saved, and that is the same."),
        ),
        options=("not at all", "by the same amount for each batch", "faster and faster"),
        aim="Memory that grows until it is used up. Expect a.",
    ),
    prediction(
        "07.g",
        "Two lines",
        "From which line of the next cell does the error come, and which one is to blame?",
        '"c"',
        "`sigmoid` has saved something. Who writes to it, and who needs it?",
        "Between the two there may be hours of forward passes.",
        (
            letter("a", "Writing into a result is allowed; nobody looks at what was saved, yet."),
            letter("b", "That line only reads `s`; which one writes into it?"),
            letter("d", "`sigmoid` has saved the very memory that a later line writes to."),
        ),
        options=(
            "it comes from `s += 1.`, which is to blame",
            "it comes from `y.backward()`; `y = 2. * s` is to blame",
            "it comes from `y.backward()`; `s += 1.` is to blame",
            "there is none",
        ),
        aim="The error is raised far from its cause. Expect a.",
    ),
    prediction(
        "07.h",
        "A step in place",
        "Which of the three lines of the next cell fails? A number: 1, 2 or 3.",
        "3",
        "`w` is a leaf. Which line writes into it?",
        "It fails at once, not at the next pass: a leaf is guarded while autograd records.",
        (
            gives(1, "To make a leaf is no crime."),
            gives(2, "That is a pass like any other: it writes to `w.grad`, not to `w`."),
        ),
        right=failing_line,
        at=((2.0,), (1.0,), (0.5,)),
        aim="A leaf must not be written to while autograd records. Expect 2.",
    ),
    prediction(
        "07.i",
        "Three lines, one path",
        "What does `loss.backward()` at the end of the next cell do?",
        '"a"',
        "Go from `loss` back to `w`, operation by operation. Where does the way end?",
        'PyTorch\'s message says "element 0 of tensors": that is `loss`, three operations away '
        "from the cut.",
        (
            letter("b", "Zero would be a slope; here there is no way to ask for one."),
            letter("c", "What comes after `detach` does not know `w` any more."),
        ),
        options=(
            "it fails: `loss` has no graph",
            "it writes 0 to `w.grad`",
            "it writes the slope by `w`, as if `detach` were not there",
        ),
        aim="After a cut there is no graph, hence an error. Expect b.",
    ),
    *MORE,
)
