"""The student's lines, read and rewritten."""

import linecache

import pytest

from lesson_utils.clinic import code, rewritten
from lesson_utils.clinic.cell import cell_of, statement_at
from lesson_utils.clinic.statement import Place


@pytest.fixture
def cell():
    """Makes a cell of a text."""

    def made(text):
        linecache.cache["/students/cell.py"] = 1, None, text.splitlines(True), "/students/cell.py"
        return cell_of("/students/cell.py")

    return made


def at(line, column=4):
    """A place in a file, on a line."""
    return Place(0, line, column)


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("x += 1", "x = x + 1"),
        ("x **= 2", "x = x ** 2"),
        ("self.x += 1", "self.x = self.x + 1"),
        ("x.mul_(a + b)", "x = x * (a + b)"),
        ("y = x.add_(1)", "y = x + 1"),
        ("x.add_(1, alpha=2)", "x = x.add(1, alpha=2)"),
        ("torch.relu_(x)", "x = torch.relu(x)"),
        ("y = F.relu(x, inplace=True)", "y = F.relu(x)"),
        ("x[0] = 1", ""),
        ("x[0] += 1", ""),
        ("x = x + 1", ""),
        ("f(x)[0].mul_(2)", ""),
        ("for x in y: pass", ""),
        ("with", ""),
    ],
)
def test_a_write_becomes_a_new_tensor(line, new):
    assert code.out_of_place(line) == new


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("w = torch.tensor([1, -2])", "w = torch.tensor([1.0, -2.0])"),
        ("w = torch.tensor((1, [2]), dtype=d)", "w = torch.tensor((1.0, [2.0]), dtype=d)"),
        ("w = torch.tensor(numbers[0])", "w = torch.tensor(numbers[0])"),
        ("w = torch.tensor(True)", "w = torch.tensor(True)"),
        ("w = f(1)", ""),
    ],
)
def test_numbers_get_a_point(line, new):
    assert rewritten.with_points(line) == new


def test_a_name_is_left_out_with_its_result():
    change = rewritten.without_elements
    assert change("dw, db = grad(y, [w, b])", "grad", ["b"]) == "(dw,) = grad(y, [w])"
    assert change("ds = grad(y, (w, b, c))", "grad", ["b", "w"]) == "ds = grad(y, (c,))"
    assert change("ds = grad(y, [b])", "grad", ["b"]) == ""
    assert change("ds = grad(y, b)", "grad", ["b"]) == ""


def test_an_expression_is_replaced_inside_the_call_alone():
    assert rewritten.replaced("y = grad(y, [w])", "grad", "w", "v[0]") == "y = grad(y, [v[0]])"
    assert rewritten.replaced("y.backward()", "backward", "y", "y.sum()") == "y.sum().backward()"
    assert rewritten.replaced("w = f(w)", "grad", "w", "v") == ""


CELL = """\
import torch
w = f(
    1,
)
for x in xs:
    h = g(h, w)
    part = h[0]
    part += 1
    def inner():
        h += 2
    loss = h
print(loss)
with torch.no_grad():
    z = (w
         + 1)
"""


def test_a_cell_knows_its_statements(cell):
    read = cell(CELL)
    assert statement_at(3, "/students/cell.py") == "w = f(1)"
    assert statement_at(15, "/students/cell.py") == "z = w + 1"
    assert statement_at(5, "/students/cell.py") == "for x in xs:"
    found = read.assignment("w", at(11))
    assert (found.place, found.text) == (at(2, found.node.col_offset), "w = f(1)")
    assert read.assignment("nothing", at(11)) is None
    assert read.in_loop(at(11)) == {"h", "x", "part", "loss"} and read.in_loop(at(12)) is None
    assert read.carried(at(11)) == ["h"] and read.carried(at(12)) == []
    assert [it.line for it in read.writes(["part"], at(12))] == [8]
    assert read.writes(["h"], at(12)) == []  # another function's
    assert read.disabled(at(14)) and not read.disabled(at(11))


def test_a_cell_that_python_cannot_read_is_empty(cell):
    read = cell("%matplotlib inline\nx = 1\n")
    assert read.statements == [] and read.in_loop(at(2)) is None
    assert statement_at(2, "/students/cell.py") == "x = 1"
    assert statement_at(1, "/no/such/file.py") == "" and statement_at(None, None) == ""


def test_what_is_read_outside_of_a_loop_is_not_carried(cell):
    assert cell("print(h)\nfor x in xs:\n    h = x\n    print(h)\n").carried(at(4)) == []
    assert cell("h = 0\nfor x in xs:\n    h = h + x\n    print(h)\n").carried(at(4)) == ["h"]
