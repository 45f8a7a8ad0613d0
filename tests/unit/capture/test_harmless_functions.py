"""A program with own autograd Functions does under `trace()` what it does without.

Their `backward` is the student's code: it may count, print, draw random numbers and write to
`.grad`, and none of that may happen before the student asks for a backward pass.
"""

import random

import numpy as np
import pytest
import torch
from programs import Programs, differences
from torch.autograd import Function, grad

program = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


def leaves():
    return (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))


calls = 0
log = []


def counting(note, counters):
    """A Function whose backward prints, draws random numbers and keeps every kind of count."""
    times = 0

    class Counting(Function):
        calls = 0

        @staticmethod
        def forward(ctx, x, factor):
            ctx.save_for_backward(x)
            ctx.factor, ctx.calls, ctx.list = factor, 0, []
            note(f"forward {x.item()}")
            return x * factor

        @staticmethod
        def backward(ctx, g):
            global calls
            nonlocal times
            ctx.calls += ctx.saved_tensors[0].numel()
            ctx.list.append(g.item())
            Counting.calls += 1
            calls += 1
            times += 1
            log.append(g.item())
            counters[:] = [ctx.calls, ctx.list, Counting.calls, calls, times, list(log)]
            print("backward", g.item())
            noise = torch.rand(1).item() + random.random() + np.random.rand()
            return g * ctx.factor + 0.001 * noise, None

    return Counting


@program
def a_function_that_counts_prints_and_draws(block, note):
    """The state of an own Function is the same when its backward runs at last."""
    global calls
    calls, log[:] = 0, []
    w, x = leaves()
    counters = []
    counting_function = counting(note, counters)
    with block:
        y = counting_function.apply(w, 4.0) * x
    noise = torch.rand(2)
    state = calls, list(log), counting_function.calls, list(counters)
    y.backward(retain_graph=True)
    y.backward()
    return w, x, y, noise, state, counters, calls, log, counting_function.calls


@program
def a_function_that_counts_and_backward_inside(block, note):
    global calls
    calls, log[:] = 0, []
    w, x = leaves()
    counters = []
    counting_function = counting(note, counters)
    with block:
        y = counting_function.apply(counting_function.apply(w, 4.0), 2.0) * x
        y.backward()
        noise = torch.rand(2)
    return w, x, y, noise, counters, calls, log, counting_function.calls


@program
def a_function_that_writes_grad(block, note):
    """A backward that adds to `.grad` itself, as recomputing layers do."""

    class Writes(Function):
        @staticmethod
        def forward(ctx, x, weight):
            ctx.x, ctx.weight = x, weight
            return x * weight.detach()

        @staticmethod
        def backward(ctx, g):
            with torch.enable_grad():
                x = ctx.x.detach().requires_grad_()
                y = x * ctx.weight
            torch.autograd.backward(y, g)
            return x.grad, None

    w, x = leaves()
    with block:
        y = Writes.apply(x, w) * 1
    before = w.grad
    y.backward()
    return w, x, y, before


class Stats:
    def __init__(self):
        self.calls, self.seen = 0, []


@program
def a_function_that_keeps_objects(block, note):
    """A layer, an object of the student's and saved tensors, all of them written to in backward."""

    class Keeps(Function):
        @staticmethod
        def forward(ctx, x, layer, stats):
            ctx.save_for_backward(x)
            ctx.layer, ctx.stats = layer, stats
            return layer(x).sum()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            ctx.stats.calls += 1
            ctx.stats.seen.append(g.item())
            with torch.enable_grad():
                inner = x.detach().requires_grad_()
                ctx.layer(inner).sum().backward()
            x.data.mul_(0.5)
            return inner.grad * g, None, None

    layer, stats = torch.nn.Linear(2, 2), Stats()
    layer.register_forward_hook(lambda *_: note("layer"))
    w = torch.ones(2, requires_grad=True)
    with block:
        y = Keeps.apply(w, layer, stats) * 3
    before = stats.calls, w.tolist(), layer.weight.grad
    y.backward()
    return w, layer, y, before, vars(stats)


@program
def a_function_inside_a_function(block, note):
    """Layers that find their own graph in `forward` and walk it in `backward`."""

    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            note("square")
            return 2 * ctx.saved_tensors[0] * g

    class Layer(Function):
        @staticmethod
        def forward(ctx, x):
            inner = Square.apply(x)
            with torch.enable_grad():
                ctx.x = x.detach().requires_grad_()
                ctx.y = Square.apply(ctx.x).sin()
            return ctx.y.detach() + 0 * inner

        @staticmethod
        def backward(ctx, g):
            note("layer")
            return grad(ctx.y, ctx.x, g)

    w, x = leaves()
    with block:
        y = Layer.apply(Layer.apply(w)) * x
    y.backward()
    return w, x, y


own_notes = []


@torch.library.custom_op("lesson_tests::scaled", mutates_args=())
def scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    own_notes.append("forward")
    return x * factor


def _keep(ctx, inputs, output):
    ctx.factor, ctx.calls = inputs[1], 0


def _back(ctx, g):
    ctx.calls += 1
    own_notes.append(f"backward {ctx.calls}")
    return g * ctx.factor, None


scaled.register_autograd(_back, setup_context=_keep)


@program
def an_operator_of_ones_own(block, note):
    """`torch.library.custom_op` with `register_autograd`."""
    own_notes.clear()
    w, x = leaves()
    with block:
        y = scaled(w, 5.0) * x
    y.backward()
    return w, x, y, list(own_notes)
