"""Where in the student's code a call was made."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import torch

from lesson_utils.capture.calling import caller_of
from lesson_utils.graph import Failure, Listing


class Place(NamedTuple):
    """A line of the student's code.

    Attributes:
        line: Counted from 1 in its cell or file; None if unknown.
        source: The file as Python has it, `In[3]` for a notebook's cell, or None.
        code: The code that was running.
        step: Its instruction.
        direct: Whether that instruction itself is the call, and not one that came to it.
    """

    line: int | None = None
    source: str | None = None
    code: CodeType | None = None
    step: int = -1
    direct: bool = False


NOWHERE = Place()

_LIBRARIES = tuple(
    str(folder) + os.sep for folder in (Path(str(torch.__file__)).parent, Path(__file__).parents[1])
)  # by folder: a student's own folder may be called torch, too


def is_students(filename: str) -> bool:
    """Whether code of this file is neither torch's (generated or in its folder) nor ours."""
    return not filename.startswith((*_LIBRARIES, "<frozen ", "<eval_with_key>"))


# The places of the student's own instructions, kept from block to block; each has its code with
# it, so that the code's id stays its own.
_KNOWN: dict[tuple[int, int], tuple[CodeType, Place]] = {}
_MOST = 4096
# The file name that Python has for a source as we name it.
_FILES: dict[str, str] = {}
LONGEST = 200  # characters of an error's message
AROUND = 3  # lines between two that ran, which are shown with them


class Places:
    """Tells the student's line of a frame; what it learns of files is kept for one block."""

    def __init__(self) -> None:
        self._sources: dict[str, str | None] = {}  # by file name; None for a library's
        self.frame = 0  # the id of the student's frame that was found last

    def of(self, frame: FrameType | None) -> Place:
        """The innermost line of the student's, from this frame outwards."""
        sources = self._sources
        key = None if frame is None else (id(frame.f_code), frame.f_lasti)
        known = None if key is None else _KNOWN.get(key)
        if known is not None:
            self.frame = id(frame)
            return known[1]
        first = frame
        while frame is not None:
            name = frame.f_code.co_filename
            try:
                source = sources[name]
            except KeyError:
                source = sources[name] = source_name(name) if is_students(name) else None
                if source is not None:
                    _FILES[source] = name
            if source is not None:
                direct = frame is first or frame is caller_of(first)
                place = Place(frame.f_lineno, source, frame.f_code, frame.f_lasti, direct)
                self.frame = id(frame)
                if frame is first and key is not None:
                    if len(_KNOWN) >= _MOST:
                        _KNOWN.clear()
                    _KNOWN[key] = frame.f_code, place
                return place
            frame = frame.f_back
        return NOWHERE


def source_name(filename: str) -> str:
    """A file name as it is, a notebook's cell by its number: `In[3]`.

    The kernel's own names for cells hold a process id and would differ from
    run to run; IPython tells which cell it means.
    """
    if "ipykernel" not in filename and filename[:1] != "<":  # plain IPython has <ipython-input-...>
        return filename
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    named = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(filename)
    return named[1] if named else filename


def remembered(filename: str) -> str:
    """The same, kept for whoever asks for a line of it."""
    source = source_name(filename)
    _FILES[source] = filename
    return source


def failure(error: Exception) -> Failure:
    """What an error that left a block says, and the innermost line of the student's it came by."""
    place, traceback = NOWHERE, error.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if is_students(name):
            place = Place(traceback.tb_lineno, remembered(name))
        traceback = traceback.tb_next
    try:
        message = str(error).strip().partition("\n")[0]
    except Exception:  # an error of the student's whose own text fails
        message = ""
    # No file and no picture can hold control characters and lone surrogates.
    message = "".join(character if character.isprintable() else "\ufffd" for character in message)
    kind = type(error).__name__
    says = f"{kind}: {message}" if message else kind
    return Failure(says if len(says) <= LONGEST else f"{says[:LONGEST]}…", place.line, place.source)


def files() -> dict[str, str]:
    """The file names of the sources met so far; a front end may number two cells alike."""
    return dict(_FILES)


def text_at(line: int | None, source: str | None) -> str:
    """What stands on a line of the student's code; empty where Python does not have it."""
    if line is None or source is None:
        return ""
    return linecache.getline(_FILES.get(source, source), line).strip()


def listings(places: Iterable[Place], known: Mapping[str, str]) -> tuple[Listing, ...]:
    """The lines that ran, with those shortly before and between them, where Python has them."""
    ran: dict[str, set[int]] = {}
    for line, source, *_ in places:
        if line is not None and source is not None:
            ran.setdefault(source, set()).add(line)
    found = []
    for source, numbers in ran.items():
        text = linecache.getlines(known.get(source, source))
        if max(numbers) > len(text):
            continue  # it was changed since, or cannot be had
        shown = sorted(
            number
            for number in range(max(1, min(numbers) - 1), max(numbers) + 1)
            if any(number <= line <= number + AROUND for line in numbers)
        )
        listed = tuple((number, text[number - 1].rstrip("\r\n")) for number in shown)
        found.append(Listing(source, listed))
    return tuple(found)
