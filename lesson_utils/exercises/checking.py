"""Checking an answer, climbing the hints, showing the solution."""

from __future__ import annotations

import difflib
import dis
from collections.abc import Mapping
from types import CodeType
from typing import Any

import torch

from lesson_utils.exercises.exercise import Exercise
from lesson_utils.exercises.ledger import Ledger
from lesson_utils.exercises.running import attempt
from lesson_utils.exercises.state import plain_state
from lesson_utils.exercises.verdict import Status, Verdict

MOST = 2  # sentences about what went wrong


def named(catalogue: Mapping[str, Exercise], id: str) -> Exercise:
    """The exercise of an id.

    Raises:
        KeyError: There is none; the message lists the near ones.
    """
    if id in catalogue:
        return catalogue[id]
    near = difflib.get_close_matches(str(id), catalogue, 3, 0.3) or list(catalogue)[:3]
    raise KeyError(f"there is no exercise {id!r}; near it are {', '.join(near)}")


def is_attempted(answer: Any) -> bool:
    """Whether an answer is more than the stub."""
    if answer is None or answer is Ellipsis or answer is NotImplemented:
        return False
    if isinstance(answer, (list, tuple)) and answer:
        return any(is_attempted(part) for part in answer)
    if callable(answer) and not isinstance(answer, (type, torch.nn.Module)):
        code = getattr(answer, "__code__", None)
        return code is None or not _is_stub(code)
    return True


_IDLE = {"RESUME", "NOP", "LOAD_CONST", "POP_TOP", "RETURN_VALUE", "RETURN_CONST"}


def _is_stub(code: Any) -> bool:
    """Whether a function does nothing: `...`, `pass`, `raise NotImplementedError`."""
    if set(code.co_names) == {"NotImplementedError"}:
        return True
    steps = list(dis.get_instructions(code))
    *_, value = [
        step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")
    ] or [0]
    idle = {step.opname for step in steps} <= _IDLE
    return idle and (value is None or value is Ellipsis)  # `def`, or `lambda: ...`


def is_untouched(stub: str, answer: Any) -> bool:
    """Whether a function is still the one of the stub, as broken as it was given."""
    code = getattr(answer, "__code__", None)
    if code is None:
        return False
    given = [it for it in compile(stub, "stub", "exec").co_consts if isinstance(it, CodeType)]
    return _what_it_does(code) in map(_what_it_does, given)


def _what_it_does(code: CodeType) -> tuple[bytes, tuple[str, ...], str]:
    return code.co_code, code.co_names, repr(code.co_consts)


def checked(exercise: Exercise, answer: Any, ledger: Ledger) -> Verdict:
    """What is said about an answer; what is right is written down.

    Args:
        exercise: The exercise.
        answer: The student's.
        ledger: Where it is written down.
    """
    with plain_state():
        return _checked(exercise, answer, ledger)


def _checked(exercise: Exercise, answer: Any, ledger: Ledger) -> Verdict:
    given = attempt(lambda: answer)
    if not given.failed:
        given = attempt(lambda: is_attempted(answer) and not is_untouched(exercise.stub, answer))
    if not given.failed and not given.value:
        return Verdict(f"{exercise.id} · not attempted yet", (), "not attempted")
    outcome = given if given.failed else attempt(_judged, exercise, answer)
    if outcome.missing:
        return Verdict(f"{exercise.id} · not attempted yet", (), "not attempted")
    status: Status = "not yet"
    says = [f"Your answer {outcome.failed}."]
    if not outcome.failed:
        status, says = outcome.value
    right = status == "right"
    known = ledger.read().get(exercise.id, {})
    tried = int(known.get("tried", 0)) + 1
    ledger.note(exercise.id, done=right or bool(known.get("done")), tried=tried)
    title = f"{exercise.id} · {'right' if right else 'not yet'}"
    return Verdict(title, (*says, *_told(ledger)), status)


def _judged(exercise: Exercise, answer: Any) -> tuple[Status, list[str]]:
    off = exercise.judge(answer)
    if not off:
        return "right", [exercise.remark]
    slips = [slip.says for slip in exercise.slips if _matches(slip.matches, answer)]
    return "not yet", [off, *(slips or list(exercise.why(answer)))[:MOST]]


def _matches(predicate: Any, answer: Any) -> bool:
    try:
        return bool(predicate(answer))
    except Exception:  # an answer of another kind
        return False


def hinted(exercise: Exercise, ledger: Ledger) -> Verdict:
    """The next hint of three, below those that were shown before."""
    seen = int(ledger.read().get(exercise.id, {}).get("hints", 0))
    number = min(seen, len(exercise.hints) - 1)
    ledger.note(exercise.id, hints=number + 1)
    title = f"{exercise.id} · hint {number + 1} of {len(exercise.hints)}"
    more = (f'`solution("{exercise.id}")` shows a solution.',) if seen > number else ()
    return Verdict(title, (*exercise.hints[: number + 1], *more, *_told(ledger)))


def solved(exercise: Exercise, ledger: Ledger) -> Verdict:
    """The cell filled in; after a right answer for comparison."""
    done = bool(ledger.read().get(exercise.id, {}).get("done"))
    ledger.note(exercise.id, seen=True)
    title = f"{exercise.id} · {'for comparison' if done else 'a solution'}"
    return Verdict(title, _told(ledger), "", exercise.solution)


def _told(ledger: Ledger) -> tuple[str, ...]:
    told, ledger.told = ledger.told, ""
    return (told,) if told else ()
