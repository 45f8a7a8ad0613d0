"""The trace that recorded what failed, and its picture with the culprit marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch

from lesson_utils.capture.behind import nodes_behind
from lesson_utils.capture.mode import Recording
from lesson_utils.capture.records import Node
from lesson_utils.clinic.cell import cell_of, statement_at
from lesson_utils.clinic.code import target
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.graph import ComputationGraph, Operation, Value
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.framed import framed
from lesson_utils.picture.pieces import SMALL, fold, line, stack
from lesson_utils.words.look import Look


@dataclass(frozen=True, eq=False)
class Traced:
    """A recording, and its graph as it is now.

    Attributes:
        recording: What the block recorded.
        graph: Its graph.
        made_by: Of each node the id of its operation.
    """

    recording: Recording
    graph: ComputationGraph
    made_by: Mapping[Node, int]

    def operation(self, node: Node) -> Operation | None:
        """The operation that made a node; None for one that was made outside of the block."""
        found = self.made_by.get(node)
        return None if found is None else self.graph.operations[found]

    def value(self, tensor: torch.Tensor) -> Value | None:
        """The value of a tensor; None for one that the block did not meet."""
        name = self.recording.name_in_block(tensor)
        return next((value for value in self.graph if value.name == name), None)

    def behind(self, value: Value) -> list[Operation]:
        """The operations that a value was computed from, whether gradients follow or not."""
        wanted, found = {value.id}, []
        for op in reversed(self.graph.operations):
            if wanted.intersection(op.outputs):
                wanted.update(op.inputs)
                found.append(op)
        return found

    def ahead(self, value: int) -> list[Operation]:
        """The operations that were computed from a value."""
        reached, found = {value}, []
        for op in self.graph.operations:
            if reached.intersection(op.inputs):
                reached.update(op.outputs)
                found.append(op)
        return found

    def lines(self, value: Value) -> list[tuple[int, str]]:
        """The student's lines that computed a value, in their order."""
        places = {(op.line, op.source) for op in self.behind(value) if op.line is not None}
        found = {cell_of(source).written(line or 0) for line, source in places}
        return sorted(it for it in found if it is not None)

    def name_of(self, op: Operation) -> str:
        """What the student calls what an operation made; a variable may be bound anew by now."""
        made = self.graph[op.outputs[0]].name
        if not re.fullmatch(r"[uv]\d*|.*@\d+", made):
            return made
        place = (op.line, op.source, op.visit)
        inner = any(
            (it.line, it.source, it.visit) == place for it in self.graph.operations[op.id + 1 :]
        )
        return made if inner else target(statement_at(op.line, op.source)) or made

    def called(self, value: int) -> str:
        """What the student calls a value."""
        op = self.graph.producer(self.graph[value])
        name = self.graph[value].name if op is None else self.name_of(op)
        return name.partition("@")[0]  # of an earlier version: the student has no such name

    def drawing(
        self, says: str, operations: Iterable[int] = (), values: Iterable[int] = (), *,
        saved: bool = True, gradients: bool = False,
    ) -> Drawing:  # fmt: skip
        """The graph, the culprits in thick frames.

        Args:
            says: What the frames mean.
            operations: Ids of those that are framed, with what they made.
            values: Ids of more values that are.
            saved: Whether to show what the operations keep.
            gradients: Whether to show the gradients.
        """
        look = Look(gradients, saved)
        rows = fold(f"✗ {says}".split(" "), look.width - 40, SMALL)
        footer = stack(*(line((row, "local")) for row in rows), centred=False)
        return Drawing(self.graph, look, framed(self.graph, operations, values, footer), says)


def traced(evidence: Evidence, around: Iterable[torch.Tensor] = ()) -> Traced | None:
    """The recording that holds what failed; None where no trace did.

    Args:
        evidence: What the error left behind.
        around: Further tensors that had to do with it.
    """
    tensors = [*evidence.roots, *evidence.inputs, *around]
    nodes = set(nodes_behind(evidence.roots or tensors))
    best: tuple[int, Recording, dict[Node, int]] | None = None
    for recording in evidence.recordings:
        made_by = recording.made_by()
        shared = sum(node in nodes for node in made_by)
        known = sum(bool(recording.name_in_block(tensor)) for tensor in tensors)
        if shared + known > (best[0] if best else 0):
            best = shared + known, recording, made_by
    if best is None:
        return None
    _, recording, made_by = best
    return Traced(recording, _graph(recording, evidence.roots), made_by)


def framed_tensor(t: Traced | None, tensor: torch.Tensor, says: str) -> Drawing | None:
    """The graph with a tensor in a thick frame; None where no trace has both.

    Args:
        t: The recording.
        tensor: The culprit.
        says: What the frame means.
    """
    value = None if t is None else t.value(tensor)
    if t is None or value is None or not t.graph.operations:
        return None
    return t.drawing(says, values=[value.id], saved=False)


def whole(recording: Recording) -> Traced:
    """A recording with all of its graph."""
    return Traced(recording, _graph(recording, ()), recording.made_by())


def _graph(recording: Recording, roots: tuple[torch.Tensor, ...]) -> ComputationGraph:
    if len(roots) == 1 and recording.name_in_block(roots[0]):
        try:
            return replace(recording.graph(of=roots[0]), note="")
        except (ValueError, TypeError):
            pass
    return replace(recording.snapshot(), note="")
