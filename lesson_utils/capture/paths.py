"""The paths between values: which nodes of the backward graph are a call's own."""

from __future__ import annotations

from collections.abc import Callable

from lesson_utils.capture.functions import is_function
from lesson_utils.capture.membership import LEAF, Membership
from lesson_utils.capture.records import Call, Edge, LiveValue, Node, Target
from lesson_utils.capture.registry import Registry
from lesson_utils.capture.torch_internals import sequence_number

Ends = Callable[[Edge, bool], LiveValue | None]  # of an edge; whether one from outside counts


class Paths:
    """Follows nodes from a call's outputs to the values that it read.

    Attributes:
        edges: The values by the node that made them, and which of its outputs.
    """

    def __init__(self, registry: Registry, block: Membership) -> None:
        self.edges: dict[Edge, LiveValue] = {}
        self._registry, self._block = registry, block

    def clear(self) -> None:
        self.edges.clear()

    def known(self, edge: Edge) -> LiveValue | None:
        """The value at an edge, if it was met before."""
        node = edge[0]
        if type(node).__name__ == LEAF:
            return self._registry.newest(node.variable)
        return self.edges.get(edge)

    def walk(self, call: Call, root: Node, since: int | None, at: Ends) -> None:
        """Add the nodes between `root` and the known values, outputs before inputs.

        Args:
            call: The call that made the node.
            root: The node of one of its outputs.
            since: Number of the first node that may be part of the call; None
                for all nodes of the block that were not met before.
            at: Gives the value at an end that is not known yet.
        """
        if not call.nodes:  # mostly one node, which reads values that are known
            edges = root.next_functions
            reached: list[LiveValue | None] = []
            for edge in edges:
                known = None if edge[0] is None else self.known(edge)
                if known is None and edge[0] is not None:
                    break
                reached.append(known)
            else:
                used: dict[LiveValue, int] = {}
                call.nodes = [root]
                call.targets = [
                    [None if v is None else self._input(call, v, e[1], used)
                     for v, e in zip(reached, edges, strict=True)]
                ]  # fmt: skip
                return
        order: list[Node] = []
        seen: set[Node] = set(call.nodes)
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                for edge in reversed(node.next_functions):
                    if self._is_inside(edge, since):
                        stack.append((edge[0], False))
        order.reverse()
        ahead = any(edge[0] in call.nodes for node in order for edge in node.next_functions)
        nodes = [*order, *call.nodes] if ahead else [*call.nodes, *order]
        # The engine's order: newest first. Sorting is stable where several threads made them.
        call.nodes = sorted(nodes, key=lambda node: -sequence_number(node))
        self.connect(call, at)

    def connect(self, call: Call, at: Ends) -> None:
        """Say where each node of a call sends its products."""
        call.targets = targets = []
        used: dict[LiveValue, int] = {}
        for node in call.nodes:
            edges = node.next_functions
            targets.append([self._target(call, edge, used, at) for edge in edges])

    def _is_inside(self, edge: Edge, since: int | None) -> bool:
        """Whether a node that a call's nodes lead to is part of that call."""
        node = edge[0]
        if node is None or type(node).__name__ == LEAF or self.known(edge) is not None:
            return False
        if since is None:
            return self._block.has(node) and not is_function(node)
        return sequence_number(node) >= since

    def _target(self, call: Call, edge: Edge, used: dict[LiveValue, int], at: Ends) -> Target:
        node, slot = edge
        if node is None:
            return None
        if node in call.nodes and self.known(edge) is None:
            return "node", call.nodes.index(node), slot
        value = at(edge, is_function(call.nodes[0]))
        return None if value is None else self._input(call, value, slot, used)

    @staticmethod
    def _input(call: Call, value: LiveValue, slot: int, used: dict[LiveValue, int]) -> Target:
        inputs = call.inputs
        last = used.get(value, -1)
        try:  # each use is another argument, as long as there are any
            place = inputs.index(value, last + 1)
        except ValueError:
            place = last
        if place < 0:  # reached without being an argument: a parameter inside, or a base
            place = len(inputs)
            inputs.append(value)
        if len(call.nodes) == 1:  # of several nobody can tell which comes from which argument
            used[value] = place
        return "input", place, slot
