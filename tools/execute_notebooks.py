"""Run notebooks from the top and write them back with clean, stable metadata."""

import copy
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

KERNEL = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}
METADATA = ("tags", "slideshow")  # what a cell may say of itself, besides `jupyter`
HIDDEN = ("source_hidden", "outputs_hidden")
WIDGET = "application/vnd.jupyter.widget-view+json"


def kept(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What the lesson's author says about a cell, and not what some front end left there."""
    said = {key: metadata[key] for key in METADATA if metadata.get(key)}
    hidden = {key: value for key, value in metadata.get("jupyter", {}).items() if key in HIDDEN}
    return said | ({"jupyter": hidden} if hidden else {})


def clean(notebook: nbformat.NotebookNode) -> None:
    """Keep what a reader needs: sources, tags, counts and outputs."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:  # ids stay: what merges or hands out notebooks goes by them
        cell.metadata = kept(cell.metadata)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
            if "metadata" in output:
                output.metadata = {}
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]


def keep_measurements(before: nbformat.NotebookNode, after: nbformat.NotebookNode) -> None:
    """A cell tagged `measurement` keeps its committed numbers while its source is the same."""
    known = {cell.source: cell.outputs for cell in before.cells if cell.get("outputs")}
    for cell in after.cells:
        if "measurement" in cell.metadata.get("tags", []):
            cell.outputs = known.get(cell.source, cell.outputs)


def main(paths: list[str]) -> None:
    # As for somebody who comes for the first time.
    os.environ["LESSON_PROGRESS"] = str(Path(tempfile.mkdtemp(), "progress.json"))
    for path in map(Path, paths):
        notebook = nbformat.read(path, as_version=4)
        before = copy.deepcopy(notebook)
        folder = {"metadata": {"path": str(path.parent)}}
        NotebookClient(
            notebook,
            timeout=300,
            resources=folder,
            kernel_name="python3",
            coalesce_streams=True,  # how a kernel cuts what is printed depends on the clock
        ).execute()
        keep_measurements(before, notebook)
        clean(notebook)
        nbformat.write(notebook, path)
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
