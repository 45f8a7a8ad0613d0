"""The frozen model of what a block computed: plain values, no torch."""

from lesson_utils.graph.computation import (
    MAX_ELEMENTS,
    Argument,
    ComputationGraph,
    Data,
    Number,
    Operation,
    Role,
    SavedTensor,
    State,
    Summary,
    Value,
)
from lesson_utils.graph.events import Branch, Cut, Pass

__all__ = [
    "MAX_ELEMENTS",
    "Argument",
    "Branch",
    "ComputationGraph",
    "Cut",
    "Data",
    "Number",
    "Operation",
    "Pass",
    "Role",
    "SavedTensor",
    "State",
    "Summary",
    "Value",
]
