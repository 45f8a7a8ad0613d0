"""What notebook 01 has predicted."""

from __future__ import annotations

from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import letter
from lesson_utils.exercises.prediction import prediction

PREDICTIONS: tuple[Exercise, ...] = (
    prediction(
        "01.a",
        "The same call again",
        "`grad(a, b)` once more, right after the first. What will come of it?",
        '"c"',
        "What did the first call free, and does this one come by it again?",
        "What is missing is not the graph: it is the number that ReLU had saved.",
        (
            letter("a", "The first call freed what ReLU had saved, and this one needs it."),
            letter("b", "There is a path from `a` to `b`, as before; the nodes are still linked."),
            letter("d", "`grad` adds nothing up: each call gives what its own pass finds."),
        ),
        options=("the same derivative", "`None`", "an error", "twice the derivative"),
        aim="A pass frees what it used, so a second pass through the same node fails. Expect a.",
    ),
)
