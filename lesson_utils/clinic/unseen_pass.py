"""A backward pass through what another has freed, where no trace has seen it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import torch

from lesson_utils.capture.behind import MOST, is_freed, nodes_behind, reached
from lesson_utils.capture.records import Node, node_of
from lesson_utils.clinic.cell import statement_at
from lesson_utils.clinic.code import expressions, where
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.rewritten import with_keyword
from lesson_utils.clinic.statement import Statement
from lesson_utils.graph import Pass


def unseen_pass(e: Evidence, freed: list[Node], shared: set[Node]) -> Explanation:
    """What the exception, the variables and the lines tell, without a trace of it.

    Args:
        e: The evidence.
        freed: The nodes on the way that have lost what they saved, about in the engine's order.
        shared: Those that another result was made of as well.
    """
    root = e.root or "the result"
    bound: dict[Node, str] = {}
    for name, tensor in e.tensors():
        if (own := node_of(tensor)) is not None and tensor.requires_grad:
            bound.setdefault(own, name)
    behind, outside = nodes_behind(e.roots), e.made_before_loop()
    lasting = next((it for it in behind if bound.get(it) in outside and _has_lost(it)), None)
    carried = _carried(e, behind)
    again = "A new graph for each backward pass."
    node: Node | None = lasting or next((it for it in freed if it in shared), freed[0])
    made = bound.get(node, "") if node is not None else ""
    written = e.assignment(made)
    first = f"The backward pass from `{root}` came to what an earlier pass had freed"
    if lasting is not None:
        told = f"{first}: `{made}`, which {lasting.name()} made{_on(e, written)}."
        more = f"`{made}` is made before the loop, and the first step freed what it had saved."
        code = "" if written is None else written.text
        repairs = [Repair(f"Compute `{made}` in the loop", code, again), retain(None)]
    elif carried:
        node = next((it for it in behind if bound.get(it) == carried), freed[0])
        made, written = carried, e.assignment(carried)
        told = f"{first}: the graph of the step before."
        more = f"`{carried}` goes from one step of the loop to the next, and its graph with it."
        repairs = let_go(carried)
    elif node is not None and node in shared:
        other = _sharing(e, node)
        what = f"`{made}`, which {node.name()} made" if made else node.name()
        told = f"{first}: {what}{_on(e, written)}."
        more = f"A pass from `{other}` has been through it, which is made of it, too."
        repairs = [Repair("Compute it again before you go back again", cost=again), retain(None)]
        if e.call == "backward" and len(e.roots) == 1 and e.name_of(e.roots[0]):
            at_once = "Go back once, from the sum, instead of both: gradients add up"
            repairs.insert(1, Repair(at_once, f"({other} + {root}).backward()"))
    else:
        code = lines_to(e, lambda it: (own := node_of(it)) is not None and own in freed)
        repairs = [Repair("Compute it again before you go back again", code, again), retain(None)]
        done = _earlier(e)
        node = next((it for it in freed if it in done), None)
        if node is None:
            made, written = "", None
            told = f"{first}."
            more = f"A graph serves one pass, and that of `{root}` was used, all of it or a part."
        else:
            made, written = "", e.assignment(bound.get(node, ""))
            what = f"`{bound[node]}`, which {node.name()} made" if node in bound else node.name()
            told = f"{first}: what {what}{_on(e, written)}, had saved."
            more = f"The earlier pass is that{_on(e, done[node])}: a graph serves one pass."
    named = (made, "" if node is None else node.name(), root)
    return Explanation(
        "freed graph", (told, more, RECORD), tuple(dict.fromkeys(filter(None, named))),
        None if written is None else written.line, None if written is None else written.source,
        repairs=tuple(repairs),
    )  # fmt: skip


def _carried(e: Evidence, behind: list[Node]) -> str:
    """A variable that carries its graph from one step of the loop to the next; or empty."""
    known, own = dict(reversed([*e.tensors()])), set(behind)
    names = [] if e.scene is None else e.scene.cell.carried(e.scene.place)
    return next(
        (name for name in names if name in known and own.intersection(nodes_behind([known[name]]))),
        "",
    )


def _on(e: Evidence, it: Statement | None) -> str:
    """` on line 3`, of another cell where it is another; empty where nobody knows."""
    here = None if e.scene is None else e.scene.source
    return "" if it is None else where(it.line, it.source, here, " ")


def _has_lost(node: Node) -> bool:
    """Whether it, or what is behind it, can no longer run: a sum saves nothing itself."""
    return any(map(is_freed, itertools.islice(reached([node]), MOST)))


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


def let_go(name: str) -> list[Repair]:
    """What helps where a variable carries its graph from step to step.

    Args:
        name: The variable.
    """
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


def retain(done: Pass | None) -> Repair:
    """The plaster for a second pass.

    Args:
        done: The first pass, where it was seen.
    """
    text = "" if done is None else statement_at(done.line, done.source)
    call = "backward" if done is None else done.call
    return Repair(
        "Let the first pass keep the graph",
        with_keyword(text, call, "retain_graph") or "retain_graph=True",
        "What it saved stays in memory as long as the graph does: right only where you want two "
        "gradients of one graph.",
        plaster=True,
    )


def lines_to(e: Evidence, wanted: Callable[[torch.Tensor], bool]) -> str:
    """The lines of the cell that computed the results; empty where one is not found.

    Args:
        e: The evidence.
        wanted: Whether what a line was given has to be computed as well.
    """
    if e.scene is None:
        return ""
    found = set()
    waiting, tensors = [e.name_of(root) for root in e.roots], dict(reversed([*e.tensors()]))
    met = set(waiting)
    while waiting:
        made = e.assignment(waiting.pop())
        if made is None:
            return ""
        found.add((made.place, made.text))
        for name in expressions(made.text):
            it = tensors.get(name)
            if it is not None and name not in met and not it.is_leaf and wanted(it):
                met.add(name)
                waiting.append(name)
    return "\n".join(text for _, text in sorted(found))
