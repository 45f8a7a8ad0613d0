"""Numbers short and honest, and chain rules that add up."""

import math
import re
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lesson_utils import draw, play, trace
from lesson_utils.words import chain_rule as chainrule
from lesson_utils.words import notation


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3.0, "3"), (0.5, "0.5"), (1.2e-07, "1.2e−07"), (-0.0, "−0"), (math.nan, "nan"),
        (math.inf, "inf"), (-math.inf, "−inf"), (True, "True"), (7, "7"), (123456.0, "123456"),
        (2.9999998, "3"), (1 + 2j, "1+2j"), (1 - 0.5j, "1−0.5j"), (float(torch.tensor(0.1)), "0.1"),
    ],
)  # fmt: skip
def test_numbers(number, text):
    assert notation.format_number(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_stays_within_its_shown_digits(x):
    assert math.isclose(float(notation.format_number(x).replace("−", "-")), x, rel_tol=5.1e-4)
    assert len(notation.format_number(x)) <= 12


def test_products_over_paths_sum_to_the_gradient():
    w = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    with trace() as t:
        y = (w * w + w) * torch.sin(w)
    graph = t.graph()
    paths, total = chainrule.paths_to(graph, graph["w"], 10)
    assert total == len(paths) == 4
    summed = sum(math.prod(step.number for step in steps) for steps in paths)
    assert math.isclose(summed, graph["w"].gradient)
    assert y.requires_grad


def test_many_paths_are_counted_not_listed():
    w = torch.tensor(1.0, requires_grad=True)
    with trace() as t:
        y = w
        for _ in range(30):
            y = y + y
    (rule,) = chainrule.chain_rules(t.graph())
    assert f"{2**30} paths in all" in rule.text and rule.text.endswith(
        notation.format_number(float(2**30))
    )


def test_vectors_have_no_scalar_chain_rule():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        s = (w * w).sum()
    assert chainrule.chain_rules(t.graph()) == []
    assert s.requires_grad


def test_numbers_have_a_minus_and_code_keeps_its_hyphens():
    w = torch.tensor([[-2.0, 3.0]], requires_grad=True)
    with trace() as t:
        y = -1.5 * torch.einsum("ij->ji", w) + (-1e-7)
        y[-1].softmax(dim=-1).sum()
    shown = "".join(ElementTree.fromstring(draw(t).svg).itertext())
    for text in (draw(t).text, play(t).text, shown):
        assert all(number in text for number in ("−1.5", "−2", "−1e−07", "dim=−1"))
        assert not re.search(r"-\d", text)
    assert "y[−1] gives" in draw(t).text and "einsum('ij->ji', w)" in draw(t).text
    assert any("-1.5 * torch" in text for block in t.graph().code for _, text in block.lines)
