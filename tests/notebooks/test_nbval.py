"""`make test` compares every output of every notebook: here is the proof that it can fail."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("committed", "code"), [("2\n", 0), ("3\n", 1)], ids=["same", "changed"])
def test_a_notebook_with_another_output_fails(tmp_path, committed, code):
    cell = nbformat.v4.new_code_cell("print(1 + 1)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", text=committed)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "sum.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-n0", f"-c{ROOT / 'pyproject.toml'}"]
    done = subprocess.run(
        [*command, f"--rootdir={ROOT}", tmp_path / "sum.ipynb"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("Cell outputs differ" in done.stdout) == bool(code)
