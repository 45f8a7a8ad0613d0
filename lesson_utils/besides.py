"""What changes a gradient besides the graph: hooks, seeds and passes that came earlier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lesson_utils.backward import BackwardPass
from lesson_utils.graph import Data
from lesson_utils.recording import LiveValue, numbers, version_of

if TYPE_CHECKING:
    from lesson_utils.recorder import Recorder


def grads_besides(t: Recorder, done: BackwardPass) -> list[str]:
    """Sentences on what the student's `.grad` holds, where it is not what is shown.

    Looking runs no hook and reads `.grad` only, so what is shown is what the
    graph alone gives.
    """
    hooked = [each for each in done.gradients if _is_hooked(each)]
    told = [
        f"a hook on {each.name} can change what passes there; what is shown is before it"
        for each in hooked
    ]
    if any(call.name == "BackwardHookFunction" for call in done.products):
        told.append("a module's backward hook can change what passes; what is shown is before it")
    for value, (shown, _) in done.gradients.items():
        leaf = value.tensor
        if leaf is None or not leaf.is_leaf or version_of(leaf) != value.version:
            continue
        held = None if leaf.grad is None else numbers(leaf.grad)
        if held is None or shown is None or _close(held, shown):
            continue
        seeds = [each.place.line for each in t.students if each.seeded]
        reason = "it holds an earlier pass, too"
        if seeds:
            reason = f"backward was given a gradient to start from (line {seeds[-1]})"
        elif hooked:
            reason = "a hook changed what passed, or it holds an earlier pass"
        told.append(f"{value.name}.grad is not {_written(shown)} but {_written(held)}: {reason}")
    return told


def _is_hooked(value: LiveValue) -> bool:
    tensor = value.tensor
    return value.hooked or (tensor is not None and bool(tensor._backward_hooks))


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
    return f"{data:.4g}" if isinstance(data, float) else str(data)
