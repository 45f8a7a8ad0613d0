"""How often a line of the student's code has run, told by the instructions that ran."""

from __future__ import annotations

import dis
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from types import CodeType

from lesson_utils.capture.lines import Place

_LEAVES = ("RETURN", "RAISE", "RERAISE", "JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD")


def visits(calls: Sequence[tuple[Place, int]]) -> list[int]:
    """In which of the passes through its line each call was made, from 1; 0 where nobody can tell.

    Passes in which the line made no call are not seen. A line begins again when it comes to an
    instruction that cannot follow the one before without starting over. One instruction that
    calls a library's code may make several calls: if such a line makes two in a row, nobody can
    tell whether it began again, and it is left out; so is a line that holds several functions.

    Args:
        calls: Of each call its place, and the id of the frame that ran there.
    """
    found: list[int] = []
    count: dict[tuple[str, int], int] = {}
    codes: dict[tuple[str, int], CodeType | None] = {}
    unknown: set[tuple[str, int]] = set()
    last: dict[tuple[str, int, int], tuple[int, int]] = {}  # by frame too: visit, instruction
    before: tuple[str, int] | None = None
    for place, frame in calls:
        if place.line is None or place.source is None or place.code is None:
            found.append(0)
            before = None
            continue
        key = place.source, place.line
        if codes.setdefault(key, place.code) is not place.code:
            unknown.add(key)
        visit, step = last.get((*key, frame), (0, -1))
        if visit and place.step == step and not place.direct and before == key:
            unknown.add(key)
        if not visit or not _follows(place.code, step, place.step):
            visit = count[key] = count.get(key, 0) + 1
        last[(*key, frame)] = visit, place.step
        found.append(visit)
        before = key
    return [
        0 if (place.source, place.line) in unknown else visit
        for (place, _), visit in zip(calls, found, strict=True)
    ]


@lru_cache(maxsize=4096)
def _follows(code: CodeType, first: int, second: int) -> bool:
    """Whether an instruction can come after another of its line without that starting over."""
    instructions = list(dis.get_instructions(code))
    offsets = [instruction.offset for instruction in instructions]
    starts, line, lines = dict(dis.findlinestarts(code)), None, []
    for offset in offsets:
        line = starts.get(offset, line)
        lines.append(line)
    # What a frame has come to may be a cache entry of its instruction.
    at, wanted = (bisect_right(offsets, offset) - 1 for offset in (first, second))
    waiting, seen = [at], {at}
    while waiting:
        number = waiting.pop()
        instruction = instructions[number]
        ahead = [] if instruction.opname.startswith(_LEAVES) else [number + 1]
        if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
            ahead.append(bisect_right(offsets, instruction.argval) - 1)
        for following in ahead:
            if following == wanted:
                return True
            forwards = number < following < len(offsets) and following not in seen
            if forwards and lines[following] == lines[at]:
                seen.add(following)
                waiting.append(following)
    return False
