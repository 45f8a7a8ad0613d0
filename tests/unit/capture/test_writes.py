"""Tensors that change without being named: through a view, without a version, silently."""

from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F

from lesson_utils import draw, trace

# Each ends with a result y; two on one line are parted by `;;`.
PROGRAMS = """
h = s * 1; a = h[:]; a.mul_(10); y = (a * 2).sum() + h.sum()
h = o * 1; h.T[1] += 1; y = (h * h).sum()
h = o[:, :2] * 1; h.diagonal().mul_(2); y = (h * h).sum()
h = o * 1; a = h[0]; a.mul_(p); y = (a * a).sum() + h.sum() ;; h = s * 1; h[0] = p; y = h.prod()
h = o * 1; h[0].mul_(5); z = h * 2; h[1].add_(1); y = (h + z).sum()
h = o * 1; h.view(-1)[2:4].zero_(); y = (h ** 2).sum()
h = o * p; h[:, 1].copy_(r[:2]); y = h.sum() ;; h[1].mul_(p); y = (h * h).sum()
h = s * 1; a = h[:2]; b = a[1:]; b.mul_(p); y = (h * h).sum() + a.sum() + b.sum()
h = s * 1; a = h[:2]; b = h[1:]; a.mul_(p); b.add_(r[:2]); y = (h * h + 3).sum() + (a * b).sum()
h = s * 1; a = h.detach(); a.mul_(3); y = (h * 2).sum() ;; h = s * 1; h.data[0] = 9.0; y = h.sum()
h = o * 1; a, b = h[0], h[1]; a += b; y = (a * b).sum()
a = r.clone(); b = a[1:]; b += 1; y = (a * s).sum()
with torch.inference_mode(): a = r * 2; a += 1; y = a * 3
with torch.inference_mode(): a = r * 2; a[0] = 7; b = a[1:]; b *= 2; y = a + 1
with torch.inference_mode(): a = big * 2; a += 1; y = a * 3
m = torch.nn.BatchNorm1d(3); a = m(o); m.eval(); y = m(o).sum()
m = torch.nn.BatchNorm1d(3); a = m(o); m(a); m.eval(); y = (m(o) * o).sum()
m = torch.nn.BatchNorm1d(100); a = m(wide); m.eval(); c = m(wide); y = c.sum()
u = r * 0; v = r * 0 + 1; a = F.batch_norm(o, u, v, training=True); y = (u * v * s).sum()
with torch.no_grad(): h = s * 2; h += 1; y = h * r
v = r[:2]; v.data.add_(5); y = (r * r * s).sum()
n = r.numpy().copy(); a = torch.from_numpy(n); b = a * s; n[0] = 7; y = (a * b).sum()
a = r.clone(); n = a.detach().numpy(); n[0] = 7; y = (a * s).sum()
a = r.clone(); b = a * s; a.data = r + 1; y = (a * b).sum()
h = s * 1; z = h; z.mul_(3); y = (z * z).sum()
h = o * 2; v = h[:, :2]; v.t_(); y = (h * h).sum() + (v * v).sum()
m = torch.nn.Linear(3, 2); a = m(s); z = F.relu(a, inplace=True); y = (z * z).sum()
a = h[0]; a.mul_(p); y = (h * h).sum() + a.sum()
a = r.clone(); a.view(-1)[1].fill_(3); y = (s * 2).sum()
"""


def names():
    """Fresh tensors for a program; h is one from before the block."""
    torch.manual_seed(0)
    o = torch.tensor([[3.0, 1.0, 2.0], [-1.0, 0.5, 1.25]], requires_grad=True)
    return {
        "torch": torch, "F": F, "o": o, "h": o * 1, "p": torch.tensor(0.5, requires_grad=True),
        "s": torch.tensor([1.5, -0.3, 0.7], requires_grad=True),
        "r": torch.tensor([0.25, -1.5, 2.0]),
        "big": torch.linspace(-1, 1, 100), "wide": torch.linspace(-1, 1, 200).reshape(2, 100),
    }  # fmt: skip


@pytest.mark.parametrize("code", PROGRAMS.strip().replace("\n", " ;; ").split(" ;; "))
def test_values_and_gradients_are_what_they_are_without_us(code):
    traced = {**names(), "_t": trace()}
    exec(f"with _t:\n    {code}", traced)
    plain = names()
    exec(code, plain)
    y = plain["y"]
    graph = traced["_t"].graph(of=traced["y"])
    if y.requires_grad:
        y.sum().backward(retain_graph=True)
    shown = 0
    for name, tensor in plain.items():
        if not isinstance(tensor, torch.Tensor) or not any(v.name == name for v in graph.values):
            continue
        shown += 1
        value = graph[name]
        if tensor.numel() <= 64:
            told = torch.tensor(value.data, dtype=tensor.dtype).reshape(tensor.shape)
            assert torch.equal(told, tensor.detach()), name
        else:
            assert value.summary.mean == pytest.approx(tensor.mean().item()), name
        if y.requires_grad and tensor.requires_grad:
            (gradient,) = torch.autograd.grad(y, tensor, retain_graph=True, allow_unused=True)
            if tensor.numel() > 64:
                continue
            assert (gradient is None) == (value.gradient is None), name
            if gradient is not None:
                told = torch.tensor(value.gradient, dtype=tensor.dtype).reshape(tensor.shape)
                assert torch.allclose(told, gradient, rtol=1e-6), name
    assert shown


def test_running_statistics_are_those_of_the_call_that_used_them():
    m = torch.nn.BatchNorm1d(2)
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    with trace() as t:
        m(x)
        m.eval()
        b = m(x)
    call = t.graph(of=b).operations[-1]
    read = [t.graph(of=b)[i] for i in call.inputs]
    means = [value.data for value in read if value.name == "m.running_mean"]
    assert means == [tuple(m.running_mean.tolist())]


def test_a_write_through_a_view_is_no_unseen_part():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        y = x * 1
        a = y[:]
        a.mul_(10)
        s = (a * 2).sum() + y.sum()
    words = draw(t.graph(of=s)).text
    assert "unseen" not in words and "known by its node only" not in words
    assert "mul_ through a view(y@0, a@0, 10) gives y = [10, 20]" in words


def test_what_pytorch_takes_for_one_value_is_said():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    with trace() as t:
        y = x * 2
        with torch.no_grad():
            x.mul_(3)
        s = (y * x).sum()
    graph = t.graph(of=s)
    both = [graph[name].gradient for name in ("x", "x@0")]
    assert torch.equal(torch.tensor(both).sum(0), torch.autograd.grad(s, x)[0])
    assert "PyTorch takes x and x@0 for one value" in graph.note


def test_a_leaf_that_an_optimizer_wrote_to_is_no_result():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        loss = (w * w).sum()
        loss.backward()
        torch.optim.SGD([w], lr=0.1).step()
    graph = t.graph()
    assert graph[graph.of].name == "loss" and graph["w"].data == tuple(w.tolist())


@pytest.mark.parametrize("written", ["inside", "outside"])
def test_a_write_that_pytorch_refuses_is_refused_in_a_block_too(written):
    """Asking a view for its node makes it one, and then PyTorch would allow the write."""

    def program(block):
        w, c = torch.ones(3, requires_grad=True), torch.zeros(2, 3)
        with block:
            first, second = c[0], c[1]
            first * 2
            c[0] = w
            if written == "inside":
                second.mul_(2)
        second.mul_(2)

    for block in (nullcontext(), trace()):
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            program(block)


def test_a_batch_norm_whose_statistics_change_has_no_equation_that_is_false():
    x, w = torch.randn(4, 3), torch.ones(3, requires_grad=True)
    mean, variance = torch.zeros(3), torch.ones(3)
    with trace() as t:
        a = F.batch_norm(x, mean, variance, w)
        b = F.batch_norm(x, mean, variance, w, training=True)
        s = (a * a * a + b * b * b).sum()
    graph = t.graph(of=s)
    expected = torch.autograd.grad(s, w)[0]
    assert torch.allclose(torch.tensor(graph["w"].gradient), expected)
    assert all(use.jacobian is None for op in graph.operations[:2] for use in op.uses)


def test_a_complex_result_of_real_inputs_has_no_single_derivative():
    w, b = (torch.tensor(number, requires_grad=True) for number in (2.0, 1.0))
    with trace() as t:
        y = torch.complex(w, b).abs()
    graph = t.graph(of=y)
    assert graph["b"].gradient == pytest.approx(torch.autograd.grad(y, b)[0].item())
    assert graph.operations[0].local_derivatives == (None, None)
    assert "· 0 =" not in draw(graph).text


def test_a_stale_view_that_is_written_without_autograd_keeps_its_argument():
    s = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with trace() as t:
        c = torch.zeros(3)
        v = c[:2]
        w = v * 1
        c.add_(s)
        with torch.no_grad():
            v.mul_(2)
        y = (v * v).sum()
    assert w.tolist() == [0, 0]
    words = draw(t.graph(of=y)).text
    assert "mul_(v@1, 2) gives v = [2, 4]" in words and "mul_(2)" not in words
