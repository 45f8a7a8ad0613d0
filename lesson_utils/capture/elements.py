"""The elements of a tensor as plain numbers, and a summary of those that are too many."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import torch

from lesson_utils.graph import MAX_ELEMENTS, Data, Number, Summary

THUMBNAIL = 16


def tensors_in(item: Any) -> Iterator[torch.Tensor]:
    """All tensors in (nested) tuples, lists and dicts, in order."""
    if isinstance(item, torch.Tensor):
        yield item
    elif isinstance(item, (tuple, list)):
        for part in item:
            yield from tensors_in(part)
    elif isinstance(item, dict):
        for part in item.values():
            yield from tensors_in(part)


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


class Digest:
    """A summary of a tensor, taken now and put into numbers when somebody reads it.

    A block takes many that nobody ever looks at. What is held is small, and
    nothing of the student's.
    """

    __slots__ = ("_high", "_low", "_mean", "_sample")

    def __init__(self, tensor: torch.Tensor) -> None:
        self._low, self._high = torch.aminmax(tensor)
        floating = tensor.is_floating_point()
        self._mean = tensor.mean() if floating else tensor.sum(dtype=torch.float64) / tensor.numel()
        width = tensor.shape[-1]
        self._sample = tensor.take(_spread(tensor.numel() // width, width))

    def summary(self) -> Summary:
        """Its numbers; the thumbnail as in `graph.Summary`."""
        low, mean, high = float(self._low.item()), self._mean.item(), float(self._high.item())
        rows = tuple(tuple(map(float, row)) for row in self._sample.tolist())
        return Summary(low, mean, high, rows)


def digest(tensor: torch.Tensor) -> Digest | None:
    """Minimum, mean, maximum and a thumbnail of a tensor too large to list.

    The thumbnail takes at most 16 by 16 evenly spaced elements of the tensor
    seen as a matrix, so nothing larger than itself is copied. Complex tensors
    have no order and give None, as do those without readable elements.
    """
    if tensor.numel() <= MAX_ELEMENTS or tensor.is_complex() or is_foreign(tensor):
        return None
    if tensor.is_meta:
        return None
    try:
        return Digest(tensor)
    except (RuntimeError, NotImplementedError, TypeError):  # the last for a device without float64
        return None


def summary_of(taken: Digest | None) -> Summary | None:
    """The numbers of a digest, if there is one."""
    return None if taken is None else taken.summary()


@lru_cache(maxsize=256)
def _spread(height: int, width: int) -> torch.Tensor:
    """Positions of at most 16 by 16 evenly spaced elements of a matrix, row after row."""
    rows, columns = (
        torch.tensor([i * size // count for i in range(count)])
        for size, count in ((height, min(height, THUMBNAIL)), (width, min(width, THUMBNAIL)))
    )
    return rows[:, None] * width + columns


def plain(number: Any) -> Number:
    """A Python number; anything else becomes not-a-number."""
    return number if isinstance(number, (bool, int, float, complex)) else float("nan")


def _tuples(item: Any) -> Any:
    if not isinstance(item, list):
        return item
    if not item or not isinstance(item[0], list):
        return tuple(item)
    deep = item[0] and isinstance(item[0][0], list)
    return tuple([_tuples(part) for part in item]) if deep else tuple(map(tuple, item))
