"""A student's mistake ends under `trace()` as it does without, with the same words.

And a block may be left in every way that Python knows.
"""

import contextlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from programs import differences
from torch.autograd import grad

from lesson_utils import trace


def leaves():
    return (torch.tensor(number, requires_grad=True) for number in (2.0, 3.0))


MISTAKES = {
    "shapes": lambda w, v: v @ torch.ones(2),
    "leaf in place": lambda w, v: w.add_(1),
    "numpy": lambda w, v: (w * 2).numpy(),
    "asarray": lambda w, v: np.asarray(w * 2),
    "times array": lambda w, v: np.ones(3) * v,
    "truth of many": lambda w, v: bool(v > 1),
    "backward of many": lambda w, v: (v * 2).backward(),
    "backward twice": lambda w, v: [y.backward() for y in [w.exp()] * 2],
    "backward of nothing": lambda w, v: torch.ones(1).backward(),
    "overwritten": lambda w, v: [y := v.exp(), y.add_(1), y.sum().backward()],
    "unused": lambda w, v: grad(w * 2, v),
    "integers": lambda w, v: torch.tensor([1]).requires_grad_(),
    "types": lambda w, v: w + "1",
    "index": lambda w, v: v[5],
    "attribute": lambda w, v: w.nothing_like_it,
    "keyword": lambda w, v: F.relu(w, slope=2),
    "detached": lambda w, v: w.item().backward(),
    "inference": lambda w, v: v * torch.inference_mode()(torch.ones)(3),
    "recursion": lambda w, v: MISTAKES["recursion"](w * 1, v),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_the_message_it_has_without_us(name):
    """And the program goes on after it."""

    def given(block, note):
        w = torch.tensor(2.0, requires_grad=True)
        v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        with block:
            try:
                MISTAKES[name](w, v)
            except Exception as error:
                message = "" if name == "recursion" else str(error)
                note(f"{type(error).__name__}: {message}")
                note([repr(error.__cause__), repr(error.__context__)])
            y = w * v.sum()
        y.backward()
        return w, v, y

    assert not differences(given)


@pytest.mark.parametrize("left", ["return", "break", "raise", "stack", "suppress", "nested"])
def test_a_block_may_be_left_in_every_way(left):
    def given(block, note):
        w, x = leaves()

        def inner():
            with block:
                y = w * x
                if left == "return":
                    return y * 2
                with contextlib.nullcontext() if left == "nested" else contextlib.suppress(OSError):
                    z = y * 3
                    if left == "raise":
                        raise KeyError("mine")
                return z

        with contextlib.suppress(KeyError):
            if left == "stack":
                with contextlib.ExitStack() as stack:
                    stack.enter_context(block)
                    y = w * x
            elif left == "break":
                while True:
                    with block:
                        y = w * x
                        break
            else:
                y = inner()
            y.backward()
        return w, x

    assert not differences(given)


def test_blocks_of_two_generators_may_end_in_any_order():
    """As in tasks that run by turns: the first to begin is the first to end."""
    w = torch.tensor(2.0, requires_grad=True)

    def steps(factor):
        with trace() as t:
            y = w * factor
            yield
            z = y.exp()
            yield
        yield
        yield t, z, z * 1

    first, second = steps(2), steps(3)
    before = torch.overrides._get_current_function_mode_stack()
    for generator in (first, second, first, second, first, second):
        next(generator)
    assert torch.overrides._get_current_function_mode_stack() == before
    for made, factor in ((first, 2), (second, 3)):
        t, z, _ = next(made)
        assert torch.equal(z, (w * factor).exp())
        assert grad(z, w)[0] == z * factor
        assert "mul" in [op.name for op in t.snapshot().operations]
