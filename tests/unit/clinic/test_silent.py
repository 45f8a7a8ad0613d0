"""Silences: no `.grad`, a `.grad` that has grown, graphs that are kept."""

import pytest
import torch
from failing import checked, code_of, program

from lesson_utils import why

HEADS = {"traced": ("with trace() as t:\n", "    "), "no trace": ("", "")}


@pytest.fixture(params=HEADS)
def block(request):
    """Puts lines after `w` and `b` into a trace, or not."""
    head, i = HEADS[request.param]

    def made(lines, after=""):
        body = "".join(f"{i}{line}\n" for line in lines.splitlines())
        return program(f"w = leaf(2.0)\nb = leaf(1.0)\n{head}{body}{after}")

    made.traced = request.param == "traced"
    return made


def test_no_pass_yet(block):
    run = block("loss = w ** 2")
    found = checked(run.why("w"), "no pass yet", "`w.grad`", "`loss`")
    assert program(f"{run.source}{code_of(found, 'Go back')}").grad("w") == 4.0


@pytest.mark.parametrize("after", ["grad(loss, w)", "loss.backward(); w.grad = None"])
def test_a_pass_that_left_no_grad(block, after):
    run = block("loss = w ** 2", after)
    found = checked(run.why("w"), "no pass yet", "`w.grad`", "`grad(...)`", "zero_grad")
    assert "no backward pass has come" not in found.text


def test_a_leaf_that_was_never_used(block):
    run = block("loss = w ** 2\nloss.backward()")
    found = checked(run.why("b"), "no path", "`b`", "`w`")
    assert ("with trace()" in found.text) == (not block.traced)


def test_no_grad_in_between(block):
    run = block("with torch.no_grad():\n    loss = w ** 2")
    found = checked(run.why("w"), "no path", "`w.grad`")
    told = checked(
        run.why("loss"), "path cut" if block.traced else "requires no gradient", "`loss`"
    )
    if block.traced:
        line = run.line("loss = w ** 2")
        assert found.line == told.line == line
        assert "`loss = w ** 2` ran while gradients were disabled" in found.says[1]


def test_requires_grad_on_the_result(block):
    run = block(
        "y = w * 3\nloss = torch.tensor(y.item())\nloss.requires_grad = True", "loss.backward()"
    )
    found = checked(run.why("w"), "no path", "`w.grad`", "`loss` itself", "repairs nothing")
    assert found.culprits == ("w", "loss")
    checked(run.why("loss"), "no path", "`loss` is a leaf")


def test_a_leaf_whose_slope_is_one_is_not_taken_for_a_silenced_result(block):
    run = block("y = w * 3\n(b + 5).backward()")
    found = checked(run.why("w"), "no pass yet", "`y`")
    assert "`b`" not in found.text
    assert run.why("b").family == "nothing"


def test_a_result_on_the_way(block):
    run = block("u = w * 2\nloss = u ** 2\nloss.backward()")
    found = checked(run.why("u"), "not a leaf", "`u`", "MulBackward0")
    mended = run.with_after("u = w * 2", code_of(found, "before the backward pass"))
    assert mended.grad("u") == 8.0 and mended.why("u").family == "nothing"
    asked = code_of(found, "this one alone")
    assert run.with_line("loss.backward()", f"(d,) = {asked}").names["d"].item() == 8.0


def test_whole_numbers_that_require_nothing():
    run = program("w = torch.tensor(2)")
    found = checked(run.why("w"), "requires no gradient", "torch.int64")
    mended = run.with_after("w =", found.repairs[0].code)
    (mended.names["w"] ** 2).backward()
    assert mended.grad("w") == 4.0


def test_nothing_is_wrong(block):
    run = block("loss = w ** 2\nloss.backward()")
    assert run.why("w").family == "nothing"


GROWN = """
w = {leaf}
for step in range({steps}):
    with trace() as t:
        loss = (w ** 2).sum()
        loss.backward()
"""


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("leaf(2.0)", "`w.grad` is 12, and one pass through this graph gives 4"),
        ("leaf(2.0, 3.0)", "`w.grad` is [12, 18], and one pass through this graph gives [4, 6]"),
        ("torch.full((3, 5), 2.0, requires_grad=True)", "`w.grad` is 3 times what one pass"),
        ("torch.full((100,), 2.0, requires_grad=True)", "`w.grad` is 3 times what one pass"),
        ("leaf(0.0, 3.0)", "[0, 18]"),
    ],
)
def test_grad_that_was_added_up(made, says):
    run = program(GROWN.format(leaf=made, steps=3))
    found = checked(run.why("w"), "added up", says, "3 times", "adds to `.grad`")
    assert found.drawing is not None and found.culprits == ("w",)
    mended = run.with_before("with trace()", code_of(found, "Set it back"))
    assert torch.allclose(mended.names["w"].grad, 2 * mended.names["w"])
    assert mended.why("w").family == "nothing"
    assert program(GROWN.format(leaf=made, steps=1)).why("w").family == "nothing"


def test_grad_with_another_pass_in_it():
    run = program("""
        w = leaf(2.0, 3.0)
        (w * 5).sum().backward()
        with trace() as t:
            loss = (w ** 2).sum()
            loss.backward()
    """)
    found = checked(run.why("w"), "added up", "[9, 11]", "[4, 6]", "the rest is not of this pass")
    assert "times" not in found.says[0]


def test_losses_that_are_kept():
    run = program("""
        w = leaf(2.0, 3.0)
        losses = []
        for step in range(3):
            loss = torch.exp(w).sum()
            losses.append(loss)
    """)
    found = checked(run.why("losses"), "memory", "`losses`", "3 graphs", "24 bytes")
    assert found.culprits == ("losses", "loss")
    kept = run.with_line("losses.append", f"losses.append({code_of(found, 'number alone')})")
    assert kept.why("[loss]").says[0].startswith("`loss` keeps a graph alive, with 8 bytes")
    assert all(type(number) is float for number in kept.names["losses"])
    one = checked(run.why("loss"), "memory", "`losses` and `loss` keep a graph", "8 bytes")
    assert one.culprits == ("losses", "loss")
    assert run.why("[w]").family == "nothing"


def test_a_line_of_the_cell_where_it_is_asked_is_told_without_the_cells_name():
    run = program("""
        w = leaf(2.0)
        with trace() as t:
            loss = (w * 3.0).detach() * 2.0
        asked = why(w)
    """, why=why)  # fmt: skip
    found = checked(run.names["asked"], "no path", "`w.grad`", "on line 3:")
    assert run.filename not in found.text
