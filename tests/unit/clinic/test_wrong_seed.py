"""What a backward pass is told to start from, and cannot."""

import pytest
import torch
from failing import checked, code_of, program


@pytest.mark.parametrize(
    ("call", "seed"),
    [
        ("y.backward({})", "torch.ones(3)"),
        ("y.backward(gradient={})", "torch.ones(3)"),
        ("torch.autograd.backward(y, {})", "torch.ones(3)"),
        ("torch.autograd.backward([y], grad_tensors=[{}])", "torch.ones(3)"),
    ],
)
def test_weights_of_another_shape(call, seed):
    run = program(f"w = leaf(1.0, 2.0)\ny = w * w\n{call.format(seed)}")
    found = checked(run.why(), "wrong start", "`y`", "[2]", "[3]", seed)
    assert found.line == 3
    code = code_of(found, "Give ones")
    if "[" in call:  # a list is not rewritten
        return
    assert program(f"w = leaf(1.0, 2.0)\ny = w * w\n{code}").grad("w") == [2.0, 4.0]


def test_weights_of_another_shape_for_grad():
    run = program("w = leaf(1.0, 2.0)\ny = w * w\ng, = grad(y, w, torch.tensor([[1.0], [5.0]]))")
    found = checked(run.why(), "wrong start", "`y`", "[2]", "[2, 1]")
    code = code_of(found, "as many")
    assert code.endswith("torch.tensor([[1.0], [5.0]]).reshape(y.shape))")
    mended = program(f"w = leaf(1.0, 2.0)\ny = w * w\n{code}")
    assert mended.names["g"].tolist() == [2.0, 20.0]


def test_one_weight_for_all():
    run = program("w = leaf(1.0, 2.0)\ny = w * w\ny.backward(torch.tensor(3.0))")
    found = checked(run.why(), "wrong start", "`torch.tensor(3.0)`", "[2]", "[]")
    code = code_of(found, "each element count the same")
    assert program(f"w = leaf(1.0, 2.0)\ny = w * w\n{code}").grad("w") == [6.0, 12.0]


def test_weights_for_one_of_two():
    run = program("w = leaf(1.0, 2.0)\ng = grad([w * 2.0, w * 3.0], w, torch.ones(2))")
    found = checked(run.why(), "wrong start", "2 tensors", "for 1")
    assert found.repairs[0].code == ""


@pytest.mark.parametrize(
    ("seed", "right"), [("[1.0, 5.0]", [2.0, 20.0]), ("(1.0, 5.0)", [2.0, 20.0])]
)
@pytest.mark.parametrize("word", ["", "gradient="])
def test_weights_that_are_no_tensor(seed, right, word):
    run = program(f"w = leaf(1.0, 2.0)\ny = w * w\ny.backward({word}{seed})")
    found = checked(run.why(), "wrong start", f"`{seed}`")
    mended = program(f"w = leaf(1.0, 2.0)\ny = w * w\n{found.repairs[0].code}")
    assert mended.grad("w") == right


def test_a_number_as_the_start():
    run = program("w = leaf(3.0)\ny = w * w\ny.backward(2.0)")
    found = checked(run.why(), "wrong start", "`2.0`")
    assert program(f"w = leaf(3.0)\ny = w * w\n{found.repairs[0].code}").grad("w") == 12.0


def test_a_complex_result():
    run = program("w = leaf(3.0, 4.0)\nz = torch.complex(w[0], w[1])\nz.backward()")
    found = checked(run.why(), "wrong start", "`z`")
    size = run.with_line("z.backward()", code_of(found, "its size"))
    assert size.grad("w") == pytest.approx([0.6, 0.8])
    real = run.with_line("z.backward()", code_of(found, "real part"))
    assert real.grad("w") == [1.0, 0.0]


@pytest.mark.parametrize("source", ["(torch.ones(2) * leaf(1.0)).sum().backward(inputs=[])",
                                    "leaf(1.0).backward(inputs=3)"])  # fmt: skip
def test_other_wrong_arguments_are_left_alone(source):
    run = program(source)
    assert run.error is not None
    assert run.why().family == "not autograd's", run.why().text


def test_nothing_of_the_students_changes():
    run = program("w = leaf(1.0, 2.0)\nseed = torch.ones(3)\ny = w * w\ny.backward(seed)")
    before = run.names["seed"]._version, run.names["y"]._version
    checked(run.why(), "wrong start", "`seed`")
    assert (run.names["seed"]._version, run.names["y"]._version) == before
    assert torch.equal(run.names["seed"], torch.ones(3)) and run.names["w"].grad is None
