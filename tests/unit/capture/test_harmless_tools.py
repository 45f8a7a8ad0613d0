"""A program that uses PyTorch's other machinery does under `trace()` what it does without.

What cannot be recorded passes through with a note: compilers, tracers, nested tensors.
"""

import contextlib

import pytest
import torch
from programs import Programs, differences
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad

from lesson_utils import trace

program = Programs()
unrecordable = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("given", unrecordable, ids=lambda function: function.__name__)
def test_what_cannot_be_recorded_has_a_note_and_the_rest_is_drawn(given):
    made = trace()
    given(made, print)
    graph = made.snapshot()
    assert "mul" in [op.name for op in graph.operations]
    assert graph.note


@pytest.mark.parametrize(
    "mode, rows",
    [(FakeTensorMode, 7), (torch.inference_mode, 8), (lambda: torch.device("meta"), 9)],
    ids=["fake", "inference", "meta"],
)
def test_numbers_are_right_after_a_block_that_had_none(mode, rows):
    """What is kept for next time, a tensor of ones say, is a real tensor that anybody may use."""
    for around in (mode, contextlib.nullcontext):
        with around(), trace() as t:
            w = torch.ones(rows, 3, requires_grad=True)
            large = torch.ones(rows * 10, 3, requires_grad=True)
            loss = (w * 2).sum() + large.exp().sum()
        graph = t.graph(of=loss)
    assert graph.operations[0].local_derivatives[0] == ((2.0,) * 3,) * rows
    assert graph["w"].gradient == ((2.0,) * 3,) * rows
    assert graph["large"].gradient_summary.mean == pytest.approx(torch.e)


def leaves():
    return (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))


@program
@unrecordable
def nested_tensors(block, note):
    w = torch.ones(2, requires_grad=True)
    with block:
        y = w * 2
        nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
        parts = [part.sum() for part in (nested * 3).unbind()]
        old = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
        sums = [part.sum() for part in (old * 2).unbind()]
        loss = y.sum() + parts[0] + sums[1]
    loss.backward()
    return w, y, parts, sums, loss


@program
@unrecordable
def jit_trace(block, note):
    w, x = leaves()
    with block:
        y = w * x
        traced = torch.jit.trace(lambda a: a.sin() * 2, (torch.ones(1),))
        z = traced(y.reshape(1)).sum()
    z.backward()
    return w, x, y, z, traced.code


@torch.jit.script
def scripted(a: torch.Tensor) -> torch.Tensor:
    if bool(a.sum() > 0):
        a = a * 2
    return a.sin()


@program
def jit_script(block, note):
    w, x = leaves()
    with block:
        y = w * x
        z = scripted(y) + torch.jit.script(torch.nn.Linear(1, 1))(y.reshape(1)).sum()
    z.backward()
    return w, x, y, z


def bent(a):
    return torch.where(a > 0, a.sin(), a) * 2


@program
def compiled_without_a_break(block, note):
    w, x = leaves()
    torch.compiler.reset()
    compiled = torch.compile(bent, fullgraph=True, backend="eager")
    with block:
        y = w * x
        z = compiled(y)
    z.backward()
    return w, x, y, z


@program
@unrecordable
def conditions_of_the_control_flow_operators(block, note):
    w, x = leaves()
    with block:
        y = w * x
        z = torch.cond(y > 0, lambda a: a.sin(), lambda a: a.cos(), (y,))
    z.backward()
    return w, x, y, z


@program
def symbolic_tracing(block, note):
    w, x = leaves()
    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU())
    with block:
        y = w * x
        copy = torch.fx.symbolic_trace(model)
        z = copy(y.reshape(1)).sum()
    z.backward()
    return w, x, y, z, model, copy.code


@program
def functional_transforms(block, note):
    w = torch.rand(3, requires_grad=True)
    with block:
        slopes = torch.func.vmap(torch.func.grad(lambda a: a.sin() * a))(w)
        jacobian = torch.func.jacrev(lambda a: a * a.sum())(w)
        forward = torch.func.jacfwd(lambda a: a * a.sum())(w)
        hessian = torch.autograd.functional.hessian(lambda a: (a**3).sum(), w)
        _, product = torch.func.jvp(torch.exp, (w,), (torch.ones(3),))
        loss = (slopes * jacobian.sum(0)).sum() + product.sum()
    loss.backward()
    return w, slopes, jacobian, forward, hessian, product, loss


@program
def forward_mode(block, note):
    w, x = leaves()
    with block, forward_ad.dual_level():
        dual = forward_ad.make_dual(w, torch.tensor(1.0))
        y = dual.sin() * x
        slope = forward_ad.unpack_dual(y).tangent
        loss = slope * 2
    loss.backward()
    return w, x, slope.detach(), loss.detach()


@program
def fake_tensors(block, note):
    with block, FakeTensorMode():
        layer = torch.nn.Linear(2, 2)
        loss = (layer(torch.ones(1, 2)) * torch.ones(100, 2)).sum()
        loss.backward()
    return str(loss.shape), str(layer.weight.grad.shape)


@program
def tensors_without_data(block, note):
    with block, torch.device("meta"):
        layer = torch.nn.Linear(200, 200)
        loss = layer(torch.ones(3, 200)).sum()
        loss.backward()
    return str(loss.shape), str(layer.weight.grad.shape)


@program
def parameters_without_a_shape(block, note):
    model = torch.nn.Sequential(torch.nn.LazyLinear(2), torch.nn.LazyBatchNorm1d())
    with block:
        loss = model(torch.ones(2, 3)).sum()
    loss.backward()
    return model, loss


@program
def autocast_and_inference(block, note):
    layer = torch.nn.Linear(3, 3)
    x = torch.ones(2, 3, requires_grad=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with block:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = layer(x).relu().float().sum()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        with torch.inference_mode():
            seen = layer(x) * torch.ones(2, 1)
        with torch.autocast("cpu"), torch.no_grad():
            half = layer(x)
    return layer, x, loss, seen, half, scaler.get_scale()
