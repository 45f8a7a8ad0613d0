"""Formulas as the lesson prints them, read and worked out.

`x × w`, `div(x, w, rounding_mode='floor')`, `−x / y²`, `Xᵀ @ the seed` become Python, their names
become tensors, and PyTorch works them out.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from figures import Unread, number, rounds

SYMBOLS = {
    "×": "*", "·": "*", "−": "-", "÷": "/", "^": "**", "²": "**2", "ᵀ": ".mT", "≥": ">=",
    "≤": "<=", "≠": "!=", "ReLU": "relu", "not": "logical_not",
}  # fmt: skip
SPACES = (torch, F, torch.special, torch.linalg, torch.fft, torch.Tensor, torch.ops.aten)
ERRORS = (
    TypeError, ValueError, RuntimeError, LookupError, AttributeError, NameError, ArithmeticError,
    AssertionError,
)  # fmt: skip
PLACE = re.compile(r"_\d+")


class Formula:
    """A formula with places for the values that it names.

    Attributes:
        places: The names (derivatives and seeds, too), by the placeholder of each.
        tree: The formula in Python, with those placeholders.
        functions: What it calls.
    """

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.places: dict[str, str] = {}
        code = self._translated(text, names)
        try:
            self.tree = ast.parse(code, mode="eval").body
        except SyntaxError:
            raise Unread(text) from None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.keyword) and node.arg == "from_":  # Python's own word
                node.arg = "from"
        calls = [node.func for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        self.functions = [func.id for func in calls if isinstance(func, ast.Name)]
        # An overload of an operator, `slice.Tensor(x, 0)`, is named with a dot.
        overloads = [func for func in calls if isinstance(func, ast.Attribute)]
        self.functions += [ast.unparse(overload) for overload in overloads]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                node.func = ast.Name(ast.unparse(node.func), ast.Load())

    def _translated(self, text: str, names: Sequence[str]) -> str:
        text = re.sub(r"the sum of (.+) over its rows", r"sum_rows(\1)", text)
        known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) or "$^"
        token = re.compile(
            r"(?P<space>\s+|in place\b)|"
            rf"(?P<place>(?:seed·)?∂(?:{known})/∂(?:{known})[₀-₉]*|the seed|"
            rf"(?:{known})(?![^\W²ᵀ₀-₉]|\()(?!=[^\s=]))|"
            r"(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>\d+\.?\d*(?:e[+−-]?\d+)?j?)|"
            r"(?P<key>[A-Za-z_]\w*=(?=\S))|(?P<word>[A-Za-z_][\w.]*)|"
            r"(?P<sign>//|\.\.\.|<<|>>|[×·−÷^²ᵀ≥≤≠@%<>=+/,:()\[\]&|~-])"
        )
        out, depth, at = [], 0, 0
        while at < len(text):
            found = token.match(text, at)
            if found is None:
                raise Unread(text)
            at, part = found.end(), found.group()
            if found["place"]:
                mark = f"_{len(self.places)}"
                self.places[mark] = part
                part = f" {mark} "
            elif part == "from=":
                part = "from_="
            elif found["sign"]:
                depth += (part == "(") - (part == ")")
                part = SYMBOLS.get(part, part)
            elif found["word"]:
                part = f" {SYMBOLS.get(part, part)} "
            elif found["number"]:
                part = part.replace("−", "-")
            out.append(" " if found["space"] else part)
        return "".join(out).strip()

    def results(self, bound: Mapping[str, Any], chance: torch.Tensor | None) -> Iterator[Any]:
        """What the formula is worth: once for each function of PyTorch's that has its name.

        Args:
            bound: A value for each placeholder.
            chance: State of the random generator, for a formula that draws.

        Raises:
            NameError: PyTorch has no function of that name.
            TypeError: None of them can be called so (or another error of theirs).
        """
        failed: Exception = NameError(f"PyTorch has no {', '.join(self.functions)}")
        code = compile(ast.fix_missing_locations(ast.Expression(self.tree)), "formula", "eval")
        some = False
        for chosen in itertools.product(*map(functions, self.functions)):
            space = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in bound.items()}
            space.update(zip(self.functions, chosen, strict=True))
            space.update(torch=torch, nan=math.nan, inf=math.inf)
            if chance is not None:
                torch.set_rng_state(chance)
            try:
                result = eval(code, space)
            except ERRORS as error:
                failed = error if isinstance(failed, NameError) else failed
                continue
            some = True
            yield result
        if not some:
            raise failed

    def figures(self, text: str) -> dict[str, Any]:
        """The numbers that stand in another text in the places of this one's names.

        Raises:
            ValueError: It is built otherwise.
        """
        found: dict[str, ast.AST] = {}
        _pair(self.tree, Formula(text, ()).tree, found)
        return {mark: number(tree) for mark, tree in found.items()}


def functions(name: str) -> Iterator[Callable[..., Any]]:
    """All that PyTorch calls by this name."""
    if name == "sum_rows":
        yield lambda tensor: tensor.sum(0)
    if "." in name:
        packet, overload = name.split(".")
        yield getattr(getattr(torch.ops.aten, packet), overload)
        return
    for space in SPACES:
        found = None if name.startswith("__") else getattr(space, name, None)
        if space is torch.ops.aten and found is not None:
            yield _named_input(found)
        elif callable(found):
            yield found
        elif type(found).__name__ == "getset_descriptor":  # such as `T`
            yield found.__get__


def _named_input(found: Callable[..., Any]) -> Callable[..., Any]:
    """An operator whose first argument is called input, as in PyTorch's pages, and not self."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return found(*args, **{"self" if k == "input" else k: v for k, v in kwargs.items()})

    return call


def _pair(names: ast.AST, figures: ast.AST, found: dict[str, ast.AST]) -> None:
    """Fill in which part of the figures stands for which name."""
    if isinstance(names, ast.Name) and PLACE.fullmatch(names.id):
        found[names.id] = figures
        return
    if isinstance(names, ast.Constant) and isinstance(figures, ast.Constant):
        told, meant = figures.value, names.value
        if told != meant and not (isinstance(meant, float) and rounds(told, meant)):
            raise ValueError(f"{told} stands for {meant}")
        return
    ours, theirs = list(ast.iter_child_nodes(names)), list(ast.iter_child_nodes(figures))
    alike = type(names) is type(figures) and len(ours) == len(theirs)
    if not alike or getattr(names, "id", "") != getattr(figures, "id", ""):
        raise ValueError(f"{_source(figures)} is built otherwise than {_source(names)}")
    for one, other in zip(ours, theirs, strict=True):
        _pair(one, other, found)


def _source(tree: ast.AST) -> str:
    return ast.unparse(tree) if isinstance(tree, ast.expr) else type(tree).__name__


def number_in(text: str) -> Any:
    """What a text of numbers alone says."""
    return number(Formula(text, ()).tree)
