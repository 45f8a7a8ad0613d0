"""The exercises of notebook 04 that ask for backward rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import grad

from lesson_utils.exercises.exercise import Slip
from lesson_utils.exercises.points import Point
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import behaves, function, rules


def backwards(forward: Callable[..., torch.Tensor], *given: Any) -> Any:
    """The products that PyTorch makes, by each tensor that a function is given.

    Args:
        forward: The function.
        given: Its arguments, and what arrives.
    """
    *read, arriving = given
    leaves = [it.detach().clone().requires_grad_() if _floats(it) else it for it in read]
    asked = [it for it in leaves if _floats(it)]
    found = grad(forward(*leaves), asked, arriving)
    return found[0] if len(found) == 1 else found


def _floats(item: Any) -> bool:
    return isinstance(item, torch.Tensor) and item.is_floating_point()


def _from_result(forward: Callable[[torch.Tensor], torch.Tensor], back: Callable[..., Any]) -> Any:
    inputs, arriving = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([1.0, -3.0, 0.5])
    return back, [(forward(inputs), torch.ones(3)), (forward(inputs), arriving)]


def _edge(forward: Callable[..., torch.Tensor], *points: tuple[Any, ...]) -> Any:
    return lambda *given: backwards(forward, *given), points


def _numbers(*given: float) -> torch.Tensor:
    return torch.tensor(given)


def in_place(position: int, like: Callable[..., Any], *points: Point) -> Callable[[Any], bool]:
    """For a slip in a list of rules: whether the one at a place gives what a wrong one gives.

    Args:
        position: Its place.
        like: The wrong one.
        points: What both are called with.
    """
    matches = behaves(like, *points)
    return lambda answer: matches(answer[position])


def _read(*values: float) -> list[Point]:
    """Points of a rule that reads one number, where 1 arrives."""
    return [(_numbers(value), _numbers(1.0)) for value in values]


_TIES = tuple((_numbers(both), _numbers(both), _numbers(1.0)) for both in (1.0, -2.0, 0.0))


SMOOTH = rules(
    unjudged(
        "04.3",
        "Where rule 1 holds",
        "Three operations that are differentiable everywhere, so there is nothing to choose. Each "
        "keeps only its result `y` for the backward pass. Write what it hands on of `g`, which "
        "arrives from above.",
        "smooth = [\n    lambda y, g: ...,  # y = exp(x)\n    lambda y, g: ...,  # y = tanh(x)\n"
        "    lambda y, g: ...,  # y = sigmoid(x)\n]",
        "smooth = [\n    lambda y, g: g * y,\n    lambda y, g: g * (1 - y * y),\n"
        "    lambda y, g: g * y * (1 - y),\n]",
        "smooth",
        (
            "A rule hands on what arrives, times the local derivative. Here that is told by `y`.",
            "exp is its own derivative. tanh has 1 − tanh², sigmoid has sigmoid · (1 − sigmoid).",
            "`y` already is the value of the operation: for exp the factor is `y`, nothing more.",
        ),
        "So PyTorch saves the result of these three, and not what they read.",
        (
            Slip(
                in_place(0, lambda y, g: g * torch.exp(y), *_read(2.0, 0.5, 3.0)),
                "`y` already is the result: exp is not to be taken once more.",
                "[lambda y, g: g * torch.exp(y), lambda y, g: g * (1 - y * y), "
                "lambda y, g: g * y * (1 - y)]",
            ),
            Slip(
                in_place(1, lambda y, g: g * (1 - torch.tanh(y) ** 2), *_read(0.5, -0.3, 0.9)),
                "`y` already is the result: tanh is not to be taken once more.",
                "[lambda y, g: g * y, lambda y, g: g * (1 - torch.tanh(y) ** 2), "
                "lambda y, g: g * y * (1 - y)]",
            ),
        ),
        aim="A rule may be told by the result. Expect exp or tanh taken of `y` again, and rules "
        "without `g`.",
    ),
    {
        "exp": _from_result(torch.exp, lambda y, g: g * y),
        "tanh": _from_result(torch.tanh, lambda y, g: g * (1 - y * y)),
        "sigmoid": _from_result(torch.sigmoid, lambda y, g: g * y * (1 - y)),
    },
)

MAXIMUM = function(
    unjudged(
        "04.4",
        "A maximum backwards",
        "Write the backward rule of `torch.maximum(a, b)`, elementwise: what goes to `a`, and what "
        "to `b`. Where both are equal, share as PyTorch does.",
        "def maximum_backward(a, b, g):\n    ...",
        "def maximum_backward(a, b, g):\n    share = (a > b) + 0.5 * (a == b)\n"
        "    return g * share, g * (1 - share)",
        "maximum_backward",
        (
            "Away from a tie the larger one gets all that arrives, and the other one nothing.",
            "At a tie the shares are equal, and together they are all that arrives.",
            "`a > b` counts as 1 where it is true. Add a half of `a == b`; `b` gets the rest.",
        ),
        "A maximum only routes: what arrives is handed on as it is, or halved at a tie.",
        (
            Slip(
                behaves(lambda a, b, g: (g, g), *_TIES),
                "At a tie that hands on twice what arrives.",
                "lambda a, b, g: (g * (a >= b), g * (b >= a))",
            ),
            Slip(
                behaves(lambda a, b, g: (0 * g, 0 * g), *_TIES),
                "At a tie that hands on nothing at all.",
                "lambda a, b, g: (g * (a > b), g * (b > a))",
            ),
            Slip(
                behaves(lambda a, b, g: (g, 0 * g), *_TIES),
                "At a tie `a` gets all: a subgradient too, but not the shortest.",
                "lambda a, b, g: (g * (a >= b), g * (a < b))",
            ),
        ),
        aim="A maximum routes what arrives, and shares it at a tie. Expect `>=` on one side or on "
        "both.",
    ),
    lambda a, b, g: backwards(torch.maximum, a, b, g),
    (
        (_numbers(3.0, -1.0), _numbers(2.0, 0.5), _numbers(1.0, 1.0)),
        (_numbers(1.0, 0.0), _numbers(1.0, -0.0), _numbers(1.0, 1.0)),
        (_numbers(2.0, 1.0, 0.0), _numbers(2.0, 4.0, -3.0), _numbers(3.0, 2.0, -1.0)),
        (_numbers(1.0, 2.0, -1.0), _numbers(1.05, 1.9999995, -1.01), _numbers(3.0, -2.0, 1.0)),
    ),
    linear_in=2,
    returns=("`a`", "`b`"),
)

EDGES = rules(
    unjudged(
        "04.5",
        "Rules with an edge",
        "Write the backward rules of four operations; `g` arrives. (÷ has two inputs, so a pair "
        "goes back.) Plain formulas will do: at 0 they give what PyTorch gives, `inf` and `nan` "
        "included.",
        "edges = [\n    lambda x, g: ...,  # log(x)\n    lambda x, g: ...,  # sqrt(x)\n"
        "    lambda x, n, g: ...,  # x ** n, for a number n\n    lambda a, b, g: ...,  # a / b\n]",
        "edges = [\n    lambda x, g: g / x,\n    lambda x, g: g / (2 * torch.sqrt(x)),\n"
        "    lambda x, n, g: g * n * x ** (n - 1),\n    lambda a, b, g: (g / b, -g * a / b**2),\n]",
        "edges",
        (
            "Each is `g` times a derivative that you know from school.",
            "A root is the power one half; a quotient is `a` times the power −1 of `b`.",
            "A power's exponent comes down as a factor and is one less; with −1 a minus remains.",
        ),
        "When `g` is 0 as well, log and sqrt hand on 0 · ∞ at 0, and that is `nan`.",
        (
            Slip(
                in_place(
                    3,
                    lambda a, b, g: (g / b, g * a / b**2),
                    *(
                        (_numbers(a), *it)
                        for a, it in zip((3.0, -1.0, 2.0), _read(2.0, 4.0, -0.5), strict=True)
                    ),
                ),
                "When `b` grows, a positive quotient falls: look at the sign of its second part.",
                "[lambda x, g: g / x, lambda x, g: g / (2 * torch.sqrt(x)), "
                "lambda x, n, g: g * n * x ** (n - 1), lambda a, b, g: (g / b, g * a / b**2)]",
            ),
            Slip(
                in_place(
                    2,
                    lambda x, n, g: g * n * x**n,
                    *(
                        (x, n, g)
                        for n, (x, g) in zip((2.0, 3.0, 0.5), _read(3.0, -2.0, 4.0), strict=True)
                    ),
                ),
                "The exponent comes down as a factor, and something happens to it up there, too.",
                "[lambda x, g: g / x, lambda x, g: g / (2 * torch.sqrt(x)), "
                "lambda x, n, g: g * n * x**n, lambda a, b, g: (g / b, -g * a / b**2)]",
            ),
            Slip(
                in_place(1, lambda x, g: g / torch.sqrt(x), *_read(4.0, 0.25, 9.0)),
                "The root is the power one half: its exponent comes down, too.",
                "[lambda x, g: g / x, lambda x, g: g / torch.sqrt(x), "
                "lambda x, n, g: g * n * x ** (n - 1), lambda a, b, g: (g / b, -g * a / b**2)]",
            ),
        ),
        aim="Four school derivatives as rules, and where they are infinite. Expect a lost minus at "
        "÷, a lost ½ at sqrt, and 0 put by hand where `inf` belongs.",
    ),
    {
        "log": _edge(
            torch.log,
            (_numbers(2.0, 0.5, 0.0, 0.0), _numbers(1.0, 3.0, 1.0, 0.0)),
            (_numbers(-2.0, -0.5, 4.0), _numbers(1.0, -3.0, -1.0)),  # a slope, where log has none
        ),
        "sqrt": _edge(
            torch.sqrt,
            (_numbers(4.0, 0.25, 0.0, 0.0), _numbers(1.0, 3.0, 1.0, 0.0)),
            (_numbers(-4.0, 9.0), _numbers(1.0, -3.0)),
        ),
        "**": _edge(
            torch.pow,
            (_numbers(3.0, -2.0, 0.0), 2.0, _numbers(1.0, 2.0, 1.0)),
            (_numbers(4.0, 0.0), 0.5, _numbers(3.0, 1.0)),
            (_numbers(-2.0, 0.5, -1.0), 3.0, _numbers(1.0, -2.0, -1.0)),
        ),
        "÷": _edge(
            torch.div,
            (_numbers(3.0, -1.0), _numbers(2.0, 4.0), _numbers(1.0, 3.0)),
            (_numbers(3.0, -1.0), _numbers(-2.0, -4.0), _numbers(1.0, -3.0)),
            (_numbers(1.0), _numbers(0.0), _numbers(1.0)),
        ),
    },
    {"÷": ("`a`", "`b`")},
)
