"""The exercises of the second half of notebook 06: training, and how it goes wrong."""

from __future__ import annotations

import torch
from torch.autograd import grad

from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import gives, numbers, order
from lesson_utils.exercises.parts import added, parts_off
from lesson_utils.exercises.repaired import like, repair
from lesson_utils.exercises.unjudged import unjudged


def slope_left_over(start: float, lowest: float, rate: float) -> float:
    """What is in `.grad` after two steps without `zero_grad`."""
    w = torch.tensor(start, requires_grad=True)
    for _ in range(2):
        ((w - lowest) ** 2).backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        assert w.grad is not None
        with torch.no_grad():  # the first optimizer of a kernel takes torch seconds to import
            w -= rate * w.grad
    assert w.grad is not None
    return w.grad.item()


def _both_slopes(start: float, lowest: float, rate: float) -> tuple[float, float]:
    first = 2 * (start - lowest)
    return first, 2 * (start - rate * first - lowest)


def largest_rate(factor: float) -> float:
    """From where on a step on a multiple of w² leads away from the minimum."""
    w = torch.tensor(1.0, requires_grad=True)
    (slope,) = grad(factor * w * w, w, create_graph=True)
    (curvature,) = grad(slope, w)
    return 2 / curvature.item()


def _in_parts(loss: str, *more: str) -> str:
    return "\n".join([
        "def in_parts(model, X, y):",
        "    for rows in (slice(0, 2), slice(2, 5)):",
        f"        loss = {loss}",
        "        loss.backward()",
        *more,
    ])  # fmt: skip


MORE: tuple[Exercise, ...] = (
    order(
        unjudged(
            "06.5",
            "A training step in order",
            "Put lines in order, so that every step follows the slopes of its own minibatch. One "
            "line belongs nowhere.\n\n- **A** · `optimizer.step()`\n- **B** · `loss.backward()`\n"
            "- **C** · `loss = loss.detach()`\n- **D** · `loss = F.mse_loss(model(X), y)`\n"
            "- **E** · `optimizer.zero_grad()`",
            "step_lines = ...",
            'step_lines = "DEBA"',
            "step_lines",
            (
                "Which line makes the slopes, and which one uses them?",
                "`step` uses what is in `.grad`, `backward` adds to it. What is to be cleared?",
                "Loss, then slopes, then the step; clearing fits in anywhere but between the last "
                "two.",
            ),
            "`zero_grad` may be the first line, the second, or the last: only what it separates "
            "counts.",
            (
                Slip(lambda it: it.index("B") < it.index("E") < it.index("A"),
                     "There every slope is cleared before `step` has used it: "
                     "nothing is learnt.", '"DBEA"'),
                Slip(lambda it: "C" in it,
                     "After `detach` there is no way back from the loss.", '"EDCBA"'),
            ),
            aim="What `backward`, `step` and `zero_grad` do to `.grad`. Expect zero_grad between "
            "backward and step, and step before backward.",
        ),
        ("DEBA", "EDBA", "DBAE"),
    ),
    numbers(
        unjudged(
            "06.6",
            "What is left in `.grad`",
            "The loss is $(w - 3)^2$, and $w$ starts at 1. Two steps with "
            "`SGD([w], lr=0.25)`, each `backward()` and `step()`, and nobody calls `zero_grad`. "
            "What is `w.grad` in the end?",
            "left_over = ...",
            "left_over = -6.0",
            "left_over",
            (
                "Write down `w` and the slope `2 * (w - 3)` for the first step.",
                "Then `w` is 0.25 times the slope further on, and has another slope there.",
                "`.grad` holds the sum of the slopes of both steps, each at its own `w`.",
            ),
            "The second step follows this sum, and so it jumps past the minimum at 3.",
            (
                gives(lambda *at: _both_slopes(*at)[1],
                      "That is the second slope alone, as if `backward` overwrote `.grad`."),
                gives(lambda *at: _both_slopes(*at)[0],
                      "That is the first slope; the second `backward` changes `.grad`."),
                gives(lambda *at: 2 * _both_slopes(*at)[0],
                      "That is the first slope twice, but `w` has moved between the passes."),
                gives(lambda *at: -sum(_both_slopes(*at)),
                      "The sign is the other one: below its minimum the loss falls."),
            ),
            aim="`backward` adds to `.grad`, and each slope belongs to its own w. Expect −2 "
            "(overwritten), −8 (w not moved), −4 and 6.",
        ),
        slope_left_over,
        ((1.0, 3.0, 0.25), (0.5, -2.0, 0.1), (4.0, 1.0, 0.4)),
    ),
    repair(
        unjudged(
            "06.7",
            "A batch in parts",
            "Five flowers are too many for one pass: at most three may be in the model at once, "
            "and the graph of a part has to be gone when the next one comes. Repair the function, "
            "so that `.grad` holds the gradient of the mean squared error over *all five*. The "
            "model's `.grad` is empty before.",
            _in_parts("F.mse_loss(model(X[rows]), y[rows])"),
            _in_parts('F.mse_loss(model(X[rows]), y[rows], reduction="sum") / len(y)'),
            "in_parts",
            (
                "`mse_loss` divides by the size of what it is given. By how much should it?",
                "Each flower counts a fifth, in whichever part it is.",
                '`reduction="sum"` does not divide at all; then you can, by `len(y)`.',
            ),
            "In general a part counts as much as its share of the batch: `len(part) / len(batch)` "
            "times its mean.",
            (
                like(added, _in_parts("F.mse_loss(model(X[rows]), y[rows]) / 2"), "in_parts",
                     "That is the mean of two means: a flower of the small part counts more than "
                     "one of the large part."),
                like(added, _in_parts('F.mse_loss(model(X[rows]), y[rows], reduction="sum")'),
                     "in_parts", "That is the gradient of the sum over the flowers, and asked is "
                     "that of the mean."),
                like(added, _in_parts(
                         'F.mse_loss(model(X[rows]), y[rows], reduction="sum") / len(X[rows])'),
                     "in_parts", "That divides each part by its own size, as the mean does; each "
                     "flower of the batch should count the same."),
            ),
            aim="A mean over a batch is no mean of means. Expect / 2, a sum without / 5, and one "
            "pass over all five, which is seen.",
        ),
        parts_off,
    ),
    numbers(
        unjudged(
            "06.8",
            "How fast is too fast",
            "The loss is $3 w^2$, and a step is `w -= rate * slope`. Beyond which rate does every "
            "step lead *further away* from the minimum? A fraction, or three decimals.",
            "largest_rate = ...",
            "largest_rate = 1 / 3",
            "largest_rate",
            (
                "The slope is `6 * w`. What is `w` after one step?",
                "It is `(1 - 6 * rate) * w`: each step multiplies `w` by that factor.",
                "The distance grows when that factor is below −1.",
            ),
            "Just below this rate `w` jumps from one side to the other, and comes nearer all the "
            "same.",
            (
                gives(lambda a: 2 / a, "That takes 3 for the curvature; the second derivative of "
                     "3 w² is another number."),
                gives(lambda a: 1 / (2 * a), "At that rate one step lands exactly on the minimum. "
                     "It may overshoot and still come nearer."),
            ),
            aim="The limit of the rate is 2 over the curvature. Expect 1/6 (from where on it "
            "overshoots) and 2/3 (3 taken for the second derivative).",
        ),
        largest_rate,
        ((3.0,), (0.5,), (7.0,)),
    ),
)  # fmt: skip
