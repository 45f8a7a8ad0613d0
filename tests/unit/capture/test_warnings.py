"""A warning inside of a block is the warning that it is without us: its line, and how often."""

import warnings
from contextlib import nullcontext

import pytest
import torch

from lesson_utils import trace

PROGRAM = """
with looking:
    y = x * 2
    y.grad
    loss(torch.ones(2, 1), torch.ones(2))
    loss(torch.ones(2, 1), torch.ones(2))
    for _ in range(2):
        loss(torch.ones(3, 1), torch.ones(3))
    layer(torch.ones(2, 1), torch.ones(2))
"""


def run(looking, rule):
    names = {
        "looking": looking, "x": torch.ones(2, requires_grad=True),
        "loss": torch.nn.functional.mse_loss, "layer": torch.nn.MSELoss(), "torch": torch,
    }  # fmt: skip
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter(rule)
        exec(compile(PROGRAM, "student.py", "exec"), names)
    return [(warning.filename, warning.lineno, str(warning.message)) for warning in given]


@pytest.mark.parametrize("rule", ["always", "default"])
def test_warnings_are_those_of_the_plain_program(rule):
    plain, traced = run(nullcontext(), rule), run(trace(), rule)
    assert traced == plain and len(plain) > 3
    assert {place for place, *_ in plain} > {"student.py"}


def test_an_error_that_leaves_the_block_shows_the_students_lines_alone():
    names = {"looking": trace(), "torch": torch}
    code = compile("with looking:\n    torch.ones(2) @ torch.ones(3)", "student.py", "exec")
    with pytest.raises(RuntimeError) as caught:
        exec(code, names)
    places = [(str(entry.path), entry.lineno + 1) for entry in caught.traceback[1:]]
    assert places == [("student.py", 2)]
