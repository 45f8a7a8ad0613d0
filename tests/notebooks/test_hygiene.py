"""Notebooks are committed executed, clean, and free of this machine."""

import copy
import json
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SPEAKS = re.compile(r"^(t|a|vector|mine|other|kink|grad\(|draw\(|print\()")


def faults(notebook):
    """What is wrong with a notebook, a line each."""
    found = []
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        found.append("not one Run All from the top")
    for cell in cells:
        where = f"cell {cell.execution_count}"
        last = (cell.source.strip().splitlines() or [""])[-1]
        if SPEAKS.match(last) and " = " not in last and not cell.outputs:
            found.append(f"{where}: its last line shows something, but there is no output")
        if len(cell.source.splitlines()) > 15:
            found.append(f"{where}: more than fifteen lines")
        if set(cell.metadata) - {"tags"}:
            found.append(f"{where}: metadata {sorted(cell.metadata)}")
        text = json.dumps([cell.source, cell.outputs])
        if re.search(r"(/(home|root|tmp|Users|work)/|[A-Z]:\\\\)\w", text):
            found.append(f"{where}: a path of some machine")
        if re.search(r"0x[0-9a-f]{6,}", text):
            found.append(f"{where}: an address in memory")
        raises = any(output.output_type == "error" for output in cell.outputs)
        if raises != ("raises-exception" in cell.metadata.get("tags", [])):
            found.append(f"{where}: an error without its tag, or a tag without its error")
    if [cell.id for cell in notebook.cells] != [
        f"cell-{i:02}" for i in range(1, len(notebook.cells) + 1)
    ]:
        found.append("cell ids are not counted")
    if set(notebook.metadata) != {"kernelspec", "language_info"}:
        found.append(f"metadata {sorted(notebook.metadata)}")
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_clean(path):
    assert faults(nbformat.read(path, as_version=4)) == []
    assert path.stat().st_size < 300_000


def test_there_are_notebooks():
    assert NOTEBOOKS


KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)"}


def spoil_count(cell, notebook):
    cell.execution_count = 7


def spoil_outputs(cell, notebook):
    cell.outputs = []


def spoil_path(cell, notebook):
    cell.source = "open('/" + "home/me/x')"


def spoil_address(cell, notebook):
    cell.outputs[0].text = "<object at 0x7f8b2a>"


def spoil_metadata(cell, notebook):
    cell.metadata["execution"] = {}


def spoil_tag(cell, notebook):
    cell.metadata["tags"] = ["raises-exception"]


@pytest.mark.parametrize(
    "spoil",
    [spoil_count, spoil_outputs, spoil_path, spoil_address, spoil_metadata, spoil_tag],
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
