"""The recorder: what each torch call of a block reads and makes.

Every call is recorded at once, numbers and local derivatives included,
because a later line may overwrite a tensor or free a node.
"""

from __future__ import annotations

from types import FrameType
from typing import Any

import torch

from lesson_utils.capture.backward import BackwardPass
from lesson_utils.capture.elements import tensors_in
from lesson_utils.capture.ends import results
from lesson_utils.capture.functions import Run
from lesson_utils.capture.lines import files
from lesson_utils.capture.origins import Origins
from lesson_utils.capture.reading import read
from lesson_utils.capture.records import (
    Call,
    LiveValue,
    Question,
    Read,
    StudentsPass,
    node_of,
    unit,
    version_of,
)
from lesson_utils.capture.saved import WRITER
from lesson_utils.capture.torch_internals import (
    are_functorch_transforms_active,
    default_saved_tensors_hooks,
    next_sequence_number,
    view_base,
)
from lesson_utils.capture.traits import NOT_OPERATIONS, READS, asked_of, is_in_place, traits
from lesson_utils.graph import Failure


class Recorder:
    """Collects values, calls and truth tests in the order they happen.

    Attributes:
        origins: The values and calls, and the nodes between them.
        questions: Every truth test.
        reads: Every number taken out of a tensor.
        students: The backward passes that the student asked for.
        passes: Backward passes already made by looking, by the value they start from.
        results: The values that nothing consumed, once the block has ended.
        written: Whether a call has written to a tensor in place.
        notes: What could not be recorded, and why.
        files: The file names of the sources, once the block has ended.
        failure: The error that ended the block, if one did.
    """

    def __init__(self, frame: FrameType | None = None) -> None:
        self.origins = Origins()
        self.questions: list[Question] = []
        self.reads: list[Read] = []
        self.students: list[StudentsPass] = []
        self.passes: dict[LiveValue, BackwardPass] = {}
        self.results: list[LiveValue] | None = None
        self.written = False
        self.notes: list[str] = []
        self.failure: Failure | None = None
        self.files: dict[str, str] = {}
        self._frame = frame

    @property
    def values(self) -> list[LiveValue]:
        return self.origins.values

    @property
    def calls(self) -> list[Call]:
        """Every operation, in the order they ran."""
        return [call for call in self.origins.calls if call.outputs]

    def close(self) -> None:
        """Let go of the tensors; nodes stay, for their numbers and their fate."""
        self._frame = None
        if self.origins.unseen:
            self.note("a part is known by its node only, of a layer or of compiled code: one step")
        self.origins.clear()
        self.files = files()

    def finish(self) -> None:
        """Find the block's results, and take their gradients while nothing is freed."""
        self.results = results(self.calls, self.questions)
        several = len(self.results) > 1
        if several and any([call.python and not call.answers for call in self.calls]):
            return  # a Function is asked once: for the result that somebody wants to see
        for value in self.results:
            self.differentiate(value)

    def note(self, text: str) -> None:
        """Remember something for the reader, once."""
        if text not in self.notes:
            self.notes.append(text)

    def before(
        self,
        func: Any,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        frame: FrameType | None,
        grad_enabled: bool,
    ) -> Call | Run | None:
        """What a call reads, taken before it runs; None if it is no operation.

        Args:
            func: The function that is called.
            name: Its own name.
            args: What it is called with.
            kwargs: Likewise, by keyword.
            frame: Where it is called from.
            grad_enabled: Whether the student's code lets autograd record.
        """
        if name == "register_hook" and isinstance(args[0], torch.Tensor):
            known = self.origins.registry.current(args[0])
            if known is not None:
                known.hooked = True
        if name == "__set__" and getattr(func.__self__, "__name__", "") == "data":
            self.origins.registry.expose(args[0])
        if name in NOT_OPERATIONS:
            return None
        origins = self.origins
        run = None
        if not grad_enabled or origins.functions.entered:
            run = origins.functions.inside(
                frame, self._frame, origins.value_of, origins.calls.append
            )
        if run is not None:
            return run
        if are_functorch_transforms_active():
            return None
        place = origins.places.of(frame)
        if name in READS:
            for tensor in tensors_in(args[:1]):
                known = origins.value_of(tensor)
                if name in ("numpy", "__array__"):
                    origins.registry.expose(tensor)
                self.reads.append(Read(READS[name], known, place))
            return None
        if name in ("backward", "grad"):
            self._before_backward(Call(name, [], [], place=place), args, kwargs)
        if name == "__bool__":
            return Call(name, [origins.value_of(args[0])], [], place=place)
        call = Call(name, [], [], func=func, place=place)
        call.frame = origins.places.frame
        call.grad_enabled = grad_enabled
        told = traits(func, name)
        if told.in_place and args and isinstance(args[0], torch.Tensor):
            args = origins.before_write(call, args)
        read(call, told, args, kwargs, origins)
        if name == "data" and call.inputs:
            origins.registry.expose(args[0])
        call.silent = told.silent
        if told.silent:
            for value in call.inputs:
                value.exposed = value.exposed or not value.requires_grad
        call.hooked = default_saved_tensors_hooks(True) is not None
        if told.draws:
            call.chance = torch.default_generator.get_state()
        call.since = next_sequence_number()
        return call

    def after(self, pending: Call | Run, args: tuple[Any, ...], out: Any) -> None:
        """What a call made; `pending` is what `before` gave."""
        made = [out] if isinstance(out, torch.Tensor) else list(tensors_in(out))
        if isinstance(pending, Run):
            self.origins.functions.note(pending, made)
            return
        call = pending
        if call.name == "__bool__":
            position = len(self.origins.calls)
            self.questions.append(Question(call.inputs[0], bool(out), call.place, position))
            return
        if call.chance is not None:
            own = any(key == "generator" and item is not None for key, item in call.given)
            call.random = own or not torch.equal(call.chance, torch.default_generator.get_state())
            call.chance = None
        if out is None and call.name == "setitem":
            made = [args[0]]
        registry = self.origins.registry
        fresh = [result for result in made if registry.current(result) is None]
        if not fresh and call.inputs and call.inputs[0].exposed and is_in_place(call.name):
            # An inference tensor has no version that would tell.
            registry.forget(made[0], call.inputs[0])
            fresh = made[:1] if registry.current(made[0]) is None else []
        for value in call.inputs:
            tensor = None if value.held is None else value.held()
            if tensor is None or version_of(tensor) == value.version:
                continue
            self.written = True
            if not any(result is tensor for result in made):
                # Written by the call, as running statistics are.
                registry.forget(tensor, value)
        if call.name in ("grad", "backward") and not any(result.requires_grad for result in fresh):
            return
        if not call.inputs or not fresh:
            return  # a factory such as torch.ones makes a leaf, met when it is first used
        base = view_base(fresh[0]) if call.through and fresh[0] is made[0] else None
        if base is not None and type(node_of(base)).__name__ == WRITER:
            self.origins.add_through_view(call, base)
        else:
            self.origins.add(call, fresh, call.since)

    def _before_backward(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Take the gradients before the student's own backward pass frees the nodes."""
        asked = asked_of(call.name, args, kwargs)
        roots = [self.origins.value_of(tensor) for tensor in asked.roots]
        known = [self.origins.registry.current(tensor) for tensor in asked.inputs]
        goals = [value for value in known if value is not None]
        self.students.append(
            StudentsPass(call.name, roots, call.place, asked.seeded, goals, asked.retains)
        )
        if len(roots) == 1 and not asked.seeded:
            self.differentiate(roots[0])

    def differentiate(self, value: LiveValue) -> None:
        """Run and keep the backward pass of a scalar, while its nodes can still run it."""
        if value in self.passes or not value.requires_grad or value.numel != 1:
            return
        if value.dtype is not None and value.dtype.is_floating_point:
            seed = unit(value.shape, value.dtype)
            done = BackwardPass(self.calls, value, seed, written=self.written)
            if not done.stopped:
                self.passes[value] = done
