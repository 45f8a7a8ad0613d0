"""`make notebooks` writes what can be committed, and the same bytes each time."""

import execute_notebooks
import nbformat
from test_hygiene import faults

CELLS = {
    "import time\n\nprint(time.perf_counter())": ["measurement", "nbval-ignore-output"],
    "1 / 0": ["raises-exception"],
    "import ipywidgets\n\nipywidgets.IntSlider(3)": [],
}


def test_a_second_run_writes_the_same_bytes_and_they_are_clean(tmp_path):
    path = tmp_path / "some.ipynb"
    cells = [
        nbformat.v4.new_code_cell(source, metadata={"tags": CELLS[source]}) for source in CELLS
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    execute_notebooks.main([str(path)])
    first = path.read_bytes()
    execute_notebooks.main([str(path)])
    assert path.read_bytes() == first
    assert faults(nbformat.read(path, as_version=4)) == []
    assert b"model_id" not in first and b"IntSlider(value=3" in first
