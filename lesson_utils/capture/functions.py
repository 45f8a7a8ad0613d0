"""The student's own `autograd.Function`s: which forward made which node.

A Function's `apply` is not a torch call that a mode could see; the calls
inside its forward are. Its node is the `ctx` that the forward was given, so
the two are matched by identity; a forward without `ctx` (PyTorch's style with
`setup_context`) is matched by class and by the very values it was given.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from inspect import CO_VARARGS
from types import CodeType, FrameType
from typing import Any

import torch

from lesson_utils.capture.elements import tensors_in
from lesson_utils.capture.lines import Places
from lesson_utils.capture.records import Call, LiveValue, Node
from lesson_utils.capture.torch_internals import FunctionNode, forward_class
from lesson_utils.graph import Data

_Function: Any = torch.autograd.Function


def is_function(node: Node) -> bool:
    """Whether a node's backward is Python code: that of an `autograd.Function`."""
    return isinstance(node, FunctionNode)


@dataclass(eq=False, slots=True)
class Run:
    """One run of a Function's forward.

    Attributes:
        function: The class.
        call: Its record, without outputs until one of them is met.
        direct: The values it was given that require a gradient.
        node: Its node, once it is known.
    """

    function: Any
    call: Call
    direct: list[LiveValue]
    node: Node | None


class Functions:
    """The runs of Functions in a block, from their forwards to their nodes."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._frame: FrameType | None = None  # of the forward met last; it may have ended
        self._run: Run | None = None
        self._waiting: list[Run] = []  # those whose node is not known yet
        self._by_node: dict[Node, Run] = {}
        # By the id of a tensor that the forward made.
        self._made: dict[int, tuple[weakref.ref[torch.Tensor], Run]] = {}
        self._codes: dict[int, tuple[CodeType, Any]] = {}
        self.met = False  # whether there was any

    @property
    def entered(self) -> bool:
        """Whether a forward was met that may be running still; it may enable gradients itself."""
        return self._frame is not None

    def clear(self) -> None:
        self._frame = self._run = None
        self._waiting.clear()
        self._by_node.clear()
        self._made.clear()
        self._codes.clear()

    def inside(
        self,
        frame: FrameType | None,
        until: FrameType | None,
        value_of: Callable[[torch.Tensor], LiveValue],
        add: Callable[[Call], None],
    ) -> Run | None:
        """The run whose forward makes the call of this frame, if there is one.

        Args:
            frame: Where the call comes from.
            until: The frame of the block, where the search ends.
            value_of: Gives the value of a tensor, for the arguments of a new run.
            add: Takes the record of a new run.
        """
        found: tuple[FrameType, Any] | None = None
        while frame is not None and frame is not until:
            if frame is self._frame:
                return self._run
            function = self._function(frame.f_code)
            if function is not None:
                found = frame, function  # the outermost: Functions inside are part of it
            frame = frame.f_back
        self._frame = self._run = None
        if found is None:
            return None
        self._frame, function = found
        self._run = self._start(self._frame, function, value_of)
        add(self._run.call)
        return self._run

    def _start(
        self, frame: FrameType, function: Any, value_of: Callable[[torch.Tensor], LiveValue]
    ) -> Run:
        code, held = frame.f_code, frame.f_locals
        count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & CO_VARARGS)
        args = [held.get(name) for name in code.co_varnames[:count]]
        node = args[0] if args and is_function(args[0]) else None
        if node is not None:
            function = forward_class(node, function)
        inputs = [value_of(tensor) for tensor in tensors_in(args)]
        nothing: list[Data] = [None] * len(inputs)
        call = Call(function.__name__, inputs, [])
        call.local = call.jacobians = nothing
        call.place = self._places.of(frame.f_back)
        given = [value_of(arg) for arg in args if isinstance(arg, torch.Tensor)]
        self.met = True
        run = Run(function, call, [value for value in given if value.requires_grad], node)
        if node is None:
            self._waiting.append(run)
        else:
            self._by_node[node] = run
        return run

    def note(self, run: Run, tensors: list[torch.Tensor]) -> None:
        """These tensors were made inside the forward of a run."""
        for tensor in tensors:
            self._made[id(tensor)] = weakref.ref(tensor), run

    def knows(self, node: Node) -> bool:
        """Whether a node is that of a run whose forward was seen."""
        return node in self._by_node

    def of_node(self, node: Node, reads: list[LiveValue | None]) -> Run | None:
        """The run that made a node, which reads these values."""
        run = self._by_node.get(node)
        if run is not None or not is_function(node):
            return run
        function = forward_class(node, None)
        for candidate in self._waiting:
            if candidate.function is function and candidate.direct == reads:
                candidate.node = node
                self._by_node[node] = candidate
                self._waiting.remove(candidate)
                return candidate
        return None

    def of_tensor(self, tensor: torch.Tensor) -> Run | None:
        """The run whose forward made a tensor that has no node."""
        known = self._made.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def _function(self, code: CodeType) -> Any:
        """The Function whose `forward` this code is, or None."""
        known = self._codes.get(id(code))
        if known is None:
            known = self._codes[id(code)] = code, _function_with(code)
        return known[1]


def _function_with(code: CodeType) -> Any:
    waiting = _Function.__subclasses__()
    while waiting:
        kind = waiting.pop()
        if getattr(inspect.unwrap(kind.forward), "__code__", None) is code:
            return kind
        waiting += kind.__subclasses__()
    return None
