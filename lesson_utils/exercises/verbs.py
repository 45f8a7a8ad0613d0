"""The public verbs of the exercises."""

from __future__ import annotations

from typing import Any

from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.checking import checked, hinted, named, solved
from lesson_utils.exercises.ledger import Ledger
from lesson_utils.exercises.progress import Progress
from lesson_utils.exercises.verdict import Verdict

LEDGER = Ledger()  # read anew each time


def check(id: str, answer: Any) -> Verdict:
    """Check the answer of an exercise.

    Args:
        id: Of the exercise, as the notebook has it: `01.3`.
        answer: Yours: a number, a letter, a function, a trace, as it is asked.

    Returns:
        A `Verdict`, which shows itself: *right*, *not yet* with what is off and why, or *not
        attempted yet*. What is right is never told.

    Raises:
        KeyError: There is no such exercise; the message lists the near ones.

    Example:
        >>> check("01.1", 2.0).status
        'not yet'
    """
    return checked(named(CATALOGUE, id), answer, LEDGER)


def hint(id: str) -> Verdict:
    """The next of an exercise's three hints.

    Args:
        id: Of the exercise.

    Raises:
        KeyError: There is no such exercise.
    """
    return hinted(named(CATALOGUE, id), LEDGER)


def solution(id: str) -> Verdict:
    """A solution of an exercise; after a right answer for comparison.

    Args:
        id: Of the exercise.

    Raises:
        KeyError: There is no such exercise.
    """
    return solved(named(CATALOGUE, id), LEDGER)


def progress() -> Progress:
    """What is done, of this notebook and of the course.

    It is kept in a small file beside the notebook, `.lesson_progress.json`, or where the
    environment variable `LESSON_PROGRESS` says; it is sent nowhere, and may be deleted.
    """
    known = LEDGER.read()
    told, LEDGER.told = LEDGER.told, ""
    return Progress(CATALOGUE, known, told)
