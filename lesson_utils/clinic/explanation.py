"""What is said about an error or a silence: sentences, a picture, repairs and their costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.page import page, sentence
from lesson_utils.picture.pieces import escape, escape_lines
from lesson_utils.picture.shown import Shown

RECORD = "Run the lines that compute it in `with trace() as t:`, and `why()` shows where."


# Apart from a traceback above it, and no line of code wider than the page.
_STYLE = "margin-top:10px;overflow-wrap:anywhere"


@dataclass(frozen=True)
class Repair:
    """Something that can be done.

    Attributes:
        says: What to do.
        code: The line of code, or the lines, as it is to be written; may be empty.
        cost: What that costs, or what it gives.
        plaster: Whether it only silences the error, or moves it elsewhere.
    """

    says: str
    code: str = ""
    cost: str = ""
    plaster: bool = False

    def __str__(self) -> str:
        parts = ["Plaster: " * self.plaster + self.says]
        parts += [f": `{self.code}`" if self.code else "", f". {self.cost}" if self.cost else "."]
        return re.sub(r"(?<!\.)\.\.(?!\.)", ".", "".join(parts))


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """Why something failed, or is silent. Shows itself in a notebook.

    Attributes:
        family: Which kind of error or silence it is, in a word or two.
        says: What happened and why, in three sentences at most.
        culprits: The names of what is to blame: variables, operations.
        line: The line that is to blame, in its cell or file; None where none is known.
        source: The file of that line, or its notebook cell.
        drawing: The graph with the culprit marked; None where no trace recorded it.
        repairs: What can be done, the best first.
    """

    family: str
    says: tuple[str, ...]
    culprits: tuple[str, ...] = ()
    line: int | None = None
    source: str | None = None
    drawing: Drawing | None = field(default=None, compare=False)
    repairs: tuple[Repair, ...] = ()

    @property
    def text(self) -> str:
        """It in words."""
        lines = [" ".join(self.says)]
        if self.repairs:
            lines += ["What you can do:", *(f"  - {repair}" for repair in self.repairs)]
        if self.drawing is not None:
            lines += ["The graph:", self.drawing.text]
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """It as a piece of a page: sentences, picture, and the repairs folded.

        So whoever wants to find a repair of their own can, and the others click.
        """
        first, *others = self.says
        told = f"<p><b>{sentence(first)}</b> {sentence(' '.join(others))}</p>"
        picture = "" if self.drawing is None else self.drawing.html
        items = "".join(f"<li>{_repair(repair)}</li>" for repair in self.repairs)
        advice = ""
        if items:
            summary = f"What you can do: {_counted(self.repairs)}"
            advice = f"<details><summary>{summary}</summary><ul>{items}</ul></details>"
        return f'<div class="lesson-why" style="{_STYLE}">{told}{picture}{advice}</div>'

    def files(self) -> Mapping[str, Callable[[], str]]:
        """A page, or words."""
        return {**super().files(), ".html": lambda: page(self.html, "What happened")}


def _counted(repairs: Sequence[Repair]) -> str:
    """`2 repairs and 1 plaster`, as the fold says."""
    plasters = sum(it.plaster for it in repairs)
    counts = {"repair": len(repairs) - plasters, "plaster": plasters}
    return " and ".join(f"{n} {what}{'s' * (n > 1)}" for what, n in counts.items() if n)


def _repair(repair: Repair) -> str:
    told = "<i>Plaster.</i> " * repair.plaster + sentence(repair.says)
    if "\n" in repair.code:
        told += f':<pre style="margin:2px 0;white-space:pre-wrap">{escape_lines(repair.code)}</pre>'
    elif repair.code:
        told += f": <code>{escape(repair.code)}</code>."
    elif not told.endswith("."):
        told += "."
    return f"{told} {sentence(repair.cost)}".strip()
