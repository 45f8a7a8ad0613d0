"""What autograd's nodes save for the backward pass, and whether they still hold it.

Read through `_raw_saved_*`, which neither unpacks a tensor nor runs a hook;
its `data` is None once a backward pass has freed it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from lesson_utils.recording import Node, SavedRecord


@cache
def _saved_names(kind: Any) -> tuple[str, ...]:
    return tuple(each for each in dir(kind) if each.startswith("_raw_saved_"))


def saved_tensors(node: Node) -> list[SavedRecord]:
    """What a node saved for the backward pass, without unpacking anything."""
    records: list[SavedRecord] = []
    kind: Any = type(node)
    for raw in _saved_names(kind):
        name = raw.removeprefix("_raw_saved_")
        held = _raw(node, raw)
        for i, each in enumerate(held if isinstance(held, (tuple, list)) else (held,)):
            data = getattr(each, "data", None)
            if isinstance(data, torch.Tensor):
                label = f"{name}[{i}]" if isinstance(held, (tuple, list)) else name
                nbytes = data.numel() * data.element_size()
                records.append(SavedRecord(label, tuple(data.shape), nbytes, _fate(node, raw, i)))
    return records


def _fate(node: Node, raw: str, position: int) -> Any:
    def is_freed() -> bool:
        held = _raw(node, raw)
        if isinstance(held, (tuple, list)):
            held = held[position] if position < len(held) else None
        return getattr(held, "data", None) is None

    return is_freed


def _raw(node: Node, attribute: str) -> Any:
    try:
        return getattr(node, attribute)
    except RuntimeError:  # a list of saved tensors raises once it is freed
        return None
