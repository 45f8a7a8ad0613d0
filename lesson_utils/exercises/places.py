"""Places in a list, in words: the second of three numbers."""

from __future__ import annotations

from collections.abc import Sequence

_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MOST = len(_COUNTS)  # beyond it nobody counts along


def ordinal(number: int) -> str:
    """A place, counted from 1."""
    return _ORDINALS[number - 1] if number <= MOST else f"{number}th"


def in_words(parts: Sequence[str]) -> str:
    """Parts of a sentence, with commas and an "and" before the last."""
    *ahead, last = parts
    return f"{', '.join(ahead)} and {last}" if ahead else last


def places(chosen: Sequence[int], count: int, noun: str) -> str:
    """Some of several, as "the first and the third of four numbers".

    Args:
        chosen: Which ones, counted from 0.
        count: Of how many, at most `MOST`.
        noun: What they are, in the plural.
    """
    which = in_words([f"the {ordinal(it + 1)}" for it in chosen])
    return f"{which} of {_COUNTS[count - 1]} {noun}"


def not_right(chosen: Sequence[int], count: int) -> str:
    """A sentence about several numbers, of which some are not right.

    Args:
        chosen: Which ones, counted from 0.
        count: Of how many.
    """
    if len(chosen) == count:
        number = _COUNTS[count - 1] if count <= MOST else count
        return f"{'Neither' if count == 2 else 'None'} of the {number} numbers is right."
    verb = "is" if len(chosen) == 1 else "are"
    if count > MOST:
        return f"{len(chosen)} of {count} numbers {verb} not right."
    which = places(chosen, count, "numbers")
    return f"{which[0].upper()}{which[1:]} {verb} not right."
