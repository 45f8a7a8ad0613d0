"""A backward pass through what another has freed, where no trace has seen it."""

from __future__ import annotations

import re

from lesson_utils.capture.behind import nodes_behind
from lesson_utils.capture.records import Node, node_of
from lesson_utils.clinic.again import (
    AGAIN,
    has_lost,
    in_the_loop,
    is_computed_in_loop,
    is_lost,
    lines_to,
    pass_from,
    retain,
    two_results,
)
from lesson_utils.clinic.carried import carried, let_go
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.statement import Statement


def unseen_pass(e: Evidence, freed: list[Node], shared: set[Node]) -> Explanation:
    """What the exception, the variables and the lines tell, without a trace of it.

    Args:
        e: The evidence.
        freed: The nodes on the way that have lost what they saved, about in the engine's order.
        shared: Those that another result was made of as well.
    """
    root = f"`{e.root}`" if e.root else "the result"
    bound: dict[Node, str] = {}
    for name, tensor in e.tensors():
        if (own := node_of(tensor)) is not None and tensor.requires_grad:
            bound.setdefault(own, name)
    behind, outside = nodes_behind(e.roots), e.made_before_loop()
    lasting = next((it for it in behind if bound.get(it) in outside and has_lost(it)), None)
    lasting = lasting if is_computed_in_loop(e) else None
    held = carried(e, behind)
    node: Node | None = lasting or next((it for it in freed if it in shared), freed[0])
    made = bound.get(node, "") if node is not None else ""
    written = e.assignment(made)
    first = f"The backward pass from {root} came to what an earlier pass had freed"
    if lasting is not None:
        told = f"{first}: `{made}`, which {lasting.name()} made{e.on(written)}."
        more = f"`{made}` is made before the loop, and the first step freed what it had saved."
        repairs = [*in_the_loop(made, "" if written is None else written.text), retain(None)]
    elif held:
        made = held[0].name
        node = next((it for it in behind if bound.get(it) == made), freed[0])
        written = e.assignment(made)
        told = f"{first}: the graph of the step before."
        names = " and ".join(f"`{it.name}`" for it in held)
        goes = "go" if len(held) > 1 else "goes"
        more = f"{names} {goes} from one step to the next, and the graph goes along."
        repairs = let_go(held)
    elif node is not None and node in shared:
        other = _sharing(e, node)
        what = f"`{made}`, which {node.name()} made" if made else node.name()
        told = f"{first}: {what}{e.on(written)}."
        more = f"`{other}` is made of it, too, and a pass from there has been through it."
        done = pass_from(e, other)
        repairs = [Repair("Compute it again before you go back again", cost=AGAIN),
                   *two_results(e, other, made, done)]  # fmt: skip
    else:
        code = lines_to(e, is_lost)
        repairs = [Repair("Compute it again before you go back again", code, AGAIN), retain(None)]
        known = _earlier(e)
        node = next((it for it in freed if it in known), None)
        if node is None:
            made, written = "", None
            told = f"{first}."
            more = f"A graph serves one pass, and that of {root} was used, all of it or a part."
        else:
            made, written = "", e.assignment(bound.get(node, ""))
            on = e.on(written)
            what = (
                f"`{bound[node]}`, which {node.name()} made{on}," if node in bound else node.name()
            )
            told = f"{first}: what {what} had saved."
            more = f"The earlier pass is that{e.on(known[node])}: a graph serves one pass."
    named = (made, "" if node is None else node.name(), e.root or "the result")
    return Explanation(
        "freed graph", (told, more, RECORD), tuple(dict.fromkeys(filter(None, named))),
        None if written is None else written.line, None if written is None else written.source,
        repairs=tuple(repairs),
    )  # fmt: skip


def _earlier(e: Evidence) -> dict[Node, Statement]:
    """The nodes that passes before came by, in this cell or an earlier one, and their lines."""
    found: dict[Node, Statement] = {}
    if e.scene is None:
        return found
    for it in e.scene.cell.before(e.scene.place):
        keeps = re.search("(retain|create)_graph=True", it.text)
        if it.place >= e.scene.place or keeps or not re.search(r"\b(backward|grad)\(", it.text):
            continue
        for name, tensor in e.tensors_on(it.text):
            made = e.assignment(name)
            if made is None or made.place < it.place:  # it is the tensor that it was then
                found = dict.fromkeys(nodes_behind([tensor]), it) | found
    return found


def _sharing(e: Evidence, node: Node) -> str:
    """Another result that was made of the same."""
    own = set(nodes_behind(e.roots))
    return next(
        name
        for name, it in e.tensors()
        if it.requires_grad
        and it.numel() == 1
        and node_of(it) not in own
        and node in nodes_behind([it])
    )
