"""What an error left behind: the student's lines that it came by, and the tensors in them."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import torch

from lesson_utils.capture.elements import tensors_in
from lesson_utils.capture.lines import is_students
from lesson_utils.capture.mode import Recording
from lesson_utils.capture.names import local_variables, paths_of
from lesson_utils.clinic.code import arguments, expressions, where
from lesson_utils.clinic.scene import Scene, at_path, is_a, scene_of
from lesson_utils.clinic.statement import Statement

_ENGINE = str(Path(str(torch.autograd.__file__)))  # its `backward` and `grad`
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an error left behind.

    Attributes:
        error: Itself; None where a tensor is asked about and nothing failed.
        message: Its text; empty where that fails.
        scenes: The student's frames, the innermost first.
        call: `backward` or `grad` if PyTorch raised it there, and no code of the student's; else
            empty.
        roots: What was to be differentiated.
        inputs: With respect to what; empty for all leaves.
        seeds: What the pass was to start from, as it was given.
        recordings: The traces among the student's variables.
        enabled: Whether gradients are recorded where it is asked.
    """

    error: BaseException | None
    message: str
    scenes: tuple[Scene, ...]
    call: str
    roots: tuple[torch.Tensor, ...]
    inputs: tuple[torch.Tensor, ...]
    seeds: Any
    recordings: tuple[Recording, ...]
    enabled: bool = True

    @property
    def scene(self) -> Scene | None:
        """The student's innermost line."""
        return self.scenes[0] if self.scenes else None

    @property
    def here(self) -> str | None:
        """The cell or file of that line, which the reader looks at."""
        return None if self.scene is None else self.scene.source

    @property
    def line(self) -> int | None:
        """Its number there."""
        return None if self.scene is None else self.scene.line

    @property
    def text(self) -> str:
        """What stands on it; empty where nobody knows."""
        return "" if self.scene is None else self.scene.text

    def variables(self) -> Iterator[tuple[str, Any]]:
        """The student's variables, innermost first; none of those that IPython keeps."""
        for scene in self.scenes:
            for name, item in scene.names.items():
                if not name.startswith("_") and name not in ("In", "Out"):
                    yield name, item

    def parameters(self) -> Iterator[tuple[str, str, torch.Tensor]]:
        """The parameters of modules among them: the variable, the path in it, the parameter."""
        for name, item in self.variables():
            if is_a(item, torch.nn.Module):
                for path, it in torch.nn.Module.named_parameters(item):
                    yield name, path, it

    def name_of(self, tensor: torch.Tensor) -> str:
        """The variable that a tensor is bound to, or its path in a module; else empty."""
        modules = []
        for name, item in self.variables():
            if item is tensor:
                return name
            if is_a(item, torch.nn.Module):
                modules.append((name, item))
        return paths_of(modules, {id(tensor)}).get(id(tensor), "")

    def variable(self, name: str) -> Any:
        """What the student's variable is bound to, the innermost of that name; or None."""
        return next((item for known, item in self.variables() if known == name), None)

    def has(self, name: str) -> bool:
        """Whether the student has a variable of this name."""
        return any(known == name for known, _ in self.variables())

    @property
    def root(self) -> str:
        """What the student calls the first thing to be differentiated."""
        return self.called(self.roots[0]) if self.roots else ""

    def called(self, tensor: torch.Tensor, call: str | None = None) -> str:
        """A tensor's variable, or what is written for it in the call that failed; else empty.

        Args:
            tensor: One of `roots` or `inputs`, or another.
            call: The call; that of the engine if none is named.
        """
        name = self.name_of(tensor)
        if name or self.scene is None:
            return name
        call = call or self.call
        written = arguments(self.scene.text, call)
        if any(it is tensor for it in self.inputs):
            nameless = [it for it in self.inputs if not self.name_of(it)]
            written = written[-len(self.inputs) :] if call == "grad" else written[1:]
        else:
            nameless = [it for it in self.roots if not self.name_of(it)]
            written = [it for it in written if it not in ("torch.autograd", "autograd")]
        names = dict(self.variables())
        written = [it for it in written if not is_a(at_path(names, it), torch.Tensor)]
        at = [i for i, it in enumerate(nameless) if it is tensor]
        return written[at[0]] if at and at[0] < len(written) else ""

    def assignment(self, name: str) -> Statement | None:
        """What gave a name its value, last before the student's innermost line."""
        return None if self.scene is None else self.scene.cell.assignment(name, self.scene.place)

    def statement(self, line: int | None, source: str | None) -> Statement | None:
        """The statement on a line of the student's cell, or of one before it."""
        if self.scene is None or line is None:
            return None
        cells = (it for it in self.scene.cell.so_far if it.source == source)
        return next((found for cell in cells if (found := cell.statement(line, None))), None)

    def on(self, it: Statement | None) -> str:
        """` on line 3`, of another cell where it is another; empty where nobody knows."""
        return "" if it is None else where(it.line, it.source, self.here, " ")

    def by_lines(self, it: Statement) -> str:
        """` on line 3 of In[4]`, with what has to hold for a line of another cell to have run."""
        cells = () if self.scene is None else self.scene.cell.earlier
        first = next((cell.all[0] for cell in cells if cell.source == it.source and cell.all), it)
        ended = it.source == self.here or first.place == it.place
        return self.on(it) if ended else f"{self.on(it)}, if that cell ran to its end"

    def made_before_loop(self) -> set[str]:
        """The innermost function's variables that the loop around its line does not assign."""
        if self.scene is None:
            return set()
        inside = self.scene.cell.in_loop(self.scene.place)
        return set() if inside is None else self.scene.names.keys() - inside

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The tensors among them."""
        for name, item in self.variables():
            if is_a(item, torch.Tensor):
                yield name, item

    def tensors_on(self, text: str) -> list[tuple[str, torch.Tensor]]:
        """What a line names of tensors, as it is written there: `w`, `self.w`."""
        names = dict(reversed([*self.variables()]))
        found = [(it, at_path(names, it)) for it in expressions(text)]
        return [(path, item) for path, item in found if is_a(item, torch.Tensor)]


def last_error() -> BaseException | None:
    """The error that is being handled, or the last one that reached the top."""
    return sys.exc_info()[1] or getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)


def evidence_of(error: BaseException, *, enabled: bool = True) -> Evidence:
    """What an error left behind. Nothing of it is run, changed, or kept.

    Args:
        error: With its traceback.
        enabled: Whether gradients are recorded where it is asked.
    """
    scenes: list[Scene] = []
    call = ""
    roots: tuple[torch.Tensor, ...] = ()
    inputs: tuple[torch.Tensor, ...] = ()
    seeds: Any = None
    for frame, line, step in _frames(error.__traceback__):
        filename = frame.f_code.co_filename
        if filename == _ENGINE and frame.f_code.co_name in ("backward", "grad"):
            own = local_variables(frame)
            call = frame.f_code.co_name
            roots = tuple(tensors_in(own.get("tensors", own.get("outputs"))))
            inputs = tuple(tensors_in(own.get("inputs")))
            seeds = own.get("grad_tensors", own.get("grad_outputs"))
        elif is_students(filename) and not filename.startswith(_LIBRARIES):
            call = ""  # a Function's own backward
            scenes.insert(0, scene_of(frame, line, step))
    try:
        message = str(error)
    except Exception:  # an error of the student's whose own text fails
        message = ""
    return Evidence(
        error, message, tuple(scenes), call, roots, inputs, seeds, _recordings(scenes), enabled
    )


def evidence_at(frame: FrameType) -> Evidence:
    """What there is where the student's code has come to, without an error.

    Args:
        frame: Its frame.
    """
    scene = scene_of(frame, frame.f_lineno, frame.f_lasti)
    return Evidence(None, "", (scene,), "", (), (), None, _recordings([scene]))


def _recordings(scenes: Sequence[Scene]) -> tuple[Recording, ...]:
    items = (item for scene in scenes for item in scene.names.values())
    found = {id(item): item for item in items if is_a(item, Recording)}
    return tuple(found.values())


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno, traceback.tb_lasti
        traceback = traceback.tb_next
