"""The computation graph as plain, frozen data.

Everything that draws, animates or explains a graph reads this model and
nothing else. It holds numbers, strings and tuples only, imports nothing of
torch, and can be compared, pickled or written as JSON. Identifiers
count first appearances, so the same student code always gives the same graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from lesson_utils.graph.events import Branch, Cut, Pass

Number: TypeAlias = bool | int | float | complex
# A number for one element whatever the shape, else nested tuples; None: not
# defined, not computed by PyTorch, or more than `MAX_ELEMENTS` elements.
Data: TypeAlias = "Number | tuple[Any, ...] | None"
Role: TypeAlias = Literal["input", "parameter", "constant", "intermediate", "output"]
State: TypeAlias = Literal["kept", "freed"]

MAX_ELEMENTS = 64
"""Tensors with more elements than this are summarised, never copied."""


@dataclass(frozen=True)
class Summary:
    """What is said of a tensor too large to list.

    Attributes:
        min: Smallest element.
        mean: Mean of all elements.
        max: Largest element.
        thumbnail: At most 16 by 16 evenly spaced elements of the tensor seen
            as a matrix (all leading dimensions flattened into rows).
    """

    min: float
    mean: float
    max: float
    thumbnail: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Value:
    """A tensor at one moment of its life, or a Python number in an operation.

    Attributes:
        id: Position in `ComputationGraph.values`.
        name: The student's variable, a parameter path, or a given name.
        role: `input` (a leaf that needs no gradient, or a result from before
            the block), `parameter` (a leaf that requires one), `constant` (a
            Python number), `intermediate`, or `output` (nothing consumed it).
        shape: As `tuple(tensor.shape)`.
        dtype: As in `torch.float32`, without the `torch.`.
        requires_grad: As the tensor has it.
        data: The numbers; see `Data`.
        gradient: Derivative of the differentiated value by this one, as
            `torch.autograd.grad` gives it; same form as `data`.
        summary: Of the data, when there are too many to list.
        gradient_summary: Of the gradient, when there are too many to list.
        differentiated: Whether PyTorch computes a gradient for it, even where
            neither numbers nor a summary can be given (many complex numbers).
        also: Further variables that hold the same tensor.
    """

    id: int
    name: str
    role: Role
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool
    data: Data
    gradient: Data = None
    summary: Summary | None = None
    gradient_summary: Summary | None = None
    differentiated: bool = False
    also: tuple[str, ...] = ()

    @property
    def has_gradient(self) -> bool:
        """Whether PyTorch computes a gradient for this value."""
        known = self.gradient is not None or self.gradient_summary is not None
        return known or self.differentiated


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
    """

    name: str
    shape: tuple[int, ...] | None
    nbytes: int
    state: State
    value: int | None = None
    data: Data = None
    summary: Summary | None = None


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
class Operation:
    """One call of a torch function.

    Attributes:
        id: Position in `ComputationGraph.operations`.
        name: The function's usual name: `mul`, `relu`, `linear`, ...
        inputs: Ids of the values it reads; a value used twice stands twice.
        outputs: Ids of the values it makes.
        local_derivatives: For each input, the derivative of the output by it,
            of this operation alone: a number where both have one element; the
            shape of the output for an elementwise operation; the shape of the
            larger side where one side has one element; None where it is not
            defined so simply, or PyTorch computes none.
        backward: PyTorch's name of the node that differentiates it
            (`MulBackward0`), or None where nothing was recorded.
        saved: What that node saved for the backward pass.
        contributions: For each input, the vector-Jacobian product that flowed
            to it through this operation; an input's gradient is their sum over
            all its uses.
        jacobian_shapes: For each input, output shape followed by input shape,
            or None where there is no derivative.
        contribution_summaries: Of the contributions too large to list.
        jacobians: For each input, the Jacobian matrix of a small operation that
            is not elementwise: a row for each output element, a column for
            each input element.
        elementwise: Whether each output element depends on one element of each
            input alone, so that a Jacobian is a diagonal.
        line: Line of the student's code that called it, from 1; None if unknown.
        source: The file of that line, or its notebook cell: `In[3]`.
        unasked: Why its derivative was not asked, where asking could have
            changed something of the student's; mostly empty.
        arguments: What it was called with, in the order of PyTorch's
            declaration; empty where no call was seen.
        random: Whether its result depends on chance.
        flows: For each input, whether a gradient flowed to it through this
            operation, be its numbers listed, summarised or neither.
    """

    id: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    local_derivatives: tuple[Data, ...]
    backward: str | None
    saved: tuple[SavedTensor, ...]
    contributions: tuple[Data, ...] = ()
    jacobian_shapes: tuple[tuple[int, ...] | None, ...] = ()
    contribution_summaries: tuple[Summary | None, ...] = ()
    jacobians: tuple[Data, ...] = ()
    elementwise: bool = False
    line: int | None = None
    source: str | None = None
    unasked: str = ""
    arguments: tuple[Argument, ...] = ()
    random: bool = False
    flows: tuple[bool, ...] = ()

    def has_derivative(self, position: int) -> bool:
        """Whether a derivative with respect to that input is known, or a gradient flowed there."""
        listed = (self.local_derivatives, self.jacobians)
        known = any(each[position : position + 1] not in ((), (None,)) for each in listed)
        return known or self.has_contribution(position)

    def has_contribution(self, position: int) -> bool:
        """Whether a gradient flowed through this operation to that input."""
        if self.flows:
            return self.flows[position]
        listed = self.contributions[position : position + 1] != (None,) and self.contributions
        return bool(listed) or any(self.contribution_summaries[position : position + 1])


@dataclass(frozen=True)
class ComputationGraph:
    """A snapshot of what a block of torch code computed.

    Attributes:
        values: In order of first appearance; `values[i].id == i`.
        operations: In the order they ran; `operations[i].id == i`.
        branches: In the order they were asked.
        of: Id of the value that was differentiated, or None.
        note: A sentence for the reader, for instance why there are no
            gradients; empty when there is nothing to say.
        cuts: Where autograd stopped following a value, in the order of the code.
        passes: The backward passes inside the block, in order.
    """

    values: tuple[Value, ...]
    operations: tuple[Operation, ...]
    branches: tuple[Branch, ...] = ()
    of: int | None = None
    note: str = ""
    cuts: tuple[Cut, ...] = ()
    passes: tuple[Pass, ...] = ()

    def __getitem__(self, key: str | int) -> Value:
        """The value with this name or id.

        Raises:
            KeyError: There is none; the message lists the names there are.
        """
        if isinstance(key, int) and 0 <= key < len(self.values):
            return self.values[key]
        for value in self.values:
            if value.name == key:
                return value
        for value in self.values:
            if key in value.also:
                return value
        names = ", ".join(value.name for value in self.values) or "none: nothing was computed"
        raise KeyError(f"no value named {key!r} in this graph; it has {names}")

    def __contains__(self, name: object) -> bool:
        return any(value.name == name for value in self.values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def producer(self, value: Value) -> Operation | None:
        """The operation that made `value`; None for a leaf."""
        return next((op for op in self.operations if value.id in op.outputs), None)

    def to_dict(self) -> dict[str, Any]:
        """The graph as JSON-ready data: dicts, lists, strings and numbers.

        Numbers that JSON does not know become strings: `"nan"`, `"inf"`,
        `"-inf"`, and complex numbers as Python prints them.
        """
        plain: dict[str, Any] = _jsonable(asdict(self))
        return plain


def _jsonable(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _jsonable(each) for key, each in item.items()}
    if isinstance(item, (tuple, list)):
        return [_jsonable(each) for each in item]
    if isinstance(item, complex) or (isinstance(item, float) and not math.isfinite(item)):
        return str(item)
    return item
