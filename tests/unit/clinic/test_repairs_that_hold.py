"""Repairs that would silence an error and give another gradient are not proposed."""

import pytest
import torch
from failing import program

from lesson_utils import trace, why
from lesson_utils.capture import behind

MADE_NEW = "Make a new tensor"


def advice(source):
    return [repair.says for repair in program(source).why().repairs]


@pytest.mark.parametrize(
    "source",
    [
        "w = leaf(1.0, 2.0)\nh = torch.exp(w)\nk = h\nk.mul_(3)\n(h * 1).sum().backward()\n",
        "w = leaf(1.0, 2.0)\n\ndef scale(z):\n    z.div_(z.sum())\n    return z\n\n"
        "h = torch.exp(w)\nscale(h)\nh.sum().backward()\n",
        "w = leaf(1.0, 2.0)\nparts = [torch.exp(w * i) for i in range(3)]\nfor p in parts:\n"
        "    p.mul_(2)\nsum(p.sum() for p in parts).backward()\n",
    ],
    ids=["another name", "a function", "a list"],
)
def test_a_write_to_what_has_another_name_is_not_rewritten(source):
    assert not any(says.startswith(MADE_NEW) for says in advice(source))


def test_a_write_without_another_form_is_not_given_one():
    found = program("w = leaf(1.0, 2.0)\nu = torch.exp(w)\nu.zero_()\nu.sum().backward()\n").why()
    assert "u.zero()" not in found.text and "clone" in found.text


def test_what_is_added_up_over_steps_is_of_an_earlier_step():
    found = program(
        "w = leaf(1.0)\ntotal = 0\nwith trace() as t:\n    for i in range(3):\n"
        "        loss = (w * i).exp().sum()\n        total = total + loss\n"
        "        total.backward()\n"
    ).why()
    assert "earlier step" in found.says[-1] and "`total`" in found.says[-1]
    assert not any("again" in repair.says for repair in found.repairs)


def test_an_overflow_is_no_edge_of_the_function():
    w = torch.tensor(1000.0, requires_grad=True)
    with trace() as t:
        y = torch.exp(w)
    assert t.graph() and "too large for its type" in why(y).text
    v = torch.tensor(-1.0, requires_grad=True)
    with trace() as t:
        z = torch.log(v)
    assert t.graph() and "where the function is defined" in why(z).text


def test_of_a_very_deep_graph_some_nodes_are_looked_at(monkeypatch):
    monkeypatch.setattr(behind, "MOST", 50)
    z = torch.tensor(1.0, requires_grad=True)
    for _ in range(200):
        z = z.sin()
    assert 50 <= len(behind.nodes_behind([z])) <= 51
    z.backward()
    with pytest.raises(RuntimeError) as caught:
        z.backward()
    assert why(caught.value).family == "freed graph"


@pytest.mark.parametrize("made", ["losses", "[q for q in losses]"])
def test_a_list_of_tensors_is_stacked_and_not_summed_itself(made):
    source = (
        "w = leaf(1.0, 2.0)\nwith trace() as t:\n    losses = [w[0] * 2, w[1] * 3]\n"
        f"    loss = torch.tensor({made}).sum()\nloss.backward()\n"
    )
    run = program(source)
    (code, *_) = [repair.code for repair in run.why().repairs if "stack" in repair.code]
    assert run.with_line(f"loss = torch.tensor({made}).sum()", code).grad("w") == [2.0, 3.0]


def test_what_is_made_before_the_loop_is_to_be_made_in_it():
    found = program(
        "w = leaf(1.0)\nreg = (w ** 2).sum()\nfor i in range(2):\n"
        "    loss = (w * i).sum() + reg\n    loss.backward()\n"
    ).why()
    assert "`reg` is made before the loop" in found.text
    assert found.repairs[0].code == "reg = (w ** 2).sum()"


def test_a_state_that_is_one_of_two_results_is_carried():
    found = program(
        "torch.manual_seed(0)\nrnn = torch.nn.RNN(1, 2)\nh = torch.zeros(1, 1, 2)\n"
        "for i in range(2):\n    out, h = rnn(torch.ones(3, 1, 1), h)\n    loss = out.sum()\n"
        "    loss.backward()\n"
    ).why()
    assert found.repairs[0].code == "h = h.detach()" and "`h`" in found.text


def test_of_a_frozen_network_its_parameters_are_asked_for_and_not_its_input():
    found = program(
        "net = torch.nn.Linear(1, 1).requires_grad_(False)\nx = torch.ones(1)\n"
        "with trace() as t:\n    loss = net(x).sum()\nloss.backward()\n"
    ).why()
    assert found.repairs[0].code == "net.weight.requires_grad_()"
    assert "required a gradient then" in found.text
