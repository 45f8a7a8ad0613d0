"""The frozen model of what a block computed: plain values, no torch."""

from lesson_utils.graph.computation import ComputationGraph
from lesson_utils.graph.events import Branch, Cut, Failure, Listing, Opened, Pass
from lesson_utils.graph.fold import folded
from lesson_utils.graph.operation import Argument, Operation, SavedTensor, State, Use
from lesson_utils.graph.values import MAX_ELEMENTS, Data, Number, Role, Summary, Value

__all__ = [
    "MAX_ELEMENTS",
    "Argument",
    "Branch",
    "ComputationGraph",
    "Cut",
    "Data",
    "Failure",
    "Listing",
    "Number",
    "Opened",
    "Operation",
    "Pass",
    "Role",
    "SavedTensor",
    "State",
    "Summary",
    "Use",
    "Value",
    "folded",
]
