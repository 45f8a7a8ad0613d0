"""The computation graph as plain, frozen data.

Everything that draws, animates or explains a graph reads this model and
nothing else. It holds numbers, strings and tuples only, imports nothing of
torch, and can be compared, pickled or written as JSON. Identifiers
count first appearances, so the same student code always gives the same graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lesson_utils.graph.events import Branch, Cut, Failure, Listing, Opened, Pass
from lesson_utils.graph.operation import Operation
from lesson_utils.graph.values import Value


@dataclass(frozen=True)
class ComputationGraph:
    """A snapshot of what a block of torch code computed.

    Attributes:
        values: In order of first appearance; `values[i].id == i`.
        operations: In the order they ran; `operations[i].id == i`.
        branches: In the order they were asked.
        of: Id of the value that was differentiated, or None.
        note: A sentence for the reader, for instance why there are no
            gradients; empty when there is nothing to say.
        cuts: Where autograd stopped following a value, in the order of the code.
        passes: The backward passes inside the block, in order.
        failure: The error that ended the block, if one did.
        code: The student's lines that made it, where they can be had.
        opened: Of a folded network, the modules whose steps are shown; the inner ones come later.
    """

    values: tuple[Value, ...]
    operations: tuple[Operation, ...]
    branches: tuple[Branch, ...] = ()
    of: int | None = None
    note: str = ""
    cuts: tuple[Cut, ...] = ()
    passes: tuple[Pass, ...] = ()
    code: tuple[Listing, ...] = ()
    failure: Failure | None = None
    opened: tuple[Opened, ...] = ()

    def __getitem__(self, key: str | int) -> Value:
        """The value with this name or id.

        Raises:
            KeyError: There is none; the message lists the names there are.
        """
        if isinstance(key, int) and 0 <= key < len(self.values):
            return self.values[key]
        for value in self.values:
            if value.name == key:
                return value
        for value in self.values:
            if key in value.also:
                return value
        names = ", ".join(value.name for value in self.values) or "none: nothing was computed"
        raise KeyError(f"no value named {key!r} in this graph; it has {names}")

    def __contains__(self, name: object) -> bool:
        return any(value.name == name for value in self.values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def producer(self, value: Value) -> Operation | None:
        """The operation that made `value`; None for a leaf."""
        return next((op for op in self.operations if value.id in op.outputs), None)

    def to_dict(self) -> dict[str, Any]:
        """The graph as JSON-ready data: dicts, lists, strings and numbers.

        Numbers that JSON does not know become strings: `"nan"`, `"inf"`,
        `"-inf"`, and complex numbers as Python prints them.
        """
        plain: dict[str, Any] = _jsonable(asdict(self))
        for op, told in zip(self.operations, plain["operations"], strict=True):
            told["inputs"] = list(op.inputs)
            told["local_derivatives"] = _jsonable(op.local_derivatives)
        return plain


def _jsonable(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _jsonable(part) for key, part in item.items()}
    if isinstance(item, (tuple, list)):
        return [_jsonable(part) for part in item]
    if isinstance(item, complex) or (isinstance(item, float) and not math.isfinite(item)):
        return str(item)
    return item
