"""`why()` looks and touches nothing: gradients, versions, nodes, hooks, random states, memory."""

import gc
import random
import weakref

import numpy as np
import pytest
import torch
from failing import leaf, program

from lesson_utils import why
from lesson_utils.clinic.diagnosis import explain, explain_last

PROGRAMS = {
    "freed": "u = torch.exp(w)\nloss = (u * u).sum()\nloss.backward()\nloss.backward()",
    "overwritten": "u = torch.exp(w)\nu += 1\nloss = u.sum()\nloss.backward()",
    "cut": "u = torch.exp(w)\nloss = u.detach().sum()\nloss.backward()",
    "several": "u = torch.exp(w)\nloss = u * 2\nloss.backward()",
    "unused": "u = torch.exp(w)\nb = leaf(1.0)\nloss = u.sum()\ngrad(loss, b)",
    "leaf": "u = torch.exp(w)\nloss = u.sum()\nw += 1",
    "numpy": "u = torch.exp(w)\nloss = u.sum()\nu.numpy()",
    "silent": "u = torch.exp(w)\nloss = u.sum()\nloss.backward(retain_graph=True)",
}


@pytest.fixture(params=PROGRAMS)
def lines(request):
    return PROGRAMS[request.param]


def asked(run):
    """Ask in every way there is."""
    if run.error is not None:
        explain(run.error), explain_last(run.error).html
    for name in ("w", "u", "loss"):
        run.why(name)
        run.why(f"[{name}]")


def state(run):
    tensors = {name: it for name, it in run.names.items() if isinstance(it, torch.Tensor)}
    return [
        (
            name, id(it), it._version, it.requires_grad, it.is_leaf, id(it.grad_fn),
            it.grad_fn is not None and it.grad_fn.next_functions,
            None if not it.is_leaf or it.grad is None else (id(it.grad), it.grad.tolist()),
            it.retains_grad, it.tolist(),
        )
        for name, it in tensors.items()
    ]  # fmt: skip


@pytest.mark.parametrize("traced", [True, False])
def test_nothing_that_can_be_seen_changes(lines, traced):
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    run = program(f"w = leaf(1.0, 2.0)\n{'with trace() as t:' if traced else 'if True:'}\n{body}")
    before, nodes = state(run), [it.grad_fn for it in run.names.values() if torch.is_tensor(it)]
    seeds = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    modes = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    asked(run)
    assert state(run) == before
    assert nodes == [it.grad_fn for it in run.names.values() if torch.is_tensor(it)]
    assert seeds == (
        random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    )  # fmt: skip
    assert modes == (torch.is_grad_enabled(), torch.is_inference_mode_enabled())
    assert all(name.startswith("__") or name in ("w", "u", "b", "loss", "t") or name in FIRST
               for name in run.names)  # fmt: skip


FIRST = {"torch", "nn", "F", "np", "grad", "trace", "leaf", "why", "asked"}


def test_a_graph_that_was_kept_still_serves():
    run = program(f"w = leaf(1.0, 2.0)\n{PROGRAMS['silent']}")
    run.names["w"].grad = None
    asked(run)
    run.names["loss"].backward()
    assert torch.allclose(run.names["w"].grad, torch.exp(run.names["w"]))


@pytest.mark.parametrize("traced", [True, False])
def test_hooks_and_their_own_functions_never_run(traced):
    heard = []
    run = program(
        f"""
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * 2
            @staticmethod
            def backward(ctx, gradient):
                ctx.saved_tensors
                heard.append('backward')
                return gradient * 2
        w = leaf(1.0, 2.0)
        w.register_hook(lambda it: heard.append('leaf'))
        with torch.autograd.graph.saved_tensors_hooks(
            lambda it: it, lambda it: heard.append('unpack') or it
        ):
            {"with trace() as t:" if traced else "if True:"}
                u = Double.apply(torch.exp(w))
                u.register_hook(lambda it: heard.append('hook'))
                loss = (u * u).sum()
        loss.backward()
        loss.grad_fn.register_prehook(lambda it: heard.append('node'))
        loss.backward()
        """,
        heard=heard,
    )
    assert run.error is not None and "unpack" in heard
    heard.clear()
    asked(run)
    assert heard == []
    assert run.why().family == "freed graph"


def test_no_tensor_and_no_error_is_kept(lines):
    run = program(f"w = leaf(1.0, 2.0)\n{lines}")
    asked(run)
    kept = run.why("w")
    if run.error is not None:
        kept = kept, explain(run.error)
    tensors = [weakref.ref(it) for it in run.names.values() if torch.is_tensor(it)]
    message = str(run.error)
    assert len(tensors) > 2
    run.names.clear()
    del run
    gc.collect()
    assert kept and [it() for it in tensors] == [None] * len(tensors)
    left = [it for it in gc.get_objects() if isinstance(it, RuntimeError)]
    assert not any(str(it) == message for it in left)


def test_why_inside_modes_of_the_students():
    run = program("w = leaf(2.0)\nloss = torch.exp(w)\nloss.backward()\nloss.backward()")
    for mode in (
        torch.no_grad(),
        torch.inference_mode(),
        torch.autocast("cpu"),
        torch.device("meta"),
    ):
        with mode:
            assert why(run.error).family == "freed graph"
            assert why(leaf(2.0)) is not None


def test_a_property_or_getattr_of_theirs_is_not_run():
    heard = []
    run = program(
        """
        class Odd:
            def __getattr__(self, name):
                heard.append(name)
                raise AttributeError(name)
            @property
            def w(self):
                heard.append('w')
                return torch.tensor([1, 2])
        odd = Odd()
        odd.w.requires_grad_()
        """,
        heard=heard,
    )
    heard.clear()
    assert run.why().family == "whole numbers"
    assert heard == []
