"""A program that uses what own autograd Functions can do does under `trace()` what it does without.

Marks on `ctx`, inputs returned as outputs, several outputs, batch rules; a mistake in a
`backward` shows when the student asks for it.
"""

import threading

import pytest
import torch
from programs import Programs, differences
from torch.autograd import Function
from torch.autograd.function import once_differentiable

program = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


def leaves():
    return (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))


@program
def functions_in_a_row_and_apart(block, note):
    """Two calls of one Function after another died inside the student's block."""

    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            note(f"backward {g.item()}")
            return 2 * ctx.saved_tensors[0] * g

    w, x = leaves()
    with block:
        y = Square.apply(w)
        z = Square.apply(y)
        a = Square.apply(Square.apply(x)) * z
        for _ in range(3):
            a = Square.apply(a * 0.01)
    a.backward()
    return w, x, y, z, a


@program
def a_function_that_writes_in_place(block, note):
    class Halve(Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(0.5)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            note(f"backward {g.item()}")
            return g * 0.5

    w, x = leaves()
    with block:
        y = w * 1
        z = Halve.apply(y)
        a = Halve.apply(z * x) * 3
    a.backward()
    return w, x, y, z, a, y is z


@program
def a_function_that_returns_its_input(block, note):
    class Reverse(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            note(f"backward {g.item()}")
            return -g

    w, x = leaves()
    with block:
        r = Reverse.apply(Reverse.apply(Reverse.apply(w)))
        a = r * 5 * x
    a.backward()
    return w, x, r, a


@program
def outputs_without_gradient_stay_none(block, note):
    """`set_materialize_grads(False)`: a missing gradient is None and never zeros."""

    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            most = x.argmax()
            ctx.mark_non_differentiable(most)
            return x * 2, x * 3, most

        @staticmethod
        def backward(ctx, *gradients):
            note([gradient is None for gradient in gradients])
            return sum(k * g for k, g in zip((2, 3, 0), gradients, strict=True) if g is not None)

    w = torch.ones(3, requires_grad=True)
    with block:
        twice, thrice, most = Split.apply(w)
        loss = twice.sum()
    loss.backward()
    return w, twice, thrice, most, loss


@program
def setup_context_once_differentiable_and_what_cannot_be_copied(block, note):
    class Power(Function):
        @staticmethod
        def forward(x, exponent, lock, options):
            return x**exponent

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])
            ctx.exponent, ctx.lock, ctx.options = inputs[1:]

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            with ctx.lock:
                ctx.options["calls"] += 1
                (x,) = ctx.saved_tensors
                return g * ctx.exponent * x ** (ctx.exponent - 1), None, None, None

    w, x = leaves()
    options = {"calls": 0}
    with block:
        y = Power.apply(w, 3, threading.Lock(), options) * x
    before = dict(options)
    y.backward()
    return w, x, y, before, options


@program
def a_backward_that_raises_once(block, note):
    """A mistake in an own `backward` shows when the student asks for it, and not before."""

    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            note("backward")
            raise ValueError("forgot the factor")

    w, x = leaves()
    with block:
        y = Wrong.apply(w) + x
    y.backward()


@program
def batch_rules_and_forward_mode(block, note):
    class Twice(Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, g):
            return g * 2

        @staticmethod
        def jvp(ctx, tangent):
            return tangent * 2

    w = torch.ones(3, requires_grad=True)
    with block:
        y = torch.func.vmap(Twice.apply)(w)
        slope = torch.func.grad(lambda tensor: Twice.apply(tensor).sum())(w)
        loss = (Twice.apply(y) * slope).sum()
    loss.backward()
    return w, y, slope, loss


@program
def functions_of_many_shapes(block, note):
    """Outputs that are views, an input used twice, unused inputs, nothing returned for some."""

    class Mixed(Function):
        @staticmethod
        def forward(ctx, x, same, unused, *more):
            ctx.set_materialize_grads(False)
            return x.sum(0), same.view(-1)[:2].clone(), torch.arange(3.0), None, "text"

        @staticmethod
        def backward(ctx, total, part, fixed, *_):
            note([None if g is None else g.tolist() for g in (total, part, fixed)])
            return total.expand(2, 2), None, None, None

    w = torch.rand(2, 2, requires_grad=True)
    with block:
        total, part, fixed, nothing, text = Mixed.apply(w, w, w * 2, {"key": w})
        loss = total.sum() * 3
    loss.backward()
    return w, total, part, fixed, nothing, text, loss
