"""Letters and orders of lessons 06 and 07 that are right: PyTorch says so."""

import re
from itertools import permutations

import pytest
import torch
import torch.nn.functional as F
from answers import verdict
from torch.autograd import grad

from lesson_utils import trace
from lesson_utils.exercises.catalogue import CATALOGUE


def lines_of(id):
    return dict(re.findall(r"- \*\*(\w)\*\* · `(.*)`", CATALOGUE[id].prompt))


def said_right(id, orders, folder):
    return {it for it in orders if verdict(CATALOGUE[id], it, folder).status == "right"}


def orders_of(id):
    distractor = {"06.5": "C", "07.2": "E"}[id]
    return ["".join(it) for it in permutations(set(lines_of(id)) - {distractor})]


def weights_after(order):
    """Of four steps with these lines, or None where they fail."""
    model = torch.nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.fill_(0.5), model.bias.fill_(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    names = {"model": model, "optimizer": optimizer, "F": F, "y": torch.tensor([[1.0], [-1.0]])}
    for number in range(4):
        names["X"] = torch.tensor([[1.0, number], [number, 2.0]])
        try:
            for letter in order:
                exec(lines_of("06.5")[letter], names)
        except (NameError, RuntimeError):
            return None
    return model.weight.tolist()


def test_the_orders_of_a_step_that_are_right_train_alike_and_no_other_order_does(tmp_path):
    expected = weights_after("DEBA")
    trains = {order for order in orders_of("06.5") if weights_after(order) == expected}
    assert said_right("06.5", orders_of("06.5"), tmp_path) == trains == {"DEBA", "EDBA", "DBAE"}


def test_cleared_before_the_step_nothing_is_learnt():
    assert weights_after("DBEA") == [[0.5, 0.5]]


def gradient_after(order):
    names = {"w": torch.tensor(0.5, requires_grad=True), "torch": torch}
    names["w"].grad = torch.tensor(100.0)
    try:
        for letter in order:
            exec(lines_of("07.2")[letter], names)
    except (NameError, RuntimeError):
        return None
    return names["w"].grad


def test_the_orders_that_go_back_once_are_right_and_no_other_is(tmp_path):
    w = torch.tensor(0.5, requires_grad=True)
    (both,) = grad((torch.tanh(w) - 1) ** 2 + 3 * torch.tanh(w), w)
    works = {it for it in orders_of("07.2") if (found := gradient_after(it)) and found == both}
    assert said_right("07.2", orders_of("07.2"), tmp_path) == works == {"DCAB", "CDAB", "CADB"}


def test_the_second_call_misses_what_mse_loss_had_saved():
    X, y = torch.ones(5, 2), torch.ones(5)
    w, b = torch.zeros(2, requires_grad=True), torch.zeros((), requires_grad=True)
    with trace() as t:
        loss = F.mse_loss(X @ w + b, y)
    grad(loss, w)
    with pytest.raises(RuntimeError, match="a second time"):
        grad(loss, b)
    saved = {op.name: [it.state for it in op.saved] for op in t.graph().operations}
    assert saved.pop("mse_loss") == ["freed", "freed"]
    assert saved.pop("add") == [] and set(*saved.values()) == {"freed"}, "@ is not on the way to b"


def test_the_comparison_is_the_first_line_without_a_way_back():
    x, w = torch.tensor([1.0, -2.0]), torch.tensor(0.5, requires_grad=True)
    names, found = {"torch": torch, "x": x, "w": w}, ""
    for letter, line in lines_of("07.5").items():
        exec(line, names)
        if not names[line.split(" = ")[0]].requires_grad:
            found = found or letter
    assert found == "b" == CATALOGUE["07.5"].solution.split('"')[1]
    assert (w * x).double().float().requires_grad, "a conversion hands a gradient on"


def test_a_second_step_with_the_left_over_slope_jumps_past_the_minimum():
    w = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.25)
    for _ in range(2):
        ((w - 3) ** 2).backward()
        optimizer.step()
    assert w.grad == -6 and w > 3


@pytest.mark.parametrize(("rate", "closer"), [(0.3, True), (1 / 6, True), (0.34, False)])
def test_below_the_limit_steps_come_nearer_and_beyond_it_they_do_not(rate, closer):
    w = torch.tensor(1.0, requires_grad=True)
    (slope,) = grad(3 * w**2, w)
    assert ((w - rate * slope).abs() < 1) == closer


def test_a_penalty_adds_a_fifth_of_the_weights_to_their_gradient():
    X, y = torch.tensor([[1.0, 2.0], [3.0, -1.0]]), torch.ones(2)
    w = torch.tensor([0.5, -1.0], requires_grad=True)
    plain, dear = F.mse_loss(X @ w, y), F.mse_loss(X @ w, y) + 0.1 * (w * w).sum()
    assert torch.allclose(grad(dear, w)[0], grad(plain, w)[0] + 0.2 * w)


def test_a_power_is_not_the_picture_of_a_product(tmp_path):
    source = CATALOGUE["06.3"].solution.partition("\n\n")[0]
    for line, status in (
        (source.replace("0.1 * (w * w).sum()", "(w * w).sum() * 0.1"), "right"),
        (source.replace("(w * w).sum()", "torch.sum(w * w)"), "right"),
        (source.replace("w * w", "w ** 2"), "not yet"),
        (source.replace("0.1 *", "0.2 *"), "not yet"),
        (source.replace("torch.tensor(0., requires_grad=True)", "torch.tensor(0.)"), "not yet"),
    ):
        names = {"torch": torch, "F": F, "trace": trace}
        exec(line, names)
        assert verdict(CATALOGUE["06.3"], names["penalty"], tmp_path).status == status, line
