"""Recording the torch calls of a `with trace()` block.

A `TorchFunctionMode` sees each call whole, with the very tensors of the
student's code, and hands it to the recorder. Nothing is written to a tensor,
no hook is registered, and the mode is gone when the block ends.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import FrameType, TracebackType
from typing import Any

import torch
from torch.compiler import is_compiling
from torch.overrides import TorchFunctionMode
from typing_extensions import Self

from lesson_utils.capture.aside import Aside
from lesson_utils.capture.calling import Caller, Callers, hide_frames, plainly
from lesson_utils.capture.freeze import freeze
from lesson_utils.capture.lines import Places, failure
from lesson_utils.capture.names import name_values, variables
from lesson_utils.capture.recorder import Recorder
from lesson_utils.capture.records import Node, NotRecorded
from lesson_utils.capture.torch_internals import is_tracing
from lesson_utils.graph import ComputationGraph

_PROPERTIES_THAT_COMPUTE = frozenset({"T", "mT", "H", "mH", "real", "imag", "data"})


class Recording(TorchFunctionMode):
    """Record what a block of torch code computes.

    The student's code is unchanged inside the block::

        with trace() as t:
            a = F.relu(x * w + b)
        t                      # last line of a cell: the picture
        t.graph()["w"].gradient

    Names come from the caller's variables bound to the recorded tensors when
    the block ends. Tensors, gradients, random numbers, version counters and
    hooks stay as they were; an exception passes on, and what was recorded
    before it can still be drawn. The graph's nodes are kept alive by the
    trace, tensors are not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._recorder: Recorder | None = None
        self._frame: FrameType | None = None
        self._known: Mapping[str, torch.Tensor] = {}
        self._notes: list[str] = []
        self._callers: Callers | None = None
        self._aside = Aside()  # of the calls, which do not overlap
        self._stopped = False  # an error of ours ends the recording, never the student's block

    def __enter__(self) -> Self:
        if self._frame is not None or self._recorder is not None:
            raise RuntimeError("this trace has already recorded a block; start a new one: trace()")
        self._frame = sys._getframe(1)
        try:
            self._recorder = Recorder(self._frame)
            self._callers = Callers()
        except Exception as error:
            self._stop(error, self._frame)
        super().__enter__()  # type: ignore[no-untyped-call]  # torch annotates it not
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)  # type: ignore[no-untyped-call]  # as above
        try:
            if error is not None:
                hide_frames(error, Recording.__torch_function__.__code__)
            if self._recorder is not None and isinstance(error, Exception):
                self._recorder.failure = failure(error)
            with Aside():
                self._finish()
        except Exception as ours:
            self._stop(ours, None)
        finally:
            self._frame, self._known = None, {}

    def graph(
        self,
        of: torch.Tensor | str | None = None,
        seed: torch.Tensor | float | None = None,
    ) -> ComputationGraph:
        """A snapshot: the block's numbers, and what PyTorch keeps or has freed now.

        Args:
            of: The value to differentiate, a tensor of the block or its name;
                by default the one result that nothing consumed.
            seed: Gradient to start from, of the shape of `of`; needed when
                `of` has more than one element, as in `torch.autograd.grad`.

        Returns:
            The graph. Its gradients are None, and its `note` says why, when
            there is nothing to differentiate or a seed is missing.

        Raises:
            ValueError: Several results and no `of`, an `of` that is not of
                this block, or a seed of another shape.
        """
        with Aside():
            recorder = self._named()
            return freeze(recorder, of, seed, strict=True, notes=recorder.notes + self._notes)

    def nodes(self) -> list[Node]:
        """The autograd nodes of the block's operations; what they saved lives as long as they."""
        calls = [] if self._recorder is None else self._recorder.calls
        return [node for call in calls for node in call.nodes]

    def made_by(self) -> dict[Node, int]:
        """Of each node the id of the operation that made it, in `graph()`."""
        calls = [] if self._recorder is None else self._recorder.calls
        # A tensor that is written to without gradients keeps its node: the first made it.
        return {node: i for i, call in reversed([*enumerate(calls)]) for node in call.nodes}

    def name_in_block(self, tensor: torch.Tensor) -> str:
        """The name that a tensor has in `graph()`; empty for one that the block did not meet."""
        values = [] if self._recorder is None else self._recorder.values
        return next((it.name for it in reversed(values) if it.tensor is tensor), "")

    def snapshot(self) -> ComputationGraph:
        """As `graph()`, but with several results a note instead of an error."""
        with Aside():
            recorder = self._named()
            return freeze(recorder, None, None, strict=False, notes=recorder.notes + self._notes)

    def name_from(self, frame: FrameType, known: Mapping[str, torch.Tensor]) -> None:
        """Take names from this frame, and those of the `known` tensors before all others."""
        self._frame, self._known = frame, known

    def made_for_this(self, leaves: Iterable[torch.Tensor]) -> None:
        """These leaves exist for this block alone: what leads to them is the block's."""
        if self._recorder is not None:
            self._recorder.origins.fresh += leaves

    @property
    def is_recording(self) -> bool:
        """Whether its block is running."""
        return self._recorder is not None and self._frame is not None

    def __repr__(self) -> str:
        count = 0 if self._recorder is None else len(self._recorder.calls)
        return f"<trace of {count} operations>"

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        __tracebackhide__ = True  # IPython leaves this frame out of the student's traceback
        kwargs = kwargs or {}
        if is_compiling():
            return func(*args, **kwargs)
        caller = sys._getframe(1)
        recorder, name = self._recorder, getattr(func, "__name__", "")
        getter = name == "__get__"
        if getter:
            name = getattr(getattr(func, "__self__", None), "__name__", "")
            if name not in _PROPERTIES_THAT_COMPUTE and name != "grad":  # which may warn
                return func(*args, **kwargs)
        call: Caller = plainly
        if self._callers is not None and sys.gettrace() is None:  # no debugger is to see it
            try:
                call = self._callers.at(caller)
            except Exception as error:
                self._stop(error, caller)
        if recorder is None or self._stopped or (getter and name == "grad"):
            return call(func, args, kwargs)
        pending, enabled = None, torch.is_grad_enabled()
        try:
            if is_tracing():
                recorder.note("not recorded: what torch.jit.trace runs")
            else:
                with self._aside:
                    pending = recorder.before(func, name, args, kwargs, caller, enabled)
        except NotRecorded as reason:
            recorder.note(f"not recorded: {reason}")
        except Exception as error:
            self._stop(error, caller)
        out = call(func, args, kwargs)
        if pending is None or self._stopped:
            return out
        try:
            with self._aside:
                recorder.after(pending, args, out)
        except NotRecorded as reason:
            recorder.note(f"not recorded: {reason}")
        except Exception as error:
            self._stop(error, caller)
        return out

    def _stop(self, error: Exception, frame: FrameType | None) -> None:
        """Record no more; what there is can still be drawn."""
        self._stopped = True
        place = ""
        try:  # no `suppress`, whose own call may be one too deep
            place = "" if frame is None else f" at line {Places().of(frame).line}"
        except Exception:  # what fails may be what tells the line
            place = ""
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        self._notes.append(f"recording stopped{place}: {reason}")

    def _finish(self) -> None:
        recorder = self._named()
        try:
            if not self._stopped:
                recorder.finish()
        finally:
            recorder.close()

    def _named(self) -> Recorder:
        if self._recorder is None:
            return Recorder()
        if self._frame is not None:
            tensors, modules, scopes = variables(self._frame)
            free = [pair for pair in tensors if pair[0] not in self._known]
            tensors = [*self._known.items(), *free]
            if not self._stopped:
                for _, tensor in tensors:
                    try:  # noqa: SIM105  # `suppress` costs more than what it guards
                        self._recorder.origins.discover(tensor)
                    except NotRecorded:  # a note says so where it was used
                        pass
            name_values(self._recorder.values, tensors, modules, scopes)
        return self._recorder
