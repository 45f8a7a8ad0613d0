"""Outside the main thread, where JupyterLab runs the callbacks of sliders, all is as in it.

Autograd numbers its nodes anew in each thread, so their numbers do not tell what is the block's;
and random generators belong to all threads, so that only the main thread may set them.
"""

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.autograd import Function, grad

from lesson_utils import draw, explore, kink, trace

CELLS = """
import torch
import torch.nn.functional as F
from lesson_utils import trace

x = torch.tensor([1.0, 2.0], requires_grad=True)
top = x.max()
safe = torch.where(x > 1, x, 0.0).sum()
fill = torch.full((1,), 2.0, requires_grad=True) * 0
w = torch.tensor(3.0, requires_grad=True)
old = w * 2

def neuron(x, w, b):
    z = x * w + b
    y = F.relu(z)
    return y

def block():
    with trace() as t:
        a = F.relu(w * 5)
        b = old * a
    return t

def branch(x, w, b):
    if x > 0:
        return x * w
    return (b - x) * old
"""


def run_all():
    """The names of a notebook after Run All: several tensors of other cells have graphs."""
    space = {}
    exec(compile(CELLS, "cells.py", "exec"), space)
    return space


def in_thread(function, *args):
    """What a function returns that another, fresh thread runs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result(timeout=60)


def test_a_block_in_a_thread_holds_what_the_same_block_holds_in_the_main_thread():
    space = run_all()
    main, other = space["block"](), in_thread(space["block"])
    assert in_thread(other.graph).to_dict() == main.graph().to_dict()
    assert other.snapshot().note == main.snapshot().note
    assert draw(other).text == draw(main).text


def test_a_block_of_the_cell_itself_run_in_a_thread_takes_no_old_results():
    space = run_all()
    cell = "with trace() as t:\n    a = F.relu(w * 5)\n    c = a + 1"
    in_thread(exec, cell, space)
    graph = space["t"].graph()
    assert [op.name for op in graph.operations] == ["mul", "relu", "add"]
    assert graph[graph.of].name == "c"
    assert "top" not in graph and "safe" not in graph and "fill" not in graph
    assert graph["w"].gradient == grad(space["c"], space["w"])[0].item() == 5.0


@pytest.mark.parametrize("name", ["neuron", "branch"])
@pytest.mark.parametrize("x", [2.0, -2.0])
def test_a_slider_moved_in_a_thread_draws_what_it_draws_in_the_main_thread(name, x):
    """After Run All, dragging drew `max → top` and `where → safe` of other cells."""
    space = run_all()
    main, other = (explore(space[name], x=1.0, w=3.0, b=1.0) for _ in range(2))
    main.set(x=x, w=3.0, b=1.0)
    in_thread(lambda: other.set(x=x, w=3.0, b=1.0))
    assert other.error == main.error == ""
    assert other.drawing.text == main.drawing.text
    assert other.drawing.svg == main.drawing.svg
    for old in ("top", "safe", "fill"):
        assert old not in other.drawing.text


def test_tensors_of_a_busy_thread_are_inputs_of_a_block_in_the_main_thread():
    """There the numbers are higher than those of the block."""
    w = torch.tensor(2.0, requires_grad=True)

    def busy(until):
        while torch._C._autograd._get_sequence_nr() < until:
            y = w * 1
        return y

    earlier = in_thread(busy, torch._C._autograd._get_sequence_nr() + 1000)
    with trace() as t:
        y = earlier * 3
    graph = t.graph()
    assert [op.name for op in graph.operations] == ["mul"]
    assert graph["earlier"].role == "input" and graph["earlier"].gradient == 3.0
    assert y.item() == 6


def test_blocks_that_run_at_once_in_two_threads_see_nothing_of_each_other():
    w = torch.tensor(2.0, requires_grad=True)
    meet = threading.Barrier(2, timeout=60)

    def work(operation):
        with trace() as t:
            y = w * 2
            for _ in range(5):
                meet.wait()
                y = operation(y)
        return t.graph(of=y), y

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(work, (torch.sin, torch.cos)))
    for (graph, y), name in zip(results, ("sin", "cos"), strict=True):
        assert [op.name for op in graph.operations] == ["mul"] + [name] * 5
        assert graph["w"].gradient == pytest.approx(grad(y, w)[0].item())


def draws():
    return torch.rand(1).item(), random.random(), np.random.rand()


WORK = {
    "a slider": lambda pause: explore(lambda x: (pause(), x * 2)[1], x=1.0).set(x=2.0),
    "a kink": lambda pause: kink(lambda x: (pause(), F.relu(x))[1], at=0.0),
    "a block": lambda pause: traced(lambda x: (pause(), x.exp())[1]),
}


def traced(function):
    with trace() as t:
        y = function(torch.tensor(1.0, requires_grad=True))
    draw(t)._repr_mimebundle_()
    return y


@pytest.mark.parametrize("name", WORK)
def test_a_thread_rewinds_no_random_numbers_of_the_main_thread(name):
    """A training loop in a cell draws while a slider's callback runs; nothing comes twice."""
    inside, go_on = threading.Event(), threading.Event()

    def pause():
        inside.set()
        assert go_on.wait(60)

    def seed():
        torch.manual_seed(1)
        random.seed(2)
        np.random.seed(3)

    seed()
    plain = [draws(), draws(), draws()]
    seed()
    first = draws()
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(WORK[name], pause)
        assert inside.wait(60)
        second = draws()
        go_on.set()
        work.result(timeout=60)
    assert [first, second, draws()] == plain


@pytest.mark.parametrize("name", ["a slider", "a kink"])
def test_in_the_main_thread_random_numbers_are_put_back(name):
    """The same picture at every run, and the student's own numbers are as without us."""
    torch.manual_seed(1)
    random.seed(2)
    plain = draws()[:2]
    torch.manual_seed(1)
    random.seed(2)
    WORK[name](lambda: torch.rand(3))
    assert draws()[:2] == plain


class Noted(Function):
    @staticmethod
    def forward(ctx, x, file):
        ctx.file = file
        return x * 2

    @staticmethod
    def backward(ctx, g):
        os.write(ctx.file, b"asked ")
        return g * 2, None


def test_a_function_of_the_students_is_not_asked_in_a_thread(tmp_path):
    """Its backward may draw random numbers, which only the main thread can put back."""
    file = os.open(tmp_path / "asked", os.O_CREAT | os.O_RDWR)
    x, w = (torch.tensor(number, requires_grad=True) for number in (3.0, 5.0))

    def work():
        with trace() as t:
            y = Noted.apply(x, file)
            a = y + w * 3
        return t.graph(of=a)

    graph = in_thread(work)
    assert (tmp_path / "asked").read_text() == ""
    assert [bool(op.unasked) for op in graph.operations] == [True, False, False]
    assert graph["x"].gradient is None and graph["w"].gradient == 3.0 and graph.note
    os.close(file)
