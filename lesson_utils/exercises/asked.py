"""A question with numbers in it, which can be asked with other numbers, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from lesson_utils.graph import ComputationGraph

Inputs: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked, at any inputs.

    Attributes:
        right: Computes what is right, from the inputs.
        at: The prompt's own inputs, and then others. A mistake may give the right numbers at one
            input by chance, and not at several.
        graph: Makes the graph that a gradient is asked of, from the inputs; None where none is.
        name: The value by which is differentiated.
        of: What is differentiated; the graph's end where nothing is said.
    """

    right: Callable[..., Any]
    at: tuple[Inputs, ...]
    graph: Callable[..., ComputationGraph] | None = None
    name: str = ""
    of: str | None = None
