"""What the graph says is kept or freed, against what PyTorch does when asked again."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import grad
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks

from lesson_utils import draw, trace


def matrix(seed):
    numbers = torch.rand(3, 3, generator=torch.Generator().manual_seed(seed)) + 0.5
    return numbers.requires_grad_()


def written(p, q, write):
    z = p - q
    write(z, q)
    return z


def scale_row(z, q):
    z[0] *= q[1]


CASES = {
    "add": lambda p, q: p + q,
    "sub": lambda p, q: 1 - p - q,
    "mul": lambda p, q: p * q,
    "mul by a number": lambda p, q: p * 3 + q,
    "mul by data": lambda p, q: p * q.detach(),
    "div": lambda p, q: p / q,
    "pow": lambda p, q: p**q,
    "square": lambda p, q: p**2 + q,
    "exp": lambda p, q: p.exp() + q,
    "log": lambda p, q: p.log() + q,
    "sqrt": lambda p, q: p.sqrt() + q,
    "relu": lambda p, q: F.relu(p - q),
    "sigmoid": lambda p, q: torch.sigmoid(p) - q,
    "tanh": lambda p, q: torch.tanh(p) + q,
    "softmax": lambda p, q: (p + q).softmax(0),
    "matmul": lambda p, q: p @ q,
    "linear": lambda p, q: F.linear(p, q, q[0]),
    "where": lambda p, q: torch.where(p > q, p, q),
    "maximum": lambda p, q: torch.maximum(p, q),
    "max": lambda p, q: (p + q).max(),
    "max by rows": lambda p, q: (p + q).max(1).values,
    "clamp": lambda p, q: (p - q).clamp(0, 1),
    "abs": lambda p, q: (p - q).abs(),
    "norm": lambda p, q: (p + q).norm(),
    "prod": lambda p, q: (p + q).prod(0),
    "mean": lambda p, q: (p + q).mean(0),
    "std": lambda p, q: (p + q).std(),
    "transpose": lambda p, q: p.T + q,
    "cat": lambda p, q: torch.cat([p, q]),
    "index": lambda p, q: (p + q)[[0, 2]],
    "slice": lambda p, q: (p + q)[:2],
    "layer norm": lambda p, q: F.layer_norm(p, (3,), q[0]),
    "cross entropy": lambda p, q: F.cross_entropy(p + q, torch.tensor([0, 1, 2])),
    "mse": lambda p, q: F.mse_loss(p, q),
    "attention": lambda p, q: F.scaled_dot_product_attention(p[None], q[None], q[None]),
    "convolution": lambda p, q: F.conv2d(p[None, None], q[None, None, :2, :2]),
    "relu in place": lambda p, q: (p - q).relu_(),
    "all set": lambda p, q: written(p, q, lambda z, q: z.__setitem__(slice(None), 0.0)),
    "row set": lambda p, q: written(p, q, lambda z, q: z.__setitem__(0, q[1])),
    "row scaled": lambda p, q: written(p, q, scale_row),
    "mask set": lambda p, q: written(p, q, lambda z, q: z.__setitem__(z < 0, 0.0)),
}


def needed(graph, name):
    """Ids of the operations between the differentiated value and the named one."""
    reached, found = {graph[name].id}, set()
    for op in graph.operations:
        if any(use.value in reached and use.jacobian_shape is not None for use in op.uses):
            reached |= set(op.outputs)
            found.add(op.id)
    before, wanted = {graph.of}, set()
    for op in reversed(graph.operations):
        if op.id in found and before & set(op.outputs):
            before |= set(op.inputs)
            wanted.add(op.id)
    return wanted


def says_freed(t, name):
    graph = t.graph(of="y")
    wanted = needed(graph, name)
    return any(s.state == "freed" for op in graph.operations if op.id in wanted for s in op.saved)


def agrees(t, y, name, target):
    """Ask PyTorch again, and compare with what the graph says beforehand."""
    freed = says_freed(t, name)
    try:
        (again,) = grad(y, target, allow_unused=True)
    except RuntimeError as error:
        assert "second time" in str(error)
        assert freed, f"the graph says that all {name} needs is kept, but PyTorch has freed some"
        return None
    assert not freed, f"the graph says that {name} needs what was freed, but PyTorch answered"
    return again


@pytest.mark.parametrize("first", ["h", "p", "q"])
@pytest.mark.parametrize("second", ["h", "p", "q"])
@pytest.mark.parametrize("name", CASES)
def test_freed_means_that_pytorch_refuses(name, first, second):
    """After a pass to `first`, a pass to `second` fails exactly where the graph says so."""
    p, q = matrix(1), matrix(2)
    with trace() as t:
        h = CASES[name](p, q)
        y = h.sum()  # which saves nothing, so that all depends on the operation itself
    place = {"h": h, "p": p, "q": q}
    assert not says_freed(t, second), "all is kept at first"
    (right,) = grad(y, place[second], retain_graph=True, allow_unused=True)
    assert not says_freed(t, second), "retain_graph keeps what was saved"
    grad(y, place[first], allow_unused=True)
    again = agrees(t, y, second, place[second])
    assert again is None or torch.equal(again, right)


def test_some_are_refused_and_some_are_answered():
    """The cases above are of both kinds, before and after a partial pass."""
    kinds = {}
    for name, first in (("add", "p"), ("mul", "p"), ("mul", "h"), ("exp", "q"), ("cat", "p")):
        p, q = matrix(1), matrix(2)
        with trace() as t:
            h = CASES[name](p, q)
            y = h.sum()
        grad(y, {"h": h, "p": p, "q": q}[first])
        kinds[name, first] = says_freed(t, "p")
    assert kinds == {
        ("add", "p"): False, ("mul", "p"): True, ("mul", "h"): False, ("exp", "q"): False,
        ("cat", "p"): False,
    }  # fmt: skip


STEPS = [
    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b * 0.5, lambda a, b: torch.tanh(a),
    lambda a, b: torch.sigmoid(a) * b, lambda a, b: a @ b, lambda a, b: F.relu(a - 1),
    lambda a, b: torch.where(a > b, a, b), lambda a, b: torch.exp(-a), lambda a, b: a.T,
]  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_random_graphs_differentiated_piece_by_piece(data):
    """Up to three passes to random places, with the graph's word checked before each."""
    pool = [matrix(1), matrix(2)]
    with trace() as t:
        for _ in range(data.draw(st.integers(1, 6))):
            step = STEPS[data.draw(st.integers(0, len(STEPS) - 1))]
            one, two = (pool[data.draw(st.integers(0, len(pool) - 1))] for _ in "ab")
            pool.append(step(one, two))
        y = sum(tensor.sum() for tensor in pool[2:])
    used = [(tensor, found) for tensor in pool if (found := _found(t, tensor)) is not None]
    for _ in range(3):
        target, name = used[data.draw(st.integers(0, len(used) - 1))]
        agrees(t, y, name, target)


def _found(t, tensor):
    """Name of a tensor in the trace, by its node, or by itself if it is a leaf; None if unused."""
    for value in t._recorder.values:
        node = None if value.edge is None else value.edge[0]
        held = value.tensor() if callable(value.tensor) else value.tensor
        if held is tensor or (node is not None and node is tensor.grad_fn):
            return value.name
    return None


def test_backward_frees_as_grad_does_and_the_picture_says_so():
    p, q = matrix(1), matrix(2)
    with trace() as t:
        y = (p * q).exp().sum()
    assert draw(t, saved=True).text.count("freed") == 0
    y.backward(retain_graph=True)
    assert draw(t, saved=True).text.count("freed") == 0
    y.backward()
    drawing = draw(t, saved=True)
    assert drawing.text.count("freed") == 3 and "○" in drawing.svg and "●" not in drawing.svg
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_what_a_hook_packed_into_a_tensor_is_shown_by_its_size():
    p = matrix(1)
    with save_on_cpu(), trace() as t:
        y = p.exp().sum()
    assert "u (result) [3, 3], 36 bytes, kept" in draw(t, saved=True).text
    grad(y, p)
    assert "u (result) [3, 3], 36 bytes, freed" in draw(t, saved=True).text


def test_nodes_that_only_a_hook_can_read_are_kept_until_they_ran():
    p = matrix(1)
    hooks = saved_tensors_hooks(lambda tensor: tensor.numpy(force=True), torch.from_numpy)
    with hooks, trace() as t:
        y = p.exp().sum()
    assert "result, size not shown, kept" in draw(t, saved=True).text
    grad(y, p)
    assert says_freed(t, "p")
    assert "result, size not shown, freed" in draw(t, saved=True).text


def saved_names(t):
    """Name of the value, or None, for all that was saved, as `mul.self`."""
    graph = t.graph(of="y")
    return {
        f"{op.name}.{saved.name}": None if saved.value is None else graph[saved.value].name
        for op in graph.operations
        for saved in op.saved
    }


def test_what_was_saved_has_the_students_names():
    x, w, b = matrix(1).detach(), matrix(2), matrix(3)
    with trace() as t:
        product = x @ w
        layer = F.linear(product, b)
        y = (layer.tanh() * x[0]).sum()
    assert saved_names(t) == {
        "matmul.self": "x", "linear.mat2": "b", "linear.self": "product",
        "tanh.result": "u", "mul.other": "v",
    }  # fmt: skip
    assert y.requires_grad


def test_what_is_no_value_of_the_students_keeps_pytorchs_name():
    p, q = matrix(1), matrix(2)
    with trace() as t:
        z = p.exp()
        z.mul_(q)  # saves a copy of what it overwrites where q needs it
        y = F.layer_norm(z, (3,)).sum()
    names = saved_names(t)
    assert y.requires_grad and names["exp.result"] == "z@0" and names["mul_.other"] == "q"
    assert names["layer_norm.result1"] is None and names["layer_norm.input"] == "z"


class Head(torch.autograd.Function):
    """Saves the first row of what it is given."""

    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a[:1])
        return a * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def test_a_part_of_a_value_is_not_the_value_and_without_memory_nothing_is_shared():
    p = matrix(1)
    with trace() as t:
        y = Head.apply(p).sum()
    assert list(saved_names(t).values()) == [None]
    meta = torch.ones(3, device="meta", requires_grad=True)
    with trace() as t:
        mask = meta.detach()
        y = (F.dropout(meta * mask) + 1).sum()
    names = saved_names(t)
    assert names["mul.other"] == "mask", "it is the very tensor"
    assert names["dropout.other"] is None, "the mask that dropout makes is no value of the block"
    assert y.requires_grad
