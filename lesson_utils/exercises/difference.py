"""What is off with the result of a function, or with which of its results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from lesson_utils.exercises.places import MOST, in_words, ordinal, places
from lesson_utils.words.notation import format_number

CLOSE = 1e-4
_Off = tuple[str, str]  # what a sentence says before, and after the name of a result


def differs(given: Any, right: Any, names: Sequence[str] = ()) -> str:
    """What is off with a result; empty if nothing is. It never tells the right numbers.

    Args:
        given: What a function returns.
        right: What it should return: numbers, None, or several of them.
        names: What each of several results is for.
    """
    if not isinstance(right, (tuple, list)):
        return "".join(_off(given, right) or ())
    if not _fits(given, right):
        return f"must return {len(right)} things"
    off = _parts_off(given, right)
    found: dict[_Off, list[int]] = {}
    for part in off:
        # Where in several of them would be a sentence that nobody reads to its end.
        what = _off(given[part], right[part], where=len(off) == 1)
        found.setdefault(what or ("", ""), []).append(part)
    return ", and ".join(
        f"{before}{_labels(parts, names)}{after}" for (before, after), parts in found.items()
    )


def which_differ(given: Any, right: Any, names: Sequence[str] = ()) -> str:
    """Which of several results are off, for the end of a sentence; empty if all are, or none.

    Args:
        given: What a function returns.
        right: What it should return.
        names: What each of several results is for.
    """
    if not isinstance(right, (tuple, list)) or not _fits(given, right):
        return ""
    off = _parts_off(given, right)
    return _labels(off, names) if 0 < len(off) < len(right) else ""


def _fits(given: Any, right: Sequence[Any]) -> bool:
    return isinstance(given, (tuple, list)) and len(given) == len(right)


def _parts_off(given: Sequence[Any], right: Sequence[Any]) -> list[int]:
    return [i for i, (one, it) in enumerate(zip(given, right, strict=True)) if _off(one, it)]


def _labels(parts: Sequence[int], names: Sequence[str]) -> str:
    if names:
        return f" {in_words([f'for {names[part]}' for part in parts])}"
    which = in_words([ordinal(part + 1) for part in parts])
    return f" as its {which} result{'' if len(parts) == 1 else 's'}"


def _off(given: Any, right: Any, *, where: bool = True) -> _Off | None:
    if right is None:
        return None if given is None else ("returns something", " where None belongs")
    try:
        plain = torch.as_tensor(given)
        if plain.is_complex():  # torch would drop what is imaginary
            return "returns complex numbers", ", where real ones are asked"
        one = torch.as_tensor(given, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return f"returns a {type(given).__name__}", ", and no numbers"
    other = torch.as_tensor(right, dtype=torch.float64).detach()
    if one.shape != other.shape:
        return f"has the shape {list(one.shape)}", f", where {list(other.shape)} is asked"
    close = torch.isclose(one, other, rtol=CLOSE, atol=1e-6, equal_nan=True)
    if close.all():
        return None
    if one.numel() == 1:
        return f"gives {format_number(one.item())}", ""
    single = where and int((~close).sum()) == 1
    return f"gives {'another number' if single else 'other numbers'}", _where(
        close
    ) if where else ""


def _where(close: torch.Tensor) -> str:
    """In which places, rows or columns; empty if in all of them, or of too many."""
    noun = "places" if close.ndim == 1 else "rows"
    if close.ndim == 2 and len(close) == 1:  # the row is known
        close, noun = close[0], "columns"
    off = [i for i, it in enumerate(close) if not it.all()]
    if len(off) == len(close) or len(close) > MOST:
        return ""
    return f" in {places(off, len(close), noun)}"
