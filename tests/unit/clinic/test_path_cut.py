"""A result without a graph: what cut the path, on which line, and the line without the cut."""

import pytest
import torch
from failing import checked, code_of, leaf, program
from torch.autograd import grad

# The line that makes z of y = w * 3, what is named, and z as it should be; None: no code is given.
CUTS = {
    "z = y.detach() * 2": ("detach", lambda y: y * 2),
    "z = y.detach_() * 2": ("detach_", None),
    "z = y.data * 2": ("data", lambda y: y * 2),
    "z = torch.tensor(y.item() * 2)": ("item", lambda y: y * 2),
    "z = torch.as_tensor(y.item()) * 2": ("item", lambda y: y * 2),
    "z = torch.tensor(float(y) * 2)": ("float()", lambda y: y * 2),
    "z = torch.tensor(y) * 3": ("tensor", lambda y: y * 3),
    "z = torch.tensor([y, y * 2]).sum()": ("tensor", lambda y: y * 3),
    "z = torch.from_numpy(np.sin(y.detach().numpy().reshape(1))).sum()": ("detach", torch.sin),
    "z = torch.tensor([y.tolist(), 1.0]).sum()": ("tolist", None),
    "z = torch.stack([y, y * 2]).argmax().float()": ("argmax", None),
    "z = (y > 1).float()": ("gt", None),
    "z = (1 >= y).float()": ("le", None),
    "z = y.long().float() * 2": ("long", None),
}
# What ran without gradients.
BLOCKS = ["with torch.no_grad():", "with torch.inference_mode():"]


@pytest.mark.parametrize("where", ["in the block", "pass after the block", "no trace"])
@pytest.mark.parametrize("line", CUTS)
@pytest.mark.filterwarnings("ignore:To copy construct", "ignore:Converting a tensor")
def test_a_line_that_cuts_the_path(line, where):
    reason, right = CUTS[line]
    head, i = ("", "") if where == "no trace" else ("with trace() as t:\n", "    ")
    end = i if where == "in the block" else ""
    run = program(f"w = leaf(2.0)\n{head}{i}y = w * 3\n{i}{line}\n{end}z.backward()")
    found = checked(run.why(), "path cut", "`z`")
    assert found.line == run.line(line), found.text
    assert found.culprits[-1] == "z" and found.culprits[-2].removesuffix("_") in (
        reason, reason.replace("le", "ge").removesuffix("_")
    )  # fmt: skip
    assert "y" in found.says[1] or "`v`" in found.says[1]
    assert "has no derivative" not in found.says[1]  # each is told in words of its own
    assert (found.drawing is not None) == (where != "no trace" and reason != "detach_")
    (plaster,) = (it for it in found.repairs if it.plaster)
    assert plaster.code == "z.requires_grad_()"
    code = found.repairs[0].code
    if right is not None:
        w = leaf(2.0)
        assert run.with_line(line, code).grad("w") == pytest.approx(grad(right(w * 3), w)[0].item())
    elif code:
        assert run.with_line(line, code).grad("w") == 6.0


def test_the_plaster_silences_and_gives_no_gradient():
    run = program("w = leaf(2.0)\ny = w * 3\nz = y.detach() * 2\nz.backward()")
    silenced = run.with_before("z.backward()", code_of(run.why(), "silences"))
    assert silenced.error is None and silenced.names["w"].grad is None


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("traced", [True, False])
def test_a_line_that_ran_without_gradients(block, traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"w = leaf(2.0)\n{head}{i}y = w * 3\n{i}{block}\n{i}    z = y * 2\nz.backward()")
    found = checked(run.why(), "path cut", "`z = y * 2` ran while gradients were disabled", "`y`")
    assert found.line == run.line("z = y * 2")
    source = run.source.replace(f"{i}{block}\n{i}    z = y * 2", f"{i}{found.repairs[0].code}")
    assert program(source).grad("w") == 6.0


def test_a_function_that_is_decorated_has_no_line_to_move():
    run = program("""
        w = leaf(2.0)
        @torch.no_grad()
        def triple(a):
            return a * 3
        with trace() as t:
            loss = triple(w) + 1
        loss.backward()
    """)
    found = checked(run.why(), "path cut", "`return a * 3` ran while gradients were disabled")
    assert found.line == run.line("return a * 3") and not found.repairs[0].code


@pytest.mark.parametrize("traced", [True, False])
def test_the_accuracy_of_a_model(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"""
model = nn.Linear(2, 3)
x, target = torch.ones(4, 2), torch.tensor([0, 1, 2, 0])
{head}{i}guess = model(x).argmax(dim=1)
{i}loss = (guess == target).float().mean()
loss.backward()
""")
    found = checked(run.why(), "path cut", "`loss`", "`argmax`")
    assert found.line == run.line("argmax")


def test_a_root_that_is_no_variable():
    run = program("w = leaf(2.0)\n(w.detach() * 3).sum().backward()")
    found = checked(run.why(), "path cut", "`detach`", "`w`")
    assert found.line == 2 and not any(repair.plaster for repair in found.repairs)


def test_grad_without_create_graph():
    run = program("""
        w = leaf(2.0)
        with trace() as t:
            loss = w ** 3
            (d,) = grad(loss, w)
            d.backward()
    """)
    found = checked(run.why(), "path cut", "`d`", "`grad`")
    assert found.line == run.line("(d,) =")
    assert run.with_line("(d,) =", found.repairs[0].code).grad("w") == 12.0


@pytest.mark.parametrize("traced", [True, False])
def test_nothing_requires_a_gradient(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"w = torch.tensor(2.0)\n{head}{i}loss = w * 3\nloss.backward()")
    found = checked(run.why(), "no graph", "`loss`")
    assert ("required a gradient" if traced else "requires a gradient") in found.says[1]
    if traced:
        assert "`w`" in found.says[1] and found.culprits[0] == "w"
        code = code_of(found, "say so first")
        assert run.with_after("w = torch.tensor", code).grad("w") == 3.0


def test_what_cannot_be_told_is_not_guessed_at():
    run = program("""
        def secret(a):
            return a.detach()
        w = leaf(2.0)
        loss = secret(w)
        loss.backward()
    """)
    found = checked(run.why(), "no graph", "`loss`", "`w`", "with trace() as t:")
    assert found.line is None
    assert [repair.plaster for repair in found.repairs] == [False, True]


def test_a_round_number_has_a_graph_and_the_gradient_zero():
    run = program("w = leaf(2.2)\nz = torch.round(w) * 3\nz.backward()")
    assert run.error is None and run.grad("w") == 0.0


@pytest.mark.parametrize("traced", [True, False])
def test_an_input_that_requires_no_gradient(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"x = torch.tensor(3.0)\nw = leaf(2.0)\n{head}{i}y = x * w\ngrad(y, [w, x])")
    found = checked(run.why(), "requires no gradient", "`x`")
    mended = run.with_after("x = torch.tensor", code_of(found, "Say so"))
    assert mended.error is None

    run = program(f"w = leaf(2.0)\n{head}{i}u = w.detach()\n{i}y = u * w\n(d,) = grad(y, u)")
    found = checked(run.why(), "path cut", "`u` requires no gradient", "`detach`")
    assert found.line == run.line("detach") and (found.drawing is not None) == traced
    # An input of its own has the slope w; the same tensor as w has both paths.
    assert run.with_after("detach", code_of(found, "Say so")).names["d"].item() == 2.0
    assert run.with_line("detach", code_of(found, "Leave it away")).names["d"].item() == 4.0
