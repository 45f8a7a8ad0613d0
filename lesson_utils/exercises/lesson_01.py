"""The exercises of notebook 01."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from lesson_utils.capture.mode import Recording
from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.forms import choice, gives, gradient, letter, order, picture
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import behaves, function
from lesson_utils.graph import ComputationGraph


def neuron(at: float, weight: float, bias: float) -> ComputationGraph:
    """The lecture's neuron."""
    x, w, b = torch.tensor([at]), _leaf([weight]), _leaf([bias])
    with Recording() as t:
        u = x * w
        v = u + b
        a = F.relu(v)
    return t.graph(of=a)


def twice(weight: float) -> ComputationGraph:
    """A weight on two paths."""
    w = _leaf(weight)
    with Recording() as t:
        u = w * w
        y = u + w
    return t.graph(of=y)


def wanted() -> ComputationGraph:
    """The graph that is to be written."""
    p, q = _leaf(0.5), _leaf(1.0)
    with Recording() as t:
        y = torch.sin(p) * p + q
    return t.graph(of=y)


def relu_backward(z: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """What ReLU hands on of what arrives, with PyTorch's choice at 0."""
    return g * (z > 0)


def _leaf(data: float | list[float]) -> torch.Tensor:
    return torch.tensor(data, requires_grad=True)


EXERCISES: tuple[Exercise, ...] = (
    gradient(
        unjudged(
            "01.1",
            "One neuron, one derivative",
            "With $x = 3$, $w = 2$ and $b = 1$: what is $\\partial a/\\partial w$ for "
            "$a = \\mathrm{relu}(x w + b)$? Write a number before you run the code below.",
            "w_gradient = ...",
            "w_gradient = 3.0",
            "w_gradient",
            (
                "Three operations lie between `w` and `a`: ×, + and ReLU. Each has a derivative.",
                "At a positive input ReLU passes on what arrives, and so does +.",
                "What is left is the derivative of `x × w` by `w`. Which of the two factors is it?",
            ),
            "With respect to `x` it would be `w`: for each factor it is the other one.",
            (
                gives(
                    lambda x, w, b: w,
                    "That is `w`, the factor itself; the derivative of a product with respect to "
                    "one factor is the other one.",
                ),
                gives(lambda x, w, b: x * w, "That is the product `x w`, and no derivative."),
                gives(lambda x, w, b: x * w + b, "That is `a` itself, and no derivative."),
                gives(lambda *_: 1.0, "ReLU and + hand on what arrives; × does not."),
            ),
            aim="The derivative of a product by one factor is the other one. Expect 2 (the factor "
            "itself), 6 or 7 (values of the forward pass) and 1.",
        ),
        neuron,
        "w",
        ((3.0, 2.0, 1.0), (-1.5, -2.0, 0.5), (0.7, 3.0, -1.0)),
    ),
    picture(
        unjudged(
            "01.2",
            "Write the code of a graph",
            "Two leaves, `p` and `q`; `sin` of `p`, times `p`, plus `q`. Write the code that "
            "builds this graph, in `with trace() as yours:`.",
            "yours = ...",
            "p = torch.tensor(0.5, requires_grad=True)\n"
            "q = torch.tensor(1., requires_grad=True)\n"
            "with trace() as yours:\n    y = torch.sin(p) * p + q",
            "yours",
            (
                "Both leaves require a gradient: `torch.tensor(..., requires_grad=True)`.",
                "All operations go into the block: `with trace() as yours:`.",
                "One line is enough: `y = torch.sin(p) * p + q`.",
            ),
            "Order does not matter where an operation does not care: `q + ...` is the same graph.",
            aim="From a graph to code. Expect another name, and a leaf without `requires_grad`.",
        ),
        wanted,
    ),
    choice(
        unjudged(
            "01.3",
            "What × has to remember",
            "`x` needs no gradient, `w` does. Which numbers must `x * w` keep for the backward "
            "pass?\n\n- **a** · `x`\n- **b** · `w`\n- **c** · both\n- **d** · its result",
            "kept = ...",
            'kept = "a"',
            "kept",
            (
                "Only one derivative of × is asked for. Which one?",
                "It is $\\partial u/\\partial w$ for $u = x w$.",
                "That is the other factor.",
            ),
            "What nobody will ask for is not kept, and that saves memory in every layer.",
            (
                letter("b", "`w` would serve the derivative by `x`, and nobody asks for that."),
                letter("c", "One of them would serve a derivative that nobody asks for."),
                letter(
                    "d",
                    "Some operations keep their result; the derivative of a product is "
                    "not told by it.",
                ),
            ),
            aim="What is saved follows from which derivative is asked. Expect c, since both "
            "factors occur in the rule.",
        ),
        {"a": "x", "b": "w", "c": "both", "d": "its result"},
        "a",
    ),
    choice(
        unjudged(
            "01.4",
            "What is freed",
            "Everything is still kept. Now somebody asks `grad(a, b)`, without retaining. Which "
            "saved tensor is gone afterwards?\n\n- **a** · that of ReLU\n- **b** · that of ×\n"
            "- **c** · both\n- **d** · none",
            "freed = ...",
            'freed = "a"',
            "freed",
            (
                "The pass runs from `a` to `b`. Which operations does it come by?",
                "It comes by ReLU and by +, and stops at `b`.",
                "PyTorch frees node by node: only what ran.",
            ),
            "The nodes themselves stay, with their links; only what they had saved goes.",
            (
                letter("b", "The pass never comes to ×: it stops at `b`."),
                letter("c", "PyTorch frees node by node, and one of the two did not run."),
                letter("d", "Nothing was retained, so what ran has let go."),
            ),
            aim='Freeing is node by node. Expect c: "the graph is destroyed", as the message says.',
        ),
        {"a": "ReLU's", "b": "that of ×", "c": "both", "d": "none"},
        "a",
    ),
    order(
        unjudged(
            "01.5",
            "Two derivatives of one graph",
            "Put lines in order, so that both derivatives of *one* graph are there at the end. One "
            "line belongs nowhere.\n\n- **A** · `by_b = grad(a, b)`\n- **B** · `a = a.detach()`\n"
            "- **C** · `a = F.relu(x * w + b)`\n- **D** · `by_w = grad(a, w, retain_graph=True)`",
            "lines = ...",
            'lines = "CDA"',
            "lines",
            (
                "Which line builds the graph?",
                "One of the two calls of `grad` keeps the graph for the other.",
                "`detach` gives the number without its graph: nothing can be asked of that.",
            ),
            "`grad(a, [w, b])` gives both in one pass, and needs no retaining.",
            aim="Retaining is for the calls that come later. Expect B anywhere, and A before D.",
        ),
        ("CDA",),
    ),
    gradient(
        unjudged(
            "01.6",
            "Two paths",
            "`u = w * w` and `y = u + w`, at $w = 3$. What is $\\partial y/\\partial w$?",
            "y_gradient = ...",
            "y_gradient = 7.0",
            "y_gradient",
            (
                "In how many places is `w` used?",
                "Three: twice in `w * w`, once in `u + w`. Each use is a path.",
                "Follow each path from `y` to `w`, multiply along it, and add up.",
            ),
            "Each use of a value has its own arc, also two uses in one operation.",
            aim="Gradients add up over paths. Expect 6 (one path forgotten), 3 or 4 (one of the "
            "two uses in w × w forgotten) and 1.",
        ),
        twice,
        "w",
        ((3.0,), (-1.25,), (0.7,)),
    ),
    function(
        unjudged(
            "01.7",
            "ReLU backwards",
            "Write what ReLU does in the backward pass: it read `z`, and `g` arrives from above. "
            "Take PyTorch's choice at 0.",
            "def relu_backward(z, g):\n    ...",
            "def relu_backward(z, g):\n    return g * (z > 0)",
            "relu_backward",
            (
                "A backward rule hands on what arrives, times the local derivative.",
                "ReLU's local derivative is 1 where `z` is positive, and 0 where it is negative.",
                "At 0 PyTorch takes 0, so `z > 0` tells all of it: True counts as 1.",
            ),
            "Every rule of autograd is like this one: linear in what arrives.",
            (
                Slip(
                    behaves(
                        lambda z, g: g * (z >= 0),
                        (torch.zeros(2), torch.ones(2)),
                        (torch.tensor([-0.0]), torch.tensor([-0.5])),
                        (torch.tensor([0.0, -0.0, 0.0]), torch.tensor([2.0, 3.0, -1.0])),
                    ),
                    "At 0 that takes the slope from the right; PyTorch takes the other one.",
                    "lambda z, g: g * (z >= 0)",
                ),
            ),
            aim="A rule multiplies what arrives. Expect a function that forgets `g`, and one with "
            "`z >= 0`.",
        ),
        relu_backward,
        (
            (torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 1.0, 1.0])),
            (torch.tensor([0.0, -0.0]), torch.tensor([1.0, 1.0])),
            (torch.tensor([3.0, -3.0, 0.5]), torch.tensor([0.5, 2.0, -1.0])),
            (torch.tensor([1e-4, -1e-4, 1e-30]), torch.tensor([1.0, -2.0, -3.0])),
        ),
        linear_in=1,
    ),
)
