"""The operations of a graph, what they read and what they keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lesson_utils.graph.values import Data, Summary

State: TypeAlias = Literal["kept", "freed"]


@dataclass(frozen=True)
class SavedTensor:
    """A tensor that a node of the backward graph saved for the backward pass.

    Attributes:
        name: As PyTorch has it: `self`, `other`, `result`, ...
        shape: Its shape; None where PyTorch does not show it: packed away by
            a saved-tensor hook, or inside the node of a write through a view.
        nbytes: Bytes of its elements, 0 where they are not shown.
        state: `kept`, or `freed` once a backward pass ran through the node.
        value: Id of the value whose memory it is, where that is an input or
            an output of the operation; None for anything else.
        data: The numbers of one that is kept and no value of the graph; see `Data`.
        summary: Of the same, when there are too many to list.
        version_saved: How often it had been written to in place when it was saved; None where
            PyTorch does not compare that: freed, packed by a hook, or not shown.
        version_now: How often at the time of this graph.
        spoilt_by: Id of the operation that was the first to write to it since; None where none
            was, or none of the block's.
    """

    name: str
    shape: tuple[int, ...] | None
    nbytes: int
    state: State
    value: int | None = None
    data: Data = None
    summary: Summary | None = None
    version_saved: int | None = None
    version_now: int | None = None
    spoilt_by: int | None = None

    @property
    def is_spoilt(self) -> bool:
        """Whether it was written to since it was saved: a backward pass through it is refused."""
        return self.version_saved != self.version_now


@dataclass(frozen=True)
class Argument:
    """An argument of a call, bound to the parameter that it fills.

    Attributes:
        name: Of the parameter, as PyTorch declares it; empty where it does not tell.
        text: How it is written, with `{}` for each input of the operation.
        inputs: Positions in `Operation.inputs` of those.
        default: Whether it says no more than leaving it out.
        keyword: Whether it is written by keyword.
    """

    name: str
    text: str
    inputs: tuple[int, ...] = ()
    default: bool = False
    keyword: bool = False


@dataclass(frozen=True)
class Use:
    """One use of a value by an operation, and what the backward pass sends back along it.

    Attributes:
        value: Id of the value.
        local: The derivative of the output with respect to it, of this operation alone: a number
            where both have one element; the shape of the output for an elementwise operation; the
            shape of the larger side where one side has one element; None where it is not defined
            so simply, or PyTorch computes none.
        contribution: The vector-Jacobian product that flowed to it through this operation; a
            value's gradient is the sum over all its uses.
        summary: Of a contribution too large to list.
        jacobian: The Jacobian matrix of a small operation that is not elementwise: a row for each
            output element, a column for each input element.
        jacobian_shape: Output shape followed by input shape; None where there is no derivative.
        flowed: Whether a gradient flowed to it, be its numbers listed, summarised or neither.
    """

    value: int
    local: Data = None
    contribution: Data = None
    summary: Summary | None = None
    jacobian: Data = None
    jacobian_shape: tuple[int, ...] | None = None
    flowed: bool = False

    @property
    def has_derivative(self) -> bool:
        """Whether a derivative is known, or a gradient flowed."""
        return self.local is not None or self.jacobian is not None or self.flowed


@dataclass(frozen=True)
class Operation:
    """One call of a torch function.

    Attributes:
        id: Position in `ComputationGraph.operations`.
        name: The function's usual name: `mul`, `relu`, `linear`, ...
        uses: What it reads; a value that is read twice has two uses.
        outputs: Ids of the values it makes.
        backward: PyTorch's name of the node that differentiates it
            (`MulBackward0`), or None where nothing was recorded; of a folded module `5 nodes`.
        saved: What that node saved for the backward pass.
        elementwise: Whether each output element depends on one element of each
            input alone, so that a Jacobian is a diagonal.
        line: Line of the student's code that called it, from 1; None if unknown.
        source: The file of that line, or its notebook cell: `In[3]`.
        unasked: Why its derivative was not asked, where asking could have
            changed something of the student's; mostly empty.
        arguments: What it was called with, in the order of PyTorch's
            declaration; empty where no call was seen.
        random: Whether its result depends on chance.
        inside: What its own results receive from one another in the backward pass, within the
            step: a cell's new state has some of its gradient from the cell's output.
        visit: How many times its line had begun to run by then, from 1, as in a loop; 0 if unknown.
        folds: Of a step that stands for a module, how many operations it stands for.
    """

    id: int
    name: str
    uses: tuple[Use, ...]
    outputs: tuple[int, ...]
    backward: str | None = None
    saved: tuple[SavedTensor, ...] = ()
    elementwise: bool = False
    line: int | None = None
    source: str | None = None
    unasked: str = ""
    arguments: tuple[Argument, ...] = ()
    random: bool = False
    inside: tuple[Use, ...] = ()
    visit: int = 0
    folds: int = 0

    @property
    def inputs(self) -> tuple[int, ...]:
        """Ids of the values it reads."""
        return tuple([use.value for use in self.uses])

    @property
    def is_spoilt(self) -> bool:
        """Whether PyTorch refuses to go back through it, for it reads all that it saved first."""
        return any([tensor.is_spoilt for tensor in self.saved])

    @property
    def local_derivatives(self) -> tuple[Data, ...]:
        """For each input, `Use.local`."""
        return tuple([use.local for use in self.uses])

    @property
    def contributions(self) -> tuple[Data, ...]:
        """For each input, `Use.contribution`."""
        return tuple([use.contribution for use in self.uses])

    @property
    def jacobians(self) -> tuple[Data, ...]:
        """For each input, `Use.jacobian`."""
        return tuple([use.jacobian for use in self.uses])
