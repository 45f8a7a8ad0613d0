"""Every operation, cut and backward pass knows the student's line that called it."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from programs import cells, line_of
from torch.autograd import Function

from lesson_utils import draw, trace

TORCH = Path(torch.__file__).parent


class Double(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


def every_form(w, layer):
    a = w * 2  # mul
    b = torch.exp(a)  # exp
    c = F.relu(b)  # relu
    d = layer(c)  # linear
    d += 1  # add_
    d.div_(2)  # div_
    d[0] = 0.0  # setitem
    e = d.T  # T
    f = Double.apply(e)  # Double
    g = torch.stack(  # stack
        [f, f],
    )
    (h,) = [tensor.sin() for tensor in [g]]  # sin
    return (lambda z: z.sum())(h)  # sum


def test_every_form_of_a_call_has_its_line():
    w = torch.ones(1, 2, requires_grad=True)
    with trace() as t:
        y = every_form(w, torch.nn.Linear(2, 2))
    found = {op.name: (op.line, op.source) for op in t.graph(of=y).operations}
    for name in ("mul", "exp", "relu", "linear", "add_", "div_", "setitem", "T", "Double", "stack",
                 "sin", "sum"):  # fmt: skip
        assert found[name] == (line_of(every_form, name), __file__), name


def square(x):
    return x * x  # in here


class Layer(torch.nn.Module):
    def forward(self, x):
        return x.cos()  # in forward


def test_the_line_is_that_of_the_innermost_function_of_the_students():
    """Between it and the block may stand PyTorch's own frames, as those of `nn.Sequential`."""
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = torch.nn.Sequential(Layer(), torch.nn.ReLU())(square(square(w)))  # out here
    here = line_of(test_the_line_is_that_of_the_innermost_function_of_the_students, "out here")
    inside, forward = line_of(square, "in here"), line_of(Layer, "in forward")
    assert [op.line for op in t.graph(of=y).operations] == [inside, inside, forward, here]


SOURCE = """
import torch

def ask(z):
    if z > 0:
        return z * 2
    return z
"""
PLACES = [
    "torch/mine.py", "site-packages/torch/mine.py", "lesson_utils/mine.py", f"{TORCH}_mine/x.py",
    "<string>", "<ipython-input-1-0f>",
]  # fmt: skip


def asked_in(place):
    space = {}
    exec(compile(SOURCE, place, "exec"), space)
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = space["ask"](w * 1)
    return t.graph(of=y)


@pytest.mark.parametrize("place", PLACES)
def test_a_branch_in_a_folder_with_a_library_s_name_has_its_own_line(place):
    """What is PyTorch's own is told by its package, and not by letters in a path."""
    (branch,) = asked_in(place).branches
    assert branch.line == 5


@pytest.mark.parametrize("place", PLACES)
def test_an_operation_in_a_folder_with_a_library_s_name_has_its_own_line(place):
    compared, doubled = asked_in(place).operations[1:]
    assert (compared.line, compared.source) == (5, place)
    assert (doubled.line, doubled.source) == (6, place)


def test_code_that_knows_no_lines_has_none():
    bare = (lambda a: a * 2).__code__.replace(co_linetable=b"", co_filename="")
    function = type(square)(bare, {})
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = function(w)
    assert [op.line for op in t.graph(of=y).operations] == [None]
    assert "×" in draw(t).text


def test_a_write_that_is_met_later_does_not_have_the_line_of_the_meeting():
    w = torch.ones(2, requires_grad=True)
    with trace() as t:
        z = w * 3
        y = z[0]
        y.mul_(10)  # write
        s = z.sum()  # meeting
    this = test_a_write_that_is_met_later_does_not_have_the_line_of_the_meeting
    met = [op for op in t.graph(of=s).operations if op.line == line_of(this, "meeting")]
    assert [op.name for op in met] == ["sum"]
    written = [op for op in t.graph(of=s).operations if op.name.startswith("mul_")]
    assert [op.line for op in written] == [line_of(this, "write")]


CUTS = {
    "detach": lambda y: y.detach(),
    "data": lambda y: y.data,
    "item": lambda y: y.item(),
    "tolist": lambda y: y.tolist(),
    "numpy": lambda y: y.numpy(force=True),
    "float()": lambda y: float(y),
    "int()": lambda y: int(y),
    "gt": lambda y: y > 1,
    "eq": lambda y: y == 1,
    "argmax": lambda y: y.argmax(),
    "long": lambda y: y.long(),
    "tensor": lambda y: torch.tensor(y),
}


@pytest.mark.filterwarnings("ignore:To copy construct")
@pytest.mark.parametrize("reason", CUTS)
def test_a_cut_knows_what_was_cut_and_where(reason):
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = w * 3
        CUTS[reason](y)
        z = y * 2
    graph = t.graph(of=z)
    (cut,) = graph.cuts
    assert (cut.reason, cut.value) == (reason, graph["y"].id)
    assert (cut.line, cut.source) == (CUTS[reason].__code__.co_firstlineno, __file__)
    if reason in ("item", "tolist", "numpy", "float()", "int()"):
        assert cut.operation is None, "it gives no tensor"
    else:
        assert graph.operations[cut.operation].name == reason
        assert graph["y"].id in graph.operations[cut.operation].inputs


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_no_grad_is_a_cut_where_an_input_requires_a_gradient(off):
    w, x = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)
    with trace() as t:
        y = w * 3
        with off():
            x = x * 2
            half = y / 2  # cut
    graph = t.graph(of=y)
    (cut,) = graph.cuts
    assert (cut.reason, cut.value) == ("no_grad", graph["y"].id)
    assert graph.operations[cut.operation].outputs == (graph["half"].id,)
    this = test_no_grad_is_a_cut_where_an_input_requires_a_gradient
    assert cut.line == line_of(this, "cut") and half == 3


def test_what_reads_no_number_or_needs_no_gradient_is_no_cut():
    w, x = torch.ones(2, requires_grad=True), torch.ones(2)
    with trace() as t:
        y = Double.apply(w) + x.detach() + x.sum().item() + torch.zeros_like(w) * len(w)
        print(y, y.shape, y.requires_grad, f"{y}", y.dim(), y.is_contiguous())
        y = y.sum()
    assert t.graph(of=y).cuts == ()


PASSES = {
    "y.backward()": ("backward", "y"),
    "z.sum().backward(torch.tensor(2.0))": ("backward", "sum"),
    "torch.autograd.backward([y, z.sum()])": ("backward", "y sum"),
    "grad(y, w)": ("grad", "y"),
    "grad(y, w, create_graph=True)": ("grad", "y"),
    "torch.autograd.grad(outputs=(y, z), inputs=w, grad_outputs=(y * 0, z * 0))": ("grad", "y z"),
}


@pytest.mark.parametrize("written", PASSES)
def test_a_backward_pass_knows_what_was_differentiated_and_where(written):
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = w * 3
        z = w.exp().reshape(1)[0]
        space = {"torch": torch, "grad": torch.autograd.grad, "w": w, "y": y, "z": z}
        eval(compile("\n\n" + written, "mine.py", "eval"), space)
    graph = t.snapshot()
    (done,) = graph.passes
    call, names = PASSES[written]
    summed = [graph[op.outputs[0]].name for op in graph.operations if op.name == "sum"]
    wanted = [summed[0] if name == "sum" else name for name in names.split()]
    assert (done.call, done.line, done.source) == (call, 3, "mine.py")
    assert [graph[root].name for root in done.of] == wanted


def test_in_a_notebook_the_source_is_the_cell():
    """A function's lines are those of the cell that it stands in, whichever cell calls it."""
    told = "print([(op.name, op.line, op.source) for op in t.graph(of=y).operations])"
    printed = cells(
        "import torch\nfrom lesson_utils import trace\nw = torch.tensor(2.0, requires_grad=True)",
        "def double(z):\n\n    return z * 2",
        f"with trace() as t:\n    y = double(w)\n    y = y + 1\n    y.backward()\n{told}",
        "print(t.graph(of=y).passes[0].line, t.graph(of=y).passes[0].source)",
    )
    assert printed[2].strip() == "[('mul', 3, 'In[2]'), ('add', 3, 'In[3]')]"
    assert printed[3].strip() == "4 In[3]"


def cell(state, w):
    """Two lines that are called from several places."""
    u = state * w
    return torch.sin(u) + F.relu(u)


def test_a_line_in_a_loop_knows_how_often_it_began():
    w = torch.tensor(0.5, requires_grad=True)
    expected = []
    with trace() as t:
        h = w
        for i in range(3):
            h = h * w + h
            expected += [i + 1] * 2
        for i in range(2):
            h = F.relu(cell(h, w)) + cell(h, w)
            first, second = [2 * i + 1] * 4, [2 * i + 2] * 4
            expected += [*first, i + 1, *second, i + 1]
        while h < 9:
            h = h + 5
        parts = [torch.sin(k * w) for k in range(3)]
        torch.stack(parts)
    graph = t.snapshot()
    told = [op.visit for op in graph.operations]
    assert told[:26] == expected[:26]
    asked = [op.visit for op in graph.operations if op.name == "lt"]
    assert asked == [*range(1, len(asked) + 1)] and len(asked) > 1
    assert told[-7:] == [1, 1, 2, 2, 3, 3, 1]
    assert "visit" in graph.to_dict()["operations"][0]


def choosing(x):
    for i in range(4):
        x = x * 2 if i % 2 else x + 1
    return [1, 2, 3, 4]


def finishing(x):
    for i in range(3):
        try:
            if i == 1:
                continue
        finally:
            x = x + 1
    return [1, 2, 3]


def recursive(x):
    def down(n):
        return x if n == 0 else torch.sin(x) + down(n - 1)

    down(3)
    return [1, 2, 3, 3, 2, 1]


def layer_by_layer(x):
    layer = torch.nn.Linear(1, 1)
    x = x.reshape(1)
    for _ in range(3):
        x = layer(x)
        x = x * 2
    return [1, 1, 1, 2, 2, 3, 3]


def nobody_can_tell(x):
    """A model of two calls: where one call of it ends and the next begins does not show."""
    model = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Sigmoid())
    for _ in range(3):
        x = model(x)
    return [0] * 6


def several_functions_on_a_line(x):
    sum(map(lambda z: torch.sin(z * 2), [x, x])) + 1
    return [0] * 7


@pytest.mark.parametrize(
    "program",
    [choosing, finishing, recursive, layer_by_layer, nobody_can_tell, several_functions_on_a_line],
)
def test_passes_of_a_line_are_counted_or_not_told(program):
    x = torch.tensor(0.5, requires_grad=True)
    with trace() as t:
        expected = program(x)
    made = [op.visit for op in t.snapshot().operations if "uniform" not in op.name]
    assert made[-len(expected) :] == expected or made == expected
