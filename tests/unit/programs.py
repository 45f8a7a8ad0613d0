"""A student's program, run plain and run under `trace()`: everything of it that can be seen.

A program is a function of two things. `block` stands where a student writes `trace()`; in the
plain run it does nothing. `note` writes down what happens on the way (that a hook ran, say).
What the program returns is compared, tensors with all their attributes; `return locals()` is
the strictest. When the block ends the graph is looked at in every way, and again after that.
"""

import contextlib
import functools
import gc
import inspect
import io
import random
import sys
import warnings

import nbformat
import numpy as np
import torch
import torch.nn.functional as F
from nbclient import NotebookClient

from lesson_utils import draw, saved_memory, trace


class Programs(list):
    """A decorator that collects programs, for `parametrize`."""

    def __call__(self, program):
        self.append(program)
        return program


class Notes(list):
    """What a program writes down. A plain object, so that a copy of it writes elsewhere."""

    def __call__(self, item):
        self.append(item)


class Plain:
    """Stands where `trace()` stands, and does nothing."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Watched(trace):
    """A trace that is looked at in every way as soon as its block has ended."""

    def __exit__(self, *error):
        super().__exit__(*error)
        look(self)


def look(t):
    """All that a student does with a trace; nothing of it may change their program."""
    if not isinstance(t, trace):
        return
    if len(t.nodes()) < 60:  # larger ones take seconds to lay out
        draw(t)._repr_mimebundle_()
    assert draw(t, saved=True, jacobians=True).text
    saved_memory(t)
    for value in t.snapshot().values[-12:]:
        with contextlib.suppress(ValueError):
            t.graph(of=value.name)


def frozen(item, deep=0):
    """What can be seen of an object, as strings, numbers and lists."""
    if deep > 6:
        return "..."
    within = functools.partial(frozen, deep=deep + 1)
    if isinstance(item, torch.Tensor):
        return _tensor(item, within)
    if isinstance(item, torch.nn.Module):
        hooks = {k: len(v) for k, v in vars(item).items() if k.endswith("hooks") and v}
        state = {**dict(item.named_parameters()), **dict(item.named_buffers())}
        return [type(item).__name__, item.training, hooks, within(state)]
    if isinstance(item, torch.optim.Optimizer):
        return [type(item).__name__, within(item.state_dict())]
    if isinstance(item, dict):
        return {str(k): within(v) for k, v in item.items() if not isinstance(v, (Plain, trace))}
    if isinstance(item, (list, tuple, set)):
        return [type(item).__name__, *map(within, item)]
    if item is None or isinstance(item, (bool, int, float, complex, str, bytes, torch.dtype)):
        return repr(item)
    if isinstance(item, np.ndarray):
        return repr(item)
    return type(item).__name__


def _tensor(item, within):
    with torch._C.DisableTorchFunction(), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = repr(item.detach().to_dense().tolist())
        except Exception as error:
            data = type(error).__name__
        return {
            "type": type(item).__name__,
            "data": data,
            "dtype": str(item.dtype),
            "requires_grad": item.requires_grad,
            "node": item.grad_fn and item.grad_fn.name(),
            "version": None if item.is_inference() else item._version,
            "hooks": len(item._backward_hooks or ()),
            "retains": item.retains_grad,
            "grad": within(item.grad),
            "attributes": within(item.__dict__),
        }


def ambient():
    """Switches that a program sets for all that follows."""
    return {
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "modes": len(torch.overrides._get_current_function_mode_stack()),
        "dispatch": torch._C._len_torch_dispatch_stack(),
        "function": torch._C._is_torch_function_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "anomaly": torch.is_anomaly_enabled(),
        "collector": gc.isenabled(),
        "tracer": repr(sys.gettrace()),
        "profiler": repr(sys.getprofile()),
        "limit": sys.getrecursionlimit(),
    }


def run(program, block):
    """Everything of one run of a program that somebody could see."""
    torch.manual_seed(1)
    random.seed(2)
    np.random.seed(3)
    noted, made, error = Notes(), None, ""
    printed, errors = io.StringIO(), io.StringIO()
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    with (
        warnings.catch_warnings(record=True) as warned,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(errors),
    ):
        warnings.simplefilter("always")
        try:
            made = program(block(), noted)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
    torch.set_warn_always(always)
    return {
        "error": error,
        "noted": list(noted),
        "printed": printed.getvalue(),
        "errors": errors.getvalue(),
        "warned": [
            f"{warning.category.__name__}: {str(warning.message)[:60]}" for warning in warned
        ],
        "random": [torch.rand(1).item(), random.random(), np.random.rand()],
        "ambient": ambient(),
        "made": frozen(made),
    }


def differences(program):
    """What `trace()` changes of a program: for each thing what it is plain, and what traced."""
    run(program, Plain)  # what only a first time does, an import or a warning, is done
    plain = run(program, Plain)
    traced = run(program, Watched)
    afterwards = run(program, Plain)
    _the_next_trace_is_right()
    return dict(unlike(plain, traced)) or dict(unlike(plain, afterwards, "afterwards"))


def unlike(one, other, path=""):
    """The innermost parts in which two frozen things differ, with the way to them."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from unlike(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from unlike(*pair, f"{path}[{i}]")
    elif one != other:
        yield path, (one, other)


def _the_next_trace_is_right():
    """Nothing that was kept for the next time is spoilt by what the program was."""
    x, w = torch.tensor([3.0]), torch.tensor([2.0], requires_grad=True)
    large = torch.ones(100, requires_grad=True)
    with trace() as t:
        a = F.relu(x * w) + large.sum()
    graph = t.graph(of=a)
    assert graph["w"].gradient == 3.0, "the next trace is wrong"
    assert graph["large"].gradient_summary.mean == 1.0, "the next trace is wrong"


def line_of(function, mark):
    """The line of a function's source that ends with this comment."""
    lines, first = inspect.getsourcelines(function)
    (offset,) = [i for i, line in enumerate(lines) if line.rstrip().endswith(f"# {mark}")]
    return first + offset


def cells(*sources):
    """What notebook cells print, and the traceback of each that raises; a kernel runs them."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(book, timeout=120, kernel_name="python3", allow_errors=True).execute()
    return [
        "".join(
            output.get("text", "") or "\n".join(output.get("traceback", ()))
            for output in cell.outputs
        )
        for cell in book.cells
    ]
