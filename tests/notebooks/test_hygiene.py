"""Notebooks are committed executed, clean, and free of this machine."""

import ast
import copy
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from execute_notebooks import KERNEL, WIDGET

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SILENT = {"add_", "backward", "close", "filterwarnings", "manual_seed", "save", "step", "zero_grad"}


def shows_something(source):
    """Whether a cell's last statement is a value, or prints."""
    code = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
    body = ast.parse(code).body
    if not body or not isinstance(body[-1], ast.Expr) or code.rstrip().endswith(";"):
        return False
    function = getattr(body[-1].value, "func", None)
    return getattr(function, "attr", None) not in SILENT


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
        if set(cell.metadata) - {"tags"}:
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
    if [cell.id for cell in notebook.cells] != [
        f"cell-{i:02}" for i in range(1, len(notebook.cells) + 1)
    ]:
        found.append("cell ids are not counted")
    if notebook.metadata != {"kernelspec": KERNEL, "language_info": {"name": "python"}}:
        found.append("metadata of some machine")
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_clean(path):
    assert faults(nbformat.read(path, as_version=4)) == []
    assert path.stat().st_size < 300_000


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


def spoil_value(cell, notebook):
    cell.source, cell.outputs = "x = 3\nx", []


def spoil_kernel(cell, notebook):
    notebook.metadata["kernelspec"] = {**KERNEL, "name": "my-env"}


def spoil_widget(cell, notebook):
    data = {"text/plain": "IntSlider()", WIDGET: {"model_id": "1"}}
    cell.outputs = [nbformat.v4.new_output("display_data", data)]


def spoil_tag(cell, notebook):
    cell.metadata["tags"] = ["raises-exception"]


@pytest.mark.parametrize(
    "spoil",
    [each for name, each in sorted(globals().items()) if name.startswith("spoil_")],
    ids=lambda spoil: spoil.__name__,
)
def test_each_fault_is_found(spoil):
    cell = nbformat.v4.new_code_cell("print(1)", id="cell-01", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", text="1\n")]
    notebook = nbformat.v4.new_notebook(
        cells=[cell],
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}},
    )
    assert faults(notebook) == []
    bad = copy.deepcopy(notebook)
    spoil(bad.cells[0], bad)
    assert faults(bad)
