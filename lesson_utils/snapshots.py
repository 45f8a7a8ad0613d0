"""From a live recording to the frozen `ComputationGraph`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from lesson_utils.backward import BackwardPass, Numbers
from lesson_utils.differentiation import reached
from lesson_utils.graph import (
    Branch,
    ComputationGraph,
    Operation,
    Role,
    SavedTensor,
    State,
    Value,
)
from lesson_utils.recording import Call, LiveValue, SavedRecord, numbers, summarise, tensors_in

if TYPE_CHECKING:
    from lesson_utils.recorder import Recorder


_NOTHING: Numbers = (None, None)


def results(t: Recorder) -> list[LiveValue]:
    """The computed values that nothing consumed.

    Where some of them can be differentiated only those count, and a use
    that autograd does not follow (a comparison, say) is no consumption. An
    output that no variable holds, of a call whose other output is used, was
    thrown away (the weights of an attention layer, say).
    """
    followed = any(each.requires_grad for call in t.calls for each in call.outputs)
    consumed = {
        value
        for call in t.calls
        if not followed or any(each.requires_grad for each in call.outputs)
        for value in call.inputs
    }
    dropped = {
        value
        for call in t.calls
        if any(each in consumed or each.bound for each in call.outputs)
        for value in call.outputs
        if not value.bound
    }
    asked = {question.value for question in t.questions}
    return [
        value
        for call in t.calls
        for value in call.outputs
        if value not in consumed | dropped | asked and value.requires_grad >= followed
    ]


def freeze(
    t: Recorder,
    of: torch.Tensor | str | None,
    seed: torch.Tensor | float | None,
    *,
    strict: bool,
) -> ComputationGraph:
    """Build the graph that `trace.graph` promises.

    Args:
        t: The recording.
        of: See `trace.graph`.
        seed: See `trace.graph`.
        strict: Whether several results are an error, or only a note.
    """
    if not t.calls and not t.questions:
        if of is not None:
            raise ValueError(f"nothing was computed in this block, so there is no {of!r} in it")
        return ComputationGraph((), (), note="Nothing was computed in this block.")
    ends = results(t) if t.results is None else list(t.results)
    target, note = _target(t, ends, of, strict)
    done: BackwardPass | None = None
    if target is not None:
        done, note = _differentiate(t, target, seed)
        ends += [target] if target.computed else []
    return _assemble(t, set(ends), target, done, note)


def _target(
    t: Recorder, found: list[LiveValue], of: Any, strict: bool
) -> tuple[LiveValue | None, str]:
    if of is not None:
        return _find(t, of), ""
    if len(found) == 1:
        return found[0], ""
    if not found:
        return None, "No result is left to differentiate."
    if not any(each.requires_grad for each in found):
        return None, "Nothing here requires a gradient, so there is none to show."
    names = ", ".join(each.name for each in found)
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
            held = value.tensor() if callable(value.tensor) else value.tensor
            if (held is of and not isinstance(value.tensor, torch.Tensor)) or value.tensor is of:
                return value
        raise ValueError(
            "of= is a tensor that does not appear in this block; pass one that does, or a name"
        )
    if not isinstance(of, str):
        raise TypeError(f"of= takes a tensor of the block or its name, not {type(of).__name__}")
    for value in reversed(t.values):
        if value.name == of:
            return value
    names = ", ".join(each.name for each in t.values if not each.constant)
    raise ValueError(f"of={of!r} is not a value of this block; it has {names}")


def _differentiate(
    t: Recorder, target: LiveValue, seed: torch.Tensor | float | None
) -> tuple[BackwardPass | None, str]:
    if not target.requires_grad or target.dtype is None:
        return (
            None,
            (
                f"{target.name} does not depend on a tensor that requires a gradient, "
                "so there are no gradients."
            ),
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
            return t.passes[target], ""
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
        return done, ""
    if "second time" in done.stopped:
        return None, (
            "A backward pass has freed what these gradients need; run the block again, "
            "or ask for them before the pass."
        )
    return None, f"PyTorch could not run the backward pass of {done.stopped}"


def _assemble(
    t: Recorder,
    ends: set[LiveValue],
    target: LiveValue | None,
    done: BackwardPass | None,
    note: str,
) -> ComputationGraph:
    used = {each for call in t.calls for each in (*call.inputs, *call.outputs)}
    used |= {question.value for question in t.questions}
    live = [value for value in t.values if value in used]
    ids = {value: i for i, value in enumerate(live)}
    gradients = {} if done is None else done.gradients
    values = tuple(
        [
            Value(
                i,
                each.name,
                _role(each, each in ends),
                each.shape,
                _dtype(each),
                each.requires_grad,
                each.data,
                gradient,
                each.summary,
                gradient_summary,
            )
            for i, each in enumerate(live)
            for gradient, gradient_summary in (gradients.get(each, _NOTHING),)
        ]
    )
    operations = tuple(_operation(i, call, ids, done) for i, call in enumerate(t.calls))
    branches = tuple(
        Branch(ids[each.value], each.taken, each.line, each.position) for each in t.questions
    )
    return ComputationGraph(
        values,
        operations,
        branches,
        None if done is None or target is None else ids[target],
        note,
    )


def _role(value: LiveValue, result: bool) -> Role:
    if value.constant:
        return "constant"
    if value.computed:
        return "output" if result else "intermediate"
    return "parameter" if value.requires_grad and value.edge is None else "input"


def _dtype(value: LiveValue) -> str:
    if value.dtype is None:
        return type(value.data).__name__
    return str(value.dtype).removeprefix("torch.")


def _operation(
    position: int, call: Call, ids: dict[LiveValue, int], done: BackwardPass | None
) -> Operation:
    products = done.products.get(call) if done is not None else None
    shown = [_NOTHING] * len(call.inputs) if products is None else [p or _NOTHING for p in products]
    made = [value for value in call.outputs if value.edge is not None]
    shape = made[0].shape if len(made) == 1 and call.nodes else None
    # Lists are quicker to build than generators are to run, and many small ones are built here.
    return Operation(
        position,
        call.name,
        tuple([ids[each] for each in call.inputs]),
        tuple([ids[each] for each in call.outputs]),
        tuple(call.local),
        next((each.edge[0].name() for each in made if each.edge is not None), None),
        tuple([_saved(each, ids) for each in call.saved]),
        tuple([each[0] for each in shown]),
        tuple(
            [
                (*shape, *value.shape) if shape is not None and hit else None
                for value, hit in zip(call.inputs, reached(call), strict=True)
            ]
        ),
        tuple([each[1] for each in shown]),
        tuple(call.jacobians),
        call.elementwise and all([_spreads(each.shape, shape) for each in call.inputs]),
    )


def _spreads(shape: tuple[int, ...], over: tuple[int, ...] | None) -> bool:
    """Whether a shape broadcasts to another; `max` of two is elementwise, `max` of one is not."""
    if over is None or len(shape) > len(over):
        return False
    return all(a in (1, b) for a, b in zip(reversed(shape), reversed(over), strict=False))


def _saved(record: SavedRecord, ids: dict[LiveValue, int]) -> SavedTensor:
    packed = record.now()
    state: State = "freed" if packed is None else "kept"
    if record.value is not None:  # its numbers stand at the value
        return SavedTensor(record.name, record.shape, record.nbytes, state, ids[record.value])
    inside = list(tensors_in(packed))
    if len(inside) != 1:
        return SavedTensor(record.name, record.shape, record.nbytes, state)
    data = numbers(inside[0])
    summary = None if data is not None else summarise(inside[0])
    return SavedTensor(record.name, record.shape, record.nbytes, state, None, data, summary)
