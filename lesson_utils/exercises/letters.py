"""Letters that a student answers with: one of several, or an order of lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

_BETWEEN = re.compile(r"[\s,;:.()\[\]{}<>=→⇒'\"`*+|/\\–—-]+")  # dashes and arrows


def letters_of(answer: Any) -> str | None:
    """The letters of an order, however they are set apart, in capitals; None for what is none.

    Args:
        answer: As `"BAD"`, `"b, a, d"`, `"B → A → D"` or `["B", "A", "D"]`.
    """
    parts = _plain(answer)
    if isinstance(parts, (list, tuple)) and all(isinstance(it, str) for it in parts):
        parts = " ".join(parts)
    if not isinstance(parts, str):
        return None
    found = _BETWEEN.sub("", parts).upper()
    return found if found.isalpha() or not found else None


def letter_of(answer: Any, options: Sequence[str]) -> str | None:
    """The letter that was chosen, also as `"B"`, `"b)"` or `["b"]`; None where it is none of them.

    Args:
        answer: The student's.
        options: What there is to choose from.
    """
    found = letters_of(answer)
    return found.lower() if found and found.lower() in options else None


def _plain(answer: Any) -> Any:
    """An array as the list, or the text, that it holds."""
    return answer.tolist() if isinstance(answer, (np.ndarray, np.generic)) else answer
