"""What has been done, in a small file beside the notebooks that nobody else reads."""

from __future__ import annotations

import itertools
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PLACE = "LESSON_PROGRESS"  # the environment variable that says where the file is
NAME = ".lesson_progress.json"
_PATIENCE = 2.0  # seconds to wait for another kernel
_LARGEST = 1_000_000  # bytes; a hundred times what the course takes


class Ledger:
    """The file, read anew each time: another kernel may have written to it.

    Attributes:
        path: Where it is.
        told: What the student should know of it, once.
    """

    def __init__(self, path: Path | None = None) -> None:
        # Of a link the file that it leads to.
        place = path or os.environ.get(PLACE) or NAME
        self.path = Path(os.path.realpath(Path(place).expanduser()))
        self.told = ""
        self._memory: dict[str, Any] | None = None  # where nothing can be written

    def read(self) -> dict[str, Any]:
        """All of it: by exercise, what is known."""
        if self._memory is not None:
            return self._memory
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return {}
        except OSError:
            return self._in_memory()
        # Neither a folder nor a pipe is ours, nor what is named like a thesis: hands off.
        if not stat.S_ISREG(about.st_mode) or (about.st_size and self.path.suffix != ".json"):
            return self._in_memory()
        try:
            found = json.loads(self._text(about.st_size))
        except (ValueError, RecursionError):
            return self._set_aside()
        except OSError:
            return self._in_memory()
        return dict(found) if _is_whole(found) else self._set_aside()

    def _text(self, size: int) -> str:
        if size > _LARGEST:
            raise ValueError("that is no file of ours")
        return self.path.read_text(encoding="utf-8")

    def _in_memory(self) -> dict[str, Any]:
        self._memory = {} if self._memory is None else self._memory
        self.told = "Progress cannot be written here, and lasts as long as this kernel."
        return self._memory

    def note(self, exercise: str, **known: Any) -> None:
        """Remember something about an exercise.

        Args:
            exercise: Its id.
            known: What, by name.
        """

        def change(found: dict[str, Any]) -> None:
            found.setdefault(exercise, {}).update(known)

        self._write(change)

    def _write(self, change: Callable[[dict[str, Any]], None]) -> None:
        if self._memory is not None:
            change(self._memory)
            return
        try:
            with self._alone():
                found = self.read()
                change(found)
                if self._memory is not None:
                    return
                fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
                fresh.write_text(json.dumps(found, indent=1, sort_keys=True), encoding="utf-8")
                fresh.replace(self.path)
        except OSError:
            self._memory = self.read()
            change(self._in_memory())

    def _set_aside(self) -> dict[str, Any]:
        names = (f"{self.path.name}.broken{number or ''}" for number in itertools.count())
        aside = next(it for name in names if not (it := self.path.with_name(name)).exists())
        with suppress(OSError):
            self.path.replace(aside)
        self.told = f"{self.path.name} could not be read; it was set aside, and a new one begun."
        return {}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other kernel writes meanwhile; one that died while it did holds nobody up for long."""
        lock = self.path.with_name(f"{self.path.name}.lock")
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                break
            except FileExistsError:
                if time.monotonic() > until + _PATIENCE:
                    break  # it cannot be taken away
                if time.monotonic() > until:
                    with suppress(OSError):
                        lock.unlink()
                time.sleep(0.02)
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


def _is_whole(found: Any) -> bool:
    """Whether what was read is what was written."""
    return isinstance(found, dict) and all(
        isinstance(known, dict) and all(type(it) in (bool, int) for it in known.values())
        for known in found.values()
    )
