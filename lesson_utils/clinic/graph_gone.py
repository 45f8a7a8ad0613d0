"""A backward pass through what another has freed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lesson_utils.capture.behind import holds, is_freed, nodes_behind
from lesson_utils.capture.lines import text_at
from lesson_utils.capture.records import Node, node_of
from lesson_utils.clinic.code import where, with_keyword
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.traced import Traced, traced
from lesson_utils.graph import Operation, Pass
from lesson_utils.operations import symbol_of

MOST = 6  # lines that a repair writes out


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
    found = _recorded(e, t, freed) if t is not None else None
    shared = _shared(e)
    return found or _unrecorded(e, next((node for node in freed if node in shared), freed[0]))


def _recorded(e: Evidence, t: Traced, freed: list[Node]) -> Explanation | None:
    op, done = _culprit(e, t, freed)
    if op is None:
        return None
    here = None if e.scene is None else e.scene.source
    root = e.root or "the result"
    by = "by a backward pass after the block"
    if done is not None:
        by = f"by the backward pass {where(done.line, done.source, here)}".rstrip()
    name, symbol = t.name_of(op), symbol_of(op)
    kept = ", ".join(filter(None, _kept(t, op))) or "what it had saved"
    says = [
        f"The backward pass from `{root}` came to `{symbol}`, which made `{name}`"
        f"{where(op.line, op.source, here, ' ')}, and could not go on.",
        f"It needs {kept} for its derivative, and that was freed {by}.",
    ]
    if _is_carried(t, op):
        says.append(f"That `{name}` is of an earlier step of the loop: this one goes on from it.")
        repairs = _let_go(name)
    else:
        repairs = [*_again(t, e), *_at_once(t, done, root), _retain(done)]
    drawing = t.drawing(f"{symbol} has lost what it saved; it was freed {by}.", [op.id])
    return Explanation(
        "freed graph", tuple(says), (name, symbol, root), op.line, op.source, drawing,
        tuple(repairs),
    )  # fmt: skip


def _culprit(e: Evidence, t: Traced, freed: list[Node]) -> tuple[Operation | None, Pass | None]:
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
        if node in _shared(e):
            return t.operation(node), None
    return (ops[0] if ops else None), None


def _shared(e: Evidence) -> set[Node]:
    """The nodes behind other variables that a backward pass has been through."""
    own = set(nodes_behind(e.roots))
    found: set[Node] = set()
    for _, tensor in e.tensors():
        top = node_of(tensor)
        if top is None or top in own or not tensor.requires_grad:
            continue
        nodes = nodes_behind([tensor])
        if not any(holds(node) and not is_freed(node) for node in nodes):
            found.update(nodes)
    return found


def _kept(t: Traced, op: Operation) -> Iterator[str]:
    for saved in op.saved:
        if saved.state == "freed":
            yield "" if saved.value is None else f"`{t.called(saved.value)}`"


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


def _let_go(name: str) -> list[Repair]:
    return [
        Repair(
            "Let go of the old graph after each backward pass",
            f"{name} = {name}.detach()",
            "The number goes on and the gradient ends there: each step learns from itself alone.",
        ),
        Repair(
            "Or add up the losses of all steps, and go back once after the loop",
            cost="The gradient then goes through all steps, and all of them are kept until then.",
        ),
    ]


def _again(t: Traced, e: Evidence) -> Iterator[Repair]:
    """The forward pass once more."""
    root = t.value(e.roots[0])
    lines = [] if root is None else t.lines(root)
    yield Repair(
        "Compute it again before you go back again, as a training loop does"
        if len(lines) <= MOST
        else f"Run lines {lines[0][0]} to {lines[-1][0]} again before you go back again",
        "\n".join(text for _, text in lines) if len(lines) <= MOST else "",
        "A new graph for each backward pass.",
    )


def _at_once(t: Traced, done: Pass | None, root: str) -> Iterator[Repair]:
    """One pass for the sum of the results that share the operation."""
    names = [t.graph[of].name for of in done.of] if done is not None else []
    others = [name for name in names if name != root]
    if others and done is not None and done.call == "backward":
        yield Repair(
            "Go back once, from the sum: gradients add up",
            f"({' + '.join([*others, root])}).backward()",
            "One pass through what they share.",
        )


def _retain(done: Pass | None) -> Repair:
    text = "" if done is None else text_at(done.line, done.source)
    call = "backward" if done is None else done.call
    return Repair(
        "Let the first pass keep the graph",
        with_keyword(text, call, "retain_graph") or "retain_graph=True",
        "What it saved stays in memory as long as the graph does: right only where you want two "
        "gradients of one graph.",
        plaster=True,
    )


def _unrecorded(e: Evidence, node: Node) -> Explanation:
    root = e.root or "the result"
    outside = e.made_before_loop()
    behind = {node_of(tensor): name for name, tensor in e.tensors() if name in outside}
    lasting = [it for it in nodes_behind(e.roots) if it in behind and is_freed(it)]
    node = lasting[0] if lasting else node
    made = next((name for name, tensor in e.tensors() if node_of(tensor) is node), "")
    what = f"`{made}`, which {node.name()} made," if made else node.name()
    says = (
        f"The backward pass from `{root}` came to {what} a second time.",
        f"`{made}` is made before the loop, and the first step freed what it had saved."
        if lasting
        else "What that node had saved was freed by an earlier pass.",
        RECORD,
    )
    again = Repair(
        f"Compute `{made}` in the loop" if lasting else "Compute it again before you go back again",
        cost="A new graph for each backward pass.",
    )
    culprits = (made or node.name(), root)
    return Explanation("freed graph", says, culprits, repairs=(again, _retain(None)))
