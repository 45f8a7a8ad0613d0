"""What autograd refuses: writes into some views, inference tensors, results in a leaf's place."""

import copy

import pytest
import torch
from failing import checked, code_of, program, slope


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(
    "parts",
    ["a, b = u.unbind()", "a, b = torch.split(u, 1)", "a, b = torch.chunk(u, 2)", "a, b = u"],
)
def test_a_write_into_one_of_several_views(traced, parts):
    head = "with trace() as t:\n    " if traced else ""
    indent = "    " if traced else ""
    run = program(f"w = leaf(1.0, 2.0)\n{head}u = w * 3.0\n{indent}{parts}\n{indent}a += 1.0\n")
    found = checked(run.why(), "view written", "`a += 1.0`", "`a`", "line " + str(3 + traced))
    assert found.line == 4 + traced and (found.drawing is not None) == traced
    mended = run.with_line("a += 1.0", code_of(found, "new tensor") + "\n(a * b).sum().backward()")
    right = slope(lambda w: ((w * 3.0)[0] + 1.0) * (w * 3.0)[1], 1.0, 2.0)
    assert mended.grad("w") == pytest.approx(right)
    alone = run.with_line(parts, "a, b = u[:1], u[1:]").with_line(
        "a += 1.0", "a += 1.0\nu.square().sum().backward()"
    )
    right = slope(lambda w: torch.stack([w[0] * 3 + 1, w[1] * 3]).square().sum(), 1.0, 2.0)
    assert alone.grad("w") == pytest.approx(right)


def test_a_write_into_the_step_of_a_loop_over_rows():
    run = program("u = leaf(1.0, 2.0) * 3.0\nfor row in u:\n    row *= 2.0\n")
    found = checked(run.why(), "view written", "`row *= 2.0`")
    assert found.line == 3 and code_of(found, "Collect the new parts") == ""  # the row is let go


def test_a_write_into_a_part_of_a_leaf_is_an_update_or_none():
    run = program("w = leaf(1.0, 2.0)\nfor row in w:\n    row *= 2.0\n")
    found = checked(run.why(), "view written", "`row *= 2.0`")
    mended = run.with_line("row *=", code_of(found, "part of a leaf"))
    mended = program(mended.source + "(w * 3.0).sum().backward()")
    assert mended.grad("w") == [3.0, 3.0] and mended.names["w"].tolist() == [2.0, 4.0]


def test_a_write_into_a_view_that_was_made_in_no_grad():
    run = program("""
        w = leaf(1.0, 2.0)
        u = w * 3.0
        with torch.no_grad():
            part = u[:1]
        part += 1.0
    """)
    found = checked(run.why(), "view written", "`part`", "on line 4", "`part += 1.0`")
    ends = "\n(u * u).sum().backward()"
    both = run.with_line("part += 1.0", code_of(found, "not to count") + ends)
    assert both.grad("w") == pytest.approx([2 * (3 + 1) * 3, 2 * 6 * 3])
    counts = run.with_line("part += 1.0", code_of(found, "to count, take") + "\npart += 1.0" + ends)
    assert counts.grad("w") == pytest.approx([2 * (3 + 1) * 3, 2 * 6 * 3])


@pytest.mark.parametrize("mode", ["torch.inference_mode()", "torch.inference_mode(True)"])
def test_an_inference_tensor_that_is_used(mode):
    run = program(f"""
        w = leaf(1.0, 2.0)
        with {mode}:
            x = torch.tensor([3.0, 4.0])
        y = (w * x).sum()
    """)
    found = checked(run.why(), "inference tensor", "`x`", "on line 3", "`y = (w * x).sum()`")
    assert found.line == 4
    ends = "\ny.backward()"
    copied = run.with_line("y = ", f"{code_of(found, 'copy')}\ny = (w * x).sum(){ends}")
    assert copied.grad("w") == [3.0, 4.0]
    made = code_of(found, "no_grad")
    assert made == "with torch.no_grad():\n    x = torch.tensor([3.0, 4.0])"
    anew = run.with_line("y = ", f"{made}\ny = (w * x).sum(){ends}")
    assert anew.grad("w") == [3.0, 4.0]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("x += 1.0", "x"),
        ("x.requires_grad_()", "x"),
        ("y = layer(x)", "x"),
        ("y = leaf(1.0, 2.0) * frozen.weight", "frozen.weight"),
        ("y = frozen(leaf(1.0, 2.0))", "frozen.weight"),
    ],
)
def test_other_uses_of_an_inference_tensor(line, name):
    with torch.inference_mode():
        frozen = torch.nn.Linear(2, 1, bias=False).requires_grad_(False)
        x = torch.ones(2)
    run = program(line, layer=torch.nn.Linear(2, 1), frozen=frozen, x=x if name == "x" else None)
    found = checked(run.why(), "inference tensor", f"`{name}`")
    assert found.culprits == (name,)


def test_an_optimizer_of_a_result():
    run = program("""
        start = leaf(1.0, 2.0)
        w = start * 0.1
        opt = torch.optim.SGD([w], lr=0.5)
    """)
    found = checked(run.why(), "not a leaf", "`w`", "MulBackward0", "on line 2")
    ends = "\n(w * 3.0).sum().backward()\nopt.step()"
    line = "opt = torch.optim.SGD([w], lr=0.5)"
    own = run.with_line(line, f"{code_of(found, 'Make a leaf')}\n{line}{ends}")
    assert own.grad("w") == [3.0, 3.0]
    assert own.names["w"].tolist() == pytest.approx([0.1 - 1.5, 0.2 - 1.5])
    other = run.with_line(line, code_of(found, "let it step `start`") + ends)
    assert other.grad("start") == pytest.approx([0.3, 0.3])
    assert other.names["start"].tolist() == pytest.approx([1.0 - 0.15, 2.0 - 0.15])


def test_a_deep_copy_of_a_result():
    run = program("w = leaf(2.0)\nu = w * 3.0\nkept = copy.deepcopy(u)", copy=copy)
    found = checked(run.why(), "not a leaf", "`u`", "MulBackward0", "on line 2")
    numbers = program(run.source.replace("kept = copy.deepcopy(u)", code_of(found, "its numbers")))
    assert numbers.names["kept"].item() == 6.0 and not numbers.names["kept"].requires_grad
    ends = code_of(found, "a part of the graph") + "\nkept.backward()"
    part = program(run.source.replace("kept = copy.deepcopy(u)", ends))
    assert part.grad("w") == 3.0


def test_requires_grad_of_a_result():
    run = program("w = leaf(2.0)\nu = w * 3.0\nu.requires_grad = False")
    found = checked(run.why(), "not a leaf", "`u`", "on line 2")
    code = code_of(found, "its numbers alone")
    mended = run.with_line("u.requires_grad", code + "\n(u * w).backward()")
    assert mended.grad("w") == 6.0


@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('a view is being modified inplace')",
        "raise RuntimeError('Inference tensors cannot be saved for backward')",
        'raise ValueError("can\'t optimize a non-leaf Tensor")',
        "w = torch.ones(2)\nraise RuntimeError('a view of a tensor is modified inplace')",
    ],
)
def test_words_alone_are_no_reason(source):
    assert program(source).why().family == "not autograd's"


def test_a_deep_copy_of_a_model_that_keeps_a_result():
    run = program("""
        model = nn.Linear(2, 1)
        model.last = model(torch.ones(2))
        other = copy.deepcopy(model)
    """, copy=copy)  # fmt: skip
    found = checked(run.why(), "not a leaf", "`model.last`", "Backward0")
    mended = run.with_before("other = ", code_of(found, "Let go of its graph"))
    assert mended.error is None and mended.names["other"].last.tolist() == pytest.approx(
        mended.names["model"].last.tolist()
    )
