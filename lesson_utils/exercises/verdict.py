"""What is said about an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lesson_utils.picture.pieces import escape, escape_lines
from lesson_utils.picture.shown import Shown

Status: TypeAlias = Literal["not attempted", "right", "not yet"]
_LOOK = {"right": ("✓", "#00755a"), "not yet": ("→", "#b8340a"), "not attempted": ("·", "#5f6772")}


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """What is said about an answer, a hint or a solution. Shows itself in a notebook.

    Attributes:
        title: Which exercise it is about, and what happened.
        says: Sentences.
        status: Of the answer; empty for a hint or a solution.
        code: A solution.
    """

    title: str
    says: tuple[str, ...] = ()
    status: Status | Literal[""] = ""
    code: str = ""

    @property
    def text(self) -> str:
        """It in words."""
        sign = f"{_LOOK[self.status][0]} " if self.status else ""
        lines = [f"{sign}{self.title}", *self.says]
        return "\n".join([*lines, *(f"    {line}" for line in self.code.splitlines())])

    @property
    def html(self) -> str:
        """It as a piece of a page."""
        sign, colour = _LOOK.get(self.status, ("?", "#0072b2"))
        told = "".join(f"<p style='margin:4px 0'>{_marked(it)}</p>" for it in self.says)
        code = f"<pre style='margin:4px 0'>{escape_lines(self.code)}</pre>" if self.code else ""
        return (
            f'<div class="lesson-verdict" style="border-left:4px solid {colour};'
            f'padding:2px 10px;max-width:860px"><b>{sign} {_marked(self.title)}</b>'
            f"{told}{code}</div>"
        )


def _marked(text: str) -> str:
    """A sentence, what is between backticks as code."""
    parts = text.split("`")
    return "".join(
        f"<code>{escape(part)}</code>" if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
