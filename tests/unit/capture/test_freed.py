"""What a student lets go of is freed under `trace()` as soon as it is without.

Counted by weak references, with the garbage collector off: nothing may wait for it.
"""

import contextlib
import gc
import weakref

import pytest
import torch
from programs import Plain
from torch.autograd import Function, grad

from lesson_utils import saved_memory, trace


@pytest.fixture(autouse=True)
def no_collector():
    """Python frees what has no reference at once; only cycles wait for the collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(references):
    return sum(reference() is not None for reference in references)


def under_no_grad(block, keep):
    x = torch.ones(1000)
    with block, torch.no_grad():
        for _ in range(100):
            x = x * 1.01
            keep(x)
        return alive(keep.kept)


def in_inference_mode(block, keep):
    with torch.inference_mode(), block:
        x = torch.ones(1000)
        for _ in range(100):
            x = torch.relu(x + 1)
            keep(x)
        return alive(keep.kept)


def without_gradient(block, keep):
    x = torch.ones(1000)
    with block:
        for _ in range(20):
            u = x.sin()
            v = u.cos()
            keep(u)
            keep(v)
        return alive(keep.kept)


def whose_graph_does_not_need_them(block, keep):
    """Additions save nothing: their results are freed although they have a node."""
    x = torch.ones(1000, requires_grad=True)
    with block:
        y = x + 1
        for _ in range(20):
            y = y + 1
            keep(y)
        return alive(keep.kept)


def whose_graph_was_dropped(block, keep):
    w = torch.ones(1000, requires_grad=True)
    with block:
        for _ in range(10):
            y = (w * w).exp()
            keep(y)
            loss = y.sum()
            del y, loss
        return alive(keep.kept)


def that_a_training_loop_leaves(block, keep):
    w = torch.ones(1000, requires_grad=True)
    with block:
        for _ in range(10):
            hidden = (w * 2).exp()
            keep(hidden)
            hidden.sum().backward()
            del hidden
            with torch.no_grad():
                w -= 0.01 * w.grad
            w.grad = None
        return alive(keep.kept)


def that_were_written_in_place(block, keep):
    with block:
        for _ in range(10):
            z = torch.ones(1000) * 2
            z[0] = 1.0
            z += 1
            keep(z[:10].mul_(2))
            keep(z)
        return alive(keep.kept)


def of_a_layer_that_returned(block, keep):
    layer = torch.nn.Linear(10, 10)

    def forward(x):
        inside = layer(x).detach() * 2
        keep(inside)
        return inside + 1

    with block:
        for _ in range(10):
            y = forward(torch.ones(5, 10))
        return alive(keep.kept), y.shape


def of_a_call_that_raised(block, keep):
    with block:
        x = torch.ones(1000) * 2
        keep(x)
        with contextlib.suppress(RuntimeError):
            x @ torch.ones(3)
        del x
        return alive(keep.kept)


PROGRAMS = [
    under_no_grad, in_inference_mode, without_gradient, whose_graph_does_not_need_them,
    whose_graph_was_dropped, that_a_training_loop_leaves, that_were_written_in_place,
    of_a_layer_that_returned, of_a_call_that_raised,
]  # fmt: skip


class Keep:
    """Notes tensors without keeping them."""

    def __init__(self):
        self.kept = []

    def __call__(self, tensor):
        self.kept.append(weakref.ref(tensor))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_as_many_tensors_live_as_without_us(program):
    plain, traced = Keep(), Keep()
    assert program(trace(), traced) == program(Plain(), plain)
    assert alive(traced.kept) == alive(plain.kept)


def test_a_tensor_deleted_after_the_block_is_freed():
    """Reading a function's variables leaves a copy of them in its frame, which must not stay."""
    with trace() as t:
        y = torch.ones(1000) * 2
        z = y + 1
    seen = weakref.ref(y), weakref.ref(z)
    t.snapshot()
    del y, z
    assert alive(seen) == 0


def test_the_variables_of_a_function_that_returned_are_freed():
    def function():
        x = torch.ones(1000, requires_grad=True)
        with trace() as t:
            y = x.exp()
            loss = y.sum()
        return t, loss.detach(), [weakref.ref(tensor) for tensor in (x, y, loss)]

    t, _, seen = function()
    assert t.snapshot().values
    del t
    assert alive(seen) == 0


def test_what_a_graph_saved_is_freed_by_its_backward_pass():
    w = torch.ones(1000, requires_grad=True)
    seen = []
    with trace() as t:
        for _ in range(2):
            y = w * 2
            loss = (y * y).sum()
            seen.append(weakref.ref(y))
            del y
            if len(seen) == 1:
                loss.backward()
                assert seen[0]() is None, "freed inside the block"
    t.snapshot()
    assert seen[1]() is not None, "the graph needs it"
    loss.backward()
    assert seen[1]() is None
    assert saved_memory(t) == 0


def test_values_are_not_mixed_up_when_addresses_are_used_again():
    """Each step's tensor is freed, and the next has its address, maybe its `id()` too."""
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        total = w * 0
        for i in range(1, 30):
            total = total + (w * i).detach() * 1 + w.item() + (w * i).sum()
    graph = t.graph(of=total)
    assert graph["total"].data == total.item()
    assert graph["w"].gradient == grad(total, w)[0].item()
    for op in graph.operations:
        numbers = [graph[i].data for i in op.inputs]
        expected = {"mul": lambda a, b: a * b, "add": lambda a, b: a + b}.get(op.name)
        if expected:
            assert graph[op.outputs[0]].data == pytest.approx(expected(*numbers))


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 2 * ctx.saved_tensors[0] * g


def test_nothing_of_a_function_of_ones_own_is_kept():
    with trace() as t:
        x = torch.ones(1000, requires_grad=True)
        y = Square.apply(x * 2)
        loss = y.sum()
    seen = [weakref.ref(tensor) for tensor in (x, y)]
    t.snapshot()
    loss.backward()
    del y, loss
    assert alive(seen[1:]) == 0
    del x, t
    assert alive(seen) == 0
