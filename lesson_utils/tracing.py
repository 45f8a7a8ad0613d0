"""Recording the torch calls of a `with trace()` block.

A `TorchFunctionMode` sees each call whole, with the very tensors of the
student's code, and hands it to the recorder. Nothing is written to a tensor,
no hook is registered, and the mode is gone when the block ends.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Mapping
from inspect import CO_VARARGS
from types import CodeType, FrameType, TracebackType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from typing_extensions import Self

from lesson_utils.graph import ComputationGraph
from lesson_utils.naming import name_values, variables
from lesson_utils.recorder import Recorder
from lesson_utils.recording import Node, Question, tensors_in
from lesson_utils.snapshots import freeze, results

_PROPERTIES_THAT_COMPUTE = frozenset({"T", "mT", "H", "mH", "real", "imag", "data"})
_NOT_OPERATIONS = frozenset(
    [
        "__format__",
        "__hash__",
        "__len__",
        "__repr__",
        "__str__",
        "__set__",
        "__float__",
        "__int__",
        "__index__",
        "_set_grad_enabled",
        "allclose",
        "data_ptr",
        "dim",
        "equal",
        "is_complex",
        "is_contiguous",
        "is_floating_point",
        "item",
        "nelement",
        "numel",
        "numpy",
        "register_hook",
        "requires_grad_",
        "retain_grad",
        "size",
        "storage_offset",
        "stride",
        "tolist",
        "untyped_storage",
    ]
)


class trace(TorchFunctionMode):
    """Record what a block of torch code computes.

    The student's code stands unchanged inside the block::

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
        self._forward: FrameType | None = None  # of the custom Function met last

    def __enter__(self) -> Self:
        if self._recorder is not None:
            raise RuntimeError("this trace has already recorded a block; start a new one: trace()")
        self._frame = sys._getframe(1)
        self._recorder = Recorder()
        super().__enter__()  # type: ignore[no-untyped-call]  # torch annotates it not
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)  # type: ignore[no-untyped-call]  # as above
        with _Aside():
            self._finish()

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
        with _Aside():
            return freeze(self._named(), of, seed, strict=True)

    def nodes(self) -> list[Node]:
        """The autograd nodes of the block's operations; what they saved lives as long as they."""
        calls = [] if self._recorder is None else self._recorder.calls
        return [node for call in calls for node in call.nodes]

    def snapshot(self) -> ComputationGraph:
        """As `graph()`, but with several results a note instead of an error."""
        with _Aside():
            return freeze(self._named(), None, None, strict=False)

    def name_from(self, frame: FrameType, known: Mapping[str, torch.Tensor]) -> None:
        """Take names from this frame, and those of the `known` tensors before all others."""
        self._frame, self._known = frame, known

    def __repr__(self) -> str:
        count = 0 if self._recorder is None else len(self._recorder.calls)
        return f"<trace of {count} operations>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # For display only: what is recorded above does not depend on how it is drawn.
        from lesson_utils.drawing import draw

        return draw(self)._repr_mimebundle_()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        recorder = self._recorder
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", "")
            if name not in _PROPERTIES_THAT_COMPUTE:
                return func(*args, **kwargs)
        if recorder is None or name in _NOT_OPERATIONS:
            return func(*args, **kwargs)
        if self._inside_custom_function(recorder):
            out = func(*args, **kwargs)
            recorder.functions[-1][2].extend(tensors_in(out))
            return out
        if torch._C._are_functorch_transforms_active():
            return func(*args, **kwargs)
        with _Aside():
            if name == "__bool__":
                return self._ask(recorder, args[0], func)
            if name in ("backward", "grad"):
                _before_backward(recorder, args, kwargs)
            name, inputs = recorder.inputs(name, args, kwargs)
        out = func(*args, **kwargs)
        with _Aside():
            recorder.record(name, inputs, args, out)
        return out

    def _inside_custom_function(self, recorder: Recorder) -> bool:
        """Whether a custom Function's forward makes this call; then it is part of that one."""
        if torch.is_grad_enabled():
            return False
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame is not self._frame:
            function = _function_with(frame.f_code)
            if function is not None:
                if frame is not self._forward:
                    self._forward = frame
                    recorder.functions.append((function, _arguments(frame), []))
                return True
            frame = frame.f_back
        return False

    def _ask(self, recorder: Recorder, tensor: torch.Tensor, func: Any) -> bool:
        value = recorder.value_of(tensor)
        taken = bool(func(tensor))
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and "/torch/" in frame.f_code.co_filename.replace("\\", "/"):
            frame = frame.f_back
        line = 0 if frame is None else frame.f_lineno
        recorder.questions.append(Question(value, taken, line, len(recorder.calls)))
        return taken

    def _finish(self) -> None:
        recorder = self._named()
        recorder.results = results(recorder)
        for value in recorder.results:
            recorder.differentiate(value)
        for value in recorder.values:
            if value.tensor is not None:
                value.tensor = weakref.ref(value.tensor)
        recorder.close()
        self._frame = self._forward = None
        self._known = {}

    def _named(self) -> Recorder:
        if self._recorder is None:
            return Recorder()
        if self._frame is not None:
            tensors, modules = variables(self._frame)
            free = [each for each in tensors if each[0] not in self._known]
            tensors = [*self._known.items(), *free]
            for _, tensor in tensors:
                self._recorder.discover(tensor)
            name_values(self._recorder.values, tensors, modules)
        return self._recorder


class _Aside:
    """Our own torch calls: no mode sees them, no node is made. Cheaper than `torch.no_grad`."""

    __slots__ = ("_enabled", "_off")

    def __enter__(self) -> None:
        self._off = torch._C.DisableTorchFunction()
        self._off.__enter__()
        self._enabled = torch.is_grad_enabled()
        if self._enabled:
            torch._C._set_grad_enabled(False)

    def __exit__(self, *_: object) -> None:
        if self._enabled:
            torch._C._set_grad_enabled(True)
        self._off.__exit__(None, None, None)


def _function_with(code: CodeType) -> type[torch.autograd.Function] | None:
    """The custom Function whose `forward` this code is."""
    if code.co_name != "forward":
        return None
    waiting = torch.autograd.Function.__subclasses__()
    while waiting:
        each = waiting.pop()
        if getattr(each.forward, "__code__", None) is code:
            return each
        waiting += each.__subclasses__()
    return None


def _arguments(frame: FrameType) -> tuple[Any, ...]:
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & CO_VARARGS)
    return tuple(frame.f_locals.get(name) for name in code.co_varnames[:count])


def _before_backward(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Take the gradients before the student's own backward pass frees the nodes."""
    roots = [recorder.value_of(each) for each in tensors_in(args[:1])]
    seeds = (kwargs.get(key) for key in ("gradient", "grad_tensors", "grad_outputs"))
    if len(roots) == 1 and all(seed is None for seed in seeds):
        recorder.differentiate(roots[0])
