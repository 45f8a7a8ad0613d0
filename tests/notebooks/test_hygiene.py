"""Notebooks are committed executed, clean, and free of this machine."""

import ast
import copy
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from execute_notebooks import KERNEL, WIDGET, kept

import lesson_utils

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SILENT = {
    "add_",
    "backward",
    "close",
    "filterwarnings",
    "manual_seed",
    "save",
    "step",
    "use",
    "zero_grad",
}


def python(source):
    """A cell without its magics."""
    return "\n".join(line for line in source.splitlines() if not line.startswith("%"))


def shows_something(source):
    """Whether a cell's last statement is a value, or prints."""
    code = python(source)
    body = ast.parse(code).body
    if not body or not isinstance(body[-1], ast.Expr) or code.rstrip().endswith(";"):
        return False
    function = getattr(body[-1].value, "func", None)
    return getattr(function, "attr", None) not in SILENT


def taken(source):
    """Public names of lesson_utils that a cell gives to something else, at whatever depth."""
    found = set()
    for node in ast.walk(ast.parse(python(source))):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            ours = (getattr(node, "module", None) or "").split(".")[0] == "lesson_utils"
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                if not (ours and name == alias.name):
                    found.add(name)
    return found & set(lesson_utils.__all__)


def hangs(source):
    """Whether a heading shares a Markdown cell with anything else."""
    text = re.sub(r"^```.*?^```", "", source, flags=re.DOTALL | re.MULTILINE)
    return bool(re.search(r"^#{1,6} ", text, re.MULTILINE)) and "\n" in source.strip()


def faults(notebook):
    """What is wrong with a notebook, a line each."""
    found = []
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        found.append("not one Run All from the top")
    for cell in cells:
        where = f"cell {cell.execution_count}"
        if shows_something(cell.source) and not cell.outputs:
            found.append(f"{where}: its last line shows something, but there is no output")
        if len(cell.source.splitlines()) > 15:
            found.append(f"{where}: more than fifteen lines")
        if cell.metadata != kept(cell.metadata):
            found.append(f"{where}: metadata {sorted(cell.metadata)}")
        text = json.dumps([cell.source, cell.outputs])
        if re.search(r"(/(home|root|tmp|Users|work)/|[A-Z]:\\\\)\w", text):
            found.append(f"{where}: a path of some machine")
        if re.search(r"\b0x[0-9a-f]{6,}\b", text):
            found.append(f"{where}: an address in memory")
        streams = [output.get("name") for output in cell.outputs]
        if any(a == b and a for a, b in pairwise(streams)):
            found.append(f"{where}: one stream in several pieces")
        if any(WIDGET in output.get("data", {}) for output in cell.outputs):
            found.append(f"{where}: a widget that only this run's kernel knows")
        raises = any(output.output_type == "error" for output in cell.outputs)
        if raises != ("raises-exception" in cell.metadata.get("tags", [])):
            found.append(f"{where}: an error without its tag, or a tag without its error")
    for cell in notebook.cells:
        if re.fullmatch(r"cell-\d+", cell.id):
            found.append(f"{cell.id}: an id that a new cell before it would change")
        if cell.cell_type == "markdown" and hangs(cell.source):
            found.append(f"{cell.id}: a heading shares its cell, and folds wrongly")
    if len({cell.id for cell in notebook.cells}) != len(notebook.cells):
        found.append("two cells with one id")
    if notebook.metadata != {"kernelspec": KERNEL, "language_info": {"name": "python"}}:
        found.append("metadata of some machine")
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_clean(path):
    assert faults(nbformat.read(path, as_version=4)) == []
    assert path.stat().st_size < 500_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_gives_a_name_of_lesson_utils_to_something_else(path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert {cell.execution_count: taken(cell.source) for cell in cells if taken(cell.source)} == {}


@pytest.mark.parametrize(
    "source",
    [
        "kink = 1", "a, (kink, *b) = c", "kink: int = 1", "kink += 1", "print(kink := 1)",
        "del kink", "def kink(): pass", "async def kink(): pass", "class kink: pass",
        "for kink in a: pass", "[kink for kink in a]", "with trace() as kink: pass",
        "%magic\nkink = 1", "def f():\n    kink = 1", "lambda kink: 1", "def f(**kink): pass",
        "import kink", "import kink.a", "import a as kink", "from a import kink",
        "from a import b as kink", "from lesson_utils import draw as kink",
        "try: pass\nexcept OSError as kink: pass", "match a:\n    case [kink, *b]: pass",
    ],
)  # fmt: skip
def test_each_way_to_take_a_name_is_found(source):
    assert taken(source) == {"kink"}


@pytest.mark.parametrize(
    "source",
    [
        "from lesson_utils import kink, trace", "from lesson_utils.kinks import kink",
        "import lesson_utils", "kink(F.relu)", "a.kink = 1", "f(kink=1)", "a['kink'] = 1",
    ],
)  # fmt: skip
def test_using_a_name_does_not_take_it(source):
    assert taken(source) == set()


def test_there_are_notebooks():
    assert NOTEBOOKS


def spoil_count(cell, notebook):
    cell.execution_count = 7


def spoil_outputs(cell, notebook):
    cell.outputs = []


def spoil_stream(cell, notebook):
    cell.outputs.append(nbformat.v4.new_output("stream", text="2\n"))


def spoil_path(cell, notebook):
    cell.source = "open('/" + "home/me/x')"


def spoil_address(cell, notebook):
    cell.outputs[0].text = "<object at 0x7f8b2a>"


def spoil_metadata(cell, notebook):
    cell.metadata["execution"] = {}


def spoil_hidden(cell, notebook):
    cell.metadata["jupyter"] = {"outputs_hidden": False, "is_executing": True}


def spoil_value(cell, notebook):
    cell.source, cell.outputs = "x = 3\nx", []


def spoil_heading(cell, notebook):
    text = nbformat.v4.new_markdown_cell("A paragraph.\n\n## A heading", id="b2c3d4e5")
    notebook.cells.append(text)


def spoil_id(cell, notebook):
    cell.id = "cell-01"


def spoil_ids(cell, notebook):
    notebook.cells.append(nbformat.v4.new_markdown_cell("Text.", id=cell.id))


def spoil_kernel(cell, notebook):
    notebook.metadata["kernelspec"] = {**KERNEL, "name": "my-env"}


def spoil_widget(cell, notebook):
    data = {"text/plain": "IntSlider()", WIDGET: {"model_id": "1"}}
    cell.outputs = [nbformat.v4.new_output("display_data", data)]


def spoil_tag(cell, notebook):
    cell.metadata["tags"] = ["raises-exception"]


@pytest.mark.parametrize(
    "spoil",
    [function for name, function in sorted(globals().items()) if name.startswith("spoil_")],
    ids=lambda spoil: spoil.__name__,
)
def test_each_fault_is_found(spoil):
    cell = nbformat.v4.new_code_cell("print(1)", id="a1b2c3d4", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", text="1\n")]
    notebook = nbformat.v4.new_notebook(
        cells=[cell],
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}},
    )
    assert faults(notebook) == []
    bad = copy.deepcopy(notebook)
    spoil(bad.cells[0], bad)
    assert faults(bad)
