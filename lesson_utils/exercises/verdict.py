"""What is said about an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lesson_utils.picture.page import sentence
from lesson_utils.picture.pieces import BLUE, FAINT, GREEN, RED, escape_lines
from lesson_utils.picture.shown import Shown

Status: TypeAlias = Literal["not attempted", "right", "not yet"]
_LOOK = {"right": ("✓", GREEN), "not yet": ("→", RED), "not attempted": ("·", FAINT)}


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
        sign, colour = _LOOK.get(self.status, ("?", BLUE))
        told = "".join(f"<p style='margin:4px 0'>{sentence(it)}</p>" for it in self.says)
        code = f"<pre style='margin:4px 0'>{escape_lines(self.code)}</pre>" if self.code else ""
        return (
            f'<div class="lesson-verdict" style="border-left:4px solid {colour};'
            f'padding:2px 10px;max-width:860px"><b>{sign} {sentence(self.title)}</b>'
            f"{told}{code}</div>"
        )
