"""What is told of a block besides operations: branches, cuts, backward passes; frozen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Branch:
    """A tensor that Python's `if` or `while` asked for its truth.

    Attributes:
        condition: Id of the value that was asked.
        taken: How it came out.
        line: Line of the asking statement in its cell or file, from 1.
        position: How many operations had run before the question.
        source: The file of that line, or its notebook cell.
    """

    condition: int
    taken: bool
    line: int | None
    position: int = 0
    source: str | None = None


@dataclass(frozen=True)
class Cut:
    """A place where autograd stops following a value that requires a gradient.

    Attributes:
        reason: What was called (`detach`, `item`, `argmax`, `gt`, ...), or
            `no_grad` for an operation that ran while gradients were disabled.
        value: Id of the value that was cut off.
        operation: Id of the operation; None where a plain number was taken out.
        line: Line of the student's code, from 1; None if unknown.
        source: The file of that line, or its notebook cell.
    """

    reason: str
    value: int
    operation: int | None
    line: int | None
    source: str | None


@dataclass(frozen=True)
class Pass:
    """A backward pass that the student's code asked for inside the block.

    Attributes:
        call: `backward` or `grad`.
        of: Ids of the values that were differentiated.
        line: Line of the student's code, from 1; None if unknown.
        source: The file of that line, or its notebook cell.
        to: Ids of the values that it goes to; empty for all leaves.
        retains: Whether what the operations saved is kept.
    """

    call: str
    of: tuple[int, ...]
    line: int | None
    source: str | None
    to: tuple[int, ...] = ()
    retains: bool = False


@dataclass(frozen=True)
class Failure:
    """An error that ended the block.

    Attributes:
        says: Its type and the first line of its message.
        line: Line of the statement that raised it, in its cell or file, from 1.
        source: The file of that line, or its notebook cell.
    """

    says: str
    line: int | None
    source: str | None


@dataclass(frozen=True)
class Listing:
    """Lines of the student's code around those that made the graph.

    Attributes:
        source: Their file, or their notebook cell.
        lines: Number and text of each; where numbers are missing, lines are left out.
    """

    source: str
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Opened:
    """A module of a folded network whose steps are shown.

    Attributes:
        name: As its step was called.
        operations: Ids of the operations in it.
        asked: Whether somebody unfolded it; else it is of the level above.
    """

    name: str
    operations: tuple[int, ...]
    asked: bool = False
