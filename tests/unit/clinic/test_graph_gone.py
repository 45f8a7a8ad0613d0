"""The second backward pass: what was freed, by which pass, and repairs that give the gradient."""

import pytest
import torch
from failing import checked, code_of, leaf, program, slope
from torch.autograd import grad

TWICE = """
w = leaf(2.0)
with trace() as t:
    u = torch.exp(w)
    loss = u * u
    loss.backward()
    loss.backward()  # again
"""


ONCE = slope(lambda w: torch.exp(w) ** 2, 2.0)


def test_twice_in_a_block_names_the_operation_the_line_and_the_pass():
    run = program(TWICE)
    found = checked(run.why(), "freed graph", "`loss`", "`×`", "`u`")
    assert found.line == run.line("u * u")
    assert f"by the backward pass on line {run.line('loss.backward()')}." in found.says[1]
    assert found.culprits == ("loss", "×")
    assert "✗" in found.drawing.svg and "culprit" in found.drawing.svg
    again = run.with_before("# again", code_of(found, "Compute it again"))
    assert again.grad("w") == pytest.approx(2 * ONCE)  # one pass adds to the other


def test_the_plaster_lets_the_second_pass_through():
    run = program(TWICE)
    plaster = code_of(run.why(), "keep the graph")
    source = run.source.replace("loss.backward()\n", f"{plaster}\n", 1)
    assert program(source).grad("w") == pytest.approx(2 * ONCE)


def test_the_passes_after_the_block():
    run = program("""
        w = leaf(2.0)
        with trace() as t:
            u = torch.exp(w)
            loss = u * u
        loss.backward()
        loss.backward()  # again
    """)
    found = checked(run.why(), "freed graph", "`loss`", "by a backward pass after the block")
    assert found.line == run.line("u * u") and found.drawing is not None
    assert run.with_before("# again", code_of(found, "Compute")).grad("w") == pytest.approx(
        2 * ONCE
    )


@pytest.mark.parametrize("inside", [True, False])
def test_without_a_trace_it_says_what_it_can_and_asks_for_one(inside):
    lines = "u = torch.exp(w)\nloss = u * u\nloss.backward()\nloss.backward()  # again"
    indented = lines.replace("\n", "\n    ")
    source = f"def step(w):\n    {indented}\nw = leaf(2.0)\nstep(w)" if inside else lines
    run = program(source if inside else f"w = leaf(2.0)\n{lines}")
    found = checked(run.why(), "freed graph", "`loss`", "MulBackward0", "with trace() as t:")
    assert found.drawing is None
    code = code_of(found, "Compute it again")
    assert code == "u = torch.exp(w)\nloss = u * u"
    assert run.with_before("# again", code).grad("w") == pytest.approx(2 * ONCE)


LOOP = """
w = leaf(2.0)
x = leaf(3.0)
{before}scale = torch.exp(w)
{trace}for step in range(2):
{indent}    loss = scale * x
{indent}    loss.backward()
"""


@pytest.mark.parametrize(
    ("before", "trace", "indent"),
    [
        ("", "", ""),
        ("", "with trace() as t:\n    ", "    "),
        ("with trace() as t:\n    ", "", ""),
        ("with trace() as t:\n    ", "    ", "    "),
    ],
    ids=["no trace", "loop traced", "before the loop traced", "all traced"],
)
def test_a_tensor_made_before_the_loop(before, trace, indent):
    run = program(LOOP.format(before=before, trace=trace, indent=indent))
    found = checked(run.why(), "freed graph", "`scale`", "exp" if before else "ExpBackward0")
    assert found.culprits[0] == "scale" and found.line == run.line("torch.exp")
    code = code_of(found, "Compute `scale` in the loop")
    assert code == "scale = torch.exp(w)"
    mended = run.with_before("loss = scale * x", code)
    assert mended.grad("w") == pytest.approx(2 * 3 * slope(torch.exp, 2.0))
    assert mended.grad("x") == pytest.approx(2 * torch.exp(torch.tensor(2.0)).item())


TRUNK = """
w = leaf(2.0)
{head}{i}trunk = torch.exp(w)
{i}one = trunk * 2
{i}two = trunk ** 2
{i}one.backward()
{i}two.backward()
"""


@pytest.mark.parametrize("traced", [True, False])
def test_two_losses_that_share_a_trunk(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(TRUNK.format(head=head, i=i))
    found = checked(run.why(), "freed graph", "`trunk`", "`two`")
    assert found.culprits[0] == "trunk" and found.line == run.line("torch.exp")
    at_once = code_of(found, "go back once from the sum")
    assert at_once == "(one + two).backward()"
    source = run.source.replace(f"{i}one.backward()\n", "").replace("two.backward()", at_once)
    right = slope(lambda w: torch.exp(w) * 2 + torch.exp(w) ** 2, 2.0)
    assert program(source).grad("w") == pytest.approx(right)
    if traced:
        again = run.with_before("two.backward()", code_of(found, "Compute it again"))
        assert again.grad("w") == pytest.approx(right)
        plaster = code_of(found, "keep the graph")
        assert run.with_line("one.backward()", plaster).grad("w") == pytest.approx(right)


STATE = """
w = leaf(0.5)
h = torch.tensor(1.0)
{head}{i}for x in (1.0, 2.0, 3.0):
{i}    h = torch.tanh(w * h + x)
{i}    loss = h ** 2
{i}    loss.backward()
"""


@pytest.mark.parametrize("traced", [True, False])
def test_a_state_carried_from_step_to_step(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(STATE.format(head=head, i=i))
    found = checked(run.why(), "freed graph", "`h`", "step")
    assert found.culprits[0] == "h" and found.line == run.line("h = torch.tanh")
    assert not any(repair.plaster for repair in found.repairs)  # the graph would grow and grow
    mended = run.with_after("loss.backward()", code_of(found, "Let go"))
    w, h, total = leaf(0.5), torch.tensor(1.0), 0.0
    for x in (1.0, 2.0, 3.0):
        h = torch.tanh(w * h.detach() + x)
        total += grad(h**2, w)[0].item()
    assert mended.grad("w") == pytest.approx(total)


def test_a_module_and_a_pass_for_several_results():
    run = program("""
        model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        x = torch.ones(4, 2)
        with trace() as t:
            loss = model(x).square().mean()
        loss.backward()
        model.zero_grad()
        loss.backward()  # again
    """)
    found = checked(run.why(), "freed graph", "`square`", "`loss`")
    assert found.line == run.line("model(x)")
    mended = run.with_before("# again", code_of(found, "Compute it again"))
    right = torch.autograd.grad(
        mended.names["model"](torch.ones(4, 2)).square().mean(), mended.names["model"][0].weight
    )
    assert torch.allclose(mended.names["model"][0].weight.grad, right[0])

    run = program("""
        w = leaf(2.0)
        with trace() as t:
            one = torch.exp(w)
            two = torch.sin(w)
        torch.autograd.backward([one, two])
        torch.autograd.backward([one, two])  # again
    """)
    found = checked(run.why(), "freed graph", "from `two` came to `sin`")
    assert found.line == run.line("torch.sin")
    mended = run.with_before("# again", code_of(found, "Compute it again"))
    assert mended.grad("w") == pytest.approx(2 * slope(lambda w: torch.exp(w) + torch.sin(w), 2.0))


def test_the_forward_lines_of_another_function_are_told_as_the_call_of_it():
    run = program("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.w = nn.Parameter(torch.tensor(2.0))
            def forward(self, x):
                h = torch.exp(
                    self.w * x
                )
                return h ** 2
        net = Net()
        with trace() as t:
            loss = net(torch.tensor(3.0))
        loss.backward()
        loss.backward()  # again
    """)
    found = checked(run.why(), "freed graph", "`^`", "`h`")
    assert found.line == run.line("return h ** 2")
    code = code_of(found, "Compute it again")
    assert code == "loss = net(torch.tensor(3.0))"
    mended = run.with_before("# again", code)
    right = slope(lambda w: torch.exp(w * 3) ** 2, 2.0)
    assert mended.names["net"].w.grad.item() == pytest.approx(2 * right)


def test_grad_with_keywords_over_several_lines():
    run = program("""
        w = leaf(2.0)
        with trace() as t:
            loss = torch.exp(w) * 2
            (one,) = grad(
                outputs=loss,
                inputs=[w],
            )
            (two,) = grad(outputs=loss, inputs=[w])  # again
    """)
    found = checked(run.why(), "freed graph", "`loss`", "`×`")
    assert found.line == run.line("torch.exp")
    assert code_of(found, "keep the graph") == (
        "(one,) = grad(outputs=loss, inputs=[w], retain_graph=True)"
    )
    mended = run.with_before("# again", code_of(found, "Compute it again"))
    assert mended.names["two"].item() == pytest.approx(2 * slope(torch.exp, 2.0))


@pytest.mark.parametrize("traced", [True, False])
def test_a_pass_that_kept_the_graph_is_not_the_one_that_freed_it(traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"""
w = leaf(2.0)
{head}{i}loss = torch.exp(w)
{i}loss.backward(retain_graph=True)
{i}loss.backward()  # frees
{i}loss.backward()
""")
    found = checked(run.why(), "freed graph", f"on line {run.line('frees')}")
    assert f"line {run.line('retain')}" not in " ".join(found.says)
