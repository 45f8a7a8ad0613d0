"""A backward pass through what another has freed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lesson_utils.capture.behind import holds, is_freed, nodes_behind
from lesson_utils.capture.records import Node, node_of
from lesson_utils.clinic.again import (
    AGAIN,
    in_the_loop,
    is_computed_in_loop,
    is_lost,
    lines_to,
    pass_from,
    retain,
    two_results,
)
from lesson_utils.clinic.carried import Carried, carried, let_go
from lesson_utils.clinic.cell import cell_of, statement_at
from lesson_utils.clinic.code import where
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.statement import OUTSIDE
from lesson_utils.clinic.traced import Traced, traced
from lesson_utils.clinic.unseen_pass import unseen_pass
from lesson_utils.graph import Operation, Pass
from lesson_utils.operations import symbol_of

MOST = 6  # lines that a repair writes out
MOST_NAMES = 3


def second_pass(e: Evidence) -> Explanation | None:
    """The second backward pass through a node: `Trying to backward through the graph ...`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    if not re.search(r"second time|freed", e.message):
        return None
    freed = [node for node in nodes_behind(e.roots, e.inputs) if is_freed(node)]
    if not freed:
        return None
    t = traced(e)
    shared = set() if e.root and pass_from(e, e.root) is not None else _shared(e)
    found = _recorded(e, t, freed, shared) if t is not None else None
    return found or unseen_pass(e, freed, shared)


def _recorded(e: Evidence, t: Traced, freed: list[Node], shared: set[Node]) -> Explanation | None:
    op, done = _culprit(t, freed, shared)
    if op is None:
        return None
    here = e.here
    root = _root(e, t, op)
    by = "by a backward pass after the block"
    if done is not None:
        by = f"by the backward pass {where(done.line, done.source, here)}".rstrip()
    name, symbol = t.name_of(op), symbol_of(op)
    names = list(dict.fromkeys(_kept(t, op)))
    kept = " and ".join(names) if 0 < len(names) <= MOST_NAMES else "what it had saved"
    that = "they were" if " and " in kept else "that was"
    label = t.graph[op.outputs[0]].name
    called = f"`{name}`" if label == name else f"`{name}` (`{label}` in the picture)"
    says = [
        f"The backward pass from `{root}` came to `{symbol}`, which made {called}"
        f"{where(op.line, op.source, here, ' ')}, and could not go on.",
        f"It needs {kept} for its derivative, and {that} freed {by}.",
    ]
    again = any(
        (it.line, it.source) == (op.line, op.source) and it.visit > op.visit
        for it in t.graph.operations
    )
    if _is_carried(t, op):
        says.append(f"That `{name}` is of an earlier step of the loop: this one goes on from it.")
        held = carried(e, nodes_behind(e.roots))
        known = [Carried(name, f"{name} = {name}.detach()")] if e.has(name) else []
        repairs = let_go(held or known)
    elif again:
        says.append(
            f"That `{name}` is of an earlier step of the loop, and `{root}` holds on to it."
        )
        repairs = [_numbers_only(root), retain(done)]
    else:
        repairs = [*_again(t, e, op), *_both(e, t, op, done)]
    drawing = t.drawing(f"{symbol} has lost what it saved; it was freed {by}.", [op.id])
    return Explanation(
        "freed graph", tuple(says), tuple(dict.fromkeys((name, symbol, root))), op.line, op.source,
        drawing, tuple(repairs),
    )  # fmt: skip


def _culprit(
    t: Traced, freed: list[Node], shared: set[Node]
) -> tuple[Operation | None, Pass | None]:
    """The operation at which the pass could not go on, and the pass that freed what it saved.

    The pass that failed has freed what it came by before. So it is the first operation that an
    earlier pass had come by: one that was seen in the block, or one from another variable of
    which nothing is kept.
    """
    ops = [op for node in freed if (op := t.operation(node)) is not None]
    for op in ops:
        done = _freeing(t, op)
        if done is not None:
            return op, done
    for node in freed:
        if node in shared:
            return t.operation(node), None
    if t.operation(freed[-1]) is None:
        return None, None  # an older one was not seen, of a step before, say: that is to blame
    return (ops[0] if ops else None), None


def _root(e: Evidence, t: Traced, op: Operation) -> str:
    """What the pass began at that leads to an operation."""
    made = set(op.outputs)
    for root in e.roots:
        value = t.value(root)
        if value is not None and made & {out for it in t.behind(value) for out in it.outputs}:
            return e.called(root) or value.name
    return e.root or "the result"


def _shared(e: Evidence) -> set[Node]:
    """The nodes behind other variables that a backward pass has been through."""
    own = set(nodes_behind(e.roots))
    found: set[Node] = set()
    for _, tensor in e.tensors():
        top = node_of(tensor)
        if top is None or top in own or not tensor.requires_grad or tensor.numel() != 1:
            continue  # a pass starts from a single number, mostly
        nodes = nodes_behind([tensor])
        if not any(holds(node) and not is_freed(node) for node in nodes):
            found.update(nodes)
    return found


def _numbers_only(root: str) -> Repair:
    return Repair(
        f"Add the number of each step to `{root}` and not its tensor, and go back from the step's "
        "own loss",
        cost="Or go back once after the loop, from the sum: then no step may go back before.",
    )


def _kept(t: Traced, op: Operation) -> Iterator[str]:
    for saved in op.saved:
        if saved.state != "freed" or saved.value is None:
            continue
        if t.graph.producer(t.graph[saved.value]) is not None:  # a leaf is not gone
            yield f"`{t.called(saved.value)}`"


def _freeing(t: Traced, op: Operation) -> Pass | None:
    """The pass of the block that freed what an operation saved; None for one after the block."""
    passes = list(t.graph.passes)
    if t.graph.failure is not None and passes:
        passes.pop()  # the one that failed
    for done in passes:
        behind = {it.id for of in done.of for it in t.behind(t.graph[of])}
        on_the_way = not done.to or any(op in t.ahead(goal) for goal in done.to)
        if not done.retains and op.id in behind and on_the_way:
            return done
    return None


def _is_carried(t: Traced, op: Operation) -> bool:
    """Whether the line that made it ran again, in a later step of a loop, and went on from it."""
    after = {it.id for out in op.outputs for it in t.ahead(out)}
    return any(
        (it.line, it.source) == (op.line, op.source) and it.visit > op.visit and it.id in after
        for it in t.graph.operations
    )


def _again(t: Traced, e: Evidence, op: Operation) -> Iterator[Repair]:
    """The forward pass once more; what a loop goes back through again, in that loop."""
    roots = [value for root in e.roots if (value := t.value(root)) is not None]
    lines = sorted({pair for root in roots for pair in t.lines(root)})
    code = ""
    if e.scene is not None:
        cell, here = e.scene.cell, e.scene.place
        sources = {it.source for root in roots for it in t.behind(root)}
        made = cell_of(next(iter(sources), None))
        places = [it.place for it in made.statements for line, _ in lines if it.line == line]
        apart = {made.scope(it) for it in places} != {cell.scope(here)}
        near = made.source == e.scene.source or cell.scope(here) == OUTSIDE
        if len(sources) == 1 and near and not apart:
            code = "\n".join(text for _, text in lines)
        if not code:  # lines of other functions: the call that leads to them
            code = lines_to(e, is_lost)
        inside = cell.in_loop(here)
        name = t.name_of(op)
        if inside is not None and e.has(name) and name not in inside and is_computed_in_loop(e):
            text = statement_at(op.line, op.source)
            yield from in_the_loop(name, text)
            return
    says = "Compute it again before you go back again, as a training loop does"
    if len(lines) > MOST and code:
        says = f"Run lines {lines[0][0]} to {lines[-1][0]} again before you go back again"
        code = ""
    yield Repair(says, code, AGAIN)


def _both(e: Evidence, t: Traced, op: Operation, done: Pass | None) -> Iterator[Repair]:
    """What helps where the first pass was from another result."""
    names = [] if done is None else [
        name
        for of in done.of
        for name, it in e.tensors()
        if it is not e.roots[0] and t.value(it) is t.graph[of]
    ]  # fmt: skip
    if done is None or done.call != "backward" or len(names) != len(done.of) or len(names) != 1:
        yield retain(done)
        return
    first = e.statement(done.line, done.source)
    yield from two_results(e, names[0], t.name_of(op), first, done)
