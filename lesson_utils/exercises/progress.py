"""What is done of the course, drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lesson_utils.exercises.exercise import Exercise
from lesson_utils.picture.pieces import escape
from lesson_utils.picture.shown import Shown

_SIGNS = {"done": ("●", "done"), "tried": ("◐", "tried"), "open": ("○", "open")}


class Progress(Shown):
    """A row for each lesson, a sign for each exercise. Shows itself in a notebook.

    Args:
        catalogue: All exercises.
        known: What is known of each, by id.
        told: What the student should know of the file.
    """

    def __init__(
        self, catalogue: Mapping[str, Exercise], known: Mapping[str, Any], told: str = ""
    ) -> None:
        self._told = told
        self.states = {id: _state(known.get(id, {})) for id in catalogue}
        self._titles = {id: exercise.title for id, exercise in catalogue.items()}

    @property
    def lessons(self) -> dict[str, list[str]]:
        """The ids of each lesson."""
        found: dict[str, list[str]] = {}
        for id in self.states:
            found.setdefault(id.partition(".")[0], []).append(id)
        return found

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(state == "done" for state in self.states.values())

    @property
    def text(self) -> str:
        """It in words."""
        rows = [
            f"{lesson}  {''.join(_SIGNS[self.states[id]][0] for id in ids)}  {self._count(ids)}"
            for lesson, ids in self.lessons.items()
        ]
        signs = ", ".join(f"{sign} {word}" for sign, word in _SIGNS.values())
        end = [self._told] if self._told else []
        return "\n".join([f"{self.done} of {len(self.states)} done ({signs})", *rows, *end])

    @property
    def html(self) -> str:
        """It as a table."""
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{lesson}</th><td style='text-align:left;"
            "letter-spacing:3px;font-size:18px;white-space:normal;overflow-wrap:anywhere'>"
            f"{''.join(map(self._sign, ids))}</td>"
            f"<td style='text-align:left;white-space:nowrap'>{self._count(ids)}</td></tr>"
            for lesson, ids in self.lessons.items()
        )
        signs = " · ".join(f"{sign}&nbsp;{word}" for sign, word in _SIGNS.values())
        told = f"<p>{escape(self._told)}</p>" if self._told else ""
        return (
            "<table><caption style='text-align:left'>"
            f"<b>{self.done} of {len(self.states)} done</b> &nbsp; {signs}</caption>"
            f"<tbody>{rows}</tbody></table>{told}"
        )

    def _count(self, ids: list[str]) -> str:
        return f"{sum(self.states[id] == 'done' for id in ids)} of {len(ids)}"

    def _sign(self, id: str) -> str:
        sign, word = _SIGNS[self.states[id]]
        title = escape(f"{id} · {self._titles[id]}: {word}")
        return f'<span role="img" title="{title}">{sign}</span>'


def _state(known: Mapping[str, Any]) -> str:
    if known.get("done") is True:
        return "done"
    return "tried" if known.get("tried") else "open"
