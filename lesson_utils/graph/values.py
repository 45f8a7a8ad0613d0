"""The values of a graph: tensors at one moment, and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Number: TypeAlias = bool | int | float | complex
# A number for one element whatever the shape, else nested tuples; None: not
# defined, not computed by PyTorch, or more than `MAX_ELEMENTS` elements.
Data: TypeAlias = "Number | tuple[Any, ...] | None"
Role: TypeAlias = Literal["input", "parameter", "constant", "intermediate", "output"]

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
