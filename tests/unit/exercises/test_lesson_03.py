"""Exercises of notebook 03: no plaster passes, and what they say is what PyTorch does."""

import pytest
import torch
from answers import verdict
from torch.autograd import grad

from lesson_utils import trace
from lesson_utils.exercises.catalogue import CATALOGUE


def said_of(id, answer, folder):
    return verdict(CATALOGUE[id], answer, folder)


def new_leaf(z):
    if z < 0.0:
        return torch.zeros_like(z, requires_grad=True)
    if z > 6.0:
        return torch.tensor([6.0], requires_grad=True)
    return z


def half_repaired(z):
    if z < 0.0:
        return 0.0 * z
    if z > 6.0:
        return torch.tensor([6.0])
    return z


def wrong_slope(z):
    if z < 0.0:
        return 0.0 * z
    return z - (z.detach() - 6.0) if z > 6.0 else z


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (new_leaf, "no way leads from there back to `z`"),
        (half_repaired, "At (8) the number is right, and no graph leads back from it"),
        (wrong_slope, "At (8) the number is right, and its gradient is not"),
    ],
)
def test_a_branch_without_a_way_back_is_not_right(function, says, tmp_path):
    said = said_of("03.4", function, tmp_path)
    assert said.status == "not yet" and says in said.text


@pytest.mark.parametrize(
    "function",
    [
        lambda z: z.clamp(0.0, 6.0),
        lambda z: torch.where(z < 0, 0.0, torch.where(z > 6, 6.0, z)),
        lambda z: z if 0 <= z <= 6 else z * 0.0 + (6.0 if z > 6 else 0.0),
    ],
)
def test_any_connected_style_is_right(function, tmp_path):
    assert said_of("03.4", function, tmp_path).status == "right"


def copied(x, w):
    a = torch.tanh(x * w).clone()
    a[a < 0.0] = 0.0
    return a


def filled(x, w):
    a = torch.tanh(x * w).clone()
    return a.masked_fill_(a < 0.0, 0.0)


def relu_in_a_copy(x, w):
    return torch.nn.functional.relu(torch.tanh(x * w).clone(), inplace=True)


def data(x, w):
    a = torch.tanh(x * w)
    a.data[a < 0.0] = 0.0
    return a


def cut(x, w):
    a = torch.tanh(x * w).detach()
    a[a < 0.0] = 0.0
    return a


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (copied, "Its gradient is right, and it still writes into a tensor in line"),
        (filled, "still writes into a tensor"),
        (relu_in_a_copy, "still writes into a tensor"),
        (data, "the number is right, and its gradient is not"),
        (cut, "no graph leads back"),
    ],
)
def test_rectifying_by_a_plaster_is_not_right(function, says, tmp_path):
    said = said_of("03.8", function, tmp_path)
    assert said.status == "not yet" and says in said.text


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: torch.tanh(x * w).relu(),
        lambda x, w: torch.tanh(x * w).clamp(min=0.0),
        lambda x, w: torch.tanh(x * w) * (x * w > 0),
        lambda x, w: torch.tanh(x * w).masked_fill(x * w < 0, 0.0),
        lambda x, w: torch.nn.functional.relu(torch.tanh(x * w), inplace=False),
    ],
)
def test_any_style_without_a_write_is_right(function, tmp_path):
    assert said_of("03.8", function, tmp_path).status == "right"


def test_an_absolute_value_by_if_or_abs_is_another_graph(tmp_path):
    z = torch.tensor(-2.0, requires_grad=True)
    with trace() as by_if:
        by_hand = z if z > 0.0 else -z
    with trace() as by_abs:
        torch.abs(z)
    with trace() as turned:
        torch.where(z > 0.0, -z, z)
    assert by_hand == 2
    for t in (by_if, by_abs, turned):
        assert said_of("03.3", t, tmp_path).status == "not yet"


@pytest.mark.parametrize("function", [torch.sin, torch.tanh])
def test_which_write_does_harm_depends_on_what_is_saved(function):
    def ends_well(write_input, write_result):
        x, w = torch.tensor([-1.0]), torch.tensor([2.0], requires_grad=True)
        z = x * w + 1.0
        s = function(z)
        if write_input:
            z[:] = 0.0
        if write_result:
            s[:] = 0.0
        try:
            grad(s, w)
        except RuntimeError as error:
            assert "inplace operation" in str(error)
            return False
        return True

    assert ends_well(True, False) is (function is torch.tanh)
    assert ends_well(False, True) is (function is torch.sin)


def test_a_write_into_the_sum_itself_does_none():
    x, w = torch.tensor([-1.0]), torch.tensor([2.0], requires_grad=True)
    z = x * w + 1.0
    z[:] = 0.0
    assert grad(z, w)[0] == 0


LINES = {
    "A": "with torch.no_grad():", "B": "    w -= 0.1 * w.grad", "C": "y.backward()",
    "D": "y = (w * w).sum()", "E": "w.requires_grad_(False)",
}  # fmt: skip


def test_the_right_order_is_a_step_of_sgd_and_the_leaf_stays_one():
    def made():
        return torch.tensor([1.0, -2.0], requires_grad=True)

    w, other = made(), made()
    exec("\n".join(LINES[letter] for letter in "DCAB"), {"torch": torch, "w": w})
    (other * other).sum().backward()
    torch.optim.SGD([other], lr=0.1).step()
    assert torch.equal(w, other) and w.is_leaf and w.requires_grad
    with pytest.raises(RuntimeError, match="does not require grad"):
        exec(f"{LINES['A']}\n    {LINES['D']}\n{LINES['C']}", {"torch": torch, "w": made()})
