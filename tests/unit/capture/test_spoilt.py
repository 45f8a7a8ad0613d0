"""Which saved tensors a write has spoilt, by which operation, against what PyTorch says itself."""

import re

import pytest
import torch

from lesson_utils import draw, trace
from lesson_utils.capture.torch_internals import DisableTorchFunction


def leaf(*numbers):
    return torch.tensor(numbers, requires_grad=True)


def spoilt(graph):
    """Of each spoilt tensor what kept it, its value, both versions and what wrote to it."""
    return [
        (
            op.name,
            graph[saved.value].name if saved.value is not None else None,
            saved.version_saved,
            saved.version_now,
            None if saved.spoilt_by is None else graph.operations[saved.spoilt_by].name,
        )
        for op in graph.operations
        for saved in op.saved
        if saved.is_spoilt
    ]


def versions_in(error):
    now, expected = re.search(r"is at version (\d+); expected version (\d+)", str(error)).groups()
    return int(expected), int(now)


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "sqrt", "relu"])
def test_a_result_that_its_own_backward_needs(name):
    w = leaf(1.0, 2.0)
    with trace() as t:
        u = getattr(torch, name)(w)
        u.add_(1)
        u.add_(1)
        a = u.sum()
    assert spoilt(t.snapshot()) == [(name, "u@0", 0, 2, "add_")]
    with pytest.raises(RuntimeError) as caught:
        a.backward()
    assert versions_in(caught.value) == (0, 2)


def test_a_factor_that_two_operations_keep_is_spoilt_in_those_alone_that_saved_it_before():
    w, x = leaf(3.0), leaf(2.0)
    with trace() as t:
        u = w * 1.0
        y = u * x
        u.add_(1)
        z = u * y
    graph = t.graph(of="z")
    assert spoilt(graph) == [("mul", "u@0", 0, 1, "add_")]
    assert {op.id for op in graph.operations if op.is_spoilt} == {1}
    kept = [saved for saved in graph.operations[3].saved if saved.version_saved == 1]
    assert [saved.version_now for saved in kept] == [1], "saved after the write: as it was"
    assert z.requires_grad


def test_a_write_through_a_view_of_it():
    w = leaf(1.0, 2.0)
    with trace() as t:
        e = torch.exp(w)
        part = e[0]
        part.mul_(2)
        a = e.sum()
    assert spoilt(t.snapshot()) == [("exp", "e@0", 0, 1, "mul_ through a view")]
    assert a.requires_grad


def test_a_relu_in_place_keeps_what_it_wrote_and_spoils_what_was_kept_before():
    w = leaf(1.0, -2.0)
    with trace() as t:
        s = torch.sigmoid(w)
        s.relu_()
        after = s * 1.0
    assert spoilt(t.snapshot()) == [("sigmoid", "s@0", 0, 1, "relu_")]
    s.mul_(3)
    names = [(name, was, now) for name, _, was, now, _ in spoilt(t.snapshot())]
    assert names == [("sigmoid", 0, 2), ("relu_", 1, 2)]
    assert after.requires_grad


def test_a_write_without_gradients_keeps_the_node_and_is_its_spoiler():
    w = leaf(1.0)
    with trace() as t:
        s = torch.sigmoid(w)
        with torch.no_grad():
            s.add_(1)
        a = s.sum()
    graph = t.snapshot()
    assert spoilt(graph) == [("sigmoid", "s@0", 0, 1, "add_")]
    assert graph.operations[1].saved == (), "the node of the sigmoid saved it, no other"
    with pytest.raises(RuntimeError):
        a.backward()


def test_a_step_of_an_optimizer():
    w, x = leaf(2.0), leaf(3.0)
    optimizer = torch.optim.SGD([w], lr=0.1)
    with trace() as t:
        u = w * x
        loss = u * u
        loss.backward(retain_graph=True)
        optimizer.step()
    graph = t.graph(of="loss")
    ((name, _, was, now, by),) = spoilt(graph)
    assert (name, was, now, by) == ("mul", 0, 1, "add_")
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    assert versions_in(caught.value) == (0, 1)


def test_a_step_after_the_block_is_nobodys_of_the_block():
    w, x = leaf(2.0), leaf(3.0)
    with trace() as t:
        u = w * x
    assert not spoilt(t.graph())
    with torch.no_grad():
        w -= 0.1
    assert spoilt(t.graph()) == [("mul", "w", 0, 1, None)]
    assert "✗ saved at version 0, now 1 (overwritten since)" in draw(t, saved=True).text
    assert u.requires_grad


def test_a_write_through_data_is_silent_and_not_claimed():
    w, x = leaf(2.0), leaf(3.0)
    with trace() as t:
        u = w * 1.0
        y = u * x
        u.data.add_(1)
    assert not spoilt(t.graph(of="y"))
    u.data.add_(1)
    assert not spoilt(t.graph(of="y"))
    y.backward()  # PyTorch does not notice either


def test_of_a_silent_write_and_one_that_counts_the_second_is_named():
    w, x = leaf(2.0), leaf(3.0)
    with trace() as t:
        u = w * 1.0
        y = u * x
        alias = u.data
        alias.sub_(1)
        u.mul_(2)
    assert spoilt(t.graph(of=y)) == [("mul", "u@0", 0, 1, "mul_")]


def test_who_writes_second_is_not_to_blame():
    w, r = leaf(2.0), torch.zeros(1)
    with trace() as t:
        y = w * r
        with DisableTorchFunction():  # out of sight
            r.add_(1)
        r.add_(1)
    assert spoilt(t.graph(of=y)) == [("mul", "r@0", 0, 2, None)]


def test_what_is_detached_shares_the_versions():
    w, x = leaf(2.0), leaf(3.0)
    with trace() as t:
        u = w * 1.0
        y = u * x
        d = u.detach()
        d.add_(1)
    assert spoilt(t.graph(of=y))[0][2:] == (0, 1, "add_")


def test_an_own_function_and_what_a_hook_packs():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return gradient * 2 * x

    w = leaf(2.0)
    with trace() as t:
        u = w * 1.0
        y = Square.apply(u)
        u.add_(1)
    assert [found[2:] for found in spoilt(t.graph(of="y"))] == [(0, 1, "add_")]
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x), trace() as t:
        u = w * 1.0
        y = u * u
        u.add_(1)
    assert not spoilt(t.graph(of=y)), "what a hook packs PyTorch does not compare"


def test_a_tensor_that_is_gone_is_known_by_its_node():
    w = leaf(1.0)

    def inner():
        e = torch.exp(w)
        return e.add_(1).sum()

    with trace() as t:
        a = inner()
    ((name, _, was, now, by),) = spoilt(t.snapshot())
    assert (name, was, now, by) == ("exp", 0, 1, "add_")
    assert a.requires_grad


def test_once_freed_it_cannot_be_spoilt():
    w = leaf(2.0)
    with trace() as t:
        u = w * 1.0
        y = u * u
        y.backward()
        u.add_(1)
    assert not spoilt(t.graph(of="y"))


def test_a_folded_module_tells_what_is_spoilt_in_it():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Sigmoid())
    x = torch.ones(1, 2)
    with trace() as t:
        loss = model(x).sum()
    with torch.no_grad():
        model[0].weight.mul_(2)
        x.mul_(2)
    assert "✗ saved at version 0, now 1" in draw(t, saved=True, depth=0).text
    assert loss.requires_grad


def written_in_place():
    w = leaf(2.0)
    with trace() as t:
        u = w * 3
        y = torch.exp(u)
        y.add_(1)
        z = y * 2
    assert z.requires_grad
    return t


def test_every_form_names_the_culprit():
    t = written_in_place()
    line = next(op.line for op in t.snapshot().operations if op.name == "add_")
    drawing = draw(t, saved=True)
    by = f"overwritten by y.add_(1), line {line}"
    assert f"✗ saved at version 0, now 1 ({by})" in drawing.text
    assert f"✗ saved at version 0, now 1 ({by})" in drawing.source
    texts = re.findall(r">([^<>]+)</tspan>", drawing.svg)
    for told in ("✗ y@0: saved at version 0, now 1", "✗ overwritten by", f"y.add_(1), line {line}"):
        assert texts.count(told) == 1
    road = re.search(r'<g id="backward-1-0" class="backward spoilt">.*?</g>', drawing.svg)[0]
    assert "stroke-dasharray" in road and "<circle" in road, "it is broken, and barred"
    assert drawing.svg.count('class="backward spoilt"') == 1
    assert "✗" not in draw(t).svg


def test_both_roads_of_a_product_are_barred_after_the_block():
    w = leaf(2.0)
    with trace() as t:
        u = w * 3
        y = u * u
    with torch.no_grad():
        u.zero_()
    drawing = draw(t, saved=True)
    assert drawing.svg.count('class="backward spoilt"') == 2
    assert drawing.source.count("✗\\n") == 2 or drawing.source.count("✗\n") == 2
    assert y.requires_grad


def test_a_function_that_writes_to_what_it_saves_spoils_nothing():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            ctx.save_for_backward(x)
            return x

        @staticmethod
        def backward(ctx, gradient):
            return 2 * gradient

    w = leaf(2.0)
    with trace() as t:
        u = w * 1.0
        y = Doubled.apply(u)
        a = y.sum()
    assert not spoilt(t.graph(of="a"))
    a.backward()
