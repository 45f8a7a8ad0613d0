"""Where values come from: the nodes of the backward graph, matched with what was seen.

Between calls a value is a tensor object at one version. Autograd's nodes say
how values connect, also where a call hides several of them, and where a value
was made out of sight: by an own Function, a compiled function, or through a view.
"""

from __future__ import annotations

from math import prod

import torch

from lesson_utils.capture import derivatives as diff
from lesson_utils.capture.functions import is_function
from lesson_utils.capture.ledger import Ledger
from lesson_utils.capture.lines import NOWHERE
from lesson_utils.capture.membership import LEAF
from lesson_utils.capture.records import (
    CHANGED,
    VIEWED,
    Call,
    Edge,
    LiveValue,
    Node,
    changed,
    node_of,
    snapshot,
    version_of,
)
from lesson_utils.capture.registry import is_borrowed
from lesson_utils.capture.torch_internals import input_metadata, view_base

UNSEEN = "unseen"  # what ran where no call can be seen: one step, whatever it was made of


class Origins(Ledger):
    """Finds the value of a tensor or of a node, also where it was made out of sight."""

    def discover(self, tensor: torch.Tensor) -> None:
        """Record a tensor of the block that no torch call was seen to make."""
        known = self.registry.current(tensor)
        if known is not None and known.exposed:
            self.value_of(tensor)  # which looks whether it was written to in silence
            return
        if known is None and view_base(tensor) is not None:
            newest = self.registry.newest(tensor)
            if newest is None or newest.edge is None:
                return  # asking it for its node may make it one (see `before_write`)
        node = node_of(tensor)
        if known is not None and (known.edge is not None or node is None):
            return
        if known is None and self.registry.newest(tensor) is not None:
            self.value_of(tensor)  # written to since it was last seen
        elif node is None:
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
            if known.edge is not None or not known.computed or node_of(tensor) is None:
                known.requires_grad = tensor.requires_grad  # `requires_grad_()` may come later
                return known
            self._take_back(known)
            self.registry.forget(tensor, known)
        known = self.registry.newest(tensor)
        node = node_of(tensor)
        here = None if node is None else (node, tensor.output_nr)
        if known is not None and known.edge == here and not changed(known, tensor):
            known.version = version_of(tensor)  # as after `v.t_()`, where v is a view of it
            return known
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
        if edge is None and is_borrowed(tensor):
            value.exposed = True
        self.values.append(value)
        self.registry.put(tensor, value)
        if edge is not None:
            self._paths.edges[edge] = value
        return value

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
        base = view_base(tensor)
        if known is not None and base is not None and node_of(base) is not None:
            whole = self.value_of(base)  # which a write has changed, and the view with it
            if any(link[0] is node_of(base) for link in node.next_functions):
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
            reads = [self.at(edge, True) for edge in edges]
            run = self.functions.of_node(last, reads)
            call = Call(diff.operation_name(last), [], []) if run is None else run.call
            call.nodes = [last]
            self._paths.connect(call, self.at)
            self._hidden[last] = call
            self._complete(call)
            if run is None:
                self.calls.append(call)
        return self._hidden[node]

    def at(self, edge: Edge, outside: bool) -> LiveValue | None:
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
        shape = tuple(input_metadata(node)[slot].shape)
        dtype = input_metadata(node)[slot].dtype
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
            self._paths.walk(call, node, None, self.at)
            self._complete(call)
            self.calls.append(call)
        else:
            call.outputs.append(value)

    def _take_back(self, value: LiveValue) -> None:
        """A Function that returns its input makes an alias of it, which is no step of its own."""
        for call in reversed(self.calls):
            if value in call.outputs:
                call.outputs.clear()
                self._place = call.place
                return
