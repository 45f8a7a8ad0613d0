"""Where lines alone cannot tell, nothing is told as a fact; and no repair mixes things up."""

import textwrap
import weakref

import pytest
import torch
from failing import cells, checked, code_of, leaf, program
from torch import nn

from lesson_utils.clinic import cell as cell_module

W = "w = torch.ones(3, requires_grad=True)"


@pytest.mark.parametrize(
    "sources",
    [
        ("y = torch.zeros(3)", "y += 1", "y = w.exp()", "torch._foreach_mul_([y], 2)"),
        ("y = w.exp()\nif len(y) > 5:\n    y += 1", "torch._foreach_mul_([y], 2)"),
        ("y = w.exp()\nfor _ in ():\n    y += 1", "torch._foreach_mul_([y], 2)"),
        ("y = w.exp()\nr = [y.add_(1) for y in [torch.zeros(1)]]", "torch._foreach_mul_([y], 2)"),
        ("y = w.exp()\nf = lambda y: y.add_(1)", "torch._foreach_mul_([y], 2)"),
        ("y = w.exp()", "keep = y; y = torch.zeros(3); y += 1; y = keep",
         "torch._foreach_mul_([y], 2)"),
        ("y = w.exp()\ntry:\n    1 / 0\n    y += 1\nexcept ZeroDivisionError: pass",
         "torch._foreach_mul_([y], 2)"),
    ],
)  # fmt: skip
def test_a_line_that_need_not_have_written_there_is_not_blamed(sources):
    run = cells(W, *sources, "y.sum().backward()")
    found = checked(run.why(), "overwritten value", "`y`", "at version 1 now")
    assert found.line is None and not any(repair.code for repair in found.repairs)


def test_a_line_of_a_cell_that_may_have_failed_is_named_with_that():
    run = cells(
        W, "y = w.exp()", "def f(a): a.mul_(2)", "f(y)\n1 / 0\ny += 1", "y.sum().backward()"
    )
    checked(run.why(), "overwritten value", "on line 3 of `In[4]`, if that cell ran to its end")


def test_two_branches_that_cut_are_not_told_apart():
    run = program(f"""
{W}
if len(w) > 1:
    y = torch.tensor((w * 2).tolist())
else:
    y = (w * 2).detach()
y.sum().backward()
""")
    found = checked(run.why(), "no graph", "`w`")
    assert found.line is None


TWO = """
w = leaf(2.0)
feat = w.exp()
one = feat.sum()
two = (feat ** 2).sum()
one.backward()
{}
two.backward()
"""


@pytest.mark.parametrize("between", ["w.grad = None", "opt.zero_grad()", "w.grad.neg_()"])
def test_two_passes_with_something_between_are_not_one_for_the_sum(between):
    opt = torch.optim.SGD([leaf(1.0)], lr=0.1)
    run = program(TWO.format(between), opt=opt)
    found = checked(run.why(), "freed graph", "`two`")
    assert not any("sum" in repair.says or repair.plaster for repair in found.repairs)
    mended = run.with_line("one.backward()", code_of(found, "two gradients of this graph"))
    assert mended.error is None
    alone = run.with_line("one =", "one = feat.detach().sum().requires_grad_()")
    assert alone.error is None or between == "w.grad.neg_()"  # nothing is there to be negated


def test_with_nothing_between_the_sum_is_offered():
    run = program(TWO.format("print(w)"))
    code = code_of(run.why(), "go back once from the sum")
    assert code == "(one + two).backward()"


def test_what_was_made_before_a_loop_may_be_meant_to_stay():
    run = program("""
        w = leaf(0.5)
        old = torch.tanh(w)
        for x in (1.0, 2.0):
            loss = (torch.tanh(w) - old) * x
            loss.backward()
    """)
    found = checked(run.why(), "freed graph", "`old`")
    inner = run.with_line("old = ", "").with_before("loss = ", code_of(found, "in the loop"))
    assert inner.grad("w") == 0.0  # if each step is to learn through it
    target = run.with_after("old = ", code_of(found, "as a target is"))
    assert target.grad("w") == pytest.approx(3 * (1 - torch.tanh(torch.tensor(0.5)) ** 2).item())


@pytest.mark.parametrize(
    ("source", "offered"),
    [
        ("y = w.exp(); z = y; y += 1\n(z ** 2).sum().backward()", False),
        ("y = w.exp(); v = y[:2]; y *= 3\nv.sum().backward()", False),
        ("y = w.exp()\nz = y.mul_(3)\n(y * z).sum().backward()", True),
        ("y = w.exp()\nwith torch.no_grad():\n    y += 1\n(y * 2).sum().backward()", False),
        ("y = w.exp()\ndef inner(): y.mul_(2)\ninner()\ny.sum().backward()", False),
    ],
)
def test_no_repair_where_another_name_knows_the_tensor(source, offered):
    run = program(f"{W}\n{source}")
    found = checked(run.why(), "overwritten value", "`")
    codes = [repair.code for repair in found.repairs if repair.code]
    assert bool(codes) == offered and "z = y * 3" not in codes


def test_calls_in_a_row_are_one_new_tensor():
    run = program(f"{W}\nm = w.exp()\nm.mul_(0.5).add_(1.0)\nm.sum().backward()")
    found = run.why()
    assert found.family == "overwritten value"
    mended = run.with_line("m.mul_", "m = m.mul(0.5).add(1.0)")
    assert mended.error is None


STATE = """
{head}
for i in range(3):
    {step}
    loss = out.mean()
    loss.backward()
"""


class Model(nn.Module):
    """Keeps its state from call to call."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4)
        self.hidden = (torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))

    def forward(self, x):
        out, self.hidden = self.lstm(x, self.hidden)
        return out


@pytest.mark.parametrize(
    ("head", "step", "names"),
    [
        ("h = c = torch.zeros(1, 2, 4)", "out, (h, c) = lstm(x, (h, c))", ["h", "c"]),
        ("state = None", "out, state = lstm(x, state)", ["state"]),
        ("model = Model()", "out = model(x)", ["model.hidden"]),
        ("hidden = [torch.zeros(1, 2, 4)]", "hidden[0] = torch.tanh(lstm(x)[0][:1] + hidden[0]); "
         "out = hidden[0]", ["hidden"]),
        ("known = {'h': torch.zeros(1, 2, 4)}", "known['h'] = torch.tanh(lstm(x)[0][:1] + "
         "known['h']); out = known['h']", ["known"]),
    ],
)  # fmt: skip
def test_all_that_carries_a_graph_is_let_go(head, step, names):
    given = {"lstm": nn.LSTM(3, 4), "x": torch.randn(5, 2, 3), "Model": Model}
    run = program(STATE.format(head=head, step=step), **given)
    found = checked(run.why(), "freed graph", *(f"`{name}`" for name in names))
    code = code_of(found, "Let go of the old graph")
    assert [line.partition(" = ")[0] for line in code.splitlines()] == names
    mended = run.with_after("loss.backward()", code)
    assert mended.error is None, mended.error


def test_a_cell_that_is_run_again_carries_a_state():
    cell = "h = torch.tanh(w * h + 1.0)\nloss = h.sum()"
    run = cells("w = leaf(0.5); h = torch.tensor(0.0)", cell, "loss.backward()", cell,
                "loss.backward()")  # fmt: skip
    found = checked(run.why(), "freed graph", "`h`")
    assert code_of(found, "Let go") == "h = h.detach()"


def test_a_loop_that_is_traced_step_by_step_carries_a_state():
    run = program("""
        w, h = leaf(0.5), torch.tensor(0.0)
        for i in range(2):
            with trace() as t:
                h = torch.tanh(w * h + 1.0)
                loss = h * 2.0
            loss.backward()
    """)
    found = checked(run.why(), "freed graph", "`h`")
    assert run.with_after("loss.backward()", code_of(found, "Let go")).error is None


def test_a_total_that_is_added_to_is_let_go():
    run = program("""
        w = leaf(2.0)
        total = 0
        for i in range(3):
            total += w * i
            total.backward()
    """)
    found = run.why()
    if found.family != "not autograd's":  # a product by a number saves nothing
        assert "int" not in found.text
    run = program(run.source.replace("w * i", "(w * i) ** 2"))
    mended = run.with_after("total.backward()", code_of(run.why(), "Let go"))
    assert mended.grad("w") == 2 * 2.0 * (0 + 1 + 4)


def test_a_function_that_goes_back_itself_is_not_called_again():
    run = program("""
        w = leaf(2.0)
        def step():
            loss = w.exp()
            loss.backward()
            return loss
        loss = step()
        loss.backward()
    """)
    assert code_of(run.why(), "Compute it again") == ""


def test_a_whole_block_is_moved_out():
    run = program(f"{W}\nwith torch.no_grad():\n    a = w * 2\n    b = a + 1\nb.sum().backward()")
    code = code_of(run.why(), "out of the block")
    assert program(f"{W}\n{code}\nb.sum().backward()").grad("w") == [2.0] * 3


@pytest.mark.parametrize(
    "source",
    [
        "xs = [(w * i).sum().item() for i in range(3)]\nloss = torch.tensor(xs).sum()",
        "xs = (w * 2).detach().numpy()\nloss = torch.tensor(xs).sum()",
    ],
)
def test_of_two_cuts_none_is_mended_alone(source):
    found = checked(program(f"{W}\n{source}\nloss.backward()").why(), "path cut", "By your lines")
    assert not any(repair.code for repair in found.repairs if not repair.plaster)


def test_numbers_that_are_made_a_tensor_again_are_stacked():
    run = program(f"{W}\ny = w * 2\nloss = torch.tensor([float(v) for v in y]).sum()\n"
                  "loss.backward()")  # fmt: skip
    code = code_of(run.why(), "torch.stack")
    assert run.with_line("loss = ", code).grad("w") == [2.0] * 3


def test_a_decorator_that_disables_gradients_is_found():
    run = program("""
        model = nn.Linear(2, 1)
        @torch.no_grad()
        def features(x):
            return model(x)
        loss = features(torch.ones(1, 2)).sum()
        loss.backward()
    """)
    found = checked(run.why(), "path cut", "on line 2", "`features`")
    assert run.with_line("@torch.no_grad()", "").error is None and found.line == 2


def test_parameters_of_a_model_are_variables_that_require_gradients():
    run = program("loss.backward()", model=nn.Linear(2, 1), loss=torch.tensor(1.0))
    checked(run.why(), "no graph", "`model.weight`", "or there never was one")


def test_gradients_that_are_disabled_for_good_are_noticed():
    with torch.set_grad_enabled(False):
        run = program("w = leaf(2.0)\nloss = w.exp()\nloss.backward()")
        found = checked(run.why(), "no graph", "disabled now")
    assert code_of(found, "Enable") == "torch.set_grad_enabled(True)"


def test_a_cut_is_no_missing_use():
    run = program("""
        a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
        with trace() as t:
            loss = torch.cat([a, b.detach()]).sum()
        grad(loss, [a, b])
    """)
    found = checked(run.why(), "unused input", "`b`", "cut on line 3, by `detach`")
    assert "not used on the way" not in found.text


def test_a_leaf_that_nothing_was_computed_from_is_not_said_to_be_unused():
    run = program("w = leaf(2.0)\n(w ** 2).backward()\nw.grad = None")
    checked(run.why("w"), "no pass yet", "zero_grad()")


def test_very_many_graphs_are_not_said_to_be_none():
    w = leaf(2.0)
    losses = [w.exp() for _ in range(21_000)]
    found = program("pass", losses=losses).why("losses")
    assert found.family == "memory" and "not counted" in found.text


def test_results_of_several_numbers_are_kept_as_numbers():
    run = program("w = leaf(1.0, 2.0)\ny = w.exp()")
    found = run.why("[y]")
    assert code_of(found, "Keep the numbers alone") == "y.tolist()"


class Endless(list):
    """Never ends."""

    def __iter__(self):
        while True:
            yield 1


class Odd:
    """Its class cannot be asked for."""

    @property
    def __class__(self):
        raise ValueError("no")


class Silent(nn.Module):
    """Its parameters cannot be asked for."""

    def named_parameters(self, *_, **__):
        raise ValueError("no")


def test_variables_of_any_kind_are_no_obstacle():
    gone = Model()
    names = {"endless": Endless(), "odd": Odd(), "silent": Silent(), "dead": weakref.proxy(gone)}
    del gone
    run = program("w = leaf(2.0)\ny = w.exp()\ny += 1\ny.backward()", **names)
    checked(run.why(), "overwritten value", "`y += 1`")
    run = program("w = leaf(2.0)\ny = w.exp()\ny.backward()\ny.backward()", **names)
    checked(run.why(), "freed graph", "`y`")
    run = program("w = leaf(2.0)\ny = w.detach() * 2\ny.backward()", **names)
    checked(run.why(), "path cut", "`detach`")


class Exits(nn.Module):
    """Asks Python to exit when it is looked at."""

    def named_modules(self, *_, **__):
        raise SystemExit(3)


def test_an_object_that_asks_to_exit_ends_nothing():
    run = program("w = leaf(2.0)\ny = w.detach() * 2\ny.backward()", odd=Exits())
    assert run.why().text


V = "w = torch.tensor([0.3, -0.2, 0.7], requires_grad=True)"
TRACED = "with trace() as t:\n    h = w.exp()\n    a = (h * h).sum()\n    b = (h ** 2).mean()"


@pytest.mark.parametrize("again", ["b", "a"])
def test_a_pass_in_another_cell_than_the_trace_is_computed_again_whole(again):
    run = cells(V, TRACED, f"a.backward()\n{again}.backward()")
    code = code_of(run.why(), "Compute it again")
    mended = program(f"{V}\n{textwrap.dedent(TRACED)}\na.backward()\n{code}\n{again}.backward()")
    assert mended.error is None and "h = w.exp()" in code


def test_what_is_gone_back_from_was_made_before_the_loop_as_well():
    run = program(f"""
{V}
h = w.exp()
losses = [(h * i).pow(2).sum() for i in range(3)]
for q in losses:
    q.backward()
""")
    assert not any("in the loop" in repair.says for repair in run.why().repairs)


def test_a_state_that_is_set_after_the_pass_is_let_go_there():
    run = program(f"""
{V}
prev = torch.tensor(0.0)
for i in range(3):
    cur = (w ** 2).sum() * (i + 1)
    (cur - prev).backward()
    prev = cur
""")
    mended = run.with_line("prev = cur", code_of(run.why(), "Let go"))
    right = 2 * torch.tensor([0.3, -0.2, 0.7]) * 6
    assert mended.grad("w") == pytest.approx(right.tolist())


@pytest.mark.parametrize("call", ["zero([w])", "show()"])
def test_who_knows_what_a_call_between_two_passes_does(call):
    run = cells(V, "def zero(ps):\n    for p in ps: p.grad = None\ndef show(): pass",
                "h = w.exp(); a = (h * h).sum(); b = (h ** 3).sum()",
                f"a.backward()\n{call}\nb.backward()")  # fmt: skip
    assert not any("sum" in repair.says for repair in run.why().repairs)


def test_several_numbers_are_not_added_to_one():
    run = cells(V, "h = w.exp(); a = (h * h).sum(); b = h ** 2",
                "a.backward()\nb.backward(torch.ones(3))")  # fmt: skip
    assert not any("sum" in repair.says for repair in run.why().repairs)


def test_a_result_of_several_numbers_is_not_gone_back_from_as_it_is():
    run = program(f"{V}\nv = torch.ones(3, requires_grad=True)\na = v * 2")
    found = run.why("v")
    assert not any(repair.code for repair in found.repairs) and "Make one number" in found.text


@pytest.mark.parametrize(
    "sources",
    [
        ("def f(y): y *= 2", "with trace() as t:\n    y = w.exp(); f(y); l = y.sum()"),
        ("y = w.exp(); b = y.view(3); l = (b * b).sum()\ny *= 2\nprint(b)",),
    ],
)
def test_no_name_is_bound_where_the_tensor_is_anothers(sources):
    run = cells(V, *sources, "l.backward()")
    found = checked(run.why(), "overwritten value", "`")
    assert not any(repair.code for repair in found.repairs) and found.repairs


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize(
    "body", ["h = w * 2\nb = h.exp()", "b = torch.zeros(3)\nfor i in range(3):\n    b = b + w * i"]
)
def test_the_whole_of_a_block_is_moved_out_be_it_traced(traced, body):
    block = "with torch.no_grad():\n" + textwrap.indent(body, "    ") + "\nl = b.sum()"
    block = "with trace() as t:\n" + textwrap.indent(block, "    ") if traced else block
    run = program(f"{V}\n{block}\nl.backward()")
    code = code_of(run.why(), "out of the block")
    right = program(f"{V}\n{body}\nb.sum().backward()").grad("w")
    assert program(f"{V}\n{code}\nb.sum().backward()").grad("w") == right


@pytest.mark.parametrize(
    "line",
    [
        "import math; l = torch.tensor(math.exp(w[0]))",
        "l = torch.tensor(list(w)).sum()",
        "l = torch.tensor([[w[0], w[1]], [w[1], w[2]]]).sum()",
        "l = torch.full((3,), float(w.sum())).sum()",
        "l = torch.softmax(w, 0).argmax().detach() * 1.0",
        "l = torch.ones(3)[: int(w.sum() * 2)].sum()",
    ],
)
def test_code_that_would_not_run_is_not_proposed(line):
    found = program(f"{V}\n{line}\nl.backward()").why()
    assert not any(repair.code for repair in found.repairs if not repair.plaster), found.text
    assert "Up to `[" not in found.text and "Up to `math" not in found.text
    assert "Up to `list" not in found.text


def test_what_begins_anew_is_only_proposed_if_that_is_meant():
    run = cells(V, "with trace() as t:\n    h = w * 2\n    h = h.detach()",
                "with trace() as t:\n    l = h.sum()", "l.backward()")  # fmt: skip
    for repair in run.why().repairs:
        assert repair.plaster or "If that is what you want" in repair.says or not repair.code


def test_the_operation_that_is_named_is_on_the_way():
    run = program(f"""
{V}
with trace() as t:
    h = w * 2
    a = h.sum()
    b = h.exp().sum()
b.backward()
b.backward()
""")
    checked(run.why(), "freed graph", "`exp`")


def test_an_earlier_value_of_a_name_is_called_that():
    run = program(f"{V}\nl = (w * 2).sum()\nl = torch.tensor(l.item()) * 2\nl.backward()")
    assert "Up to `l` there is a path" not in run.why().text
    traced = f"{V}\nwith trace() as t:\n    l = (w * 2).sum()\n    l = torch.tensor(l.item()) * 2"
    found = checked(program(f"{traced}\nl.backward()").why(), "path cut", "`item`", "on line 4")
    assert "Up to `l` there is a path" not in found.text


def test_a_long_trace_is_read_once_for_all():
    run = program("""
        w = leaf(1.0)
        with trace() as t:
            y = w.exp()
            for _ in range(1000):
                y = y * 1.0001
        y.backward()
        y.backward()
    """)
    before = cell_module._read.cache_info().misses
    run.why()
    assert cell_module._read.cache_info().misses - before <= 2


@pytest.mark.parametrize(
    "kept",
    ["xs = [(w * i).exp() for i in range(3)]", "xs = {'a': w.exp()}",
     "class K: pass\nxs = K(); xs.a = w.exp()"],
)  # fmt: skip
def test_results_in_lists_and_objects_were_computed_from_it_too(kept):
    found = checked(program(f"{V}\n{kept}").why("w"), "no pass yet", "what `xs` holds")
    assert "zero_grad" not in found.text
