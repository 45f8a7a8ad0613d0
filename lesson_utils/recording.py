"""What a traced block leaves behind: live tensors, calls and autograd nodes.

These records are mutable and hold torch objects; `tracing` fills them,
`differentiation` reads them, and nothing further down ever sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, TypeAlias
from weakref import ReferenceType

import torch

from lesson_utils.graph import MAX_ELEMENTS, Data, Number, Summary
from lesson_utils.lines import NOWHERE, Place

Node: TypeAlias = Any  # torch.autograd.graph.Node, or a custom function's node
Edge: TypeAlias = tuple[Node, int]
# Where a node's output goes: an input of the call, another node of it, or nowhere.
Target: TypeAlias = "tuple[str, int, int] | None"

_LAZY = (torch.nn.UninitializedParameter, torch.nn.UninitializedBuffer)
THUMBNAIL = 16
NESTED = "nested tensors"


@dataclass(eq=False, slots=True)
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
    summary: Summary | None
    numel: int = 1
    edge: Edge | None = None
    constant: bool = False
    computed: bool = False
    name: str = ""
    bound: bool = False  # to a variable of the student's
    also: tuple[str, ...] = ()  # its further names
    exposed: bool = False  # may be written without a new version, through `.data` or NumPy
    hooked: bool = False  # a hook of the student's may change its gradient
    held: ReferenceType[torch.Tensor] | None = None

    @property
    def tensor(self) -> torch.Tensor | None:
        return None if self.held is None else self.held()


@dataclass(eq=False, slots=True)
class SavedRecord:
    """A tensor that a node saved; its fate is asked of the node when needed."""

    name: str
    shape: tuple[int, ...] | None
    nbytes: int
    now: Callable[[], Any]  # what the node holds at this moment; None once it is freed
    value: LiveValue | None = None


@dataclass(eq=False, slots=True)
class Call:
    """One torch call and the autograd nodes it made, in backward order."""

    name: str
    inputs: list[LiveValue]
    outputs: list[LiveValue]
    nodes: list[Node] = field(default_factory=list)
    targets: list[list[Target]] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)  # how many outputs each node stands for
    elementwise: bool = False
    saved: list[SavedRecord] = field(default_factory=list)
    local: list[Data] = field(default_factory=list)
    jacobians: list[Data] = field(default_factory=list)
    unit: list[Any] | None = None  # products for a gradient of exactly 1, where small
    place: Place = NOWHERE
    func: Any = None
    given: list[tuple[str, Any]] = field(default_factory=list)  # what it was called with
    since: int = 0  # number of the first node that it could make
    grad_enabled: bool = True
    hooked: bool = True  # saved-tensor hooks may have been in force
    python: bool = False  # one of its nodes is a Function's, whose backward is Python code
    answers: dict[Node, Answer] | None = None  # of such nodes
    unasked: str = ""  # why its derivative cannot be asked
    chance: torch.Tensor | None = None  # the random generator's state before it, if it may draw
    random: bool = False  # whether it drew random numbers

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


def tensors_in(item: Any) -> Iterator[torch.Tensor]:
    """All tensors in (nested) tuples, lists and dicts, in order."""
    if isinstance(item, torch.Tensor):
        yield item
    elif isinstance(item, (tuple, list)):
        for each in item:
            yield from tensors_in(each)
    elif isinstance(item, dict):
        for each in item.values():
            yield from tensors_in(each)


def is_foreign(tensor: torch.Tensor) -> bool:
    """Whether a class of somebody else's computes with it, which looking must not run."""
    kind = type(tensor)
    if kind is torch.Tensor or kind is torch.nn.Parameter:
        return False
    return kind.__torch_dispatch__ is not torch.Tensor.__torch_dispatch__


def numbers(tensor: torch.Tensor) -> Data:
    """The elements as plain numbers, or None above `MAX_ELEMENTS`.

    One element gives a number whatever the shape, more give nested tuples. A
    tensor without readable elements (on the meta device, say) gives None.
    """
    if type(tensor) is not torch.Tensor and is_foreign(tensor):
        return None
    count = tensor.numel()
    try:
        if count == 1:
            number = tensor.item()
            return number if type(number) is float else plain(number)
        if count <= MAX_ELEMENTS:
            if tensor.layout != torch.strided:
                tensor = tensor.to_dense()
            listed: Data = _tuples(tensor.tolist())
            return listed
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return None


def summarise(tensor: torch.Tensor) -> Summary | None:
    """Minimum, mean, maximum and a thumbnail of a tensor too large to list.

    The thumbnail takes at most 16 by 16 evenly spaced elements of the tensor
    seen as a matrix, so nothing larger than itself is copied. Complex tensors
    have no order and give None.
    """
    if tensor.numel() <= MAX_ELEMENTS or tensor.is_complex() or is_foreign(tensor):
        return None
    try:
        low, high = torch.aminmax(tensor)
        mean = tensor.mean() if tensor.is_floating_point() else tensor.sum() / tensor.numel()
        return Summary(float(low.item()), mean.item(), float(high.item()), _thumbnail(tensor))
    except (RuntimeError, NotImplementedError):
        return None


def _thumbnail(tensor: torch.Tensor) -> tuple[tuple[float, ...], ...]:
    width = tensor.shape[-1]
    rows = tensor.take(_spread(tensor.numel() // width, width)).tolist()
    if not tensor.is_floating_point():
        rows = [map(float, row) for row in rows]
    return tuple([tuple(row) for row in rows])


@lru_cache(maxsize=256)
def _spread(height: int, width: int) -> torch.Tensor:
    """Positions of at most 16 by 16 evenly spaced elements of a matrix, row after row."""
    rows, columns = (
        torch.tensor([i * size // count for i in range(count)])
        for size, count in ((height, min(height, THUMBNAIL)), (width, min(width, THUMBNAIL)))
    )
    return rows[:, None] * width + columns


def plain(number: Any) -> Number:
    """A Python number; anything that is none stands as not-a-number."""
    return number if isinstance(number, (bool, int, float, complex)) else float("nan")


def _tuples(item: Any) -> Any:
    if not isinstance(item, list):
        return item
    if not item or not isinstance(item[0], list):
        return tuple(item)
    deep = item[0] and isinstance(item[0][0], list)
    return tuple([_tuples(each) for each in item]) if deep else tuple(map(tuple, item))


def snapshot(
    tensor: torch.Tensor, *, edge: Edge | None = None, computed: bool = False
) -> LiveValue:
    """A record of `tensor` as it is now; its numbers are taken at once."""
    if tensor.is_nested:
        raise NotRecorded(NESTED)
    if type(tensor) is not torch.Tensor and type(tensor) in _LAZY:
        raise NotRecorded("a lazy module's first call, which gives its parameters their shapes")
    data = numbers(tensor)
    return LiveValue(
        version_of(tensor),
        tuple(tensor.shape),
        tensor.dtype,
        tensor.requires_grad,
        data,
        None if data is not None else summarise(tensor),
        tensor.numel(),
        edge,
        False,
        computed,
    )


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
        return tensor._version
    except RuntimeError:
        return 0
