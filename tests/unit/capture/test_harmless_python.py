"""What Python itself offers works under `trace()` as it does without.

Idioms, generators, tasks, threads, deep recursion, debuggers, code without a file.
"""

import asyncio
import gc
import math
import random
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from programs import Programs, differences
from torch.overrides import TorchFunctionMode

from lesson_utils import trace

program = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


def leaves():
    return (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))


@program
def tensors_as_python_objects(block, note):
    w, x = leaves()
    v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with block:
        y = w * x
        note([float(y), int(y), bool(y > 0), round(y.item(), 2), math.sqrt(y), f"{y:.3f}", str(v)])
        note([len(v), 2.0 in v, [entry.item() for entry in v], v.tolist(), list(range(w.int()))])
        note([y == 6, y is y, hash(y) == id(y), {y: 1}[y], y in {y}, [w, x].index(w)])
        print(y, v, v.shape, v.dtype, v.grad_fn, repr(y))
        first, *others = v
        z = 2**first + 1 / others[0] - (5 - abs(-others[1])) ** 2 + divmod(y, 4)[1] + y // 4
        z = z + v.detach().numpy().sum() + np.float32(2) + sum(v) + max(v) + sorted(v)[0]
        a = [0.0, 1.0, 2.0][int(w)] * z + torch.tensor([w, x]).sum() + v[v > 1].sum()
        assert not (y < 0).any(), "never"
    a.backward()
    return w, x, v, y, z, a


@program
def generators_and_tasks(block, note):
    w, x = leaves()

    def powers():
        y = w
        while True:
            y = y * x
            yield y

    async def double(y):
        await asyncio.sleep(0)
        z = y * 2
        await asyncio.sleep(0)
        return z

    async def all_of_them(values):
        return sum(await asyncio.gather(*map(double, values)))

    with block:
        values = [y for y, _ in zip(powers(), range(3), strict=False)]
        total = asyncio.run(all_of_them(values))
    total.backward()
    return w, x, values, total


@program
def threads_started_in_the_block(block, note):
    w, x = leaves()
    with block, ThreadPoolExecutor(2) as pool:
        y = w * 2
        parts = list(pool.map(lambda i: (y * x * i).exp() * 0.01, range(3)))
        total = sum(parts)
        pool.submit(total.backward).result()
    return w, x, y, parts, total


class Empty(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def deep(y, depth):
    return y * 1.5 if depth == 0 else deep(y, depth - 1)


def fits(block, spare):
    """Whether a recursion of 40 steps with a torch call at its end fits under the limit."""
    limit, frame, depth = sys.getrecursionlimit(), sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    with block:
        sys.setrecursionlimit(depth + 40 + spare)
        try:
            return deep(torch.tensor(2.0, requires_grad=True), 40).item() == 3
        except RecursionError:
            return False
        finally:
            sys.setrecursionlimit(limit)


def test_recursion_near_its_limit():
    """Where a mode that does nothing just fits ours fits too, if need be by recording no more."""
    least = min(spare for spare in range(2, 60) if fits(Empty(), spare))
    assert [spare for spare in range(least + 1, least + 12) if not fits(trace(), spare)] == []


@program
def a_debugger_and_a_profiler(block, note):
    """A debugger sees the student's lines as often as without us."""
    w, x = leaves()
    here = sys._getframe().f_code.co_filename
    before = sys.gettrace(), sys.getprofile()

    def follow(frame, event, argument):
        if frame.f_code.co_filename == here:
            note(f"{event} {frame.f_code.co_name} {frame.f_lineno} {sorted(frame.f_locals)}")
        return follow

    def layer(y):
        z = y * x
        return z + 1

    sys.settrace(follow)
    try:
        with block:
            y = layer(w)
            y = layer(y)
    finally:
        sys.settrace(before[0])
    y.backward()
    return w, x, y, sys.getprofile() is before[1]


SOURCE = """
def cube(x):
    y = x * x
    y = y * x
    return y
z = cube(w)
"""


@program
def code_without_a_file(block, note):
    w, _ = leaves()
    space = {"w": w}
    with block:
        exec(SOURCE, space)
        y = eval("w * z", dict(space))
        bare = (lambda a: a * 2 + 1).__code__.replace(co_linetable=b"", co_filename="")
        a = type(leaves)(bare, {})(y)
    a.backward()
    return w, y, a


@program
def collector_off_and_seeds_inside(block, note):
    w, x = leaves()
    gc.disable()
    try:
        with block:
            torch.manual_seed(5)
            own = torch.Generator().manual_seed(6)
            noise = torch.rand(3) + torch.rand(3, generator=own)
            with torch.random.fork_rng():
                torch.rand(10)
            torch.set_default_dtype(torch.float64)
            y = (w * x * noise).sum() + torch.ones(1).sum() + random.random() + np.random.rand()
            torch.set_default_dtype(torch.float32)
        y.backward()
        return w, x, noise, y, torch.rand(1), torch.get_rng_state()
    finally:
        gc.enable()
        torch.set_default_dtype(torch.float32)
