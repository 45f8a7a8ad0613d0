"""A program with hooks does under `trace()` what it does without: each runs when and as it would.

Hooks of tensors, of modules, of nodes and of accumulated gradients, and what is built on them.
"""

import warnings

import pytest
import torch
import torch.nn.functional as F
from programs import Programs, differences
from torch.autograd import grad
from torch.autograd.graph import (
    allow_mutation_on_saved_tensors,
    get_gradient_edge,
    register_multi_grad_hook,
)

program = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


def leaves():
    return (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))


@program
def hooks_of_tensors_and_nodes(block, note):
    w, x = leaves()
    w.register_hook(lambda g: note(f"w {g.item()}"))
    with block:
        y = w * x
        y.register_hook(lambda g: (note(f"y {g.item()}"), g * 2)[1])
        y.retain_grad()
        y.grad_fn.register_hook(lambda *_: note("after mul"))
        y.grad_fn.register_prehook(lambda *_: note("before mul"))
        z = y.sin()
        register_multi_grad_hook((w, y), lambda gradients: note(len(gradients)))
    grad(z, w, retain_graph=True)
    z.backward()
    return w, x, y, z


@program
def hooks_and_backward_inside(block, note):
    w, x = leaves()
    with block:
        y = w * x
        handle = y.register_hook(lambda g: (note(f"{g.item()}"), (g * 2) * x)[1])
        z = y.sin() * w
        z.backward(retain_graph=True)
        handle.remove()
        z.backward()
    return w, x, y, z


@program
def an_optimizer_step_in_the_backward_pass(block, note):
    """The tutorial on saving memory: each parameter is stepped as soon as its gradient is there."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
    optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}

    def step(parameter):
        note(tuple(parameter.shape))
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step)
    with block:
        for _ in range(3):
            loss = model(torch.ones(1, 2)).sum()
            loss.backward()
    return model, loss


@program
def hooks_of_modules(block, note):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    for i, layer in enumerate(model):
        layer.register_forward_pre_hook(lambda m, args, i=i: note(f"before {i}"))
        layer.register_forward_hook(lambda m, args, out, i=i: note(f"after {i}"))
        layer.register_full_backward_pre_hook(lambda m, g, i=i: note(f"back before {i}"))
        layer.register_full_backward_hook(
            lambda m, g, out, i=i: note(
                f"back {i} {[None if t is None else t.tolist() for t in g]}"
            )
        )
    x = torch.ones(2, 2, requires_grad=True)
    with block:
        loss = model(x).pow(2).sum()
    loss.backward()
    return model, x, loss


@program
def global_hooks_of_modules(block, note):
    handle = torch.nn.modules.module.register_module_forward_hook(
        lambda m, args, out: note(type(m).__name__)
    )
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.GELU())
    with block:
        loss = model(torch.ones(1, 2)).sum()
    handle.remove()
    loss.backward()
    return model, loss


@program
def hooks_that_raise(block, note):
    w, x = leaves()

    def refuse(_):
        note("asked")
        raise ValueError("no gradient for you")

    with block:
        y = w * x
        y.register_hook(refuse)
        z = y * 2
    z.backward()


@program
def saved_tensors_that_may_be_overwritten(block, note):
    w, x = leaves()
    with block, allow_mutation_on_saved_tensors() as held:
        y = w.sin()
        z = y.exp()
        z.mul_(3)
        y.add_(x)
        a = z * y
        a.backward()
        note(len(held.cloned))
    return w, x, y, z, a


@program
def packing_that_is_forbidden(block, note):
    w, x = leaves()
    with block, torch.autograd.graph.disable_saved_tensors_hooks("not here"):
        y = w * x
    y.backward()
    return w, x, y


@program
def anomalies_are_found_where_they_are(block, note):
    w, x = leaves()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with block, torch.autograd.detect_anomaly():
            y = (w * 0).sqrt() * 0
            z = y + x
            try:
                z.backward()
            except RuntimeError as error:
                note(str(error))
    return w, x, y, z


@program
def edges_instead_of_tensors(block, note):
    w, x = leaves()
    with block:
        y = (w * x).exp()
        edge = get_gradient_edge(y)
        z = y * w
        (by_edge,) = grad(z, edge, retain_graph=True)
        torch.autograd.backward((z, edge), (None, torch.tensor(2.0)))
    return w, x, y, z, by_edge


@program
def gradients_of_what_is_not_a_leaf(block, note):
    """Each mistake of reading `.grad` warns as often as it would without us."""
    w, x = leaves()
    with block:
        y = w * x
        z = y.relu()
        first = y.grad
        z.backward()
    return w, x, y, z, first, y.grad


@program
def dropout_inside_is_the_same(block, note):
    w = torch.ones(50, requires_grad=True)
    with block:
        y = F.dropout(w * 2, 0.5)
        z = F.rrelu(y - 1, training=True)
        loss = (z * torch.rand(50)).sum()
        loss.backward()
        noise = torch.randn(3)
    return w, y, z, loss, noise
