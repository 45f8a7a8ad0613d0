"""nan and inf: the first operation that made one, forwards or backwards."""

import pytest
import torch
from failing import checked, leaf, program


def ask(lines, name, **names):
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return (run := program(f"with trace() as t:\n{body}", **names)), run.why(name)


@pytest.mark.parametrize(
    ("lines", "symbol", "made"),
    [
        ("u = torch.log(x)\nz = u * 2", "log", "u"),
        ("u = x + 1\nz = u / u", "÷", "z"),
        ("u = x + 1\nv = torch.sqrt(x)\nz = v + u", "sqrt", "v"),
        ("u = torch.exp(x * -1000)\nz = u - u", "exp", "u"),
    ],
)
def test_the_first_result_that_is_not_finite(lines, symbol, made):
    run, found = ask(lines, "z", x=leaf(-1.0))
    checked(found, "not finite", "`z`", f"`{symbol}`", "was finite")
    assert found.culprits == (made, symbol) and found.line == run.line(f"{made} = ")
    assert found.drawing is not None and "culprit" in found.drawing.svg


def test_what_was_not_finite_to_begin_with():
    _, found = ask("y = x * w", "y", x=torch.tensor(float("nan")), w=leaf(2.0))
    checked(found, "not finite", "`y`", "`x`", "No operation made `x`")
    assert found.culprits == ("x",) and "backward pass made it" not in found.text


@pytest.mark.parametrize(
    ("lines", "numbers", "symbol", "zero"),
    [
        ("y = torch.where(x > 0, torch.sqrt(x), 0.0).sum()", (1.0, 0.0), "sqrt", True),
        ("y = torch.sqrt(x) ** 2", (0.0,), "sqrt", True),
        ("u = x ** 2\ny = torch.sqrt(u)", (0.0,), "sqrt", False),
        ("u = torch.sqrt(x)\ny = torch.sqrt(u)", (0.0,), "sqrt", False),
        ("y = (x * x).sum().sqrt()", (0.0, 0.0), "sqrt", False),
    ],
)
def test_the_first_product_that_is_not_finite(lines, numbers, symbol, zero):
    run, found = ask(f"{lines}\ny.backward()", "x", x=leaf(*numbers))
    checked(found, "nan backwards", "`x.grad`", "all results are", f"`{symbol}`")
    # The last one: of sqrt and sqrt it is the outer one that divides by zero first.
    assert found.line == max(n for n, it in enumerate(run.source.splitlines(), 1) if "sqrt" in it)
    assert ("0 · ∞ is nan" in found.text) == zero
    assert ("`torch.where` twice" in found.text) == ("where" in lines)


def test_the_repairs_give_a_finite_gradient():
    x = leaf(1.0, 0.0)
    torch.where(x > 0, torch.sqrt(torch.where(x > 0, x, 1.0)), 0.0).sum().backward()
    assert x.grad.tolist() == [0.5, 0.0]
    x = leaf(0.0)
    torch.sqrt(x**2 + 1e-12).backward()
    assert x.grad.item() == 0.0


def test_a_norm_at_zero_is_pytorchs_choice_and_finite():
    _, found = ask("y = torch.norm(x)\ny.backward()", "x", x=leaf(0.0, 0.0))
    assert found.family == "nothing"


def test_without_a_trace_it_asks_for_one():
    run = program("x = leaf(0.0)\ny = x / x\ny.backward()")
    for name, what in (("x", "`x.grad`"), ("y", "`y`")):
        found = checked(run.why(name), "not finite", what, "with trace() as t:")
        assert found.line is None


@pytest.mark.parametrize("traced", [True, False])
def test_anomaly_modes_error_is_led_back_to_the_product(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"""
w = leaf(0.0)
{head}{i}u = torch.sqrt(w * w)
{i}y = u * 2.0
with torch.autograd.detect_anomaly():
    y.backward()
""")
    found = checked(run.why(), "nan backwards")
    if traced:
        assert found.line == 3 and "at `sqrt` on line 3" in found.text
    else:
        assert "Backward0" in found.text
