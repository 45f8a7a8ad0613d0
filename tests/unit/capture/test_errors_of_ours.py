"""No error of ours ever reaches the student's line: the recording ends with a note, the block not.

Every function and method that a recording runs is made to raise in turn; which there are is
found by looking at the modules, and which of them run by listening to Python.
"""

import contextlib
import functools
import inspect
import os
import re
import sys
import traceback
import types
import weakref

import pytest
import torch
import torch.nn.functional as F
from programs import cells, frozen, line_of
from torch.autograd import Function, grad

import lesson_utils
from lesson_utils import trace
from lesson_utils.capture.mode import Recording

OURS = os.path.dirname(lesson_utils.__file__) + os.sep


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 2 * ctx.saved_tensors[0] * g


def student(block):
    """A bit of everything that is recorded; every line of the block can be one where it stops."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 2)
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    with block:
        y = F.relu(layer(w)) * 2
        y[0] = w.sum()
        big = (w * torch.ones(50, 2)).exp()
        z = Square.apply(y).sum() + big.mean()
        if z > 0:
            z = z - z.detach() / 2
        with torch.no_grad():
            half = z / 2
        number = half.item() + float(z)
        (slope,) = grad(z, w, create_graph=True)
        loss = (slope * slope).sum() + torch.stack([z, z]).sum()
        loss.backward()
    found = {k: v for k, v in locals().items() if k != "block"}
    return frozen(found), torch.rand(1).item(), torch.overrides._get_current_function_mode_stack()


def modules():
    """Our modules that recording uses: of the mode, and of what they take from each other."""
    found, waiting = {}, [Recording.__module__]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = sys.modules[name]
            used = (getattr(item, "__module__", "") for item in vars(found[name]).values())
            waiting += [module for module in used if str(module).startswith("lesson_utils.")]
    return [found[name] for name in sorted(found)]


def plain_function(item):
    """The Python function inside of a method, property or decorated function, or None."""
    item = getattr(item, "fget", None) or getattr(item, "__func__", None) or item
    return item if isinstance(inspect.unwrap(item), types.FunctionType) else None


def everything():
    """Holder, name and code of each of our functions and methods, guards apart.

    What stands at the door cannot be guarded by itself: the mode's own four methods, and the
    enter and exit of context managers.
    """
    for module in modules():
        for name, item in vars(module).items():
            if getattr(item, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(item):
                door = {"__enter__", "__exit__"} | (
                    {"__init__", "__torch_function__"} if item is Recording else set()
                )
                for method, member in vars(item).items():
                    function = None if method in door else plain_function(member)
                    if function is not None:
                        yield item, method, inspect.unwrap(function).__code__
            elif plain_function(item) is not None:
                yield module, name, inspect.unwrap(item).__code__


def running():
    """Those of them that run in the student's block, by listening to the interpreter."""
    ran = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: ran.add(frame.f_code))
    try:
        student(trace())
    finally:
        sys.setprofile(before)
    every = {(holder, name): code for holder, name, code in everything()}
    return [pair for pair, code in every.items() if code in ran]


def named(item):
    return item.__name__.removeprefix("lesson_utils.") if hasattr(item, "__name__") else str(item)


RUNNING = running()


class Oops(Exception):
    """An error of ours that no code of ours expects."""


def spoil(monkeypatch, holder, name, error, *, after=False):
    """Make a function of ours raise; returns the lines of this file that ran when it did."""
    lines = []
    original = vars(holder)[name]
    inner = plain_function(original)

    @functools.wraps(inner)
    def broken(*args, **kwargs):
        if after:
            inner(*args, **kwargs)
        frame = sys._getframe(1)
        while frame.f_code.co_filename != __file__:
            frame = frame.f_back
        lines.append(frame.f_lineno)
        raise error("spoilt")

    kind = type(original)
    wraps = kind in (staticmethod, classmethod, property)
    replacement = kind(broken) if wraps else broken
    monkeypatch.setattr(holder, name, replacement)
    if not inspect.isclass(holder):  # others have imported it by name
        for module in modules():
            for alias, item in list(vars(module).items()):
                if item is original:
                    monkeypatch.setattr(module, alias, replacement)
    return lines


PLAIN = student(contextlib.nullcontext())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("holder, name", RUNNING, ids=named)
def test_an_error_of_ours_ends_the_recording_and_not_the_block(monkeypatch, holder, name, after):
    with monkeypatch.context() as patch:
        lines = spoil(patch, holder, name, Oops, after=after)
        t = trace()
        assert student(t) == PLAIN
    note = t.snapshot().note
    assert t._repr_mimebundle_()["text/plain"]
    stopped = re.search(r"recording stopped at line (\d+): spoilt", note)
    assert stopped is None or int(stopped[1]) == lines[0]
    assert stopped or "recording stopped at" not in note


def test_a_recording_that_stopped_says_where_and_shows_what_came_before(monkeypatch):
    """It holds no tensor, and has nothing to do with a mistake that comes later."""
    recorder = next(h for h, name in RUNNING if named(h) == "Recorder")
    x = torch.tensor(2.0, requires_grad=True)
    with monkeypatch.context() as patch, trace() as t:
        y = x * 3
        for name, member in list(vars(recorder).items()):
            if inspect.isfunction(member):
                spoil(patch, recorder, name, Oops)
        z = y.exp()  # stops
        a = z + 1
        with pytest.raises(RuntimeError, match="size of tensor") as mistake:
            torch.ones(2) + torch.ones(3)
        patch.undo()
    assert mistake.value.__context__ is None and mistake.value.__cause__ is None
    here = line_of(test_a_recording_that_stopped_says_where_and_shows_what_came_before, "stops")
    graph = t.snapshot()
    assert f"recording stopped at line {here}: spoilt" in graph.note
    assert [op.name for op in graph.operations] == ["mul"]
    assert grad(a, x)[0] == 3 * z
    seen = weakref.ref(z)
    del z, a
    assert seen() is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit], ids=lambda error: error.__name__)
def test_who_stops_the_kernel_is_obeyed(monkeypatch, error):
    """Interrupting passes through wherever it strikes, and nothing stays switched on."""
    for holder, name in RUNNING:
        if error is SystemExit and named(holder).endswith("_NoPasses"):
            continue  # it runs inside a student's backward, whose own exits looking does not obey
        with monkeypatch.context() as patch:
            lines, obeyed = spoil(patch, holder, name, error), False
            try:
                student(trace())
            except error:
                obeyed = True
            assert obeyed or not lines, name
        assert torch.overrides._get_current_function_mode_stack() == [], name
        assert torch.is_grad_enabled() and torch._C._is_torch_function_enabled(), name
    assert student(trace()) == PLAIN


class Wrong(Function):
    @staticmethod
    def forward(ctx, x):
        raise ValueError("in forward")


MISTAKES = {
    "operator": lambda v: v @ torch.ones(5),
    "method": lambda v: v.view(7),
    "function": lambda v: F.cross_entropy(v, v[:1]),
    "layer": lambda v: torch.nn.Linear(5, 1)(v),
    "in place": lambda v: v.add_(1),
    "truth": lambda v: bool(v > 0),
    "item": lambda v: v.item(),
    "index": lambda v: v[9],
    "backward": lambda v: (v * 2).backward(),
    "grad": lambda v: grad(v.sum(), torch.ones(1, requires_grad=True)),
    "own": lambda v: Wrong.apply(v),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_our_frames_are_marked_as_none_of_the_students_business(name):
    v = torch.ones(2, requires_grad=True)
    with pytest.raises((RuntimeError, ValueError, IndexError)) as mistake, trace():
        MISTAKES[name](v)
    frames = [frame for frame, _ in traceback.walk_tb(mistake.value.__traceback__)]
    ours = [frame for frame in frames if frame.f_code.co_filename.startswith(OURS)]
    assert all(frame.f_locals.get("__tracebackhide__") for frame in ours)


def test_an_error_that_led_to_another_shows_no_frame_of_ours():
    v = torch.ones(2, requires_grad=True)
    with pytest.raises(KeyError) as mistake, trace():
        try:
            v @ torch.ones(5)
        except RuntimeError as error:
            raise KeyError("v") from error
    shown = "".join(traceback.format_exception(mistake.value))
    assert "v @ torch.ones(5)" in shown and OURS not in shown and "recorded by trace" not in shown


def test_a_notebook_shows_the_students_mistake_without_our_lines():
    shown = cells(
        "import torch\nfrom lesson_utils import trace",
        "with trace() as t:\n    v = torch.ones(2) * 2\n    u = v @ torch.ones(3)",
    )
    assert "size mismatch" in shown[1] or "inconsistent tensor size" in shown[1]
    assert "lesson_utils" not in shown[1]
