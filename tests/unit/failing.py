"""A student's program that fails, or is silent, as a notebook's cell: with its lines, and mended.

Programs are strings, so that a repair can be put into them and they can be run once more.
"""

import itertools
import linecache
import re
import textwrap
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import grad

from lesson_utils import trace, why

_numbers = itertools.count()


class Run(SimpleNamespace):
    """What a program left: its `source`, the `error` that ended it or None, its `names`."""

    def line(self, text):
        """The number of the only line with this text, or the first of several alike."""
        (line, *_) = (n for n, it in enumerate(self.source.splitlines(), 1) if text in it)
        return line

    def why(self, what=None):
        """`why(...)` of its error, or of a name of it: asked from a cell of its own."""
        if what is None:
            return why(self.error)
        space = {**self.names, "why": why}
        exec(f"asked = why({what})", space)
        return space["asked"]

    def with_line(self, old, new):
        """Run it once more with other lines in the place of one, at its indentation."""
        return program(_with(self.source, old, new), **self.given)

    def with_before(self, old, new):
        """The same, with lines before one."""
        return program(
            _with(self.source, old, f"{new}\n{_line(self.source, old).strip()}"), **self.given
        )

    def with_after(self, old, new):
        """The same, with lines after one."""
        return program(
            _with(self.source, old, f"{_line(self.source, old).strip()}\n{new}"), **self.given
        )

    def grad(self, name):
        """The gradient of a name, as a list or a number."""
        assert self.error is None, self.error
        return self.names[name].grad.tolist()


def program(source, filename="", **names):
    """Run a program to its end, or to its error.

    The names of a first cell are there: torch, nn, F, np, grad, trace, leaf.
    """
    source = textwrap.dedent(source).strip("\n") + "\n"
    filename = filename or f"/students/lesson{next(_numbers)}.py"
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    space = {
        "torch": torch, "nn": nn, "F": F, "np": np, "grad": grad, "trace": trace, "leaf": leaf,
        "__name__": "__main__", **names,
    }  # fmt: skip
    error = None
    try:
        exec(compile(source, filename, "exec"), space)
    except BaseException as its:
        error = its
    return Run(source=source, filename=filename, error=error, names=space, given=names)


def cells(*sources):
    """Run the cells of a notebook, one after the other, as far as they go.

    Returns:
        The last one, with what all of them left.
    """
    history, names = [""], {}
    for number, source in enumerate(sources, 1):
        source = textwrap.dedent(source).strip("\n") + "\n"
        history.append(source)
        run = program(source, **{**names, "filename": f"In[{number}]", "In": history})
        names = run.names
    return run


def leaf(*numbers):
    """A leaf that requires a gradient; of one number without a dimension."""
    return torch.tensor(numbers if len(numbers) > 1 else numbers[0], requires_grad=True)


def slope(function, *numbers):
    """The right gradient, of a function that is written as it should be."""
    w = leaf(*numbers)
    return grad(function(w), w)[0].tolist()


def code_of(explanation, says):
    """The code of the one repair whose words contain these."""
    (repair,) = (it for it in explanation.repairs if says in it.says)
    return repair.code


def checked(explanation, family, *named):
    """What holds of every explanation, and the names that its sentences must contain."""
    assert explanation.family == family, explanation.text
    assert 1 <= len(explanation.says) <= 3
    told = " ".join(explanation.says)
    for name in named:
        assert name in told, (name, told)
    assert not re.search(r"``|  |(?<!\.)\.\.(?!\.)| [.,]", told), told
    assert all(said.endswith(".") for said in explanation.says)
    for repair in explanation.repairs:
        told = re.search("keep the graph|allow_unused|on the result silences", repair.says)
        assert repair.plaster == bool(told), repair
    assert explanation.html and explanation.text
    return explanation


def _line(source, old):
    (line,) = (it for it in source.splitlines() if old in it)
    return line


def _with(source, old, new):
    line = _line(source, old)
    indent = line[: len(line) - len(line.lstrip())]
    return source.replace(line, textwrap.indent(textwrap.dedent(new), indent), 1)
