"""What a block computed, in the order in which it appeared: values, calls and their nodes."""

from __future__ import annotations

from typing import Any

import torch

from lesson_utils.capture import derivatives as diff
from lesson_utils.capture.functions import Functions
from lesson_utils.capture.lines import NOWHERE, Places
from lesson_utils.capture.membership import Membership
from lesson_utils.capture.paths import Paths
from lesson_utils.capture.records import (
    NESTED,
    Call,
    Edge,
    LiveValue,
    Node,
    NotRecorded,
    node_of,
    snapshot,
    version_of,
)
from lesson_utils.capture.registry import Registry
from lesson_utils.capture.saved import PACKED, WRITER, saved_tensors
from lesson_utils.capture.torch_internals import FunctionNode, view_base


class Ledger:
    """Values and calls in order of appearance, and the nodes between them.

    Attributes:
        values: Every value seen, in order of first appearance.
        calls: Every operation, in the order they ran; one without outputs is a
            Function of which no result was met.
        functions: The runs of own Functions.
        fresh: Leaves that were made for this block alone.
    """

    def __init__(self) -> None:
        self.values: list[LiveValue] = []
        self.calls: list[Call] = []
        self.places = Places()
        self.functions = Functions(self.places)
        self.registry = Registry()
        self.fresh: list[torch.Tensor] = []
        self._hidden: dict[Node, Call] = {}  # found by their node; may have more outputs
        self._writers: dict[Node, bool] = {}  # of writes that were seen; whether hooks packed
        self._place = NOWHERE  # of a Function whose alias was taken back
        self.unseen = False  # whether a part of the block ran where no call can be seen
        self._block = Membership(self.values, self.functions, self.fresh)
        self._paths = Paths(self.registry, self._block)

    def clear(self) -> None:
        """Let go of the tensors; the calls' nodes stay, for their numbers and their fate."""
        self.registry.clear()
        self.functions.clear()
        self.fresh.clear()
        self._paths.clear()
        self._writers.clear()
        self._hidden.clear()

    def add(self, call: Call, made: list[torch.Tensor], since: int | None = None) -> LiveValue:
        """Record a call and what it made; gives the first of its outputs.

        Args:
            call: The record, with its inputs.
            made: The tensors that it made.
            since: Number of the first node that may be part of the call; by
                default all nodes of the block that were not met before.
        """
        roots: list[Node] = []
        if len(made) > 1 and any([tensor.is_nested for tensor in made]):
            raise NotRecorded(NESTED)
        for tensor in made:
            edge = self._output(call, tensor).edge
            if edge is not None and edge[0] not in roots:
                roots.append(edge[0])
        for node in roots:
            self._paths.walk(call, node, since, self.at)
        self._complete(call, seen=since is not None)
        self.calls.append(call)
        return call.outputs[0]

    def before_write(self, call: Call, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Look at what a call is about to write to; gives the arguments that may be read.

        A write through a view changes what it is a view of, where that was seen. A view that is
        older than a gradient of what it is a view of must not be asked for its node: that makes
        it one, and PyTorch then allows a write that it otherwise refuses.
        """
        view = args[0]
        base = view_base(view)
        if base is None:
            return args
        node = node_of(base)
        seen = self.registry.newest(base) is not None or node is None or not self._block.has(node)
        call.through = seen and base.requires_grad
        if seen:
            self.value_of(base)
        known = self.registry.newest(view)
        stale = known is None or (known.edge is None and known.version != version_of(view))
        return args[1:] if stale and call.through and call.grad_enabled else args

    def add_through_view(self, call: Call, base: torch.Tensor) -> None:
        """Record a write through a view, as autograd does.

        It computes the whole tensor from the old one; the view is taken of that once more when
        somebody uses it. Source: in-place operations in
        https://docs.pytorch.org/docs/2.13/notes/autograd.html.
        """
        old = self.registry.newest(base)
        call.name, call.given, call.elementwise = f"{call.name} through a view", [], False
        if old is not None and old not in call.inputs:
            call.inputs.insert(0, old)
        self.add(call, [base], call.since)

    def add_output(self, call: Call, tensor: torch.Tensor) -> LiveValue:
        """A further output of a call, met later."""
        value = self._output(call, tensor)
        if value.edge is not None:
            self._paths.edges[value.edge] = value
        if sum([output.edge is not None for output in call.outputs]) > 1:
            # There is no one local derivative then.
            call.local, call.jacobians = [None] * len(call.inputs), [None] * len(call.inputs)
            call.unit = None
        return value

    def _output(self, call: Call, tensor: torch.Tensor) -> LiveValue:
        try:  # what `node_of` does, without calling it
            node = tensor.grad_fn
        except RuntimeError:
            node = None
        edge = None if node is None else (node, tensor.output_nr)
        value = snapshot(tensor, edge=edge, computed=True)
        self.values.append(value)
        self.registry.put(tensor, value)
        call.outputs.append(value)
        return value

    def _complete(self, call: Call, *, seen: bool = False) -> None:
        """Saved tensors and derivatives of a call whose outputs and nodes are known."""
        for value in call.outputs:
            if value.edge is not None:
                self._paths.edges[value.edge] = value
        for node in call.nodes:
            if type(node).__name__ == WRITER:
                self._check_writer(call, node, seen)
            if isinstance(node, FunctionNode):
                call.python = True
        call.saved = saved_tensors(call)
        call.local, call.jacobians = diff.local_derivatives(call)

    def _check_writer(self, call: Call, node: Node, seen: bool) -> None:
        """A write through a view hides the write's own node, which may run somebody's code."""
        if seen:
            self._writers[node] = call.hooked
        if self._writers.get(node, False):
            call.unasked = PACKED
        elif node not in self._writers and self.functions.met:
            call.unasked = "it was written to by Python code, through a view"

    def value_of(self, tensor: torch.Tensor) -> LiveValue:
        """The record of a tensor as it is now; `Origins` knows how to find it."""
        raise NotImplementedError

    def at(self, edge: Edge, outside: bool) -> LiveValue | None:
        """The value that a node hands on; `Origins` knows how to find it."""
        raise NotImplementedError
