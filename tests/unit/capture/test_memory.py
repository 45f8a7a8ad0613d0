"""Bytes that a graph keeps alive, against saved-tensor hooks and counts by hand."""

import gc
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import grad
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks

from lesson_utils import draw, saved_memory, trace


class Cube(torch.autograd.Function):
    """Saves its input twice and remembers one tensor more."""

    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a, a)
        ctx.remembered = a * 2
        return a**3

    @staticmethod
    def backward(ctx, g):
        a, _ = ctx.saved_tensors
        return 3 * a * a * g


def packed_bytes(compute):
    """What the hooks of a fresh run see: bytes of the distinct storages packed."""
    seen = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        seen[storage._cdata] = storage
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        compute()
    return sum(storage.nbytes() for storage in seen.values())


def matrix(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(3)).add(0.5).requires_grad_()


P, Q = matrix(3, 3), matrix(3, 3)
IMAGE = matrix(2, 3, 8, 8)
CONV, NORM = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
LSTM = nn.LSTM(8, 5)
SPARSE = torch.eye(3).to_sparse()
CASES = {
    "mul": lambda: P * Q,
    "exp": lambda: P.exp(),
    "add": lambda: P + Q,
    "square": lambda: P * P,
    "views": lambda: P[0] * P.T[1] + P.reshape(9)[:3],
    "matmul": lambda: P @ Q,
    "matmul of one": lambda: P @ P.T,
    "softmax": lambda: (P + Q).softmax(0),
    "max": lambda: P.max(dim=0).values,
    "index": lambda: (P + 1)[[0, 2]],
    "cat": lambda: torch.cat([P * Q, Q.exp()]).sin(),
    "stack": lambda: torch.stack([P.tanh(), Q]).pow(2),
    "where": lambda: torch.where(P > Q, P, Q.exp()),
    "loss": lambda: F.cross_entropy(P + Q, torch.tensor([0, 1, 2])),
    "attention": lambda: F.scaled_dot_product_attention(P[None], Q[None], (P * Q)[None]),
    "convolution": lambda: NORM(CONV(IMAGE).relu()),
    "layer norm": lambda: F.layer_norm(P.exp(), (3,), Q[0], Q[1]),
    "lstm": lambda: LSTM(IMAGE[0])[0],
    "dropout": lambda: F.dropout(P, 0.5),
    "linear": lambda: F.linear(P[None], Q, Q[0]),
    "max pool": lambda: F.max_pool2d(IMAGE, 2),
    "network": lambda: nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 1))(IMAGE).sum(),
    "sparse": lambda: torch.sparse.mm(SPARSE, P),
}


@pytest.mark.parametrize("name", [name for name in CASES if name != "sparse"])
def test_the_bytes_are_those_of_the_storages_that_hooks_see(name):
    result = CASES[name]()
    assert saved_memory(result) == packed_bytes(CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_a_trace_keeps_what_its_result_keeps(name):
    with trace() as t:
        result = CASES[name]()
    assert saved_memory(t) == saved_memory(result)
    assert saved_memory(t, result) == saved_memory(result), "nothing counts twice"


def test_counts_by_hand():
    X, W = torch.ones(1000, 20), matrix(20, 5)
    hidden = torch.relu(X @ W)  # X for W, and relu's result
    assert saved_memory(hidden) == 1000 * 20 * 4 + 1000 * 5 * 4
    assert saved_memory(P + Q) == 0
    assert saved_memory(P.exp()) == 36
    assert saved_memory(P * P) == 36, "the same tensor saved twice"
    assert saved_memory(P[0] * P[1]) == 36, "two views of one storage keep all of it"
    assert saved_memory(P * Q) == 72
    assert saved_memory(P.detach() * Q) == 36, "Q itself is not needed"
    assert saved_memory(P.double().sin()) == 72
    assert saved_memory(torch.sparse.mm(SPARSE, P)) == 3 * 2 * 8 + 3 * 4


def test_a_number_in_an_operation_is_a_small_tensor_to_pytorch():
    assert saved_memory(P * 2.0) == 8, "which hooks do not get to see"


def test_a_graph_frees_what_a_backward_pass_used():
    u = P * Q
    v = u.exp()
    s = v.sum()
    assert saved_memory(s) == 72 + 36
    grad(s, u, retain_graph=True)
    assert saved_memory(s) == 72 + 36
    grad(s, u)
    assert saved_memory(s) == 72, "exp is freed, × is not: it did not run"
    grad(u.sum(), P)
    assert saved_memory(s) == 0


def test_without_a_graph_there_is_nothing():
    with torch.no_grad():
        assert saved_memory(P * Q) == 0
    assert saved_memory(P) == saved_memory(P.detach()) == saved_memory(torch.ones(3)) == 0
    with trace() as t:
        pass
    assert saved_memory(t) == 0


def test_several_graphs_share_what_they_share():
    X, W = torch.ones(100, 4), matrix(4, 2)
    losses = [(X @ W).sum() for _ in range(5)]
    assert saved_memory(*losses) == saved_memory(losses[0]) == 1600, "they all keep the same X"
    losses = [(X @ W).exp().sum() for _ in range(5)]
    assert saved_memory(*losses) == 1600 + 5 * 800


def test_custom_functions_count_what_they_saved_and_remember():
    y = Cube.apply(P)
    assert saved_memory(y) == 36 + 36
    y.sum().backward(inputs=[P])
    assert saved_memory(y) == 36, "what ctx remembers is not freed with the saved tensors"
    P.grad = None


def test_a_second_derivative_has_a_graph_too():
    y = (P**3).sum()
    (first,) = grad(y, P, create_graph=True)
    # P, and the one number that the gradient of the sum is expanded from.
    assert saved_memory(first) == 36 + 4
    assert saved_memory(y) == saved_memory(first, y) - 4


def test_hooks_that_pack_tensors_count_by_what_they_packed():
    with save_on_cpu():
        copied = P * Q
    assert saved_memory(copied) == 72
    calls = []

    def unpack(tensor):
        calls.append(tensor)
        return tensor.float()

    with saved_tensors_hooks(lambda tensor: tensor.half(), unpack):
        halved = P * Q
    assert saved_memory(halved) == 36
    assert not calls, "looking unpacks nothing"


@pytest.mark.parametrize("pack", [lambda t: t.detach().numpy(), lambda t: "file", lambda t: None])
def test_hooks_that_pack_something_else_do_not_count(pack):
    with saved_tensors_hooks(pack, lambda packed: torch.ones(3, 3)), trace() as t:
        y = P.exp()
    assert saved_memory(y) == 0
    assert saved_memory(t) == 0
    assert draw(t, saved=True).text
    y.sum().backward(inputs=[P])
    P.grad = None


def test_checkpointing_keeps_nothing_until_it_recomputes():
    from torch.utils.checkpoint import checkpoint

    y = checkpoint(lambda a: (a.exp() * a).sin(), P, use_reentrant=False)
    assert saved_memory(y) < saved_memory((P.exp() * P).sin())


def test_a_write_through_a_view_is_counted_where_torch_shows_it():
    z = P.clone()
    z[0] *= Q[0]  # × saves a copy of the row that it overwrites, and all of Q
    assert saved_memory(z) == (12 + 36 if hasattr(z.grad_fn, "_wrapped_node") else 0)


def test_looking_changes_nothing():
    z = (P * Q).exp()
    state = torch.random.get_rng_state(), P._version, Q._version, z._version
    before = grad(z.sum(), P, retain_graph=True)
    assert saved_memory(z) == saved_memory(z)
    now = torch.random.get_rng_state(), P._version, Q._version, z._version
    assert torch.equal(state[0], now[0]) and state[1:] == now[1:]
    assert P.grad is None and torch.equal(before[0], grad(z.sum(), P)[0])


def test_looking_inside_a_block_is_not_recorded():
    with trace() as t:
        z = P.exp()
        inside = saved_memory(z), saved_memory(t)
        y = torch.sparse.mm(SPARSE, z)
        assert saved_memory(y) == 36 + 3 * 2 * 8 + 3 * 4
    assert inside == (36, 36)
    assert [op.name for op in t.graph().operations] == ["exp", "_sparse_mm"]


def test_nothing_is_kept_alive_by_having_looked():
    held = torch.ones(3, 3)
    gone = weakref.ref(held)
    y = held * P
    saved_memory(y)
    del held, y
    gc.collect()
    assert gone() is None


def test_ten_thousand_operations_are_no_depth():
    y = P
    for _ in range(10_000):
        y = y + 1
    assert saved_memory(y.exp()) == 36


@pytest.mark.parametrize(
    "wrong, said",
    [
        (3.0, "not float: a number has no graph"),
        ([P.exp()], r"not list: unpack it, as in saved_memory\(\*losses\)"),
        (None, "not NoneType: give it what the operations returned"),
    ],
)
def test_wrong_input_is_named(wrong, said):
    with pytest.raises(TypeError, match=said):
        saved_memory(wrong)
    with pytest.raises(TypeError, match="needs a tensor or a trace"):
        saved_memory()
