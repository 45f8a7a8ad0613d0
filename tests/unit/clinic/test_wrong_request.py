"""What autograd cannot give: of several numbers, of integers, of what is not there, as NumPy."""

import pytest
from failing import checked, code_of, program

SEVERAL = """
w = leaf(1.0, 2.0)
{head}{i}y = w ** 2
{i}{line}
"""


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize(
    "line",
    [
        "y.backward()",
        "(w ** 2).backward()",
        "torch.autograd.backward([y.sum(), y])",
        "(d,) = grad(y, w)",
        "(d,) = grad(outputs=y, inputs=[w], retain_graph=True)",
        "(d,) = torch.autograd.grad(\n        y,\n        w,\n    )",
    ],
)
def test_a_result_of_several_numbers(line, traced):
    if not traced:
        line = line.replace("\n    ", "\n")
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(SEVERAL.format(head=head, i=i, line=line))
    name = "w ** 2" if line.startswith("(w") else "y"
    found = checked(run.why(), "not a scalar", f"`{name}`", "2 elements", "[2]")
    assert found.culprits == (name,) and run.line(line.partition("\n")[0]) <= found.line
    assert (found.drawing is not None) == traced
    codes = [it.code for it in found.repairs if it.code]
    assert len(codes) == (1 if "[y.sum()" in line else 2)
    for code in codes:
        mended = program(run.source.replace(line, code))
        assert mended.error is None, (code, mended.error)
        times = 2 if "[y.sum()" in line else 1
        slope = mended.names["w"].grad if mended.names.get("d") is None else mended.names["d"]
        assert slope.tolist() == [2.0 * times, 4.0 * times]


UNUSED = """
w = leaf(2.0)
b = leaf(1.0)
copy = w.detach().clone().requires_grad_()
{head}{i}u = w * 2
{i}v = w * 3
{i}y = u ** 2
{after}
{line}
"""


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize(
    ("line", "unused", "near", "says", "right"),
    [
        ("dw, db = grad(y, [w, b])", "b", "w", "Ask only", {"dw": 16.0}),
        ("d = grad(outputs=y, inputs=[b, w, copy])", "b", "w", "Ask only", {}),
        ("(d,) = grad(y, b)", "b", "w", "Ask for `w`", {"d": 16.0}),
        ("(d,) = grad(y, copy)", "copy", "w", "Ask for `w`", {"d": 16.0}),
        ("(d,) = grad(y, v)", "v", "u", "Ask for `u`", {"d": 8.0}),
        ("(d,) = torch.autograd.grad(\n    y,\n    [b],\n)", "b", "w", "Ask for `w`", {"d": 16.0}),
        ("(d,) = grad(y, w[None])", "w[None]", "w", "Ask for `w`", {"d": 16.0}),
    ],
)
def test_an_input_that_was_not_used(line, unused, near, says, right, traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(UNUSED.format(head=head, i=i, line=line, after=""))
    found = checked(run.why(), "unused input", f"`{unused}`", "`y`")
    assert found.culprits[:2] == (unused, "y") and found.culprits[2] == near
    assert (found.drawing is not None) == traced
    mended = program(run.source.replace(line, code_of(found, says)))
    assert mended.error is None
    assert {name: mended.names[name].item() for name in right} == right
    (plaster,) = (it for it in found.repairs if it.plaster)
    assert "allow_unused" in plaster.code
    assert program(run.source.replace(line, plaster.code)).error is None


def test_a_name_that_was_bound_anew():
    run = program("""
        w = leaf(2.0)
        with trace() as t:
            y = w ** 2
        w = leaf(3.0)
        (d,) = grad(y, w)
    """)
    found = checked(run.why(), "unused input", "`w` was bound anew since")
    assert found.line == 5 and found.culprits[0] == "w"
    mended = run.with_line("(d,) =", code_of(found, "Compute again"))
    assert mended.names["d"].item() == 6.0


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("w = torch.tensor([1, 2], requires_grad=True)", "whole numbers"),
        ("w = torch.arange(1, 3, requires_grad=True)", "whole numbers"),
        ("w = torch.ones(2, dtype=torch.long, requires_grad=True)", "whole numbers"),
        ("w = torch.tensor([True, False], requires_grad=True)", "True and False"),
        ("w = nn.Parameter(torch.tensor([1, 2]))", "whole numbers"),
        ("w = torch.tensor(\n    [1, 2],\n    requires_grad=True,\n)", "whole numbers"),
        ("w = torch.tensor([1, 2])\nw.requires_grad_()", "`w` holds whole numbers"),
        ("w = torch.tensor([1, 2])\nw.requires_grad = True", "`w` holds whole numbers"),
        ("w = torch.tensor([1, 2])\nw = nn.Parameter(w)", "`w` holds whole numbers"),
        (
            "net = nn.Module()\nnet.w = torch.arange(2)\nnet.w.requires_grad_()\nw = net.w",
            "`net.w` holds whole numbers",
        ),
    ],
)
def test_whole_numbers_require_no_gradient(source, what):
    run = program(source)
    found = checked(run.why(), "whole numbers", what)
    lines = run.source.splitlines()
    asked = [number for number, it in enumerate(lines, 1) if "require" in it or "Parameter" in it]
    assert found.line == asked[0] or "\n    [" in source
    failed = source if source.startswith("w = torch.tensor(\n") else lines[found.line - 1]
    mended = program(run.source.replace(failed, found.repairs[0].code))
    assert mended.error is None
    w = mended.names["w"]
    (w * w).sum().backward()
    assert w.grad.tolist() == (2 * w).tolist()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("a = y.numpy()", "y"),
        ("a = np.asarray(y)", "y"),
        ("a = np.sin(y)", "y"),
        ("a = (y * 1).numpy()", "y"),
        ("a = net.weight.numpy()", "net.weight"),
        ("a = nets[0].weight.numpy()", "nets[0].weight"),
        ("plot(x, y)", "b"),
    ],
)
@pytest.mark.parametrize("traced", [True, False])
def test_a_tensor_with_a_graph_as_an_array(line, name, traced):
    head, i = ("with trace() as t:\n", "    ") if traced else ("", "")
    run = program(f"""
x, w, net = torch.zeros(2), leaf(1.0, 2.0), nn.Linear(1, 1)
nets = [net]
def plot(a, b):
    return np.array(a), np.array(b)
{head}{i}y = w * 2
{line}
""")
    found = checked(run.why(), "to NumPy", f"`{name}`")
    failed = "return np.array" if name == "b" else line
    assert found.line == run.line(failed) and found.culprits == (name,)
    code = code_of(found, "let go of the graph")
    assert f"{name}.detach()" in code
    assert run.with_line(failed, code).error is None
    if name == "y":
        assert (found.drawing is not None) == traced


def test_the_sentences_say_nothing_of_what_has_no_name():
    run = program("(d,) = grad(leaf(2.0) ** 2, [leaf(1.0)])")
    found = checked(run.why(), "unused input", "`leaf(1.0)`")
    assert found.repairs[-1].plaster
