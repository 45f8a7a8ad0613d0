"""What a notebook draws, by running its cells here."""

import ast
import base64
import contextlib
import io
import linecache
import os
import re
import sys
import warnings
from functools import cache
from pathlib import Path
from unittest.mock import patch

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import torch

from lesson_utils import why
from lesson_utils.film.film import Film
from lesson_utils.picture.drawing import Drawing

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@cache
def drawings(path):
    """The drawings that a notebook shows, each with the number of its cell.

    Its cells run up to the last one that has a graph among its committed
    outputs; cells of magics are left out.
    """
    cells = list(enumerate(nbformat.read(path, as_version=4).cells))
    drawn = [number for number, cell in cells if _graphs(cell.get("outputs", []))]
    shown, space = [], {"__name__": "__main__"}
    mine = patch.multiple(sys, create=True, last_exc=None, last_value=None)
    with _aside(path.parent), mine:
        for number, cell in cells[: drawn[-1] + 1]:
            if cell.cell_type != "code" or cell.source.startswith("%"):
                continue
            expected = Exception if "raises-exception" in cell.metadata.get("tags", []) else ()
            try:
                shown += [(number, drawing) for drawing in _run(cell.source, space, number)]
            except expected as error:
                sys.last_exc = sys.last_value = error  # as a kernel leaves it, for `why()`
                if number in drawn:  # explained below its traceback, by the extension
                    shown.append((number, why(error).drawing))
    assert sorted({number for number, _ in shown}) == drawn, path.stem
    return shown


def _graphs(outputs):
    """The graphs among the outputs of a cell, as SVG."""
    images = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", str(outputs))
    return [image for image in images if b'id="operation-' in base64.b64decode(image)]


def _run(source, space, number):
    """Run a cell, show its last line, and tell which drawings were asked for their SVG."""
    name = f"<cell {number}>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    asked, svg, filmed = {}, Drawing.svg.func, Film.svg.func

    def film(it):
        asked.setdefault(filmed(it), it.drawing)
        return filmed(it)

    def ask(drawing):
        made = svg(drawing)
        asked.setdefault(made, drawing)
        return made

    *lines, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        lines, last = [*lines, last], None
    with patch.object(Drawing, "svg", property(ask)), patch.object(Film, "svg", property(film)):
        exec(compile(ast.Module(lines, []), name, "exec"), space)
        it = last and eval(compile(ast.Expression(last.value), name, "eval"), space)
        if hasattr(it, "_repr_mimebundle_"):
            it._repr_mimebundle_()
    return asked.values()


@contextlib.contextmanager
def _aside(folder):
    """In a folder, and without a trace in the settings that the cells change."""
    here = os.getcwd()
    os.chdir(folder)
    try:
        with (
            warnings.catch_warnings(),
            matplotlib.rc_context({"backend": "agg"}),
            torch.random.fork_rng(),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        os.chdir(here)
        plt.close("all")
