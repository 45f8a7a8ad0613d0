"""No plaster passes for a repair, and a list of rules is judged one by one."""

import pytest
import torch
import torch.nn.functional as F
from answers import verdict

from lesson_utils.exercises.catalogue import CATALOGUE

LENGTH, SMOOTH = CATALOGUE["04.7"], CATALOGUE["04.3"]


def mended(x):
    y = torch.sqrt((x * x).sum())
    x.register_hook(torch.nan_to_num)
    return y


def bordered(x):
    return torch.sqrt((x * x).sum() + 1e-30)


def afterwards(x):
    y = torch.sqrt((x * x).sum())
    return torch.where(y > 0, y, 0.0)


def capped(x):
    return torch.sqrt((x * x).sum().clamp(min=1e-30))


@pytest.mark.parametrize(
    ("plaster", "says"),
    [
        (mended, "an infinite number still arrives"),
        (bordered, "the value has changed"),
        (capped, "the value has changed"),
        (afterwards, "its gradient is not"),
        (lambda x: x.detach().norm(), "no graph leads back"),
        (lambda x: x.norm().item(), "a tensor with one number"),
        (lambda x: x.abs().sum(), "the value has changed"),
        (lambda x: torch.hypot(x[0], x[1]), "its gradient is not"),
        (lambda x: x.norm() / (), "raised TypeError"),
    ],
)
def test_a_plaster_is_no_repair(plaster, says, tmp_path):
    said = verdict(LENGTH, plaster, tmp_path)
    assert said.status == "not yet" and says in said.text


def piecewise(x):
    return x.norm() if x.any() else 0 * x.sum()


@pytest.mark.parametrize("repair", [torch.norm, piecewise, lambda x: F.normalize(x, dim=0) @ x])
def test_a_repair_in_any_style_is_right(repair, tmp_path):
    said = verdict(LENGTH, repair, tmp_path)
    assert said.status == "right", said.text


def test_a_rule_that_is_missing_and_one_that_is_wrong_are_named(tmp_path):
    rules = [lambda y, g: g * y, lambda y, g: g * (1 - y * y), lambda y, g: ...]
    assert "sigmoid: it is not written yet." in verdict(SMOOTH, rules, tmp_path).text
    rules[1] = lambda y, g: 1 - y * y
    assert "tanh: at " in verdict(SMOOTH, rules, tmp_path).text
    assert "must be a factor" in verdict(SMOOTH, rules, tmp_path).text
    assert verdict(SMOOTH, [lambda y, g: ...] * 3, tmp_path).status == "not attempted"
    assert "3 functions: exp, tanh, sigmoid" in verdict(SMOOTH, rules[:2], tmp_path).text
