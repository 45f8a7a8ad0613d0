"""What became of saved tensors: kept, freed, or spoilt by a write, and by which one.

Versions are compared as PyTorch does when a backward pass reads what was saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from lesson_utils.capture.elements import digest, numbers, summary_of, tensors_in
from lesson_utils.capture.records import (
    CHANGED,
    VIEWED,
    Call,
    LiveValue,
    Node,
    SavedRecord,
    version_of,
)
from lesson_utils.capture.torch_internals import storage_id, view_base
from lesson_utils.capture.traits import is_in_place
from lesson_utils.graph import SavedTensor, State


def savings(calls: Sequence[Call], ids: Mapping[LiveValue, int]) -> list[tuple[SavedTensor, ...]]:
    """What each call's nodes saved and what became of it, as it is now.

    A write without gradients leaves a tensor its node: what that saved counts for the call that
    made it alone.
    """
    found: list[tuple[SavedTensor, ...]] = []
    met: set[Node] = set()
    for position, call in enumerate(calls):
        own = [record for record in call.saved if record.node not in met]
        met.update(call.nodes)
        found.append(tuple([_saved(record, position, calls, ids) for record in own]))
    return found


def _saved(
    record: SavedRecord, position: int, calls: Sequence[Call], ids: Mapping[LiveValue, int]
) -> SavedTensor:
    packed = record.now()
    state: State = "freed" if packed is None else "kept"
    told = SavedTensor(record.name, record.shape, record.nbytes, state)
    if packed is not None and record.version is not None:
        now = version_of(packed)
        writer = None if now == record.version else _writer(record, packed, position, calls)
        told = replace(told, version_saved=record.version, version_now=now, spoilt_by=writer)
    if record.value is not None:  # its numbers are at the value
        return replace(told, value=ids[record.value])
    inside = list(tensors_in(packed))
    if len(inside) != 1 or told.is_spoilt:
        return told
    data = numbers(inside[0])
    summary = None if data is not None else summary_of(digest(inside[0]))
    return replace(told, data=data, summary=summary)


def _writer(
    record: SavedRecord, packed: torch.Tensor, position: int, calls: Sequence[Call]
) -> int | None:
    """The first call that wrote to a saved tensor, if it was seen.

    A write raises the version of all views of a tensor. The tensors are asked first which of them
    are views of one another: that tells them from `.data`, whose memory is the same, though its
    versions are its own. `detach()` has the same versions and tells no more than its memory.
    """
    saved = record.version or 0
    kept = [packed]
    if record.value is not None and record.value.tensor is not None:
        kept.append(record.value.tensor)
    for akin in (_is_view_of_same, _has_same_memory):

        def holds(value: LiveValue, akin: Callable[..., bool] = akin) -> bool:
            own = value.tensor
            return value is record.value or (
                own is not None and any([akin(own, tensor) for tensor in kept])
            )

        for i, call in enumerate(calls[position + 1 :], position + 1):
            if call.name in (CHANGED, VIEWED):  # steps of ours, for a write that comes before them
                continue
            before = [value.version for value in call.inputs if holds(value)]
            after = [value.version for value in call.outputs if holds(value)]
            if before and is_in_place(call.name.partition(" ")[0]):  # its tensor may be gone
                after += [value.version for value in call.outputs]
            elif before:  # as that of `F.relu(it, inplace=True)`: a new one would be at version 0
                gone = [value.version for value in call.outputs if value.tensor is None]
                after += [version for version in gone if version == max(before) + 1]
            if max(before, default=0) > saved:
                break  # somebody wrote to it out of sight
            if max(after, default=0) > saved:
                return i
    return None


def _is_view_of_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    first, second = view_base(one), view_base(other)
    return (one if first is None else first) is (other if second is None else second)


def _has_same_memory(one: torch.Tensor, other: torch.Tensor) -> bool:
    if version_of(one) != version_of(other):
        return False
    try:
        return storage_id(one.untyped_storage()) == storage_id(other.untyped_storage())
    except (RuntimeError, NotImplementedError):  # a sparse tensor has none
        return False
