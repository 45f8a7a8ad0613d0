"""From a live recording to the frozen `ComputationGraph`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lesson_utils.capture.backward import BackwardPass, Numbers
from lesson_utils.capture.besides import grads_besides, outside, taken_for_one
from lesson_utils.capture.binding import bind
from lesson_utils.capture.derivatives import reached
from lesson_utils.capture.elements import summary_of
from lesson_utils.capture.ends import results
from lesson_utils.capture.fates import savings
from lesson_utils.capture.lines import Place, files, listings
from lesson_utils.capture.recorder import Recorder
from lesson_utils.capture.records import Call, LiveValue, Question
from lesson_utils.capture.targets import differentiate, target_of
from lesson_utils.capture.visits import visits
from lesson_utils.graph import (
    Branch,
    ComputationGraph,
    Cut,
    Operation,
    Pass,
    Role,
    SavedTensor,
    Use,
    Value,
)

_NOTHING: Numbers = (None, None)


def freeze(
    t: Recorder,
    of: torch.Tensor | str | None,
    seed: torch.Tensor | float | None,
    *,
    strict: bool,
    notes: Sequence[str] = (),
) -> ComputationGraph:
    """Build the graph that `trace.graph` promises.

    Args:
        t: The recording.
        of: See `trace.graph`.
        seed: See `trace.graph`.
        strict: Whether several results are an error, or only a note.
        notes: What could not be recorded, and why.
    """
    if not t.calls and not t.questions:
        if of is not None:
            raise ValueError(f"nothing was computed in this block, so there is no {of!r} in it")
        done_nothing = f"Nothing was {'recorded' if notes else 'computed'} in this block."
        code = listings(_places(t), t.files or files())
        note = _joined(done_nothing, *notes)
        return ComputationGraph((), (), note=note, code=code, failure=t.failure)
    ends = results(t.calls, t.questions) if t.results is None else list(t.results)
    target, note = target_of(t, ends, of, strict)
    done: BackwardPass | None = None
    if target is not None:
        done, note = differentiate(t, target, seed)
        ends += [target] if target.computed else []
    besides = (
        () if done is None else outside(t, done) + taken_for_one(done) + grads_besides(t, done)
    )
    return _assemble(t, set(ends), target, done, _joined(note, *besides, *notes))


def _joined(*sentences: str) -> str:
    """Sentences one after the other, each with a full stop."""
    whole = [sentence.rstrip(".") + "." for sentence in sentences if sentence]
    return " ".join(whole)


def _assemble(
    t: Recorder,
    ends: set[LiveValue],
    target: LiveValue | None,
    done: BackwardPass | None,
    note: str,
) -> ComputationGraph:
    used = {value for call in t.calls for value in (*call.inputs, *call.outputs)}
    used |= {question.value for question in t.questions}
    live = [value for value in t.values if value in used]
    # None, but where an error of ours ended the recording.
    met = set(live)
    lost = [v for call in t.calls for v in (*call.inputs, *call.outputs) if v not in met]
    live += dict.fromkeys(lost)
    ids = {value: i for i, value in enumerate(live)}
    gradients = {} if done is None else done.gradients
    values = tuple(
        [
            Value(
                i,
                value.name,
                _role(value, value in ends),
                value.shape,
                _dtype(value),
                value.requires_grad,
                value.data,
                gradient,
                summary_of(value.summary),
                summary_of(gradient_digest),
                value in gradients,
                value.also,
            )
            for i, value in enumerate(live)
            for gradient, gradient_digest in (gradients.get(value, _NOTHING),)
        ]
    )
    again = visits([(call.place, call.frame) for call in t.calls])
    operations = tuple(
        _operation(i, call, ids, done, saved, visit)
        for i, (call, saved, visit) in enumerate(
            zip(t.calls, savings(t.calls, ids), again, strict=True)
        )
    )
    return ComputationGraph(
        values,
        operations,
        tuple(_branch(t, question, ids) for question in t.questions),
        None if done is None or target is None else ids[target],
        note,
        _cuts(t, ids),
        tuple(
            Pass(
                request.name,
                tuple(ids[root] for root in request.roots if root in ids),
                request.place.line,
                request.place.source,
                tuple(ids[goal] for goal in request.goals if goal in ids),
                request.retains,
            )
            for request in t.students
        ),
        listings(_places(t), t.files or files()),
        t.failure,
    )


def _places(t: Recorder) -> list[Place]:
    places = [call.place for call in t.calls] + [asked.place for asked in t.questions]
    if t.failure is not None:
        places.append(Place(t.failure.line, t.failure.source))
    return places


def _branch(t: Recorder, asked: Question, ids: dict[LiveValue, int]) -> Branch:
    before = sum(bool(call.outputs) for call in t.origins.calls[: asked.position])
    return Branch(ids[asked.value], asked.taken, asked.place.line, before, asked.place.source)


def _cuts(t: Recorder, ids: dict[LiveValue, int]) -> tuple[Cut, ...]:
    """Where a value that requires a gradient went on without one."""
    found: list[Cut] = []
    for i, call in enumerate(t.calls):
        cut = [value for value in call.inputs if value.requires_grad]
        if call.name.endswith("_like") or call.name.startswith("new_"):
            continue  # these read a shape, not numbers
        if call.nodes:
            continue  # it is recorded: a later `detach_()` let go of what it made
        if cut and not any(value.requires_grad for value in call.outputs):
            reason = call.name if call.grad_enabled else "no_grad"
            found += [
                Cut(reason, ids[value], i, call.place.line, call.place.source)
                for value in dict.fromkeys(cut)
            ]
    for read in t.reads:
        if read.value.requires_grad and read.value in ids:
            found.append(Cut(read.name, ids[read.value], None, read.place.line, read.place.source))
    return tuple(found)


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
    position: int,
    call: Call,
    ids: dict[LiveValue, int],
    done: BackwardPass | None,
    saved: tuple[SavedTensor, ...],
    visit: int,
) -> Operation:
    products = done.products.get(call) if done is not None else None
    shown = [_NOTHING] * len(call.inputs) if products is None else [p or _NOTHING for p in products]
    made = [value for value in call.outputs if value.edge is not None]
    shape = made[0].shape if len(made) == 1 and call.nodes else None
    # Lists are quicker to build than generators are to run, and many small ones are built here.
    local, jacobians = call.local or _none(call), call.jacobians or _none(call)
    uses = [
        Use(
            ids[value], local[i], shown[i][0], summary_of(shown[i][1]), jacobians[i],
            (*shape, *value.shape) if shape is not None and hit else None,
            products is not None and products[i] is not None,
        )
        for i, (value, hit) in enumerate(zip(call.inputs, reached(call), strict=True))
    ]  # fmt: skip
    return Operation(
        position,
        call.name,
        tuple(uses),
        tuple([ids[value] for value in call.outputs]),
        next((value.edge[0].name() for value in made if value.edge is not None), None),
        saved,
        call.elementwise and all([_spreads(value.shape, shape) for value in call.inputs]),
        call.place.line,
        call.place.source,
        call.unasked,
        () if call.func is None else bind(call.func, call.name, call.given),
        call.random,
        _inside(call, ids, done),
        visit,
    )


def _inside(call: Call, ids: dict[LiveValue, int], done: BackwardPass | None) -> tuple[Use, ...]:
    if done is None or call not in done.inside:
        return ()
    return tuple(
        Use(ids[value], None, data, summary_of(taken), flowed=True)
        for value, (data, taken) in done.inside[call]
    )


def _none(call: Call) -> list[None]:
    return [None] * len(call.inputs)


def _spreads(shape: tuple[int, ...], over: tuple[int, ...] | None) -> bool:
    """Whether a shape broadcasts to another; `max` of two is elementwise, `max` of one is not."""
    if over is None or len(shape) > len(over):
        return False
    return all(a in (1, b) for a, b in zip(reversed(shape), reversed(over), strict=False))
