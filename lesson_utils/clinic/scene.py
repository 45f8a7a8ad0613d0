"""A line of the student's that was reached, and what its names lead to there."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeGuard, TypeVar

import torch

from lesson_utils.capture.lines import remembered
from lesson_utils.capture.names import local_variables
from lesson_utils.capture.torch_internals import held_by_module
from lesson_utils.clinic.cell import Cell, cell_of, statement_at
from lesson_utils.clinic.statement import Place

Kind = TypeVar("Kind")


@dataclass(frozen=True, eq=False)
class Scene:
    """A frame of the student's code that an error passed.

    Attributes:
        line: In its cell or file, from 1.
        source: The file, or the notebook's cell.
        text: The statement there, in one line.
        names: Its variables, local ones first.
        cell: The cell or file, with the cells that ran before it.
        place: Where the statement begins.
    """

    line: int
    source: str
    text: str
    names: Mapping[str, Any]
    cell: Cell
    place: Place


def scene_of(frame: FrameType, line: int, step: int) -> Scene:
    """The line that a frame of the student's has come to.

    Args:
        frame: The frame.
        line: The line.
        step: The instruction.
    """
    filename = frame.f_code.co_filename
    local = local_variables(frame)
    names = dict(local) if local is frame.f_globals else {**local, **_missing(frame, local)}
    source = remembered(filename)
    cell = cell_of(filename, names.get("In"))
    there = cell.statement(line, _column(frame, step))
    place = Place(cell.number, line, 0) if there is None else there.place
    text = statement_at(line, source) if there is None else there.text
    return Scene(line, source, text, names, cell, place)


def _column(frame: FrameType, step: int) -> int | None:
    """Where in its line an instruction stands; None before Python 3.11, and before the first."""
    if step < 0:  # a generator that was never begun
        return None
    positions = getattr(frame.f_code, "co_positions", lambda: ())()
    found = next(itertools.islice(positions, step // 2, None), (None,) * 4)
    return found[2]


def _missing(frame: FrameType, local: Mapping[str, Any]) -> dict[str, Any]:
    """The globals that no local variable hides."""
    return {name: item for name, item in frame.f_globals.items() if name not in local}


def is_a(item: Any, kind: type[Kind]) -> TypeGuard[Kind]:
    """Whether something is of a kind, without asking its own `__class__`, which may be anything."""
    return issubclass(type(item), kind)


def at_path(names: Mapping[str, Any], path: str) -> Any:
    """What `self.layers[0].weight` leads to, or None. No code of the student's is run.

    Args:
        names: Variables.
        path: As it is written.
    """
    try:
        node: ast.expr = ast.parse(path, mode="eval").body
    except SyntaxError:
        return None
    steps: list[Any] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            steps.append(node.attr)
        elif isinstance(node.slice, ast.Constant):
            steps.append(node.slice.value)
        else:
            return None
        node = node.value
    item = names.get(node.id) if isinstance(node, ast.Name) else None
    for step in reversed(steps):
        item = _part(item, step)
    return item


def attributes_of(item: Any) -> Mapping[str, Any]:
    """What an object has been given, without running code of its own; empty for a tensor."""
    if is_a(item, torch.Tensor):
        return {}
    try:
        found = object.__getattribute__(item, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return found if type(found) is dict else {}


def _part(item: Any, step: Any) -> Any:
    if is_a(item, torch.Tensor):
        return None  # `w.grad`, `w[0]`: made anew, and not what the line began with
    if is_a(item, torch.nn.Module):
        return held_by_module(item, str(step))
    if type(item) in (list, tuple, dict):
        try:
            return item[step]
        except (LookupError, TypeError):
            return None
    return attributes_of(item).get(step)
