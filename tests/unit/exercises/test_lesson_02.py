"""Exercises of notebook 02: no plaster passes, and what they say is what PyTorch does."""

import pytest
import torch
from answers import answer_of, verdict
from torch.autograd import grad

from lesson_utils import trace
from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.checking import is_untouched


def said_of(id, function, folder):
    return verdict(CATALOGUE[id], function, folder)


def retains_twice(w):
    shared = torch.exp(w)
    first, second = shared + w, shared * shared
    return grad(first, w, retain_graph=True)[0], grad(second, w, retain_graph=True)[0]


def runs_exp_twice(w):
    first, second = torch.exp(w) + w, torch.exp(w) ** 2
    return grad(first, w)[0], grad(second, w)[0]


def still_fails(w):
    shared = torch.exp(w) * 1.0
    return grad(shared + w, w)[0], grad(shared * shared, w)[0]


def other_way_round(w):
    shared = torch.exp(w)
    (second,) = grad(shared * shared, w, retain_graph=True)
    return grad(shared + w, w)[0], second


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (retains_twice, "at the end exp still keeps its result"),
        (runs_exp_twice, "exp ran 2 times"),
        (still_fails, "raised RuntimeError: Trying to backward through the graph a second time"),
    ],
)
def test_retaining_by_a_plaster_is_not_right(function, says, tmp_path):
    said = said_of("02.5", function, tmp_path)
    assert said.status == "not yet" and says in said.text


def test_retaining_in_the_other_order_is_right(tmp_path):
    assert said_of("02.5", other_way_round, tmp_path).status == "right"


def item_at_the_end(w, batches):
    total = 0.0
    for X in batches:
        total += torch.exp(X * w).mean()
    return (total / len(batches)).item()


def graphs_in_a_list(w, batches):
    losses = [torch.exp(X * w).mean() for X in batches]
    return torch.stack(losses).mean().detach()


def frees_by_backward(w, batches):
    total = 0.0
    for X in batches:
        loss = torch.exp(X * w).mean()
        loss.backward()
        total += loss.item()
    return total / len(batches)


def switches_off(w, batches):
    torch.set_grad_enabled(False)
    return item_at_the_end(w, batches)


def without_gradients(w, batches):
    with torch.no_grad():
        return item_at_the_end(w, batches)


def numbers_in_a_list(w, batches):
    losses = [torch.exp(X * w).mean().item() for X in batches]
    return sum(losses) / len(losses)


def detached(w, batches):
    fixed, total = w.detach(), 0.0
    for i in range(len(batches)):
        total += torch.exp(batches[i] * fixed).mean()
    return total / len(batches)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (item_at_the_end, "before the last of 10 batches 9 were still alive"),
        (graphs_in_a_list, "still alive"),
        (frees_by_backward, "written to `w.grad`"),
        (switches_off, "nothing is recorded any more"),
    ],
)
def test_letting_go_by_a_plaster_is_not_right(function, says, tmp_path):
    said = said_of("02.7", function, tmp_path)
    assert said.status == "not yet" and says in said.text
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("function", [without_gradients, numbers_in_a_list, detached])
def test_every_way_to_let_go_is_right(function, tmp_path):
    assert said_of("02.7", function, tmp_path).status == "right"


@pytest.mark.parametrize("id", ["02.5", "02.7", "03.4", "03.8"])
def test_the_code_to_be_repaired_is_untouched_until_it_does_something_else(id):
    exercise = CATALOGUE[id]
    assert is_untouched(exercise.stub, answer_of(exercise, exercise.stub))
    assert not is_untouched(exercise.stub, answer_of(exercise, exercise.solution))


def test_one_number_more_is_a_change():
    stub = "def f(x):\n    return 2. * x"
    names = {}
    exec("def f(x):\n    # a remark\n    return 2. * x\ndef g(x):\n    return 3. * x", names)
    assert is_untouched(stub, names["f"]) and not is_untouched(stub, names["g"])


def test_of_three_calls_the_one_that_passes_exp_fails():
    x, w, b = torch.tensor([2.0]), *(torch.tensor([0.5], requires_grad=True) for _ in range(2))
    u = x * w
    y = torch.exp(u) + b
    grad(y, u)
    assert grad(y, b)[0] == 1 and grad(u, w)[0] == 2
    with pytest.raises(RuntimeError, match="second time"):
        grad(y, w)


def test_tanhs_own_node_computes_the_same_from_its_result():
    result, g = torch.tensor([0.5, -0.9]), torch.tensor([2.0, 3.0])
    ours = answer_of(CATALOGUE["02.2"], CATALOGUE["02.2"].solution)
    theirs = torch.tanh(torch.atanh(result).requires_grad_()).grad_fn(g)
    assert torch.allclose(ours(result, g), theirs, atol=1e-6)


LINES = {"B": "loss(X[2:]).backward()", "D": "loss(X[:2]).backward()", "E": "w.grad.zero_()"}
LINES |= {"A": "optimizer.step()", "C": "optimizer.zero_grad()"}


def stepped(order, before):
    X, w = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.5], requires_grad=True)
    w.grad = before
    names = {"X": X, "w": w, "optimizer": torch.optim.SGD([w], lr=0.01)}
    names["loss"] = lambda rows: torch.exp(rows * w).sum()
    for letter in order:
        exec(LINES[letter], names)
    return w.item()


@pytest.mark.parametrize("before", [None, torch.tensor([7.0])])
def test_only_the_right_orders_step_with_the_whole_slope(before):
    X, w = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.5], requires_grad=True)
    (slope,) = grad(torch.exp(X * w).sum(), w)
    wanted = pytest.approx(0.5 - 0.01 * slope.item(), abs=1e-5)
    assert stepped("CDBA", before) == stepped("CBDA", before) == wanted
    for order in ("DCBA", "CDAB", "CDEBA", "DBCA"):
        assert stepped(order, before) != wanted


def test_an_e_that_comes_first_fails_where_there_is_none():
    with pytest.raises(AttributeError):
        stepped("EDBA", None)


def test_detach_leaves_the_value_of_y():
    w = torch.tensor(3.0, requires_grad=True)
    with trace() as t:
        u = w * w
        y = u * u.detach()
    assert y == (w * w) ** 2 and t.graph()["w"].gradient == 54
