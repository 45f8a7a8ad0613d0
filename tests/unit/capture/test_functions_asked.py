"""How the backward of a student's own Function is asked for its derivative.

At most once a trace, on a stand-in for its `ctx`, with the gradient that really flows. Where that
could change something it is not asked: no gradient is shown upstream, and the graph says why.
"""

import os
import threading

import numpy as np
import pytest
import torch
from torch.autograd import Function, grad
from torch.autograd.graph import saved_tensors_hooks

from lesson_utils import draw, trace


@pytest.fixture
def leaves():
    return tuple(torch.tensor(number, requires_grad=True) for number in (3.0, 5.0))


def agrees(graph, of, **wanted):
    """The gradients shown are those of `torch.autograd.grad`."""
    for name, leaf in wanted.items():
        assert graph[name].gradient == pytest.approx(grad(of, leaf, retain_graph=True)[0].item())


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 2 * ctx.saved_tensors[0] * g


class MyReLU(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        g = g.clone()
        g[x < 0] = 0
        return g


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        result = x.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, g):
        return g.mul_(ctx.saved_tensors[0])  # writes to what it is given


class Linear(Function):
    @staticmethod
    def forward(x, weight, bias):
        return x.mm(weight.t()) + bias

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.shapes = {"bias": inputs[2].shape}

    @staticmethod
    def backward(ctx, g):
        x, weight, _ = ctx.saved_tensors
        found = [None, None, None]
        if ctx.needs_input_grad[0]:
            found[0] = g.mm(weight)
        if ctx.needs_input_grad[1]:
            found[1] = g.t().mm(x)
        if ctx.needs_input_grad[2]:
            found[2] = g.sum(0).reshape(ctx.shapes["bias"])
        return tuple(found)


class Numeric(Function):
    @staticmethod
    def forward(ctx, x, power):
        ctx.numbers = x.detach().numpy()
        ctx.power = power
        return torch.as_tensor(ctx.numbers**power)

    @staticmethod
    def backward(ctx, g):
        slope = ctx.power * ctx.numbers ** (ctx.power - 1)
        return torch.as_tensor(g.numpy() * slope), None


TUTORIALS = {
    "MyReLU": lambda x: MyReLU.apply(x - 1),
    "Exp": lambda x: Exp.apply(x),
    "Linear": lambda x: Linear.apply(x, torch.ones(2, 3, requires_grad=True), torch.ones(2)),
    "Numeric": lambda x: Numeric.apply(x, 3),
    "all": lambda x: Numeric.apply(MyReLU.apply(Exp.apply(x) * 2), 2) / 100,
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_gradient_through_a_tutorials_function_is_shown(name):
    x = torch.tensor([[0.5, -1.0, 2.0]], requires_grad=True)
    with trace() as t:
        y = TUTORIALS[name](x)
        loss = (y * y).sum()
    shown = t.graph(of=loss)["x"].gradient
    assert np.allclose(shown, grad(loss, x)[0].numpy(), rtol=1e-6)


class Asked(Function):
    """Writes down outside of Python when it is asked, where nothing can be put back."""

    @staticmethod
    def forward(ctx, x, file):
        ctx.save_for_backward(x)
        ctx.file = file
        return x * x

    @staticmethod
    def backward(ctx, g):
        os.write(ctx.file, f"{g.item()} ".encode())
        return 2 * ctx.saved_tensors[0] * g, None


def test_a_backward_is_asked_once_and_with_the_gradient_that_flows(leaves, tmp_path):
    x, w = leaves
    file = os.open(tmp_path / "asked", os.O_CREAT | os.O_RDWR)
    with trace() as t:
        y = Asked.apply(x, file)
        a = y * w * 2
    for _ in range(3):
        graph = t.graph()
        draw(t, jacobians=True)._repr_mimebundle_()
        t.graph(of=y)
        t.graph(of="a", seed=3.0)
    asked = (tmp_path / "asked").read_text().split()
    assert asked in ([], ["10.0"])
    assert graph["x"].gradient == (60.0 if asked else None)
    agrees(graph, a, w=w)
    os.close(file)


class Held(Square):
    @staticmethod
    def forward(ctx, x):
        ctx.lock = threading.Lock()
        return Square.forward(ctx, x)


def packed(x):
    with saved_tensors_hooks(lambda tensor: tensor, lambda tensor: tensor):
        return Square.apply(x)


@pytest.mark.parametrize("function", [Held.apply, packed], ids=["cannot be copied", "hooks packed"])
def test_what_is_not_asked_says_so_and_the_rest_keeps_its_gradient(leaves, function):
    x, w = leaves
    with trace() as t:
        u = x * 2
        y = function(u)
        v = w * 3
        a = y + v
    graph = t.graph()
    (op,) = [operation for operation in graph.operations if operation.name in ("Square", "Held")]
    assert op.unasked and graph.note
    assert [operation.name for operation in graph.operations if operation.unasked] == [op.name]
    assert graph["u"].gradient is None and graph["x"].gradient is None
    assert graph["y"].gradient == graph["v"].gradient == 1.0
    agrees(graph, a, w=w)


def test_a_gradient_that_does_not_arrive_is_not_taken_for_zero(leaves):
    """What a backward gets for an unused output cannot be known, so it is right or not there."""

    class Both(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, first, second):
            return first * 2 if second is None else (first * 2 + second * 3) * 100

    x, _ = leaves
    with trace() as t:
        y, _unused = Both.apply(x)
        a = y * 1
    graph = t.graph(of=a)
    shown = graph["x"].gradient
    assert shown == grad(a, x)[0].item() or (shown is None and graph.note)


def test_packed_numbers_leave_other_gradients_alone(leaves):
    """The same for PyTorch's own operations, inside `saved_tensors_hooks`."""
    x, w = leaves
    with trace() as t:
        with saved_tensors_hooks(lambda tensor: tensor, lambda tensor: tensor):
            y = x.exp()
        a = y + w * 3
    graph = t.graph()
    assert [op.name for op in graph.operations if op.unasked] == ["exp"]
    assert graph["x"].gradient is None and graph["w"].gradient == 3.0 and graph.note
    agrees(graph, a, w=w)
