"""A program does under `trace()` what it does without: values, .grad, prints, random numbers.

Here: what PyTorch's tutorials do with saved tensors, checkpoints and second derivatives.
"""

import os
import tempfile

import pytest
import torch
import torch.nn.functional as F
from programs import Programs, differences
from torch.autograd import grad
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

program = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


def leaves():
    return (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))


@program
def packed_to_disk_and_deleted_when_unpacked(block, note):
    """PyTorch's tutorial on saved-tensor hooks: each file can be read once."""
    w, x = leaves()

    def pack(tensor):
        handle, name = tempfile.mkstemp(suffix=".pt")
        os.close(handle)
        torch.save(tensor, name)
        note("pack")
        return name

    def unpack(name):
        tensor = torch.load(name)
        os.remove(name)
        note("unpack")
        return tensor

    with block, saved_tensors_hooks(pack, unpack):
        y = (w * x).exp() * w
    y.backward()
    return w, x, y


@program
def packed_to_disk_and_backward_inside(block, note):
    w, x = leaves()
    held = {}

    def pack(tensor):
        held[len(held)] = tensor.clone()
        return len(held) - 1

    with block:
        with saved_tensors_hooks(pack, lambda i: note(f"unpack {i}") or held.pop(i)):
            y = (w * x).exp() * w
        y.backward()
    return w, x, y, list(held)


@program
def hooks_around_the_whole_block(block, note):
    w, x = leaves()
    with saved_tensors_hooks(lambda t: (note("pack"), t * 2)[1], lambda t: (note("un"), t / 2)[1]):
        with block:
            y = (w * x).sigmoid() * w
        y.backward(retain_graph=True)
        y.backward()
    return w, x, y


@program
def hooks_of_one_saved_tensor(block, note):
    w, x = leaves()
    with block:
        y = w.exp()
        y.grad_fn._raw_saved_result.register_hooks(
            lambda t: (note("pack"), t.clone())[1], lambda t: (note("unpack"), t)[1]
        )
        z = y * x
    z.backward()
    return w, x, y, z


@program
def saved_on_cpu(block, note):
    w = torch.rand(3, 3, requires_grad=True)
    with block, save_on_cpu():
        loss = (w @ w).tanh().sum()
    loss.backward()
    return w, loss


def counted(note):
    """A layer with a random part whose runs are noted."""
    torch.manual_seed(7)
    layer = torch.nn.Linear(4, 4)

    def run(x):
        note(f"run {torch.is_grad_enabled()}")
        return F.dropout(layer(x).tanh(), 0.3)

    return layer, run


@program
def checkpoint_that_is_not_reentrant(block, note):
    layer, run = counted(note)
    x = torch.ones(2, 4, requires_grad=True)
    with block:
        loss = checkpoint(run, x, use_reentrant=False).pow(2).sum()
    note("backward")
    loss.backward()
    return x, layer, loss


@program
def checkpoint_that_is_reentrant(block, note):
    layer, run = counted(note)
    x = torch.ones(2, 4, requires_grad=True)
    with block:
        loss = checkpoint(run, x, use_reentrant=True).pow(2).sum()
    note("backward")
    loss.backward()
    return x, layer, loss


@program
def checkpoints_and_backward_inside(block, note):
    (first, run), (second, again) = counted(note), counted(note)
    x = torch.ones(2, 4, requires_grad=True)
    with block:
        y = checkpoint(run, x, use_reentrant=True)
        loss = checkpoint(again, y, use_reentrant=False).sum()
        loss.backward()
    return x, first, second, loss


@program
def a_checkpointed_sequence(block, note):
    model = torch.nn.Sequential(*[torch.nn.Linear(3, 3) for _ in range(4)])
    for layer in model:
        layer.register_forward_hook(lambda *_: note("layer"))
    x = torch.ones(1, 3, requires_grad=True)
    with block:
        loss = checkpoint_sequential(model, 2, x, use_reentrant=False).sum()
    loss.backward()
    return model, x, loss


@program
def double_backward(block, note):
    w, x = leaves()
    with block:
        y = (w * x).sin() * w
        (slope,) = grad(y, w, create_graph=True)
        (curvature,) = grad(slope, w, create_graph=True)
        loss = slope**2 + curvature
    loss.backward()
    return w, x, y, slope, curvature, loss
