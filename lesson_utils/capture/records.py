"""What a traced block leaves behind: live tensors, calls and autograd nodes.

These records are mutable and hold torch objects; `tracing` fills them,
`differentiation` reads them, and nothing further down ever sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias
from weakref import ReferenceType

import torch

from lesson_utils.capture.elements import Digest, digest, numbers, summary_of
from lesson_utils.capture.lines import NOWHERE, Place
from lesson_utils.capture.torch_internals import version_counter
from lesson_utils.graph import Data, Number

Node: TypeAlias = Any  # torch.autograd.graph.Node, or a custom function's node
Edge: TypeAlias = tuple[Node, int]
# Where a node's output goes: an input of the call, another node of it, or nowhere.
Target: TypeAlias = "tuple[str, int, int] | None"

_LAZY = (torch.nn.UninitializedParameter, torch.nn.UninitializedBuffer)
CHANGED = "changed in place"
VIEWED = "viewed"  # a view, after a write through it has changed what it is a view of
NESTED = "nested tensors"


# In the two records below what is set only later has its default on the class: they are made for
# every call, and a default that is written to each of them costs time.


@dataclass(eq=False, repr=False)  # what prints it would print tensors
class LiveValue:
    """A tensor at one version, or a Python number.

    The tensor is held weakly, so that a block keeps no more memory than it
    would without us; `tensor` is None when it is gone, when there is none, and
    for a value of which only the node was seen.
    """

    version: int
    shape: tuple[int, ...]
    dtype: torch.dtype | None
    requires_grad: bool
    data: Data
    summary: Digest | None
    numel: int = 1
    edge: Edge | None = None
    constant: bool = False
    computed: bool = False
    exposed: bool = False  # may be written without a new version, through `.data` or NumPy
    name: str = field(default="", init=False)
    bound: bool = field(default=False, init=False)  # to a variable of the student's
    also: tuple[str, ...] = field(default=(), init=False)  # its further names
    hooked: bool = field(default=False, init=False)  # a student's hook may change its gradient
    held: ReferenceType[torch.Tensor] | None = field(default=None, init=False)

    @property
    def tensor(self) -> torch.Tensor | None:
        return None if self.held is None else self.held()


@dataclass(eq=False, slots=True)
class SavedRecord:
    """A tensor that a node saved; its fate is asked of the node when needed."""

    node: Node
    name: str
    shape: tuple[int, ...] | None
    nbytes: int
    now: Callable[[], Any]  # what the node holds at this moment; None once it is freed
    value: LiveValue | None = None
    version: int | None = None  # when it was saved; None where PyTorch will not compare


@dataclass(eq=False)
class Call:
    """One torch call and the autograd nodes it made, in backward order.

    Attributes:
        name: The operation's usual name.
        inputs: The values that it read, and below the values that it made.
        place: Where the student's code called it.
        frame: The id of the frame that ran there.
        func: The function that was called.
        nodes: The autograd nodes that it made.
        targets: For each node, where its products go.
        slots: How many outputs each node has.
        elementwise: Whether each element of the result depends on one of each input.
        saved: What the nodes saved.
        local: The derivative with respect to each input.
        jacobians: Likewise, as matrices.
        unit: The products for a gradient of exactly 1, where small.
        given: What it was called with.
        since: Number of the first node that it could make.
        grad_enabled: Whether autograd recorded.
        hooked: Whether saved-tensor hooks may have been in force.
        python: Whether one of its nodes is a Function's, whose backward is Python code.
        answers: What the backward of such nodes gave.
        unasked: Why its derivative cannot be asked.
        chance: The random generator's state before it, if it may draw.
        random: Whether it drew random numbers.
        through: Whether it writes through a view of a tensor that is known.
        silent: Whether it writes to tensors whose versions stay as they are.
    """

    name: str
    inputs: list[LiveValue]
    outputs: list[LiveValue]
    place: Place = NOWHERE
    func: Any = None
    nodes: Sequence[Node] = field(default=(), init=False)
    targets: Sequence[list[Target]] = field(default=(), init=False)
    slots: Sequence[int] = field(default=(), init=False)
    elementwise: bool = field(default=False, init=False)
    saved: Sequence[SavedRecord] = field(default=(), init=False)
    local: Sequence[Data] = field(default=(), init=False)
    jacobians: Sequence[Data] = field(default=(), init=False)
    unit: list[Any] | None = field(default=None, init=False)
    given: Sequence[tuple[str, Any]] = field(default=(), init=False)
    since: int = field(default=0, init=False)
    grad_enabled: bool = field(default=True, init=False)
    hooked: bool = field(default=True, init=False)
    python: bool = field(default=False, init=False)
    answers: dict[Node, Answer] | None = field(default=None, init=False)
    unasked: str = field(default="", init=False)
    chance: torch.Tensor | None = field(default=None, init=False)
    random: bool = field(default=False, init=False)
    through: bool = field(default=False, init=False)
    silent: bool = field(default=False, init=False)
    frame: int = field(default=0, init=False)

    def root(self, output: LiveValue) -> tuple[int, int] | None:
        """Position in `nodes`, and slot there, of the node that made `output`."""
        if output.edge is None or output.edge[0] not in self.nodes:
            return None
        return self.nodes.index(output.edge[0]), output.edge[1]


class NotRecorded(Exception):
    """A call that is passed on without being recorded; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the backward of a student's own Function gave, the one time it was run."""

    cotangents: list[torch.Tensor | None]
    products: tuple[torch.Tensor | None, ...]


@dataclass(eq=False)
class Question:
    """A truth test: which value, how it came out, where, after how many calls."""

    value: LiveValue
    taken: bool
    place: Place
    position: int


@dataclass(eq=False)
class Read:
    """A number taken out of a tensor (`item`, `numpy`, ...), which no gradient follows."""

    name: str
    value: LiveValue
    place: Place


@dataclass(eq=False)
class StudentsPass:
    """A call of `backward` or `grad` inside the block."""

    name: str
    roots: list[LiveValue]
    place: Place
    seeded: bool = False  # with a gradient of its own to start from
    goals: Sequence[LiveValue] = ()  # what it goes to; empty for all leaves
    retains: bool = False  # whether what the nodes saved is kept


def snapshot(
    tensor: torch.Tensor, *, edge: Edge | None = None, computed: bool = False
) -> LiveValue:
    """A record of `tensor` as it is now; its numbers are taken at once."""
    if tensor.is_nested:
        raise NotRecorded(NESTED)
    if type(tensor) is not torch.Tensor and type(tensor) in _LAZY:
        raise NotRecorded("a lazy module's first call, which gives its parameters their shapes")
    data, exposed = numbers(tensor), False
    try:
        version = version_counter(tensor)
    except RuntimeError:  # an inference tensor, which has none
        version, exposed = 0, True
    summary = None if data is not None else digest(tensor)
    shape, count = tuple(tensor.shape), tensor.numel()
    return LiveValue(
        version, shape, tensor.dtype, tensor.requires_grad, data, summary, count,
        edge, False, computed, exposed,
    )  # fmt: skip


def changed(value: LiveValue, tensor: torch.Tensor) -> bool:
    """Whether a tensor holds other numbers than when it was recorded; of a large one a summary."""
    now = numbers(tensor)
    if now is None and value.data is None:
        return str(summary_of(digest(tensor))) != str(summary_of(value.summary))
    return str(now) != str(value.data)


def constant(number: Number) -> LiveValue:
    """A record of a Python number that takes part in an operation."""
    return LiveValue(0, (), None, False, number, None, constant=True)


@cache
def unit(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """A shared tensor of ones; nobody may write to it."""
    return torch.ones(shape, dtype=dtype)


def version_of(tensor: torch.Tensor) -> int:
    """The tensor's version counter; inference tensors have none and count as 0."""
    try:
        return version_counter(tensor)
    except RuntimeError:
        return 0


def node_of(tensor: torch.Tensor) -> Node | None:
    """The node that made a tensor; None for a view that may no longer take part in a graph.

    Such are views made without gradients, and outputs of `split` and its like, once what they are
    views of was written to; PyTorch refuses to tell their node.
    Source: check_inplace in torch/csrc/autograd/VariableTypeUtils.h.
    """
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None
