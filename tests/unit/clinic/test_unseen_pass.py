"""The second backward pass where no trace has seen the first: what the lines tell of it."""

import pytest
import torch
from failing import checked, code_of, leaf, program, slope


def test_without_a_trace_the_earlier_pass_is_looked_for_in_the_lines():
    run = program("""
        w = leaf(2.0)
        u = torch.exp(w)
        u.backward()
        kept = torch.sin(u)
        kept.backward(retain_graph=True)
    """)
    found = checked(run.why(), "freed graph", "`u`, which ExpBackward0 made on line 2", "on line 3")
    assert found.line == 2 and found.culprits[0] == "ExpBackward0"
    mended = run.with_before("kept.backward", code_of(found, "Compute it again"))
    right = slope(torch.exp, 2.0) + slope(lambda w: torch.sin(torch.exp(w)), 2.0)
    assert mended.grad("w") == pytest.approx(right)


def test_a_name_that_was_bound_anew_is_not_the_tensor_of_the_earlier_pass():
    run = program("w = leaf(2.0)\nu = torch.exp(w)\nu.backward()\nu = torch.sin(u)\nu.backward()")
    found = checked(run.why(), "freed graph", "`u`")
    assert "SinBackward0" not in found.text  # made after it


def test_a_pass_that_cannot_be_found_is_not_guessed_at():
    run = program("loss.backward()", loss=_used())
    found = checked(run.why(), "freed graph", "`loss`", "all of it or a part")
    assert found.line is None and found.culprits == ("loss",)


def _used():
    loss = torch.exp(leaf(2.0))
    loss.backward()
    return loss
