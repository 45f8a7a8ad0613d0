"""The exercises of the second half of notebook 07: where nothing is raised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.repaired import like, repair, wrong
from lesson_utils.exercises.running import attempt
from lesson_utils.exercises.seen_repairs import averaged_off, chosen_off
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import function


def step_with_slope(z: torch.Tensor) -> torch.Tensor:
    """The step, and in the backward pass the slope of a sigmoid; three times that."""
    smooth = torch.sigmoid(z)
    return 3.0 * ((z > 0).to(z) + smooth - smooth.detach())


def own_function(exercise: Exercise) -> Exercise:
    """Asked is an `autograd.Function`: judged by its number, and by what it makes of what arrives.

    Args:
        exercise: The rest of it.
    """
    points = [(torch.tensor(z),) for z in ([2.0, -1.0, 0.5], [0.0, -0.0], [-3.0])]
    inner = function(exercise, step_with_slope, points, differentiable=True)

    def judge(answer: Any) -> str:
        if not isinstance(answer, type) or not issubclass(answer, torch.autograd.Function):
            return "Answer with the class itself, which inherits from `torch.autograd.Function`."

        def thrice(z: torch.Tensor) -> Any:
            made = answer.apply(z)  # type: ignore[no-untyped-call]  # torch has no types for it
            return None if made is None else 3.0 * made

        with torch.enable_grad():
            return inner.judge(thrice) or _rule_off(answer)

    return replace(exercise, judge=judge)


# What arrives: of both signs, small and large.
_ARRIVING = ([1.0, -2.0, 0.5], [-1.0, 1.0, -1.0], [100.0, -250.0, 1e3], [1e-3, 0.0, -1e-3])


def _rule_off(answer: Any) -> str:
    """What is off with a Function's `backward`, whatever arrives."""
    for arriving in _ARRIVING:
        z, g = torch.tensor([2.0, -1.0, 0.5], requires_grad=True), torch.tensor(arriving)
        slope = torch.sigmoid(z.detach()) * torch.sigmoid(-z.detach())
        made = answer.apply(z)
        back = attempt(torch.autograd.grad, made, z, g)
        if back.failed:
            return f"Its `backward` {back.failed}."
        if not torch.equal(g, torch.tensor(arriving)):
            return "Its `backward` writes into `g`, which others may still need."
        if wrong(back.value[0], torch.tensor(arriving) * slope):
            return (
                f"Where {arriving} arrives, its `backward` hands on something else than that times "
                "the slope."
            )
    return ""


def _both_ways(answer: Any) -> list[torch.Tensor]:
    found = []
    for numbers in ([2.0, -1.0, 0.5], [-0.3], [1.5, 0.2]):
        z = torch.tensor(numbers, requires_grad=True)
        made = answer.apply(z)
        found += [made.detach(), *torch.autograd.grad(3.0 * made.sum(), z)]
    return found


def _step(*backward: str) -> str:
    return "\n".join([
        "class Step(torch.autograd.Function):",
        "    @staticmethod",
        "    def forward(ctx, z):",
        "        ctx.save_for_backward(z)",
        "        return (z > 0).to(z)",
        "",
        "    @staticmethod",
        "    def backward(ctx, g):",
        "        z, = ctx.saved_tensors",
        *(f"        {line}" for line in backward),
    ])  # fmt: skip


def _mean(kept: str, returned: str) -> str:
    return (
        "def mean_loss(w, batches):\n    losses = []\n    for x in batches:\n"
        f"        losses.append({kept})\n    return {returned}"
    )


def _log(line: str, *before: str) -> str:
    made = ["def log_or_zero(w, x):", "    z = w * x", *before, f"    return {line}"]
    return "\n".join(made)


_LOSS = "((w * x - 1.) ** 2).mean()"


def _lets_go_late(answer: Callable[..., Any]) -> bool:
    return averaged_off(answer).startswith("While") and not any(
        answer(torch.tensor(w, requires_grad=True), [torch.ones(2)]).requires_grad
        for w in (0.5, -1.0, 2.0)
    )


def _tidies_up(answer: Callable[..., Any]) -> bool:
    """Whether a hook made the gradient finite that the graph still has as nan."""
    for numbers in ([0.0, 4.0], [0.0], [1.0, 0.0, 2.0]):
        w = torch.tensor(1.0, requires_grad=True)
        answer(w, torch.tensor(numbers)).backward()
        if w.grad is None or not w.grad.isfinite():
            return False
    return "nan" in chosen_off(answer)


def _shifts(answer: Callable[..., Any]) -> bool:
    """Whether a small number was added: the result is a little different."""
    for numbers in ([1e-4, 2.0], [1e-3], [2e-4, 0.5, 7.0]):
        x = torch.tensor(numbers, dtype=torch.float64)
        right = torch.log(0.5 * x).sum()
        off = (answer(torch.tensor(0.5, dtype=torch.float64), x) / right - 1).abs()
        if not 1e-7 < off < 0.05:
            return False
    return True


MORE: tuple[Exercise, ...] = (
    own_function(
        unjudged(
            "07.6",
            "A slope of your own",
            "A step, 1 where `z` is positive and else 0, has no slope to learn from. Write it as "
            "an `autograd.Function` that lends it one: forwards it is the step, and backwards it "
            "hands on what arrives times the slope of the sigmoid, $\\sigma(z)(1-\\sigma(z))$.",
            "class Step(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, z):\n"
            "        ...\n\n    @staticmethod\n    def backward(ctx, g):\n        ...",
            _step("s = torch.sigmoid(z)", "return g * s * (1 - s)"),
            "Step",
            (
                "`forward` returns the step: `(z > 0).to(z)`. What will `backward` need?",
                "It needs `z`: `ctx.save_for_backward(z)`, and in `backward` `ctx.saved_tensors`.",
                "`backward` returns `g` times a slope, one gradient for the one input.",
            ),
            "This is called a surrogate gradient; networks of neurons that fire or do not are "
            "trained with one.",
            (
                like(_both_ways, _step("s = torch.sigmoid(z)", "return s * (1 - s)"), "Step",
                     "`backward` forgets what arrives: `g` must be a factor."),
                like(_both_ways, _step("return g"), "Step",
                     "That hands on what arrives as it is; a slope of the sigmoid is missing."),
                like(_both_ways, _step("return g * torch.sigmoid(z)"), "Step",
                     "That multiplies by the sigmoid itself and not by its slope."),
            ),
            aim="What a Function has to say: forward, what it keeps, and a rule linear in g. "
            "Expect g forgotten, and `.apply` called instead of the class given.",
        )
    ),
    repair(
        unjudged(
            "07.7",
            "Keep numbers, not graphs",
            "The function averages the losses of an evaluation, and holds the graph of every "
            "batch. Repair it: what is held must not grow with the batches, what it returns holds "
            "no graph, and `w` and its `.grad` stay as they are.",
            _mean(_LOSS, "torch.stack(losses).mean()"),
            _mean(f"{_LOSS}.item()", "sum(losses) / len(losses)"),
            "mean_loss",
            (
                "What does a loss hold on to, besides its number?",
                "`.item()` is a plain number, `.detach()` a tensor without a graph.",
                "Let go of each graph where the loss goes into the list, not at the end.",
            ),
            "Under `torch.no_grad()` the graphs are not even built, which saves time as well.",
            (
                Slip(
                    _lets_go_late,
                    "In the end all is let go, and until then every graph is there: memory is at "
                    "its highest just before.",
                    _mean(_LOSS, "torch.stack(losses).mean().detach()"),
                ),
            ),
            aim="A loss in a list holds its graph. Expect `detach` at the very end, which is seen "
            "while the function runs.",
        ),
        averaged_off,
    ),
    repair(
        unjudged(
            "07.8",
            "A nan behind `where`",
            "Where $wx$ is positive its logarithm counts, elsewhere 0. At $wx = 0$ the number is "
            "right, and the gradient is nan. Repair the function; what it returns stays the same.",
            _log("torch.where(z > 0., torch.log(z), 0.).sum()"),
            _log("torch.where(z > 0., torch.log(harmless), 0.).sum()",
                 "    harmless = torch.where(z > 0., z, 1.)"),
            "log_or_zero",
            (
                "`where` computes both sides. What is the slope of the logarithm at 0?",
                "0 times an infinite slope is nan, so that slope must not be computed.",
                "Choose what goes *into* the logarithm too: a harmless number where it does not "
                "count.",
            ),
            "What is not chosen needs a finite slope as well; to choose before, too, gives it one.",
            (
                Slip(_tidies_up, "A hook cleans up `w.grad` afterwards, and in the graph it is "
                     "still nan. A true nan would be swept away with it.",
                     _log("torch.where(z > 0., torch.log(z), 0.).sum()",
                          "    z.register_hook(torch.nan_to_num)")),
                Slip(_shifts, "A small number added to `z` changes every logarithm a little, the "
                     "smallest most.", _log("torch.where(z > 0., torch.log(z + 1e-6), 0.).sum()")),
            ),
            aim="0 · ∞: a choice after the fact comes too late. Expect `z + 1e-6`, "
            "`nan_to_num` by a hook or on the result.",
        ),
        chosen_off,
    ),
)  # fmt: skip
