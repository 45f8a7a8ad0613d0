"""Whatever a rule does to what arrives instead of multiplying it, it is not right."""

import inspect

import pytest
import torch
from answers import answer_of, verdict

from lesson_utils.exercises.catalogue import CATALOGUE

BENT = {
    "abs": torch.abs,
    "relu": torch.relu,
    "clipped": lambda g: g.clamp(-3.0, 3.0),
    "at most 3": lambda g: g.clamp(max=3.0),
    "at most 30 in size": lambda g: g / (g.norm() / 30).clamp(min=1.0),
    "by its sign": torch.sign,
    "one": torch.ones_like,
}


def places(function):
    """Where a function takes what arrives."""
    return [i for i, name in enumerate(inspect.signature(function).parameters) if name in "gG"]


def rules_of(answer):
    if isinstance(answer, type):
        return [answer.backward]
    return answer if isinstance(answer, list) else [answer]


def takes_what_arrives(answer):
    code = callable(answer) or (isinstance(answer, list) and callable(answer[0]))
    return code and any(places(it) for it in rules_of(answer) if callable(it))


RULES = {
    id: answer
    for id, exercise in CATALOGUE.items()
    if takes_what_arrives(answer := answer_of(exercise, exercise.solution))
}
ONE_BY_ONE = [(id, i) for id, answer in RULES.items() for i in range(len(rules_of(answer)))]


def bent(rule, how):
    def changed(*given):
        (place,) = places(rule)
        parts = [*given]
        parts[place] = how(parts[place])
        return rule(*parts)

    return changed


def with_bent(id, position, how):
    """The right answer of an exercise, one of its rules bent."""
    answer = answer_of(CATALOGUE[id], CATALOGUE[id].solution)
    changed = bent(rules_of(answer)[position], how)
    if isinstance(answer, type):
        return type("Step", (answer,), {"backward": staticmethod(changed)})
    if isinstance(answer, list):
        return [*answer[:position], changed, *answer[position + 1 :]]
    return changed


def test_every_exercise_with_an_incoming_gradient_is_among_them():
    assert set(RULES) == {
        "01.7", "02.2", "04.3", "04.4", "04.5", "05.3", "05.4", "05.5", "05.6", "05.7", "07.6",
    }  # fmt: skip
    assert len(ONE_BY_ONE) == 7 + 3 + 4 + 4 + 3


@pytest.mark.parametrize("how", BENT)
@pytest.mark.parametrize(("id", "position"), ONE_BY_ONE)
def test_what_arrives_must_be_a_factor_of_any_size_and_sign(id, position, how, tmp_path):
    said = verdict(CATALOGUE[id], with_bent(id, position, BENT[how]), tmp_path)
    assert said.status == "not yet", how
    assert "right" not in said.title


@pytest.mark.parametrize(("id", "position"), ONE_BY_ONE)
def test_a_complex_factor_is_not_dropped(id, position, tmp_path):
    answer = with_bent(id, position, lambda g: g * (1 + 2j))
    assert verdict(CATALOGUE[id], answer, tmp_path).status == "not yet"


def test_a_complex_gradient_of_scores_is_told_so(tmp_path):
    right = answer_of(CATALOGUE["05.8"], CATALOGUE["05.8"].solution)
    said = verdict(CATALOGUE["05.8"], lambda z, target: right(z, target) * (1 + 2j), tmp_path)
    assert "returns complex numbers, where real ones are asked" in said.text


def test_a_complex_length_is_none(tmp_path):
    said = verdict(CATALOGUE["04.7"], lambda x: x.norm() * (1 + 0j), tmp_path)
    assert "a tensor with one number" in said.text


@pytest.mark.parametrize(("id", "position"), ONE_BY_ONE)
def test_a_rule_must_not_write_into_what_arrives(id, position, tmp_path):
    def spoilt(g):
        kept = g.clone()
        g.zero_()
        return kept

    answer = with_bent(id, position, spoilt)
    said = verdict(CATALOGUE[id], answer, tmp_path)
    assert said.status == "not yet" and "writes into" in said.text, said.text


@pytest.mark.parametrize("order", ["3", "4"])
def test_an_order_that_a_power_of_it_undoes_is_no_proof(order, tmp_path):
    right = answer_of(CATALOGUE["05.7"], CATALOGUE["05.7"].solution)
    by_power = {
        "3": lambda x, order, g: g[order][order], "4": lambda x, order, g: g[order][order][order],
    }[order]  # fmt: skip
    said = verdict(CATALOGUE["05.7"], [*right[:2], by_power], tmp_path)
    assert said.status == "not yet" and "x[order]" in said.text


NEAR = {
    "01.7": [lambda z, g: g * (z > 1e-3), lambda z, g: g * (z > -1e-3) * (z != 0)],
    "03.4": [
        lambda z: z if z < 5.9 else 0.0 * z + z.detach().clamp(max=6.0),
        lambda z: 0.0 * z + z.detach().clamp(min=0.0) if z < 0.04 else z.clamp(max=6.0),
    ],
    "04.4": [
        lambda a, b, g: (
            g * ((a > b) & ~a.isclose(b, atol=0.1)) + 0.5 * g * a.isclose(b, atol=0.1),
            g * ((b > a) & ~a.isclose(b, atol=0.1)) + 0.5 * g * a.isclose(b, atol=0.1),
        ),
    ],
}


@pytest.mark.parametrize("id", NEAR)
def test_what_is_right_far_from_a_kink_alone_is_not_right(id, tmp_path):
    for answer in NEAR[id]:
        assert verdict(CATALOGUE[id], answer, tmp_path).status == "not yet"


@pytest.mark.parametrize(
    ("position", "rule"),
    [
        (0, lambda x, g: g / x.abs()),
        (1, lambda x, g: g / (2 * torch.sqrt(x.abs()))),
        (2, lambda x, n, g: g * n * x.abs() ** (n - 1)),
        (3, lambda a, b, g: (g / b.abs(), -g * a / b**2)),
    ],
)
def test_a_rule_is_tried_at_negative_numbers(position, rule, tmp_path):
    right = answer_of(CATALOGUE["04.5"], CATALOGUE["04.5"].solution)
    answer = [*right[:position], rule, *right[position + 1 :]]
    assert verdict(CATALOGUE["04.5"], answer, tmp_path).status == "not yet"


def test_rules_that_are_not_written_yet_are_named(tmp_path):
    rules = [lambda y, g: g * y, ..., ...]
    said = verdict(CATALOGUE["04.3"], rules, tmp_path).text
    assert "tanh and sigmoid: they are not written yet." in said and "calling" not in said
    assert "exp: it is not written yet." in (
        verdict(CATALOGUE["04.3"], [..., *(lambda y, g: g * y for _ in "ab")], tmp_path).text
    )
