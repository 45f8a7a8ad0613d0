"""The nodes behind tensors, as a backward pass would meet them, and what they can still do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from lesson_utils.capture.records import Node, node_of
from lesson_utils.capture.torch_internals import (
    raw_saved_names,
    saved_attribute,
    sequence_number,
)

# Whoever holds very many nodes from Python may crash it when they go: each takes the next along.
MOST = 20_000


def nodes_behind(roots: Iterable[torch.Tensor], to: Sequence[torch.Tensor] = ()) -> list[Node]:
    """The nodes that a backward pass runs, about in its order: those made last come first.

    Of a graph of more than `MOST` nodes these are some.

    Args:
        roots: Where it starts.
        to: Where it goes to; empty for all leaves.
    """
    waiting = [node for node in map(node_of, roots) if node is not None]
    found = dict.fromkeys(waiting)  # in the order in which they are met
    parents: dict[Node, list[Node]] = {}
    while waiting and len(found) < MOST:
        node = waiting.pop()
        for behind, _ in node.next_functions:
            if behind is None:
                continue
            parents.setdefault(behind, []).append(node)
            if behind not in found:
                found[behind] = None
                waiting.append(behind)
    if to:
        ends = [node for node in found if any(_is_end(node, tensor) for tensor in to)]
        leading: set[Node] = set()
        waiting = [it for end in ends for it in parents.get(end, ())]
        while waiting:
            node = waiting.pop()
            if node not in leading:
                leading.add(node)
                waiting += parents.get(node, ())
        found = {node: None for node in found if node in leading}
    # A leaf's has the largest number there is.
    return sorted(found, key=lambda node: (-_is_made(node), -sequence_number(node)))


def reached(start: Iterable[Node | None]) -> Iterator[Node]:
    """All nodes that a backward pass from some could come by, these among them, in no order."""
    waiting = [node for node in start if node is not None]
    found = set(waiting)
    yield from waiting
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if node is not None and node not in found:
                found.add(node)
                waiting.append(node)
                yield node


def is_reached(root: torch.Tensor, tensor: torch.Tensor) -> bool:
    """Whether a backward pass from `root` comes by a tensor."""
    return root is tensor or any(_is_end(node, tensor) for node in nodes_behind([root]))


def leaves_behind(root: torch.Tensor) -> list[torch.Tensor]:
    """The tensors whose `.grad` a backward pass from `root` would write."""
    found = (getattr(node, "variable", None) for node in nodes_behind([root]))
    return [leaf for leaf in found if leaf is not None]


def is_freed(node: Node) -> bool:
    """Whether a backward pass has freed what a node saved. Nothing is unpacked, no hook is run."""
    return any(packed is None and _fails(node, name) for name, packed, _ in _holdings(node))


def holds(node: Node) -> bool:
    """Whether a node has saved tensors now."""
    return any(packed is not None for _, packed, _ in _holdings(node))


def spoilt(node: Node) -> list[torch.Tensor]:
    """The tensors that a node saved and that were written to since: it can no longer run."""
    return [
        packed
        for name, packed, hooked in _holdings(node)
        if isinstance(packed, torch.Tensor) and not hooked and _fails(node, name)
    ]


def _is_made(node: Node) -> bool:
    """Whether an operation made it; a leaf's node only adds to its `.grad`."""
    return getattr(node, "variable", None) is None


def _is_end(node: Node, tensor: torch.Tensor) -> bool:
    own = node_of(tensor)
    return node is own if own is not None else getattr(node, "variable", None) is tensor


def _holdings(node: Node) -> list[tuple[str, Any, bool]]:
    """Name, what is held (None: nothing, or no more), and whether a hook packed it."""
    found: list[tuple[str, Any, bool]] = []
    kind: Any = type(node)
    for raw, name in raw_saved_names(kind):
        try:
            held = getattr(node, raw)
        except RuntimeError:  # a list raises once it is freed
            found.append((name, None, False))
            continue
        for holder in held if isinstance(held, (tuple, list)) else (held,):
            found.append((name, holder.data, holder.unpack_hook is not None))
    return found


def _fails(node: Node, name: str) -> bool:
    """Whether PyTorch refuses to give out what was saved, which it gives to a backward pass."""
    try:
        getattr(node, saved_attribute(type(node), name))
    except RuntimeError:
        return True
    return False
