"""The exercises of notebook 02: what is kept, and when it is freed."""

from __future__ import annotations

from typing import Any

import torch

from lesson_utils.capture.memory import saved_memory
from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import choice, gives, letter, numbers
from lesson_utils.exercises.lesson_02_more import MORE
from lesson_utils.exercises.points import Point
from lesson_utils.exercises.replay import array
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import also, behaves, function


def kept_by_each(at: float, weight: float, bias: float) -> list[int]:
    """How many tensors ×, exp and + keep."""
    x = torch.tensor([at])
    w, b = (torch.tensor([it], requires_grad=True) for it in (weight, bias))
    with Recording() as t:
        y = torch.exp(x * w) + b
    return [len(operation.saved) for operation in t.graph(of=y).operations]


def tanh_backward(result: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """What tanh hands on, from the result that it kept."""
    return g * (1 - result * result)


def bytes_of_a_layer(n: int, d: int, k: int) -> int:
    """What n rows of d numbers through `@` and tanh keep, where k are left."""
    x, w = torch.ones(n, d), torch.zeros(d, k, requires_grad=True)
    return saved_memory(torch.tanh(x @ w))


def slopes(w: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The derivatives of exp(w) + w and of exp(w) times itself."""
    shared = torch.exp(w.detach())
    return shared + 1, 2 * shared * shared


def computed_once(answer: Any) -> str:
    """What is off with two derivatives of one graph: computed twice, or retained for nobody."""
    w = torch.tensor([0.5], requires_grad=True)
    with Recording() as t:
        answer(w)
    runs = [operation for operation in t.snapshot().operations if operation.name == "exp"]
    if len(runs) != 1:
        return f"The numbers are right, and exp ran {len(runs)} times: both passes can share one."
    if any(saved.state == "kept" for saved in runs[0].saved):
        return (
            "The numbers are right, and at the end exp still keeps its result: "
            "after the last pass nobody needs it."
        )
    return ""


def _at(g: float) -> tuple[Point, ...]:
    return tuple((torch.tensor([result]), torch.tensor([g])) for result in (0.5, -0.3, 0.9))


def _forgets(answer: Any) -> bool:
    """Whether a rule gives the same, whatever arrives."""
    return behaves(lambda result, g: answer(result, 1.5 * g), *_at(2.0))(answer)


EXERCISES: tuple[Exercise, ...] = (
    numbers(
        unjudged(
            "02.1",
            "What each operation keeps",
            "Below, `u = x * w`, `e = torch.exp(u)` and `y = e + b`, each of one number. `w` and "
            "`b` require a gradient, `x` does not. How many numbers does each of the three have "
            "to keep for the backward pass? Write three counts in a list: of ×, of exp, of +.",
            "kept_by_each = ...",
            "kept_by_each = [1, 1, 0]",
            "kept_by_each",
            (
                "Write down the derivative of each operation. Which number occurs in it?",
                "For ×, only the derivative by `w` is asked for.",
                "exp is its own derivative, so one number does; and + hands on what arrives.",
            ),
            "exp keeps what it returned, and × what it was given: whichever serves the derivative.",
            (
                Slip(
                    lambda it: array(it)[0] == 2,  # type: ignore[index]  # else it is no match
                    "× would need both factors if both derivatives were asked for; `x` needs none.",
                    "[2, 1, 0]",
                ),
                Slip(
                    lambda it: array(it)[2] > 0,  # type: ignore[index]  # else it is no match
                    "What would + look up? Its derivatives are the same, whatever came in.",
                    "[1, 1, 2]",
                ),
                gives([1, 2, 0], "exp need not keep both what came in and what came out."),
            ),
            aim="What is kept follows from the derivative. Expect 2 for × (both factors occur in "
            "the product rule) and 1 or 2 for +.",
        ),
        kept_by_each,
        ((2.0, 0.5, 1.0), (-1.0, 0.0, 0.5), (0.25, 3.0, -2.0)),
    ),
    function(
        unjudged(
            "02.2",
            "tanh backwards",
            "tanh kept its `result`, and `g` arrives from above. Write what tanh hands on, without "
            "the input, which it does not have.",
            "def tanh_backward(result, g):\n    ...",
            "def tanh_backward(result, g):\n    return g * (1 - result**2)",
            "tanh_backward",
            (
                "A backward rule hands on what arrives, times the local derivative.",
                "The local derivative is $1 - \\tanh^2$ of the input. What is `result`?",
                "`result` is that tanh already, so only its square is missing.",
            ),
            "PyTorch's `TanhBackward0` computes the same from the same two tensors.",
            (
                Slip(
                    _forgets,
                    "It gives the same whatever arrives: a rule multiplies `g`.",
                    "lambda result, g: 1 - result**2",
                ),
                Slip(
                    behaves(lambda y, g: g * (1 - torch.tanh(y) ** 2), *_at(1.0)),
                    "That takes tanh once more: `result` is what tanh returned.",
                    "def tanh_backward(result, g):\n    return g * (1 - torch.tanh(result) ** 2)",
                ),
                Slip(
                    behaves(lambda y, g: g * (1 - y), *_at(1.0), *_at(2.0)),
                    "The square is missing.",
                    "lambda result, g: g * (1 - result)",
                ),
            ),
            aim="A rule needs only what was kept. Expect tanh taken of the result, and `g` "
            "forgotten.",
        ),
        tanh_backward,
        (
            (torch.tensor([0.5, -0.5, 0.0]), torch.tensor([1.0, 1.0, 1.0])),
            (torch.tensor([0.9, 1.0, -1.0]), torch.tensor([2.0, 3.0, -0.5])),
        ),
        linear_in=1,
    ),
    numbers(
        unjudged(
            "02.3",
            "Bytes of a layer",
            "`X` has 1000 rows of 20 numbers and needs no gradient, `W` is 20 × 5 and requires "
            "one. A number takes four bytes. How many bytes does the graph of `torch.tanh(X @ W)` "
            "keep?",
            "layer_bytes = ...",
            "layer_bytes = 100_000",
            "layer_bytes",
            (
                "Ask each of the two operations what its derivative needs.",
                "`@` needs the other factor of `W`; tanh needs what it returned.",
                "Count the numbers of `X` and of the result, and take them times four.",
            ),
            "Both grow with the rows of `X`: that is why a smaller batch needs less memory.",
            (
                gives(
                    lambda n, d, k: 4 * n * d,
                    "That is what `@` keeps. tanh keeps something as well.",
                ),
                gives(
                    lambda n, d, k: 4 * n * k,
                    "That is what tanh keeps. `@` keeps something as well.",
                ),
                gives(
                    lambda n, d, k: n * (d + k),
                    "That is how many numbers there are, and each takes several bytes.",
                ),
                gives(
                    lambda n, d, k: 4 * (n * d + n * k + d * k),
                    "`W` would serve the derivative by `X`, and nobody asks for that.",
                ),
                gives(
                    lambda n, d, k: 4 * n * (d + 2 * k),
                    "tanh keeps one of what it read and what it returned; nobody needs the other.",
                ),
            ),
            aim="From derivatives to bytes. Expect 80,000 or 20,000 (one of the two forgotten), "
            "120,000 (the product kept, too), 100,400 (`W`, too) and 25,000 (numbers, not bytes).",
        ),
        bytes_of_a_layer,
        ((1000, 20, 5), (12, 3, 7), (50, 6, 2)),
    ),
    choice(
        unjudged(
            "02.4",
            "The call that fails",
            "`grad(y, u)` has just freed the result of exp; × still keeps `x`. Two of these three "
            "calls work now, and one fails. Which? (The next three cells run them.)\n\n"
            "- **a** · `grad(y, b)`\n- **b** · `grad(u, w)`\n- **c** · `grad(y, w)`",
            "fails = ...",
            'fails = "c"',
            "fails",
            (
                "Draw a line from where each call starts to where it ends.",
                "Only one node has lost what it needs. Whose way leads through it?",
                "A way from `y` to `b` has only + on it; a way that starts at `u` is past exp.",
            ),
            "The graph is not used up as a whole: it depends on which nodes a pass comes by.",
            (
                letter("a", "On that way there is only +, which needs nothing."),
                letter("b", "That way starts at `u`, so it does not come by exp."),
            ),
            aim='What is freed is freed node by node. Expect a or b from who thinks "y has been '
            'used, so whatever starts there fails".',
        ),
        {"a": "grad(y, b)", "b": "grad(u, w)", "c": "grad(y, w)"},
        "c",
    ),
    also(
        function(
            unjudged(
                "02.5",
                "Retain as long as it is needed",
                "This function fails at its second `grad`. Repair it: exp shall run once, and "
                "its result shall be freed when both derivatives are there.",
                "def slopes(w):\n    shared = torch.exp(w)\n"
                "    first, second = shared + w, shared * shared\n"
                "    return grad(first, w)[0], grad(second, w)[0]",
                "def slopes(w):\n    shared = torch.exp(w)\n"
                "    first, second = shared + w, shared * shared\n"
                "    return grad(first, w, retain_graph=True)[0], grad(second, w)[0]",
                "slopes",
                (
                    "Which node do both passes come by, and what does the first do to it?",
                    "The first pass has to leave the result of exp for the second.",
                    "One `retain_graph=True` is enough. After which pass does none follow?",
                ),
                "Only the passes before the last one have to retain.",
                aim="Retaining serves the passes to come. Expect `retain_graph=True` in both "
                "calls, and exp computed twice.",
            ),
            slopes,
            tuple((torch.tensor([at]),) for at in (0.5, -1.0, 0.0)),
            differentiable=True,
            returns=("`first`", "`second`"),
        ),
        computed_once,
    ),
    *MORE,
)
