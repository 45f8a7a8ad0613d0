"""Where values come from: the nodes of the backward graph, matched with what was seen.

Between calls a value is a tensor object at one version. Autograd's nodes say
how values connect, also where a call hides several of them, and where a value
was made out of sight: by an own Function, a compiled function, or through a view.
"""

from __future__ import annotations

from math import prod

import torch

from lesson_utils.capture import derivatives as diff
from lesson_utils.capture.functions import Functions, is_function
from lesson_utils.capture.lines import NOWHERE, Places
from lesson_utils.capture.membership import LEAF, Membership
from lesson_utils.capture.paths import Paths
from lesson_utils.capture.records import (
    NESTED,
    VIEWED,
    Call,
    Edge,
    LiveValue,
    Node,
    NotRecorded,
    changed,
    snapshot,
    version_of,
)
from lesson_utils.capture.registry import Registry
from lesson_utils.capture.saved import PACKED, WRITER, saved_tensors

_PYTHON = torch._C._FunctionBase
CHANGED = "changed in place"
UNSEEN = "unseen"  # what ran where no call can be seen: one step, whatever it was made of


class Origins:
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

    def discover(self, tensor: torch.Tensor) -> None:
        """Record a tensor of the block that no torch call was seen to make."""
        node = tensor.grad_fn
        known = self.registry.current(tensor)
        if known is not None and (known.edge is not None or node is None):
            return
        if node is None:
            if self.functions.of_tensor(tensor) is not None:
                self.value_of(tensor)
        elif self._block.has(node):
            self.value_of(tensor)

    def value_of(self, tensor: torch.Tensor) -> LiveValue:
        """The record of a tensor as it is now, made if it is new."""
        known = self.registry.current(tensor)
        if known is not None and known.exposed and changed(known, tensor):
            self.registry.forget(tensor, known)  # written without a new version
            return self.add(Call(CHANGED, [known], []), [tensor])
        if known is not None:
            if known.edge is not None or not known.computed or tensor.grad_fn is None:
                known.requires_grad = tensor.requires_grad  # `requires_grad_()` may come later
                return known
            self._take_back(known)
            self.registry.forget(tensor, known)
        known = self.registry.newest(tensor)
        node = tensor.grad_fn
        if node is not None and (known is not None or self._block.has(node)):
            return self._discover(tensor, node, known)
        if node is None:
            run = self.functions.of_tensor(tensor)
            if run is not None:
                return self.add_output(run.call, tensor)
            if known is not None:  # written through a view or an alias
                aliases = self.registry.aliases(tensor)
                return self.add(Call(CHANGED, aliases, []), [tensor])
        edge = None if node is None else (node, tensor.output_nr)
        value = snapshot(tensor, edge=edge)
        self.values.append(value)
        self.registry.put(tensor, value)
        if edge is not None:
            self._paths.edges[edge] = value
        return value

    def add(self, call: Call, made: list[torch.Tensor], since: int | None = None) -> LiveValue:
        """Record a call and what it made; gives the first of its outputs.

        Args:
            call: The record, with its inputs.
            made: The tensors that it made.
            since: Number of the first node that may be part of the call; by
                default all nodes of the block that were not met before.
        """
        roots: list[Node] = []
        if len(made) > 1 and any([each.is_nested for each in made]):
            raise NotRecorded(NESTED)
        for tensor in made:
            edge = self._output(call, tensor).edge
            if edge is not None and edge[0] not in roots:
                roots.append(edge[0])
        for node in roots:
            self._paths.walk(call, node, since, self._at)
        self._complete(call, seen=since is not None)
        self.calls.append(call)
        return call.outputs[0]

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
        if sum([each.edge is not None for each in call.outputs]) > 1:
            # There is no one local derivative then.
            call.local, call.jacobians = [None] * len(call.inputs), [None] * len(call.inputs)
            call.unit = None
        return value

    def _take_back(self, value: LiveValue) -> None:
        """A Function that returns its input makes an alias of it, which is no step of its own."""
        for call in reversed(self.calls):
            if value in call.outputs:
                call.outputs.clear()
                self._place = call.place
                return

    def _output(self, call: Call, tensor: torch.Tensor) -> LiveValue:
        node = tensor.grad_fn
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
            if isinstance(node, _PYTHON):
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

    def _discover(self, tensor: torch.Tensor, node: Node, known: LiveValue | None) -> LiveValue:
        """The value of a tensor whose node says that it was made here, out of sight."""
        edge = (node, tensor.output_nr)
        same = self._paths.edges.get(edge)
        if same is not None and same.version == version_of(tensor) and known is None:
            self.registry.put(tensor, same)  # a second object for the same result
            return same
        if is_function(node):
            call = self._functions_call(node)
            if call.place is NOWHERE:
                call.place, self._place = self._place, NOWHERE
            return self.add_output(call, tensor)
        if node in self._hidden:
            return self.add_output(self._hidden[node], tensor)
        base = tensor._base
        if known is not None and base is not None and base.grad_fn is not None:
            whole = self.value_of(base)  # which a write has changed, and the view with it
            if any(link[0] is base.grad_fn for link in node.next_functions):
                return self.add(Call(VIEWED, [whole], []), [tensor])
        self.unseen = self.unseen or known is None
        name = UNSEEN if known is None else diff.operation_name(node)
        if known is not None and known.edge == edge:  # written where autograd does not look
            name = CHANGED
        call = Call(name, self.registry.aliases(tensor), [])
        self._hidden[node] = call
        return self.add(call, [tensor])

    def _functions_call(self, node: Node) -> Call:
        """The call of an own Function's node; Functions before it that nobody saw come first."""
        waiting = [node]
        while node not in self._hidden:
            last = waiting[-1]
            ahead = [
                edge[0]
                for edge in last.next_functions
                if is_function(edge[0])
                and edge not in self._paths.edges
                and edge[0] not in self._hidden
                and self._block.has(edge[0])
            ]
            if ahead:
                waiting += ahead
                continue
            waiting.pop()
            if last in self._hidden:
                continue
            edges = [edge for edge in last.next_functions if edge[0] is not None]
            reads = [self._at(edge, True) for edge in edges]
            run = self.functions.of_node(last, reads)
            call = Call(diff.operation_name(last), [], []) if run is None else run.call
            call.nodes = [last]
            self._paths.connect(call, self._at)
            self._hidden[last] = call
            self._complete(call)
            if run is None:
                self.calls.append(call)
        return self._hidden[node]

    def _at(self, edge: Edge, outside: bool) -> LiveValue | None:
        """The value that a node hands on; one whose tensor was never seen has no numbers.

        Args:
            edge: The node, and which of its outputs.
            outside: Whether a value from before the block counts; inside of a
                call that is seen whole it does not.
        """
        known = self._paths.known(edge)
        node, slot = edge
        if known is not None:
            return known
        if type(node).__name__ == LEAF:
            return self.value_of(node.variable)
        ours = self._block.has(node)
        if not ours and not outside:
            return None
        shape = tuple(node._input_metadata[slot].shape)
        dtype = node._input_metadata[slot].dtype
        value = LiveValue(0, shape, dtype, True, None, None, prod(shape), edge, computed=ours)
        self._paths.edges[edge] = value
        if ours:
            self._make_unseen(node, value)
        self.values.append(value)
        return value

    def _make_unseen(self, node: Node, value: LiveValue) -> None:
        """The call that made a value of which only the node was met."""
        if is_function(node):
            self._functions_call(node).outputs.append(value)
            return
        call = self._hidden.get(node)
        if call is None:
            self.unseen = True
            call = self._hidden[node] = Call(UNSEEN, [], [])
            call.outputs.append(value)
            self._paths.walk(call, node, None, self._at)
            self._complete(call)
            self.calls.append(call)
        else:
            call.outputs.append(value)
