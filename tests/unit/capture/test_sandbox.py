"""A Function's backward, run by looking, reaches copies of the student's things, or is not run."""

import os
import sys
import types
import weakref

import pytest
import torch
from torch.autograd import Function, grad

from lesson_utils import trace

BUFFER = torch.zeros(2)
LAYER = torch.nn.BatchNorm1d(2)
WEIGHT = torch.ones(2, requires_grad=True)
OPTIMIZER = torch.optim.SGD([WEIGHT], lr=0.1)
GENERATOR = torch.Generator().manual_seed(1)


class Holder:
    n = 0


HOLDER = Holder()
WEAK = weakref.ref(HOLDER)
LOG, TABLE = [], {"n": [0]}
COUNT = 0
mine = types.ModuleType("mine")
mine.n = [0]
exp = 7  # of no use to a backward that says `g.exp()`


class Logging(Function):
    log = []  # noqa: RUF012  # a student writes it so


def adds_to_a_buffer(g):
    BUFFER.add_(1)


def trains_a_layer(g):
    LAYER.running_mean.add_(1)
    LAYER.train(not LAYER.training)


def steps_an_optimizer(g):
    WEIGHT.grad = torch.ones(2)
    OPTIMIZER.step()


def draws_from_a_generator(g):
    torch.rand(2, generator=GENERATOR)


def counts(g):
    global COUNT
    COUNT += 1
    LOG.append(1)
    TABLE["n"][0] += 1
    HOLDER.n += 1


def reaches_through_a_weak_reference(g):
    WEAK().n += 1


def writes_to_a_module(g):
    mine.n[0] += 1


def writes_to_torch(g):
    torch.mine = 1


def sets_the_environment(g):
    os.environ["LESSON_SANDBOX"] = "1"


def imports(g):
    import os as system

    system.environ["LESSON_SANDBOX"] = "1"


def changes_a_setting(g):
    torch.set_default_dtype(torch.float64)


def writes_to_an_inherited_list(g):
    Logging.log.append(1)


def ends_the_program(g):
    sys.exit(3)


def through_a_helper(g):
    adds_to_a_buffer(g)


DOING = [
    adds_to_a_buffer, trains_a_layer, steps_an_optimizer, draws_from_a_generator, counts,
    reaches_through_a_weak_reference, writes_to_a_module, writes_to_torch, sets_the_environment,
    imports, changes_a_setting, writes_to_an_inherited_list, ends_the_program, through_a_helper,
]  # fmt: skip


def state():
    return (
        BUFFER.tolist(), LAYER.running_mean.tolist(), LAYER.training, WEIGHT.tolist(),
        WEIGHT.grad is None, GENERATOR.get_state().tolist(), HOLDER.n, list(LOG), str(TABLE), COUNT,
        str(mine.n), hasattr(torch, "mine"), os.environ.get("LESSON_SANDBOX"),
        torch.get_default_dtype(), list(Logging.log),
    )  # fmt: skip


@pytest.mark.parametrize("doing", DOING, ids=lambda function: function.__name__)
def test_looking_leaves_what_a_backward_reaches_as_it_is(doing):
    class Doing(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            doing(g)
            return g * 2

    x = torch.ones(2, requires_grad=True)
    before = state()
    with trace() as t:
        s = Doing.apply(x).sum()
    value = t.graph()["x"]
    t._repr_mimebundle_()
    assert state() == before
    assert value.gradient == (2.0, 2.0) or "Doing" in t.graph().note
    assert s.item() == 4


class Documented(Function):
    """As PyTorch's documentation has it: `t` and `exp` are methods here."""

    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x.mm(w.t())

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g.mm(w), g.t().mm(x) * torch.zeros(()).exp()


def test_an_attribute_is_not_taken_for_a_variable_of_that_name():
    x, w = torch.ones(2, 3), torch.ones(2, 3, requires_grad=True)
    with trace() as t:
        s = Documented.apply(x, w).sum()
    assert t.graph()["w"].gradient == tuple(map(tuple, grad(s, w)[0].tolist()))


class Pair(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2, x * 3

    @staticmethod
    def backward(ctx, g, h):
        return g * 2 + h * 3


def test_a_second_look_gives_what_the_first_gave():
    x = torch.ones(2, requires_grad=True)
    with trace() as t:
        y, _ = Pair.apply(x)
        s = y.sum()
    for _ in range(3):
        assert t.graph(of=s)["x"].gradient == (2.0, 2.0)


@pytest.mark.parametrize("returned", [(), (1.0,), "too many"], ids=["few", "number", "many"])
def test_values_that_pytorch_refuses_are_no_gradients(returned):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return (g, g) if returned == "too many" else returned

    x = torch.ones(2, requires_grad=True)
    with trace() as t:
        s = Wrong.apply(x).sum()
    graph = t.graph()
    assert graph["x"].gradient is None and "Wrong" in graph.note
    with pytest.raises((RuntimeError, TypeError)):
        grad(s, x)
