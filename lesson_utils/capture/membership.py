"""Which nodes of the backward graph were made in a block, and which were there before."""

from __future__ import annotations

import torch

from lesson_utils.capture.aside import in_main_thread
from lesson_utils.capture.functions import Functions
from lesson_utils.capture.records import LiveValue, Node
from lesson_utils.capture.torch_internals import next_sequence_number, sequence_number

LEAF = "AccumulateGrad"  # the node of a leaf; it is no operation


class Membership:
    """Tells the nodes of a block from those that existed when it began.

    Autograd numbers its nodes, but in each thread from zero on. In the main
    thread a node with a number from the block's time is the block's; in any
    other thread, where a slider's callback runs, it must also lead to something
    that the block was seen to compute, or to a leaf made for it.

    Args:
        values: The block's values, a list that grows.
        functions: The runs of own Functions.
        fresh: Leaves that were made for the block alone, a list that grows.
    """

    def __init__(
        self, values: list[LiveValue], functions: Functions, fresh: list[torch.Tensor]
    ) -> None:
        self._values, self._functions, self._fresh = values, functions, fresh
        self._start = next_sequence_number()
        self._numbers_tell = in_main_thread()

    def has(self, node: Node) -> bool:
        """Whether the node was made in this block."""
        if not self._start <= sequence_number(node) < next_sequence_number():
            return False
        return self._numbers_tell or self._functions.knows(node) or self._descends(node)

    def _descends(self, node: Node) -> bool:
        made = {
            value.edge[0] for value in self._values if value.computed and value.edge is not None
        }
        waiting, seen = [node], {node}
        while waiting:
            ancestor = waiting.pop()
            if ancestor in made or self._functions.knows(ancestor):
                return True
            if type(ancestor).__name__ == LEAF:
                if any(ancestor.variable is leaf for leaf in self._fresh):
                    return True
                continue
            for parent, _ in ancestor.next_functions:
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return False
