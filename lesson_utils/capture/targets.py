"""What a graph's gradients are of: the block's results, and their backward passes."""

from __future__ import annotations

from typing import Any

import torch

from lesson_utils.capture.backward import BackwardPass
from lesson_utils.capture.lines import Place
from lesson_utils.capture.recorder import Recorder
from lesson_utils.capture.records import Call, LiveValue


def target_of(
    t: Recorder, found: list[LiveValue], of: Any, strict: bool
) -> tuple[LiveValue | None, str]:
    """The value to differentiate, or None and a sentence that says why there is none.

    Raises:
        TypeError: An `of` that is neither a tensor nor a name.
        ValueError: An `of` that is not of this block, or, if `strict`, several results.
    """
    if of is not None:
        return _find(t, of), ""
    if len(found) == 1:
        return found[0], ""
    if not found:
        return None, "No result is left to differentiate."
    if not any(value.requires_grad for value in found):
        cut = [cut_off(t, value) for value in found]
        if any(cut):
            return None, "; ".join(filter(None, cut))
        return None, "Nothing here requires a gradient, so there is none to show."
    names = ", ".join(value.name for value in found)
    message = (
        f"this block has several results: {names}; "
        f"say which one to differentiate, for instance t.graph(of={found[-1].name!r})"
    )
    if strict:
        raise ValueError(message)
    return None, f"T{message[1:]}."


def _find(t: Recorder, of: Any) -> LiveValue:
    if isinstance(of, torch.Tensor):
        for value in reversed(t.values):
            if value.tensor is of:
                return value
        raise ValueError(
            "of= is a tensor that does not appear in this block; pass one that does, or a name"
        )
    if not isinstance(of, str):
        raise TypeError(f"of= takes a tensor of the block or its name, not {type(of).__name__}")
    for value in reversed(t.values):
        if value.name == of or of in value.also:
            return value
    names = ", ".join(value.name for value in t.values if not value.constant)
    raise ValueError(f"of={of!r} is not a value of this block; it has {names}")


def differentiate(
    t: Recorder, target: LiveValue, seed: torch.Tensor | float | None
) -> tuple[BackwardPass | None, str]:
    """The backward pass of a value, or None; and a sentence on what it does not show.

    Raises:
        ValueError: A seed of another shape.
    """
    if not target.requires_grad or target.dtype is None:
        return None, cut_off(t, target) or (
            f"{target.name} does not depend on a tensor that requires a gradient, "
            "so there are no gradients."
        )
    if seed is None:
        if target.numel != 1:
            return None, (
                f"{target.name} has {target.numel} elements; a gradient needs a scalar or a seed: "
                f"t.graph(of={target.name!r}, seed=...)."
            )
        if target.dtype.is_complex:
            return None, f"{target.name} is complex; give a seed to differentiate it."
        if target in t.passes:
            return t.passes[target], _unasked(t.passes[target])
        given = torch.ones(target.shape, dtype=target.dtype)
    else:
        given = torch.as_tensor(seed, dtype=target.dtype).detach()
        if given.numel() == 1 and target.numel == 1:
            given = given.reshape(target.shape)
        if tuple(given.shape) != target.shape:
            raise ValueError(
                f"seed has shape {tuple(given.shape)}, but {target.name} has shape {target.shape}; "
                "give one number for each element"
            )
    done = BackwardPass(t.calls, target, given, written=t.written)
    if not done.stopped:
        return done, _unasked(done)
    if "second time" in done.stopped:
        return None, (
            "A backward pass has freed what these gradients need; run the block again, "
            "or ask for them before the pass."
        )
    return None, f"PyTorch could not run the backward pass of {done.stopped}"


def cut_off(t: Recorder, value: LiveValue) -> str:
    """Where the path from a value to what requires a gradient ends; empty where it had none."""
    makers = {out: call for call in t.calls for out in call.outputs}
    waiting, seen = [value], {value}
    while waiting:
        call = makers.get(waiting.pop())
        if call is None:
            continue
        lost = [operand for operand in call.inputs if operand.requires_grad]
        if lost and not any(out.requires_grad for out in call.outputs):
            name = call.name if call.grad_enabled else "no_grad"
            leaves = _leaves(lost, makers)
            return f"{value.name} is cut off from {leaves} at {name}{_at(call.place)}"
        fresh = [operand for operand in call.inputs if operand not in seen]
        seen.update(fresh)
        waiting += fresh
    for read in t.reads:
        if read.value.requires_grad:
            number = f"{read.name} takes a number out of {read.value.name}{_at(read.place)}"
            return f"{number}, and no gradient follows a number"
    return ""


def _leaves(values: list[LiveValue], makers: dict[LiveValue, Call]) -> str:
    """Names of the parameters that values were computed from, or else their own."""
    waiting, found = list(values), dict.fromkeys(values)
    for value in waiting:
        for operand in makers[value].inputs if value in makers else ():
            if operand.requires_grad and operand not in found:
                found[operand] = None
                waiting.append(operand)
    names = [value.name for value in found if not value.computed] or [
        value.name for value in values
    ]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _unasked(done: BackwardPass) -> str:
    """Which derivatives looking did not ask for, and why."""
    said = dict.fromkeys(f"{call.name}{_at(call.place)}: {call.unasked}" for call in done.unasked)
    return f"No gradient is shown beyond {'; beyond '.join(said)}" if said else ""


def _at(place: Place) -> str:
    return "" if place.line is None else f" (line {place.line})"
