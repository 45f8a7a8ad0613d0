"""What `trace()` records, and that it leaves no trace itself."""

import gc

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import grad

from lesson_utils import trace


@pytest.fixture
def neuron():
    x = torch.tensor([3.0])
    w = torch.tensor([2.0], requires_grad=True)
    b = torch.tensor([1.0], requires_grad=True)
    return x, w, b


def operations(graph):
    return [op.name for op in graph.operations]


def test_the_lectures_figures(neuron):
    x, w, b = neuron
    with trace() as t:
        a = F.relu(x * w + b)
    graph = t.graph()
    assert [(v.name, v.data, v.gradient) for v in graph.values] == [
        ("x", 3.0, None), ("w", 2.0, 3.0), ("u", 6.0, 1.0),
        ("b", 1.0, 1.0), ("v", 7.0, 1.0), ("a", 7.0, 1.0),
    ]  # fmt: skip
    assert [v.role for v in graph.values] == [
        "input", "parameter", "intermediate", "parameter", "intermediate", "output",
    ]  # fmt: skip
    assert [op.local_derivatives for op in graph.operations] == [
        (None, 3.0),
        (1.0, 1.0),
        (1.0,),
    ]
    assert [op.backward for op in graph.operations] == [
        "MulBackward0", "AddBackward0", "ReluBackward0",
    ]  # fmt: skip
    assert graph["u"].shape == (1,)
    assert a.requires_grad


def states(t):
    return {(op.name, s.name): s.state for op in t.graph().operations for s in op.saved}


def test_only_the_nodes_that_ran_are_freed(neuron):
    x, w, b = neuron
    with trace() as t:
        a = F.relu(x * w + b)
    assert states(t) == {("mul", "self"): "kept", ("relu", "result"): "kept"}
    grad(a, w, retain_graph=True)
    assert states(t) == {("mul", "self"): "kept", ("relu", "result"): "kept"}
    grad(a, b)
    assert states(t) == {("mul", "self"): "kept", ("relu", "result"): "freed"}
    assert t.graph()["w"].gradient == 3.0, "the numbers are those of the block"


@pytest.mark.parametrize("change", ["setitem", "add_", "iadd"])
def test_in_place_gives_a_new_value_and_keeps_the_old(neuron, change):
    x, w, b = neuron
    with trace() as t:
        z = x * w + b
        if change == "setitem":
            z[:] = 0.0
        elif change == "add_":
            z.add_(1)
        else:
            z += 1
    graph = t.graph()
    assert graph["z@0"].data == 7.0
    assert graph["z"].data == (0.0 if change == "setitem" else 8.0)
    assert graph["w"].gradient == (0.0 if change == "setitem" else 3.0)


def test_one_tensor_used_twice_is_one_value_with_two_uses():
    w = torch.tensor(3.0, requires_grad=True)
    with trace() as t:
        y = w * w
    graph = t.graph()
    assert graph.operations[0].inputs == (0, 0)
    assert graph.operations[0].local_derivatives == (3.0, 3.0)
    assert graph["w"].gradient == 6.0
    assert y.item() == 9


def test_local_derivatives_are_of_the_operation_alone():
    w, x = torch.tensor(2.0, requires_grad=True), torch.tensor(5.0)
    with trace() as t:
        u = w * x
        v = u * w
    graph = t.graph()
    assert graph.operations[1].local_derivatives == (2.0, u.item())
    assert graph["w"].gradient == grad(v, w)[0].item() == 20.0


def test_a_write_through_a_view_reaches_the_base():
    w = torch.tensor([2.0, 5.0], requires_grad=True)
    with trace() as t:
        z = w * 3
        y = z[0]
        y.mul_(10)
        s = z.sum()
    graph = t.graph()
    assert graph["z"].data == (60.0, 15.0)
    assert graph["w"].gradient == tuple(grad(s, w)[0].tolist()) == (30.0, 3.0)


def test_calls_with_several_outputs_lists_and_keywords():
    w = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    with trace() as t:
        first, second = w.split(2)
        top, _ = first.max(dim=0)
        y = torch.stack([top, second.sum()])
        s = F.mse_loss(input=y, target=torch.zeros(2))
    graph = t.graph()
    assert operations(graph) == ["split", "max", "sum", "stack", "mse_loss"]
    assert graph["w"].gradient == tuple(grad(s, w)[0].tolist())
    assert graph.operations[3].local_derivatives == ((1.0, 0.0), (0.0, 1.0))


def test_python_numbers_are_constants():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = 1 - 3 / w
    graph = t.graph()
    assert [(v.name, v.role) for v in graph.values if v.role == "constant"] == [
        ("3", "constant"), ("1", "constant"),
    ]  # fmt: skip
    assert operations(graph) == ["div", "sub"]
    assert graph[graph.operations[1].inputs[0]].data == 1, "as written: 1 − …"
    assert graph["w"].gradient == grad(y, w)[0].item() == 0.75


def test_module_parameters_have_their_paths_for_names():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    with trace() as t:
        loss = F.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1))
    graph = t.graph()
    assert operations(graph) == ["linear", "relu", "linear", "mse_loss"]
    loss.backward()
    for path, parameter in model.named_parameters():
        shown = torch.tensor(graph[f"model.{path}"].gradient).reshape(parameter.shape)
        torch.testing.assert_close(shown, parameter.grad, rtol=0, atol=0)


def test_attention_is_one_operation_with_right_gradients():
    torch.manual_seed(0)
    mha = torch.nn.MultiheadAttention(4, 2)
    sequence = torch.randn(3, 1, 4)
    with trace() as t:
        out, _ = mha(sequence, sequence, sequence)
        s = out.sum()
    graph = t.graph()
    assert operations(graph) == ["multi_head_attention_forward", "sum"]
    s.backward()
    for path, parameter in mha.named_parameters():
        shown = torch.tensor(graph[f"mha.{path}"].gradient).reshape(parameter.shape)
        torch.testing.assert_close(shown, parameter.grad)


def test_no_grad_inside_makes_no_nodes():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = w * 3
        with torch.no_grad():
            half = y / 2
    graph = t.graph()
    assert graph.operations[1].backward is None
    assert graph["half"].gradient is None
    assert graph["w"].gradient == 3.0
    assert half.item() == 3.0


def test_create_graph_gives_the_second_derivative():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = w**3
        (slope,) = grad(y, w, create_graph=True)
        z = slope * 1
    assert t.graph()["w"].gradient == grad(z, w)[0].item() == 12.0


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


@pytest.mark.parametrize("needs", [True, False])
def test_a_custom_function_is_one_operation(needs):
    w = torch.tensor(3.0, requires_grad=needs)
    with trace() as t:
        y = Square.apply(w) + 1
    graph = t.graph()
    assert operations(graph) == ["Square", "add"]
    assert graph["w"].gradient == (6.0 if needs else None)
    assert graph["y"].data == y.item() == 10.0
    assert graph.operations[0].local_derivatives == ((6.0,) if needs else (None,))


def test_nested_traces_see_the_same_and_nothing_of_each_other(neuron):
    x, w, b = neuron
    with trace() as outer:
        u = x * w
        with trace() as inner:
            v = u + b
        inner.graph()
        a = F.relu(v)
    assert operations(inner.graph()) == ["add"]
    assert operations(outer.graph()) == ["mul", "add", "relu"]
    assert outer.graph()["w"].gradient == grad(a, w)[0].item()


def test_backward_inside_the_block_still_shows_gradients(neuron):
    x, w, b = neuron
    with trace() as t:
        a = F.relu(x * w + b)
        a.backward()
    graph = t.graph()
    assert graph["w"].gradient == w.grad.item() == 3.0
    assert {s.state for op in graph.operations for s in op.saved} == {"freed"}
    assert a.item() == 7


def my_relu(z):
    if z > 0:
        return z
    z[:] = 0.0
    return z


def test_branches_say_what_was_asked_and_how_it_came_out(neuron):
    x, w, b = neuron
    with trace() as t:
        a = my_relu(x * w + b)
    graph = t.graph()
    (branch,) = graph.branches
    assert branch.taken is True
    assert branch.line == my_relu.__code__.co_firstlineno + 1
    assert graph[branch.condition].data is True
    assert operations(graph) == ["mul", "add", "gt"], "no ReLU: the very tensor comes back"
    assert graph["w"].gradient == grad(a, w)[0].item() == 3.0


def test_tracing_changes_nothing(neuron):
    x, w, b = neuron
    w.grad = torch.tensor([42.0])
    hooked = []
    w.register_hook(hooked.append)

    def work():
        z = F.dropout(x * w + b, 0.5)
        z.add_(1)
        return z, torch.rand(2)

    torch.manual_seed(1)
    plain, plain_random = work()
    before = (
        w._version,
        b._version,
        x._version,
        len(w._backward_hooks),
        plain._version,
    )
    torch.manual_seed(1)
    with trace() as t:
        traced, random = work()
    t.graph()
    assert torch.equal(plain, traced) and torch.equal(plain_random, random)
    after = (
        w._version,
        b._version,
        x._version,
        len(w._backward_hooks),
        traced._version,
    )
    assert before == after
    assert w.grad.item() == 42.0 and b.grad is None
    assert hooked == [], "the student's hook did not run"
    assert traced._backward_hooks is None
    grad(traced, w)
    assert len(hooked) == 1, "and runs when the student differentiates: nothing was freed"


def test_an_exception_passes_and_what_came_before_is_drawn(neuron):
    x, w, b = neuron
    mode_before = torch.overrides._get_current_function_mode_stack()
    with pytest.raises(ZeroDivisionError), trace() as t:
        u = x * w
        1 / 0  # noqa: B018  # the student's mistake
        u + b
    assert operations(t.graph()) == ["mul"]
    assert torch.overrides._get_current_function_mode_stack() == mode_before


def test_a_block_that_computes_nothing_says_so():
    with trace() as t:
        pass
    assert t.graph().values == ()
    assert "empty graph" in t._repr_mimebundle_()["text/plain"]


def test_several_results_are_named_and_of_chooses(neuron):
    x, w, b = neuron
    with trace() as t:
        p = x * w
        q = w + b
    with pytest.raises(ValueError, match=r"p, q.*of="):
        t.graph()
    assert t.graph(of="p")["w"].gradient == t.graph(of=p)["w"].gradient == 3.0
    assert t.graph(of=q)["w"].gradient == 1.0
    assert "p, q" in t.snapshot().note
    with pytest.raises(ValueError, match="nothing_like_it"):
        t.graph(of="nothing_like_it")


def test_a_result_of_several_elements_asks_for_a_seed():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        y = w * w
    graph = t.graph()
    assert graph["w"].gradient is None and "seed" in graph.note
    seed = torch.tensor([1.0, 10.0])
    assert t.graph(seed=seed)["w"].gradient == tuple(grad(y, w, seed)[0].tolist()) == (2.0, 40.0)
    with pytest.raises(ValueError, match="shape"):
        t.graph(seed=torch.ones(3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.tensor([1, 2]) + 1,
        lambda: torch.ones(2) * 2,
        lambda: torch.tensor([float("nan"), float("inf")], requires_grad=True) * 2,
        lambda: torch.ones(0, 3, requires_grad=True).sum(0),
        lambda: torch.tensor(2.0, requires_grad=True).exp(),
        lambda: torch.ones(1, 2, 1, 3, 2, requires_grad=True).sin(),
        lambda: torch.ones(2, dtype=torch.float16, requires_grad=True) * 2,
        lambda: torch.ones(2, dtype=torch.bfloat16, requires_grad=True) * 2,
        lambda: torch.ones(2, dtype=torch.complex64, requires_grad=True) * 2,
        lambda: torch.ones(70, 2, requires_grad=True).relu(),
        lambda: torch.ones(70, dtype=torch.complex64) * 2,
        lambda: torch.ones(3, requires_grad=True).to_sparse() * 2,
    ],
)
def test_every_kind_of_tensor_is_drawn(make):
    with trace() as t:
        y = make()
    assert y is not None
    assert "<img" in t._repr_mimebundle_()["text/html"]


def test_the_mean_of_large_integers_does_not_overflow():
    many = torch.full((100,), 2**62)
    with trace() as t:
        z = many * 1
    summary = t.graph()["z"].summary
    assert summary.min == summary.mean == summary.max == 2.0**62
    assert z.sum().item() != 2**62 * 100, "as PyTorch's own sum does"


def test_large_tensors_are_summarised_not_copied():
    w = torch.arange(100.0, requires_grad=True)
    with trace() as t:
        s = (w * 2).sum()
    value = t.graph()["w"]
    assert value.data is None and value.gradient is None
    assert (value.summary.min, value.summary.mean, value.summary.max) == (
        0.0,
        49.5,
        99.0,
    )
    assert value.gradient_summary.mean == 2.0
    assert s.item() == 9900


def test_a_trace_keeps_no_tensor_alive():
    with trace() as t:
        s = (torch.ones(1000, requires_grad=True) * 2).sum()
    gc.collect()
    assert all(v.tensor is None or v.tensor is s or v.tensor.is_leaf for v in t._recorder.values)


def test_the_same_code_gives_the_same_graph(neuron):
    x, w, b = neuron

    def once():
        with trace() as t:
            a = F.relu(x * w + b)
        assert a.item() == 7
        return t.graph().to_dict()

    assert once() == once()


def test_a_finished_trace_holds_numbers_not_gradients():
    def held():
        gc.collect()
        return [id(o) for o in gc.get_objects() if type(o) is torch.Tensor and o.numel() == 1000]

    before = held()
    w = torch.arange(1000.0, requires_grad=True)
    with trace() as t:
        s = (w * 2).sum()
    assert s.requires_grad
    t.graph()
    assert set(held()) - set(before) == {id(w)}, "neither the product nor its gradient is kept"


@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_spoilt_graph_shows_no_gradients_but_pytorchs_reason(shape):
    z = torch.ones(shape, requires_grad=True)
    with trace() as t:
        e = z.exp()
        e.add_(1)
        s = e.sum()
    graph = t.graph()
    assert "modified by an inplace operation" in graph.note
    assert graph["z"].gradient is None and graph["e"].data is not None
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        grad(s, z)
    assert "modified by an inplace operation" in t._repr_mimebundle_()["text/plain"]


def test_after_freeing_another_value_can_still_be_differentiated():
    w = torch.tensor(3.0, requires_grad=True)
    with trace() as t:
        u = w * w
        y = torch.sin(u)
    grad(y, w)
    graph = t.graph(of=u)
    assert graph["w"].gradient == 6.0
    assert {s.state for op in graph.operations for s in op.saved} == {"freed"}


def test_a_leaf_made_inside_the_block_may_ask_for_its_gradient_later():
    with trace() as t:
        w = torch.tensor(2.0).requires_grad_()
        y = w * w
    value = t.graph()["w"]
    assert (value.role, value.requires_grad, value.gradient) == ("parameter", True, 4.0)
    assert y.item() == 4


class SumAndProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x + y, x * y

    @staticmethod
    def backward(ctx, g_sum, g_product):
        x, y = ctx.saved_tensors
        return g_sum + g_product * y, g_sum + g_product * x


@pytest.mark.parametrize("both", [True, False])
def test_a_custom_function_with_two_outputs(both):
    x, y = (torch.tensor(number, requires_grad=True) for number in (3.0, 5.0))
    with trace() as t:
        total, product = SumAndProduct.apply(x, y)
        z = total + product if both else product * 1
    graph = t.graph(of=z)
    assert graph["x"].gradient == grad(z, x)[0].item() == (6.0 if both else 5.0)


class BrokenBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise ValueError("forgot the factor")


def test_a_students_broken_backward_does_not_break_the_forward_pass():
    x = torch.tensor(3.0, requires_grad=True)
    with trace() as t:
        y = BrokenBackward.apply(x) + 1
    graph = t.graph()
    assert graph["y"].data == y.item() == 7.0
    assert graph["x"].gradient is None and "forgot the factor" in graph.note


def test_a_freed_graph_of_matrices_says_why_it_has_no_gradients():
    w = torch.ones(2, 2, requires_grad=True)
    with trace() as t:
        u = w @ w
        s = u.sum()
    grad(s, w)
    assert "freed" in t.graph(of=u, seed=torch.ones(2, 2)).note


def test_inference_tensors_have_no_version_and_are_drawn_all_the_same():
    with torch.inference_mode(), trace() as t:
        x = torch.ones(2)
        y = x * 2
    graph = t.graph()
    assert graph["y"].data == (2.0, 2.0) and y.is_inference()
    assert not any(value.has_gradient for value in graph)
