"""A drawn graph computed once more from its leaves' numbers: an oracle for its gradients.

Nothing of the lesson's own differentiation takes part: the operations are called by
name, in float64, and slopes come from central differences and from torch.func.
"""

import ast
import contextlib
import io
import os
from functools import partial
from pathlib import Path

import nbformat
import torch
import torch.nn.functional as F

from lesson_utils import trace
from lesson_utils.picture.drawing import Drawing

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
OPERATIONS = {
    "add": torch.add, "matmul": torch.matmul, "mean": torch.mean, "mse_loss": F.mse_loss,
    "mul": torch.mul, "pow": torch.pow, "sub": torch.sub, "sum": torch.sum,
    "tanh": torch.tanh, "linear": F.linear,
}  # fmt: skip


def tensor_of(data, shape):
    return torch.tensor(data, dtype=torch.float64).reshape(shape)


def run(graph, start, at):
    """The differentiated value, its leaves as drawn and the value with id `start` set to `at`."""
    held = {start: at}
    for value in graph.values:
        if graph.producer(value) is None and value.id != start:
            held[value.id] = tensor_of(value.data, value.shape)
    for op in graph.operations:
        (out,) = op.outputs
        if out != start:
            inputs = [held[i] for i in op.inputs]
            if op.name == "view":
                held[out] = inputs[0].reshape(graph[out].shape)
            else:
                held[out] = OPERATIONS[op.name](*inputs)
    return held[graph.of]


def scalar(graph, value, at):
    """The differentiated value times its seed, with one value set anew."""
    top = graph[graph.of]
    return (run(graph, value.id, at) * tensor_of(top.gradient, top.shape)).sum()


def slopes(graph, value, step=1e-6):
    """Gradient of the differentiated value (times its seed) by central differences."""
    here = tensor_of(value.data, value.shape)
    found = torch.empty_like(here).reshape(-1)
    for i in range(here.numel()):
        ends = []
        for sign in (1, -1):
            moved = here.clone().reshape(-1)
            moved[i] += sign * step
            ends.append(scalar(graph, value, moved.reshape(value.shape)))
        found[i] = (ends[0] - ends[1]) / (2 * step)
    return found.reshape(value.shape)


def check(graph):
    """Every value and every gradient of a graph; returns how many gradients there were."""
    count = 0
    top = graph[graph.of]
    for value in graph.values:
        here = tensor_of(value.data, value.shape)
        if value.role != "constant":
            again = run(graph, value.id, here)
            assert torch.allclose(again, tensor_of(top.data, top.shape), rtol=1e-4)
        if value.has_gradient and value is not top:
            drawn = tensor_of(value.gradient, value.shape)
            as_function = torch.func.grad(partial(scalar, graph, value))(here)
            for expected in (slopes(graph, value), as_function):
                assert torch.allclose(drawn, expected, rtol=1e-4, atol=1e-6), value.name
            count += 1
    return count


def cells_of(name):
    """A notebook's code cells and their tags."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    return [
        (cell.source, cell.metadata.get("tags", []))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@contextlib.contextmanager
def _in_their_folder():
    before = Path.cwd()
    os.chdir(NOTEBOOKS)
    try:
        yield
    finally:
        os.chdir(before)


def execute(name):
    """Run a notebook's cells here.

    Returns:
        The names it left behind, the graphs that it showed, and all that it printed.
    """
    space = {"__name__": "__main__", "display": lambda _: None}
    shown, printed = [], io.StringIO()
    with _in_their_folder(), contextlib.redirect_stdout(printed):
        for source, tags in cells_of(name):
            *body, last = ast.parse(source).body
            try:
                exec(compile(ast.Module(body, []), name, "exec"), space)
                if isinstance(last, ast.Expr):
                    value = eval(compile(ast.Expression(last.value), name, "eval"), space)
                    if isinstance(value, Drawing):
                        shown.append(value.graph)
                    elif isinstance(value, trace):
                        shown.append(value.snapshot())
                else:
                    exec(compile(ast.Module([last], []), name, "exec"), space)
            except RuntimeError:
                assert "raises-exception" in tags, source
            else:
                assert "raises-exception" not in tags, source
    return space, shown, printed.getvalue()
