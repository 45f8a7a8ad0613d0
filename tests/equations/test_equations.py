"""Every equation that the words, the film and the picture print is worked out, and is true.

A program is run under `trace()` and plainly. What is printed of it is read as Python, worked out
with the plain run's tensors by PyTorch itself, and compared digit by digit (`test_judge.py` shows
that false ones are found).
"""

from collections import Counter
from functools import partial
from typing import NamedTuple

import pytest
from asking import equations_of
from calls import RANDOM, SCALARS, TENSORS
from database import OPERATORS, samples
from equations import Equation
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import NUMBERS, SHAPES, tensors

pytestmark = pytest.mark.filterwarnings("ignore")

# Of each kind so many at least, so that the test cannot fall silent.
FLOORS = {
    "infix": 2200, "call": 2900, "figures": 2100, "part": 80, "value": 12000, "shape": 100,
    "verb": 2400, "draw": 15, "question": 30, "derivative": 3300, "formula": 450, "reason": 40,
    "flow": 2400, "sum over paths": 120, "gradient": 6500, "chain rule": 1300, "Jacobian": 300,
    "badge": 900,
}  # fmt: skip
EVERY = 6  # in `make test`, one operator of the database in six
ARITHMETIC = (
    "x + w", "x - w", "x * w", "x / w", "x // w", "x % w", "w ** 2", "2 ** w", "7 - w", "7 % x",
    "2 // x", "w / 3", "-w", "torch.add(x, w, alpha=2)", "torch.div(other=w, input=x)",
    "torch.clamp(w, max=1)", "F.relu(w)", "F.leaky_relu(w, 0.2)", "torch.sub(w, x, alpha=-0.5)",
    "torch.addcmul(x, w, b, value=3)", "x > w", "F.relu(x * w + b)", "w * w + w", "torch.tanh(w)",
    'torch.div(x, w, rounding_mode="trunc")', "torch.round(w, decimals=1)", "torch.exp(w)",
)  # fmt: skip


class Told(NamedTuple):
    """An equation, the program that it is printed of, and with what numbers that ran."""

    code: str
    numbers: str
    equation: Equation


def must_be_true(told: list[Told]) -> None:
    """Fail with the shortest false equation of each operation, and how many there are."""
    false: dict[str, list[Told]] = {}
    for item in told:
        if item.equation.fault:
            false.setdefault(item.equation.operation, []).append(item)
    lines = []
    for name, several in false.items():
        code, numbers, it = min(several, key=lambda item: len(item.code + item.equation.text))
        said = f"{it.where}, {it.kind}: {it.text[:150]}\n      {it.fault[:150]}"
        lines.append(
            f"{len(several)} of {name or 'no operation'}: {code} ({numbers})\n      {said}"
        )
    if lines:
        pytest.fail("false:\n" + "\n".join(lines), pytrace=False)


@pytest.fixture(scope="module")
def told() -> list[Told]:
    """All that is printed of all calls, with plain numbers and with others."""
    found = []

    def ask(code, numbers, shape="one", drawn=True):
        make = partial(tensors, NUMBERS[numbers], SHAPES[shape])
        asked = equations_of(code, make, drawn=drawn)
        found.extend(Told(code, f"{numbers}, {shape}", equation) for equation in asked)

    for code in (*SCALARS, *TENSORS, *RANDOM):
        ask(code, "plain")
    for code in SCALARS:
        for numbers in list(NUMBERS)[1:]:
            ask(code, numbers, drawn=False)
        for shape in list(SHAPES)[1:]:
            ask(code, "plain", shape, drawn=False)
    return found


def test_every_text_is_understood(told):
    must_be_true([item for item in told if item.equation.unread])


@pytest.mark.parametrize("kind", FLOORS)
def test_what_is_printed_is_true(told, kind):
    of_kind = [item for item in told if item.equation.kind == kind and not item.equation.unread]
    must_be_true(of_kind)
    assert len(of_kind) >= FLOORS[kind]


def test_no_kind_is_forgotten(told):
    assert set(Counter(item.equation.kind for item in told)) == set(FLOORS)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ARITHMETIC), st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 5))
def test_arithmetic_is_true_with_any_numbers(code, numbers):
    asked = equations_of(code, partial(tensors, numbers), drawn=False)
    must_be_true([Told(code, str(numbers), equation) for equation in asked])


def of_database(operators, most: int) -> list[Told]:
    return [
        Told(f"{sample.name} {sample.code}", "a sample", equation)
        for operator in operators
        for sample in samples(operator, most)
        for equation in equations_of(sample.code, sample.make)
    ]


def test_what_is_printed_of_a_part_of_the_operators_is_true():
    asked = of_database(OPERATORS[::EVERY], 1)
    must_be_true(asked)
    assert len(asked) > 2000


@pytest.mark.long
@pytest.mark.parametrize(
    "operator", OPERATORS, ids=lambda operator: f"{operator.name}.{operator.variant_test_name}"
)
def test_what_is_printed_of_an_operator_is_true(operator):
    must_be_true(of_database([operator], 4))
