"""The student's own `autograd.Function`s: each call is one operation, with the right derivatives.

They were matched by class; what is meant is the very node that a call made.
"""

import numpy as np
import pytest
import torch
from torch.autograd import Function, grad

from lesson_utils import trace


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 2 * ctx.saved_tensors[0] * g


class Reverse(Function):
    """The gradient reversal of domain adaptation, as it is found in many repositories."""

    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return -g


class Halve(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(0.5)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 0.5


@pytest.fixture
def leaves():
    return tuple(torch.tensor(number, requires_grad=True) for number in (3.0, 5.0))


def read(graph):
    """Each operation as a sentence: name, what it reads, what it makes."""
    named = [(op.name, op.inputs, op.outputs) for op in graph.operations]
    return [
        f"{name}({', '.join(graph[i].name for i in inputs)}) → "
        f"{', '.join(graph[i].name for i in outputs)}"
        for name, inputs, outputs in named
    ]


def agrees(graph, of, **wanted):
    """The gradients shown are those of `torch.autograd.grad`."""
    for name, leaf in wanted.items():
        assert graph[name].gradient == pytest.approx(grad(of, leaf, retain_graph=True)[0].item())


def test_two_in_a_row_are_two_operations(leaves):
    x, _ = leaves
    with trace() as t:
        y = Square.apply(x)
        z = Square.apply(y)
        a = z * 2
    graph = t.graph()
    assert read(graph) == ["Square(x) → y", "Square(y) → z", "mul(z, 2) → a"]
    agrees(graph, a, x=x)


def test_two_calls_of_one_function_have_each_its_own_input(leaves):
    x, w = leaves
    with trace() as t:
        y = Square.apply(x)
        z = Square.apply(w)
        a = z * y
    graph = t.graph()
    assert read(graph) == ["Square(x) → y", "Square(w) → z", "mul(z, y) → a"]
    assert [op.local_derivatives for op in graph.operations[2:]] == [(9.0, 25.0)]
    agrees(graph, a, x=x, w=w)


def test_a_function_of_a_function_and_a_loop_show_every_call(leaves):
    x, w = leaves
    with trace() as t:
        y = Square.apply(Square.apply(x))
        for _ in range(3):
            w = Square.apply(w)
        a = y + w
    graph = t.graph()
    assert [op.name for op in graph.operations] == ["Square"] * 5 + ["add"]
    agrees(graph, a, x=x)


@pytest.mark.parametrize("view", [True, False])
def test_a_function_that_returns_its_input_is_drawn(leaves, view):
    """It vanished, and the next operation was given its derivative: ∂a/∂h = −5."""

    class Viewed(Reverse):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

    x, h = leaves
    kind = Viewed if view else Reverse
    with trace() as t:
        r = kind.apply(x)
        a = r * h
    graph = t.graph()
    assert read(graph) == [f"{kind.__name__}(x) → r", "mul(r, h) → a"]
    assert graph.operations[1].local_derivatives == (5.0, 3.0)
    assert graph["x"].gradient == grad(a, x)[0].item() == -5.0


def test_a_function_that_writes_to_its_input_is_drawn(leaves):
    x, _ = leaves
    with trace() as t:
        y = x * 4
        z = Halve.apply(y)
        a = z * z
    graph = t.graph()
    assert [op.name for op in graph.operations] == ["mul", "Halve", "mul"]
    assert graph.operations[1].inputs == graph.operations[0].outputs
    assert graph.operations[1].outputs == graph.operations[2].inputs[:1]
    agrees(graph, a, x=x)


def test_a_write_without_gradient_does_not_die():
    x = torch.tensor(3.0)
    with trace() as t:
        y = Halve.apply(x)
        a = y * 2
    assert t.graph()["a"].data == a.item() == 3.0


def test_a_layer_with_a_backward_hook_has_its_own_derivatives():
    """`register_full_backward_hook` puts Functions of PyTorch's around the layer."""
    layer = torch.nn.Linear(1, 1)
    layer.register_full_backward_hook(lambda *_: None)
    x = torch.ones(1, 1, requires_grad=True)
    with trace() as t:
        y = layer(x)
        a = (y * 5).sum()
    graph = t.graph()
    (linear,) = [op for op in graph.operations if op.name == "linear"]
    (mul,) = [op for op in graph.operations if op.name == "mul"]
    assert linear.local_derivatives == (layer.weight.item(), 1.0, 1.0)
    assert mul.local_derivatives == (5.0, None)
    assert graph["x"].gradient == grad(a, x)[0].item()


class Layer(Function):
    """A layer with a graph of its own inside, as implicit layers have."""

    @staticmethod
    def forward(ctx, x):
        inner = Square.apply(x) * 1
        with torch.enable_grad():
            ctx.x = x.detach().requires_grad_()
            ctx.y = Square.apply(ctx.x).sin() * 1
        return ctx.y.detach() + 0 * inner

    @staticmethod
    def backward(ctx, g):
        return grad(ctx.y, ctx.x, g)


def test_what_a_function_does_inside_is_not_drawn(leaves):
    """Not even where its forward turns gradients on: it died with an IndexError, or drew it all."""
    x, _ = leaves
    with trace() as t:
        a = Layer.apply(Layer.apply(x)) * 2
    graph = t.graph()
    assert [op.name for op in graph.operations] == ["Layer", "Layer", "mul"]
    assert graph.operations[0].outputs == graph.operations[1].inputs
    assert graph["a"].data == a.item()


class Numeric(Function):
    """Computes in NumPy where it can, as PyTorch's tutorial on extensions does."""

    @staticmethod
    def forward(ctx, x, more):
        if more is None:
            return torch.from_numpy(np.array(x.item() * 3, dtype=np.float32))
        y = x * 3
        with torch.enable_grad():
            again = more() * 0
        return y + again.detach()

    @staticmethod
    def backward(ctx, g):
        return g * 3, None


def test_a_call_that_ran_before_is_not_taken_for_the_one_that_runs(leaves):
    """Looking at its result inside the other's forward ended in an IndexError there."""
    x, w = leaves
    with trace() as t:
        y = Numeric.apply(x, None)
        z = Numeric.apply(w, lambda: y)
        a = y * z
    graph = t.graph(of=a)
    assert sorted(read(graph)) == ["Numeric(w) → z", "Numeric(x) → y", "mul(y, z) → a"]
    agrees(graph, a, x=x, w=w)
