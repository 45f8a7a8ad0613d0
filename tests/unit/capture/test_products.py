"""Gradients that flow within one step, sparse ones, and those that PyTorch cannot add."""

import pytest
import torch
import torch.nn.functional as F

from lesson_utils import draw, play, trace
from lesson_utils.words.chain_rule import chain_rule


def states(cell, steps, size=2):
    """A cell's states in a loop, and what it starts from."""
    x = torch.ones(1, size, requires_grad=True)
    found, state = [], None
    with trace() as t:
        for _ in range(steps):
            state = cell(x, state)
            found.append(state)
        h, c = state
        loss = (h * 2 + c).sum()
    return t, loss, [x, *(tensor for pair in found for tensor in pair)]


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2])
def test_a_cells_state_receives_what_comes_through_its_output(steps, size):
    torch.manual_seed(steps)
    t, loss, tensors = states(torch.nn.LSTMCell(size, size), steps, size)
    graph = t.graph(of=loss)
    real = torch.autograd.grad(loss, tensors, retain_graph=True)
    told = {value.id: value.gradient for value in graph}
    made = [out for op in graph.operations if op.name == "lstm_cell" for out in op.outputs]
    for number, expected in zip(made, real[1:], strict=True):
        assert torch.allclose(torch.tensor(told[number]).reshape(expected.shape), expected)
    assert torch.allclose(torch.tensor(graph["x"].gradient).reshape(real[0].shape), real[0])


def test_what_flows_within_a_step_is_told_and_no_chain_rule_leaves_it_out():
    torch.manual_seed(0)
    t, loss, _ = states(torch.nn.LSTMCell(1, 1), 1, 1)
    graph = t.graph(of=loss)
    cell = next(op for op in graph.operations if op.name == "lstm_cell")
    (inside,) = cell.inside
    later = sum(use.contribution for op in graph.operations for use in op.uses
                if use.value == graph["c"].id)  # fmt: skip
    assert inside.value == graph["c"].id
    assert inside.contribution + later == pytest.approx(graph["c"].gradient)
    assert chain_rule(graph, graph["c"]) is None, "a product over its paths would be too small"
    (told,) = [
        line for line in play(t.graph(of=loss)).text.splitlines() if "inside of this" in line
    ]
    assert "c is reached in 2 ways" in told and "c waits for one more" in play(graph).text
    assert "Chain rule" not in draw(graph).text


def test_a_dense_gradient_and_a_sparse_one_meet_in_either_order():
    for swap in (False, True):
        w = torch.ones(3, 2, requires_grad=True)
        with trace() as t:
            parts = [w.sum(), F.embedding(torch.tensor([0, 2]), w, sparse=True).sum()]
            loss = parts[swap] + parts[not swap]
        loss.backward(retain_graph=True)
        assert torch.equal(torch.tensor(t.graph()["w"].gradient), w.grad.to_dense())


def test_what_pytorch_cannot_add_is_a_note_and_no_error():
    m = torch.ones(2, 2, device="meta", requires_grad=True)
    with trace() as t:
        (m @ m).sum()
    assert "could not run the backward pass" in t.graph().note
