"""What is really so: the values, derivatives and gradients of a plain run, by the graph's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from listening import Call, Moment

from lesson_utils.graph import ComputationGraph, Data, Operation, Value


class Reality:
    """The plain run of a program, beside the graph that the lesson made of another run of it."""

    def __init__(
        self,
        graph: ComputationGraph,
        calls: Sequence[Call],
        names: Mapping[str, Any],
        seed: torch.Tensor | None = None,
    ) -> None:
        self.graph, self.names, self.seed = graph, names, seed
        self.calls: dict[int, Call] = {}
        self.moments: dict[int, Moment] = {}
        self._kept: dict[Any, torch.Tensor | None] = {}
        for op, call in self._aligned(list(graph.operations), list(calls)):
            self.calls[op.id] = call
            self._meet(op, call)
        for value in graph.values:  # written to in silence, and read by no call since
            named = names.get(value.name)
            if value.id not in self.moments and isinstance(named, torch.Tensor):
                self.moments[value.id] = Moment.of(named)

    def _aligned(
        self, operations: list[Operation], calls: list[Call]
    ) -> list[tuple[Operation, Call]]:
        """Which call each operation is: as many as possible, in order, with the same results.

        An operation that nobody called stays without one.
        """
        best: list[list[int]] = [[0] * (len(calls) + 1) for _ in range(len(operations) + 1)]
        alike = [[self._likeness(op, call) for call in calls] for op in operations]
        for i in reversed(range(len(operations))):
            for j in reversed(range(len(calls))):
                both = best[i + 1][j + 1] + alike[i][j] if alike[i][j] else 0
                best[i][j] = max(best[i + 1][j], best[i][j + 1], both)
        found, i, j = [], 0, 0
        while i < len(operations) and j < len(calls):
            if alike[i][j] and best[i][j] == best[i + 1][j + 1] + alike[i][j]:
                found.append((operations[i], calls[j]))
                i, j = i + 1, j + 1
            else:
                i, j = (i + 1, j) if best[i][j] == best[i + 1][j] else (i, j + 1)
        return found

    def _likeness(self, op: Operation, call: Call) -> int:
        made = [moment.numbers for moment in call.made]
        if not all(any(_same(self.graph[i], tensor) for tensor in made) for i in op.outputs):
            return 0
        return 1 + (getattr(call.func, "__name__", "").strip("_") == op.name.strip("_"))

    def _meet(self, op: Operation, call: Call) -> None:
        for i in op.inputs:
            value = self.graph[i]
            alike = [moment for moment in call.given.values() if _same(value, moment.numbers)]
            if value.role == "constant" or i in self.moments or not alike:
                continue
            named = self.names.get(value.name.partition("@")[0])
            self.moments[i] = ([moment for moment in alike if moment.tensor is named] or alike)[0]
        left = list(call.made)
        for i in op.outputs:
            moment = next(result for result in left if _same(self.graph[i], result.numbers))
            left.remove(moment)
            self.moments[i] = moment

    def tensor(self, value: Value) -> torch.Tensor:
        """The numbers of a value, in the plain run."""
        return self.moments[value.id].numbers

    def places(self, op: Operation, value: Value) -> list[int]:
        """Where a call was given a value."""
        one = self.moments[value.id].tensor
        return [i for i, moment in self.calls[op.id].given.items() if moment.tensor is one]

    def made_by(self, value: Value) -> tuple[Operation, int] | None:
        """The operation that made a value, and which of its results it is."""
        op = self.graph.producer(value)
        if op is None:
            return None
        made = self.calls[op.id].made  # a LookupError where nobody made it
        return op, next(i for i, moment in enumerate(made) if moment is self.moments[value.id])

    def local(self, out: Value, by: Value, use: int | None) -> torch.Tensor | None:
        """The Jacobian of the operation that made `out`, by one use of `by` or by all."""
        found = self.made_by(out)
        places = self.places(found[0], by) if found else []
        chosen = places if use is None else places[use : use + 1]
        if found is None or not chosen or not out.requires_grad:
            return None
        call = self.calls[found[0].id]
        return self._once(("local", out.id, by.id, use), lambda: call.jacobian(chosen, found[1]))

    def gradient(self, value: Value) -> torch.Tensor | None:
        """Of the value that the graph differentiates, by another."""
        assert self.graph.of is not None
        top, edge = self.moments[self.graph.of], self.moments[value.id].edge
        seed = torch.ones_like(top.numbers) if self.seed is None else self.seed
        if edge is None or top.edge is None:
            return None
        if value.id == self.graph.of:
            return seed
        ends, starts, seeds = (top.edge,), (edge,), (seed,)
        return self._once(
            ("gradient", value.id),
            lambda: torch.autograd.grad(
                ends, starts, seeds, retain_graph=True, allow_unused=True
            )[0],
        )  # fmt: skip

    def contribution(self, op: Operation, by: Value, use: int | None) -> torch.Tensor | None:
        """What an operation sends to one use of a value in the backward pass, or to all."""
        call = self.calls[op.id]  # likewise
        arriving: list[torch.Tensor | None] = [None] * len(call.made)
        for i in op.outputs:
            found = self.made_by(self.graph[i])
            if found is not None:
                arriving[found[1]] = self.gradient(self.graph[i])
        places = self.places(op, by)
        chosen = places if use is None else places[use : use + 1]
        if not chosen:
            return None
        return self._once(("sent", op.id, by.id, use), lambda: call.product(chosen, arriving))

    def _once(self, key: Any, work_out: Callable[[], torch.Tensor | None]) -> torch.Tensor | None:
        if key not in self._kept:
            self._kept[key] = work_out()
        return self._kept[key]


def _same(value: Value, tensor: torch.Tensor) -> bool:
    if value.shape != tuple(tensor.shape) or value.dtype != str(tensor.dtype)[len("torch.") :]:
        return False
    listed = tensor.item() if tensor.numel() == 1 else tensor.tolist()
    return value.data is None or str(_nested(value.data)) == str(listed)


def _nested(data: Data) -> Any:
    return [_nested(part) for part in data] if isinstance(data, tuple) else data
