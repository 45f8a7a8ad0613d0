"""Calling a torch function from the place where the student called it.

A warning names the line that called what warns, and Python remembers in that
line's module which warnings were shown. With a frame of ours in between it
would name ours, and show one for all lines.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any, ClassVar

from torch.overrides import handle_torch_function

NAME = "<recorded by trace>"
_DISPATCH = handle_torch_function.__code__  # of torch functions written in Python
Caller = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


def plainly(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: return func(*args, **kwargs)  # fmt: skip  # noqa: E501  # one line, so that it has one number


_Made = dict[tuple[int, int], tuple[CodeType, dict[str, Any], Caller]]
_MOST = 4096


def caller_of(frame: FrameType | None) -> FrameType | None:
    """Who called a torch function that is written in Python, and comes here by a detour."""
    if frame is None or frame.f_code is not _DISPATCH:
        return None
    inner = frame.f_back
    return None if inner is None else inner.f_back


class Callers:
    """Functions that do nothing but call another, each with the line of somebody else's code.

    Those for code of modules, as a notebook is one, are kept from block to block. Others last as
    long as a block: they keep the globals of that code alive.
    """

    _lasting: ClassVar[
        _Made
    ] = {}  # by the instruction; with its code, so that the id stays its own

    def __init__(self) -> None:
        self._made: _Made = {}

    def at(self, frame: FrameType) -> Caller:
        """One for the line that a frame has come to."""
        code = frame.f_code
        if code is _DISPATCH:
            frame = caller_of(frame) or frame
            code = frame.f_code
        space = frame.f_globals
        key = (id(code), frame.f_lasti)  # quicker to have than the line
        known = self._lasting.get(key) or self._made.get(key)
        if known is None or known[1] is not space:
            twin = plainly.__code__.replace(
                co_filename=code.co_filename, co_firstlineno=frame.f_lineno or 0, co_name=NAME
            )
            known = code, space, FunctionType(twin, space, NAME)
            module = sys.modules.get(space.get("__name__", ""))
            lasting = getattr(module, "__dict__", None) is space
            made = self._lasting if lasting else self._made
            if len(made) >= _MOST:
                made.clear()
            made[key] = known
        return known[2]


def hide_frames(error: BaseException | None, own: CodeType) -> None:
    """Take our frames out of an error that leaves a block, and out of those that led to it.

    Python adds a frame as an error passes through it, so one that the student's code catches
    inside the block still shows ours, in plain Python; IPython hides it.

    Args:
        error: The error, if there is one.
        own: The code of the frame that calls what `Callers` makes.
    """
    waiting, seen = [error], set()
    while waiting:
        exception = waiting.pop()
        if exception is None or id(exception) in seen:
            continue
        seen.add(id(exception))
        _without(exception.__traceback__, own)
        waiting += [
            exception.__cause__,
            exception.__context__,
            *getattr(exception, "exceptions", ()),
        ]


def _without(traceback: TracebackType | None, own: CodeType) -> None:
    while traceback is not None:
        inner = traceback.tb_next
        while inner is not None and _is_ours(inner.tb_frame.f_code, own):
            inner = inner.tb_next
        traceback.tb_next = inner
        traceback = inner


def _is_ours(code: CodeType, own: CodeType) -> bool:
    return code is own or code.co_name == NAME
