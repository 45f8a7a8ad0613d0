"""Modes and tensor subclasses of the student's own see their program's calls, and none of ours."""

import pytest
import torch
import torch.nn.functional as F
from programs import Programs, differences
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import FlopCounterMode

program = Programs()


@pytest.mark.parametrize("given", program, ids=lambda function: function.__name__)
def test_a_program_does_what_it_does_without_us(given):
    assert not differences(given)


@program
def flops_are_counted(block, note):
    layer = torch.nn.Linear(4, 2)
    x = torch.ones(3, 4, requires_grad=True)
    with FlopCounterMode(display=False) as outside, block:
        loss = F.relu(layer(x)).sum()
    note(outside.get_total_flops())
    loss.backward()
    return layer, x, loss


@program
def flops_are_counted_inside(block, note):
    layer = torch.nn.Linear(4, 2)
    x = torch.ones(3, 4, requires_grad=True)
    with block, FlopCounterMode(display=False) as inside:
        loss = F.relu(layer(x)).sum()
        loss.backward()
    note(inside.get_flop_counts())
    return layer, x, loss


class Dispatched(TorchDispatchMode):
    def __init__(self, note):
        super().__init__()
        self.note = note

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.note(str(func))
        return func(*args, **(kwargs or {}))


class Called(TorchFunctionMode):
    def __init__(self, note):
        super().__init__()
        self.note = note

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.note(getattr(func, "__name__", "?"))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("mode", [Dispatched, Called])
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_a_mode_of_the_students_sees_the_students_calls(mode, inside):
    def given(block, note):
        w = torch.ones(3, requires_grad=True)
        first, second = (block, mode(note)) if inside else (mode(note), block)
        with first, second:
            y = (w * 2).exp()
            y[0] = 1.0
            loss = y.sum() if y[1] > 0 else y.mean()
            loss.backward()
        return w, y, loss

    assert not differences(given)


class Wrapped(torch.Tensor):
    """A tensor that holds another, as quantised and logging tensors do."""

    seen = None

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, dtype=inner.dtype, requires_grad=inner.requires_grad
        )

    def __init__(self, inner):
        self.inner = inner

    def __repr__(self):
        return "Wrapped"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        cls.seen(str(func))
        args, kwargs = tree_map(
            lambda a: a.inner if isinstance(a, cls) else a, (args, kwargs or {})
        )
        out = func(*args, **kwargs)
        return tree_map(lambda a: cls(a) if isinstance(a, torch.Tensor) else a, out)


@program
def a_subclass_with_its_own_dispatch(block, note):
    Wrapped.seen = note
    w = Wrapped(torch.ones(3)).requires_grad_()
    with block:
        y = w * 2
        loss = y.sin().sum()
    loss.backward()
    return w.grad.inner, loss.inner, y.inner, type(y)


class Labelled(torch.Tensor):
    """A tensor that carries a name and notes what is done with it, as `torch.Tensor` allows."""

    seen = None

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.seen(getattr(func, "__name__", "?"))
        return super().__torch_function__(func, types, args, kwargs or {})

    @property
    def name_of_it(self):
        type(self).seen("a property of the student's")
        return "label"


@program
def a_subclass_with_its_own_function(block, note):
    Labelled.seen = note
    w = torch.ones(3).as_subclass(Labelled).requires_grad_()
    with block:
        y = w * 2
        y += 1
        loss = y.sin().sum()
        if loss > 0:
            loss = loss * 2
    loss.backward()
    return w, y, loss


class Number:
    """Not a tensor, but torch functions take it."""

    def __init__(self, number, note):
        self.number, self.note = number, note

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        given = next(item for item in args if isinstance(item, cls))
        given.note(getattr(func, "__name__", "?"))
        plain = [item.number if isinstance(item, cls) else item for item in args]
        return func(*plain, **(kwargs or {}))

    def __rmul__(self, other):
        self.note("reflected")
        return other * self.number


@program
def objects_that_torch_functions_take(block, note):
    w = torch.ones(3, requires_grad=True)
    two = Number(2.0, note)
    with block:
        y = torch.add(w, two)
        z = w * two
        loss = (y * z).sum()
    loss.backward()
    return w, y, z, loss
