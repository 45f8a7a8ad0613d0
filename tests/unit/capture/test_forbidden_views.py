"""Views whose node PyTorch does not tell any more: student code that makes them is recorded."""

import pytest
import torch

from lesson_utils import draw, trace


def leaf():
    return torch.ones(3, requires_grad=True)


def written(w):
    with torch.no_grad():
        w[1:].mul_(2)
    return w


def added(w):
    with torch.no_grad():
        w[0] += 1
        w[1:] *= 2
    return w


def filled(w):
    with torch.no_grad():
        w.view(-1)[2].fill_(3.0)
    return w


def of_a_result(w):
    m = w * 1
    with torch.no_grad():
        m[1:].mul_(2)
    return m


def read_again(w):
    with torch.no_grad():
        part = w[1:]
        w.mul_(2)
        part * 2
    return w


@pytest.mark.parametrize("program", [written, added, filled, of_a_result, read_again])
def test_a_write_through_a_view_without_gradients_is_recorded(program):
    plain, w = leaf(), leaf()
    expected = (program(plain) * 3).sum()
    with trace() as t:
        y = program(w)
        loss = (y * 3).sum()
    graph = t.graph(of=loss)
    assert "stopped" not in graph.note
    assert torch.equal(y, program(leaf())) and loss == expected
    assert graph["y"].data == tuple(y.tolist())
    (real,) = torch.autograd.grad(loss, y, retain_graph=True)
    assert graph["y"].gradient == tuple(real.tolist())
    assert draw(graph).svg


def test_an_embedding_made_in_the_block_has_its_row_of_zeros():
    with trace() as t:
        table = torch.nn.Embedding(4, 2, padding_idx=0)
        loss = table(torch.tensor([0, 1])).sum()
    assert "stopped" not in t.graph(of=loss).note
    assert torch.equal(table.weight[0], torch.zeros(2))


@pytest.mark.parametrize("take", [lambda v: v.split([1, 2]), lambda v: v.unbind()])
def test_parts_of_a_tensor_that_is_then_written_to_keep_their_names(take):
    x = leaf()
    with trace() as t:
        v = x * 1
        first, *rest = take(v)
        v.mul_(2)
        loss = v.sum()
    graph = t.graph(of=loss)
    assert "stopped" not in graph.note and all(value.name for value in graph)
    assert graph["x"].gradient == (2.0, 2.0, 2.0)
    assert rest[0].numel() and first.numel()
