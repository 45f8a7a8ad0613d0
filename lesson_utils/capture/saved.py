"""What autograd's nodes save for the backward pass, and whether they still hold it.

Read through `raw_saved_names`, which neither unpacks a tensor nor runs a hook;
its `data` is None once a backward pass has freed it, and what a saved-tensor
hook packed where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch

from lesson_utils.capture.elements import is_foreign, tensors_in
from lesson_utils.capture.records import Call, LiveValue, Node, SavedRecord, version_of
from lesson_utils.capture.torch_internals import (
    FunctionNode,
    input_metadata,
    raw_saved_names,
    wrapped_node,
)

PACKED = "saved-tensor hooks packed what it needs, and looking runs no hook"
AGAIN = "checkpoint computes this part again in the backward pass, and looking does not"
FOREIGN = "its tensors are of a class with code of its own, which looking does not run"
WRITER = "CopySlices"  # the node of an in-place write through a view; it wraps the write's own node


def obstacle(node: Node) -> str:
    """The hooks that calling a node would run, be they registered after its call; or empty."""
    kind: Any = type(node)
    for raw, _ in raw_saved_names(kind):
        held = _raw(node, raw)
        for holder in held if isinstance(held, (tuple, list)) else (held,):
            if getattr(holder, "unpack_hook", None) is not None and holder.data is not None:
                return _odd(holder, None)
    return ""


def _odd(holder: Any, packed: Any) -> str:
    if holder.unpack_hook is not None:
        own = "checkpoint" in str(getattr(holder.unpack_hook, "__module__", ""))
        return AGAIN if own else PACKED
    return FOREIGN if isinstance(packed, torch.Tensor) and is_foreign(packed) else ""


def saved_tensors(call: Call) -> list[SavedRecord]:
    """What a call's nodes saved for the backward pass, without unpacking anything.

    Where calling one of them would run code that is not PyTorch's, the call is
    marked as one not to be asked.
    """
    records: list[SavedRecord] = []
    around = call.outputs + call.inputs
    for node in call.nodes:
        for raw, i, label, holder, packed in _packed(node):
            if call.hooked or type(packed) is not torch.Tensor:
                call.unasked = call.unasked or _odd(holder, packed)
            inside = packed
            if not isinstance(packed, torch.Tensor):  # what a hook packed
                several = [*tensors_in(packed)]
                inside = several[0] if len(several) == 1 else None
            if inside is not None:
                shape, nbytes = tuple(inside.shape), _bytes(inside)
                value = _value_of(inside, around)
            else:
                shape, nbytes, value = None, sum(map(_bytes, several)), None
            now = partial(_now, node, raw, i)
            compared = inside is packed and holder.unpack_hook is None
            version = version_of(packed) if compared else None
            if version and value in call.inputs and _is_refused(node):
                version = min(version, value.version)  # met late: it saved what it read
            records.append(SavedRecord(node, label, shape, nbytes, now, value, version))
        if type(node).__name__ == WRITER:
            records.append(SavedRecord(node, "fn", None, 0, partial(_writer_now, call, node)))
    return records


def _is_refused(node: Node) -> bool:
    """Whether a student's Function, which is met when its result is, can no longer read a tensor.

    Its `forward` may also have written to what it then saved.
    """
    if not isinstance(node, FunctionNode) or obstacle(node):
        return False
    try:
        return not isinstance(node.saved_tensors, tuple)
    except RuntimeError as error:
        return "inplace operation" in str(error)


def _bytes(tensor: torch.Tensor) -> int:
    """Bytes of its elements; those of a sparse tensor as if it were dense."""
    return tensor.numel() * tensor.element_size()


def _writer_now(call: Call, node: Node) -> Node | None:
    """The node of a write through a view, None once it is spent; only a call of it can tell."""
    return None if not call.unasked and _is_spent(node) else node


def _value_of(saved: torch.Tensor, around: Sequence[LiveValue]) -> LiveValue | None:
    """The value whose memory was saved, all of it, be it in another shape."""
    for value in around:
        if value.held is not None and value.held() is saved:
            return value
    place = _start(saved)
    for value in around:
        own = value.tensor
        if place and own is not None and own.numel() == saved.numel() and _start(own) == place:
            return value
    return None


def _start(tensor: torch.Tensor) -> int:
    """Address of the first element; 0 where there is none, as for sparse tensors."""
    if is_foreign(tensor):
        return 0
    try:
        return tensor.data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0


def tensors_held(node: Node) -> Iterator[torch.Tensor]:
    """The tensors that a node keeps alive now, what hooks packed and `ctx` remembers included."""
    for *_, packed in _packed(node):
        yield from tensors_in(packed)
    yield from tensors_in(getattr(node, "__dict__", {}))  # attributes of a custom Function's ctx
    wrapped = wrapped_node(node)
    if wrapped is not None:
        yield from tensors_held(wrapped)


def _packed(node: Node) -> Iterator[tuple[str, int, str, Any, Any]]:
    """Attribute, position in it, name, holder and what it holds, for all that is still kept."""
    kind: Any = type(node)
    for raw, name in raw_saved_names(kind):
        held = _raw(node, raw)
        if not isinstance(held, (tuple, list)):
            packed = getattr(held, "data", None)
            if packed is not None:
                yield raw, 0, name, held, packed
            continue
        for i, holder in enumerate(held):
            packed = getattr(holder, "data", None)
            if packed is not None:
                yield raw, i, f"{name}[{i}]", holder, packed


def _now(node: Node, raw: str, position: int) -> Any:
    """What is stored there at this moment; None once it is freed."""
    held = _raw(node, raw)
    if isinstance(held, (tuple, list)):
        held = held[position] if position < len(held) else None
    return getattr(held, "data", None)


def _raw(node: Node, attribute: str) -> Any:
    try:
        return getattr(node, attribute)
    except RuntimeError:  # a list of saved tensors raises once it is freed
        return None


def _is_spent(node: Node) -> bool:
    """Whether a backward pass took the node that a writer wraps; only a call can tell."""
    expected = input_metadata(node)[0]
    gradient = torch.zeros((), dtype=expected.dtype, device=expected.device)
    try:
        node(gradient.expand(tuple(expected.shape)))
    except RuntimeError as error:
        return "second time" in str(error)
    return False
