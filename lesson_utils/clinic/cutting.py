"""What cuts a path: in words, with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """A way to cut a path.

    Attributes:
        says: What it does.
        repair: What to do instead.
        cost: What that costs, or gives.
    """

    says: str
    repair: str
    cost: str = ""


_NUMBER = Kind(
    "gives a plain Python number, which knows no graph",
    "Go on with the tensor itself",
    "Take a number out only to print or to store it.",
)
_CHOICE = Kind(
    "gives whole numbers, and a whole number cannot follow a small change: its slope is 0 or does "
    "not exist",
    "Put the scores themselves into the loss, or `torch.softmax` of them",
    "A smooth function in place of the choice; take the choice for the accuracy only.",
)
_WHOLE = Kind(
    "gives whole numbers, and a whole number cannot follow a small change",
    "Go on with the number as it is",
    "Make whole numbers only of what needs no gradient.",
)
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(
        ("detach", "detach_", "data"),
        Kind("gives the number without its graph", "Leave it away", "The gradient goes on."),
    ),
    "grad": Kind(
        "gives a gradient without a graph of its own unless that is asked for",
        "Ask for it, with `create_graph=True`",
        "The gradient can then be differentiated once more; its graph takes memory.",
    ),
    **dict.fromkeys(("item", "tolist", "float()", "int()", "complex()", "index"), _NUMBER),
    **dict.fromkeys(("long", "int", "short", "char", "byte", "bool", "to", "type"), _WHOLE),
    "tensor": Kind(
        "copies the number and not the graph",
        "Use the tensor itself, or `torch.stack` for a list of tensors",
        "The gradient goes on.",
    ),
    "numpy": Kind(
        "gives a NumPy array, which autograd does not see",
        "Use the function that torch has for it",
        "The gradient goes on.",
    ),
    "no_grad": Kind(
        "ran while gradients were disabled",
        "Move it out of the block that disables gradients",
        "Then it is recorded; it keeps what it needs in memory.",
    ),
    "decorated": Kind(
        "runs with gradients disabled, as its decorator says",
        "Leave the decorator away",
        "Then it is recorded; it keeps what it needs in memory.",
    ),
    **dict.fromkeys(("argmax", "argmin", "argsort", "topk", "multinomial", "bincount"), _CHOICE),
    **dict.fromkeys(
        ("gt", "lt", "ge", "le", "eq", "ne", "isclose", "logical_and", "logical_or"),
        Kind(
            "gives True or False, which has no slope",
            "Put the distance into the loss instead of the comparison, or `torch.sigmoid` of it",
            "A smooth function in place of the step.",
        ),
    ),
}
SIGNS = {"gt": ">", "lt": "<", "ge": ">=", "le": "<=", "eq": "==", "ne": "!="}
OTHER = Kind("has no derivative", "Use a function that has one", "The gradient goes on.")


def up_to(lost: str, root: str) -> str:
    """What still has a graph, if it can be said in a word."""
    if not lost or lost.startswith(("[", "list(")) or "math." in lost or " for " in lost:
        return ""
    if lost == root:
        return f" Up to an earlier `{lost}` there is a path."
    drawn = " in the picture" if re.fullmatch(r"[uv]\d*|(parameter|input)\d+", lost) else ""
    return f" Up to `{lost}`{drawn} there is a path."
