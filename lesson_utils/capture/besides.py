"""What changes a gradient besides the graph: hooks, seeds and passes that came earlier."""

from __future__ import annotations

import itertools
import math

from lesson_utils.capture.backward import BackwardPass
from lesson_utils.capture.behind import reached
from lesson_utils.capture.elements import numbers
from lesson_utils.capture.recorder import Recorder
from lesson_utils.capture.records import LiveValue, version_of
from lesson_utils.capture.torch_internals import backward_hooks
from lesson_utils.graph import Data

_FAR = 10_000  # nodes that are followed back from a value


def grads_besides(t: Recorder, done: BackwardPass) -> list[str]:
    """Sentences on what the student's `.grad` holds, where it is not what is shown.

    Looking runs no hook and reads `.grad` only, so what is shown is what the
    graph alone gives.
    """
    hooked = [value for value in done.gradients if _is_hooked(value)]
    told = [
        f"a hook on {value.name} can change what passes there; what is shown is before it"
        for value in hooked
    ]
    if any(call.name == "BackwardHookFunction" for call in done.products):
        told.append("a module's backward hook can change what passes; what is shown is before it")
    for value, (shown, _) in done.gradients.items():
        leaf = value.tensor
        if leaf is not None and not leaf.requires_grad:
            told.append(
                f"{value.name} no longer requires a gradient; what is shown is what its earlier "
                "uses received"
            )
        if leaf is None or not leaf.is_leaf or version_of(leaf) != value.version:
            continue
        held = None if leaf.grad is None else numbers(leaf.grad)
        if held is None or shown is None or _close(held, shown):
            continue
        seeds = [request.place.line for request in t.students if request.seeded]
        reason = ".grad holds the sum of all passes, and whatever code has written to it"
        if seeds:
            reason = f"backward was given a gradient to start from (line {seeds[-1]})"
        elif hooked:
            reason = "a hook may have changed what passed, and passes add up in .grad"
        told.append(f"{value.name}.grad is {_written(held)}, and here {_written(shown)}: {reason}")
    return told


def taken_for_one(done: BackwardPass) -> list[str]:
    """Sentences on values that differ, and that PyTorch takes for one.

    A tensor that is written to while autograd does not record is a different value
    afterwards, but it still has its node: `grad` adds up what both receive.
    """
    groups: dict[object, list[str]] = {}
    for value in done.gradients:
        leaf = value.tensor if value.edge is None else None
        key = value.edge if leaf is None else id(leaf)
        if key is not None and not value.constant:
            groups.setdefault(key, []).append(value.name)
    return [
        f"PyTorch takes {' and '.join(sorted(names))} for one value, since it was written to "
        "without autograd: grad gives the sum of their gradients"
        for names in groups.values()
        if len(names) > 1
    ]


def outside(t: Recorder, done: BackwardPass) -> list[str]:
    """Sentences on what was computed elsewhere and leads to a leaf that is shown here as well.

    A gradient counts the block's own paths; PyTorch's would count those, too.
    """
    leaves = {id(value.tensor): value for value in done.gradients if value.tensor is not None}
    told = []
    if any(value.dtype is not None and value.dtype.is_complex for value in done.gradients):
        told.append("complex derivatives are shown as PyTorch gives them: conjugated")
    for value in done.gradients:
        if value.computed or value.edge is None:
            continue
        met = dict[str, None]()
        for node in itertools.islice(reached([value.edge[0]]), _FAR):
            known = leaves.get(id(getattr(node, "variable", None)))
            if known is not None:
                met[known.name] = None
        if met:
            told.append(
                f"{value.name} was not computed here: its own path to {' and '.join(met)} "
                "is not counted in the gradients shown"
            )
    return told


def _is_hooked(value: LiveValue) -> bool:
    tensor = value.tensor
    return value.hooked or (tensor is not None and bool(backward_hooks(tensor)))


def _close(one: Data, other: Data) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        same = math.isnan(one) and math.isnan(other)
        return same or math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-6)
    return one == other


def _written(data: Data) -> str:
    if isinstance(data, tuple):
        return f"[{', '.join(map(_written, data))}]"
    return (f"{data:.4g}" if isinstance(data, float) else str(data)).replace("-", "−")
