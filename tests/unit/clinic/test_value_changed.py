"""A saved value that was written to, and a leaf: by which line, and what to write instead."""

import pytest
import torch
from failing import checked, code_of, leaf, program
from torch.autograd import grad

# The write, what the gradient of the sum would be, and the repairs that have code.
WRITES = {
    "u += 1": (lambda w: torch.exp(w) + 1, True),
    "u.mul_(3)": (lambda w: torch.exp(w) * 3, True),
    "u.clamp_(min=2.0)": (lambda w: torch.exp(w).clamp(min=2.0), True),
    "torch.relu_(u)": (lambda w: torch.relu(torch.exp(w)), True),
    "u = F.relu(u, inplace=True)": (lambda w: torch.relu(torch.exp(w)), True),
    "u[0] = 0.0": (lambda w: torch.exp(w) * torch.tensor([0.0, 1.0]), False),
    "u[:1] += 5": (lambda w: torch.exp(w) + torch.tensor([5.0, 0.0]), False),
}
PROGRAM = """
w = leaf(1.0, 2.0)
{head}{i}u = torch.exp(w)
{i}{write}
{i}loss = (u * 2).sum()
{end}loss.backward()
"""


def right(function):
    w = leaf(1.0, 2.0)
    return pytest.approx(grad((function(w) * 2).sum(), w)[0].tolist())


@pytest.mark.parametrize("where", ["in the block", "pass after the block", "no trace"])
@pytest.mark.parametrize("write", WRITES)
def test_a_write_into_what_exp_saved(write, where):
    traced = where != "no trace"
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    end = "    " if where == "in the block" else ""
    run = program(PROGRAM.format(head=head, i=i, write=write, end=end))
    function, rewritten = WRITES[write]
    exp = "`exp` on line" if traced else "ExpBackward0"
    found = checked(run.why(), "overwritten value", exp, "`u`", f"`{write}`")
    assert found.line == run.line(write) and found.culprits[0] == "u" and write in found.culprits
    assert ("version 0" in found.says[1]) == traced
    assert (found.drawing is not None) == traced
    new = [it.code for it in found.repairs if "new tensor" in it.says]
    assert len(new) == rewritten
    for code in new:
        assert run.with_line(write, code).grad("w") == right(function)
    assert run.with_before(write, code_of(found, "copy")).grad("w") == right(function)


@pytest.mark.parametrize("traced", [True, False])
def test_a_write_through_a_view_is_mended_where_the_view_is_taken(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"""
w = leaf(1.0, 2.0)
{head}{i}u = torch.exp(w)
{i}part = u[:1]
{i}part *= 2
{i}loss = (u * 2).sum()
loss.backward()
""")
    found = checked(run.why(), "overwritten value", "`u`", "`part *= 2`")
    assert found.line == run.line("part *= 2")
    code = code_of(found, "before `part` is taken from `u`")
    assert not any("new tensor" in repair.says for repair in found.repairs)  # u would stay
    mended = run.with_before("part = u[:1]", code)
    assert mended.grad("w") == right(lambda w: torch.exp(w) * torch.tensor([2.0, 1.0]))


def test_a_write_after_the_block_is_found_in_the_lines():
    run = program("""
        w = leaf(1.0, 2.0)
        with trace() as t:
            u = torch.exp(w)
            loss = (u * 2).sum()
        u += 1
        loss.backward()
    """)
    found = checked(run.why(), "overwritten value", "`u += 1` on line 5", "version 1")
    assert found.line == 5 and found.drawing is not None
    assert run.with_line("u += 1", code_of(found, "new")).grad("w") == right(torch.exp)


def test_two_writes_without_a_trace_are_not_guessed_at():
    run = program("""
        w = leaf(1.0, 2.0)
        u = torch.exp(w)
        u += 1
        u *= 2
        u.sum().backward()
    """)
    found = checked(run.why(), "overwritten value", "`u`", "version 2 now")
    assert found.line is None


def test_a_write_inside_a_module_of_pytorchs():
    run = program("""
        model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.ReLU(inplace=True))
        with trace() as t:
            loss = model(torch.ones(4, 2)).sum()
        loss.backward()
    """)
    found = checked(run.why(), "overwritten value", "`sigmoid`", "on line 3")
    assert found.line == run.line("model(torch") and "after the block" not in found.text
    assert any("inplace=True" in repair.says for repair in found.repairs)


def test_a_method_over_several_lines_names_its_variable():
    run = program("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.w = nn.Parameter(torch.tensor([1.0, 2.0]))
            def forward(self, x):
                h = torch.exp(
                    self.w * x
                )
                h += 1
                return (h * 2).sum()
        net = Net()
        with trace() as t:
            loss = net(torch.ones(2))
        loss.backward()
    """)
    found = checked(run.why(), "overwritten value", "`h`", "`h += 1`")
    assert found.line == run.line("h += 1")
    for mended in (
        run.with_line("h += 1", code_of(found, "new tensor")),
        run.with_before("h += 1", code_of(found, "copy")),
    ):
        assert mended.error is None
        assert mended.names["net"].w.grad.tolist() == right(torch.exp)


@pytest.mark.parametrize("traced", [True, False])
def test_an_optimizer_that_steps_between_two_passes(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"""
w = leaf(2.0)
optimizer = torch.optim.SGD([w], lr=0.1)
{head}{i}u = w * 1
{i}loss = w ** 3 + u
{i}loss.backward(retain_graph=True)
{i}optimizer.step()
{i}w.grad = None
{i}loss.backward()  # again
""")
    found = checked(run.why(), "overwritten value", "`w`", "`optimizer.step()`")
    assert found.line == run.line("optimizer.step()")
    assert "clone" not in found.text and "@" not in " ".join(found.says)
    mended = run.with_before("# again", code_of(found, "Compute the result again"))
    assert mended.grad("w") == pytest.approx(3 * (2.0 - 0.1 * 13) ** 2 + 1, rel=1e-4)


@pytest.mark.parametrize(
    ("before", "write", "new"),
    [
        ("", "w += 1", "new_w = w + 1"),
        ("", "w.mul_(2)", "new_w = w * 2"),
        ("", "w[0] = 1", ""),
        ("", "w[:1] += 1", ""),
        ("part = w[:1]", "part += 1", ""),
        ("v = leaf(5.0, 6.0)", "w.mul_(v)", "new_w = w * v"),
    ],
)
@pytest.mark.parametrize("traced", [True, False])
def test_a_write_into_a_leaf(before, write, new, traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"w = leaf(1.0, 2.0)\n{before}\n{head}{i}y = w ** 2\n{i}{write}")
    found = checked(run.why(), "leaf overwritten", "`w`", f"`{write}`", "leaf")
    assert found.line == run.line(write) and found.culprits[0] == "w"
    assert (found.drawing is not None) == traced
    apart = code_of(found, "update of a parameter")
    assert run.with_line(write, apart).error is None
    assert [it.code for it in found.repairs if "new tensor" in it.says] == [new] * bool(new)
    if new:
        mended = run.with_line(write, f"{new}\n(new_w ** 2).sum().backward()")
        w, v = leaf(1.0, 2.0), torch.tensor([5.0, 6.0])
        made = eval(new.partition(" = ")[2], {"w": w, "v": v})
        assert mended.grad("w") == pytest.approx(grad((made**2).sum(), w)[0].tolist())


def test_a_leaf_of_a_module_has_its_path():
    run = program("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.Sequential(nn.Linear(1, 1, bias=False))
            def forward(self, x):
                self.layers[0].weight *= 2
                return self.layers(x).sum()
        net = Net()
        net(torch.ones(1))
    """)
    found = checked(run.why(), "leaf overwritten", "`self.layers[0].weight`")
    assert found.line == run.line("*= 2")
    assert code_of(found, "new tensor") == "new_weight = self.layers[0].weight * 2"
