"""Where two graphs part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from lesson_utils.graph import ComputationGraph, Operation
from lesson_utils.operations import base_name
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.framed import framed
from lesson_utils.picture.page import row, sentence
from lesson_utils.picture.shown import Shown
from lesson_utils.words.captions import expression
from lesson_utils.words.look import Look

_PRODUCTS = {"matmul", "mm", "mv", "dot", "bmm"}  # each is written `@`
_EITHER_WAY = {"add", "mul", "maximum", "minimum", "eq", "ne"}  # a + b is b + a


@dataclass(frozen=True, repr=False, eq=False)
class Comparison(Shown):
    """Two graphs beside each other, the first place where they part in a thick frame.

    Attributes:
        first: One graph.
        second: The other.
        parts: In each, the id of the first operation that the other has not; None where it has all.
    """

    first: ComputationGraph
    second: ComputationGraph
    parts: tuple[int | None, int | None]

    @property
    def same(self) -> bool:
        """Whether both did the same."""
        return self.parts == (None, None)

    @property
    def says(self) -> str:
        """The same in a sentence."""
        if self.same:
            count = len(self.first.operations)
            return f"Both graphs are the same: {count} operations, with the same inputs."
        alone = None in self.parts
        told = [
            f"{which} has {_told(graph, at)}{', and the other has nothing like it' * alone}"
            for which, graph, at in zip(
                ("the first graph", "the second graph"), (self.first, self.second), self.parts,
                strict=True,
            )
            if at is not None
        ]  # fmt: skip
        return f"They part: {'; '.join([*self._leaves()] or told)}."

    def _leaves(self) -> Iterator[str]:
        """The inputs of one name of which one requires a gradient."""
        roles = [{it.name: it.role for it in graph} for graph in (self.first, self.second)]
        for name in [name for name in roles[0] if name in roles[1]]:
            pair = roles[0][name], roles[1][name]
            if set(pair) == {"input", "parameter"}:
                which = "first" if pair[0] == "parameter" else "second"
                yield f"`{name}` requires a gradient in the {which} graph alone"

    @property
    def text(self) -> str:
        """It in words."""
        return self.says

    @property
    def html(self) -> str:
        """The sentence, and both pictures."""
        graphs = zip((self.first, self.second), self.parts, ("first", "second"), strict=True)
        pictures = (
            f"<div><b>{which}</b></div>{_marked(graph, at).html}" for graph, at, which in graphs
        )
        return f"<p>{sentence(self.says)}</p>{'' if self.same else row(pictures, 10.0)}"


def compared(first: ComputationGraph, second: ComputationGraph) -> Comparison:
    """Where two graphs part.

    Names of inputs, operations and what they read count; numbers, shapes and order do not.

    Args:
        first: One graph.
        second: The other.
    """
    one, other = _signatures(first), _signatures(second)
    return Comparison(first, second, (_first_of(one, other), _first_of(other, one)))


def unplaced(graph: ComputationGraph) -> ComputationGraph:
    """A graph without the lines that made it, which are not the student's."""
    return replace(graph, operations=tuple(replace(op, line=None) for op in graph.operations))


def _signatures(graph: ComputationGraph) -> list[Hashable]:
    """What each operation is, down to the leaves that it was computed from."""
    known: dict[int, Hashable] = {}
    found: list[Hashable] = []
    for value in graph:
        if value.role in ("input", "parameter", "constant"):
            name = value.data if value.role == "constant" else value.name
            known[value.id] = (value.role, name)
    for op in graph.operations:
        places = [i for it in op.arguments for i in it.inputs]  # in the order of the declaration
        inputs = [op.inputs[i] for i in places] if len(places) == len(op.inputs) else op.inputs
        read = [known.get(i, "") for i in inputs]
        name = "matmul" if base_name(op.name) in _PRODUCTS else base_name(op.name)
        plain = all(it.default or it.inputs for it in op.arguments)
        if name in _EITHER_WAY and plain:
            read.sort(key=repr)
        told = tuple(it.text for it in op.arguments if not it.inputs and not it.default)
        signature = (name, op.name.endswith("_"), tuple(read), told, op.backward is not None)
        found.append(signature)
        for position, out in enumerate(op.outputs):
            known[out] = (signature, position)
    return found


def _first_of(one: list[Hashable], other: list[Hashable]) -> int | None:
    left = Counter(other)
    for i, signature in enumerate(one):
        if not left[signature]:
            return i
        left[signature] -= 1
    return None


def _told(graph: ComputationGraph, at: int) -> str:
    op: Operation = graph.operations[at]
    line = "" if op.line is None else f" (line {op.line})"
    return f"`{graph[op.outputs[0]].name} = {expression(graph, op)}`{line}"


def _marked(graph: ComputationGraph, at: int | None) -> Drawing:
    shown = replace(graph, note="")
    marks = framed(graph, () if at is None else (at,))
    return Drawing(shown, Look(gradients=False), marks)
