"""What notebook 06 has predicted."""

from __future__ import annotations

from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.forms import letter
from lesson_utils.exercises.prediction import prediction

PREDICTIONS: tuple[Exercise, ...] = (
    prediction(
        "06.a",
        "All weights are zero",
        "Before training all weights are zero, and so is every output. Which gradients are zero as "
        "well?",
        '"b"',
        "What is the gradient of an output made of, and what that of a weight?",
        "So a linear model can start from zero; with a hidden layer it could not.",
        (
            letter("a", "They are made of inputs and errors, and not of the weights."),
            letter("c", "Where the target is 1, an output of 0 is wrong."),
            letter("d", "An output of 0 is right for some of the flowers."),
        ),
        options=(
            "those of the weights",
            "those of outputs whose target is 0",
            "all of them",
            "none of them",
        ),
        aim="Gradients here come from errors and inputs. Expect a: zero weights, zero gradients.",
    ),
    prediction(
        "06.b",
        "Pass upon pass",
        "Three backward passes of the same loss, and no step in between. What does the second line "
        "show, beside the first?",
        '"d"',
        "What does `backward` do with a gradient that is there already?",
        "No step was taken, so the slopes themselves are the same each time.",
        (
            letter("a", "`backward` adds to what is there."),
            letter("b", "It adds the whole gradient, and does not average."),
            letter("c", "Nothing has set it back to zero."),
        ),
        options=("the same numbers", "half of them", "zeros", "twice the numbers"),
        aim="`.grad` adds up. Expect a.",
    ),
    prediction(
        "06.c",
        "How fast can you go",
        "Learning rates 0.01, 0.1, 0.5 and 1.0, twenty epochs each. With which of them is the loss "
        "lower in the end than after the first epoch?",
        '"c"',
        "Larger steps are better up to a limit. What happens beyond it?",
        "Lower at the end does not mean good: one of them jumps about on its way.",
        (
            letter("a", "One of these rates is beyond the limit: each step overshoots more."),
            letter("b", "A larger one works, too, if not smoothly."),
            letter("d", "Ten times as fast is better here, and so is more."),
        ),
        options=("all four", "0.01 and 0.1", "all but 1.0", "0.01 alone"),
        aim="There is a limit to the rate, and it is above 0.5 here. Expect b.",
    ),
    prediction(
        "06.d",
        "Just below, just above",
        "One batch of all flowers, a hundred steps: once at 0.95 of the limit, once at 1.05. Does "
        "the loss get below 0.1?",
        '"a"',
        "The distance is multiplied by $1-\\eta\\lambda$ each time. How large is that, in size?",
        "A limit that is as sharp as this belongs to quadratic losses.",
        (
            letter("b", "Beyond the limit each step leads further away, along one direction."),
            letter("c", "Below the limit every direction comes closer with each step."),
            letter("d", "Further does not help where each step leads away."),
        ),
        options=(
            "yes below it, no above",
            "yes, both times",
            "no, both times",
            "no below it, yes above",
        ),
        aim="Beyond 2 over the largest curvature, steps diverge. Expect b.",
    ),
)
