"""What `kink` says of functions at a point, against what is known of PyTorch."""

import math
import random
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lesson_utils import kink, trace
from lesson_utils.kinks.rules import RULES

INF, NAN = math.inf, math.nan
NEWER = torch.__version__ >= (2, 14)
CLAMP = 0.0 if NEWER else 1.0


def zeros(x):
    return torch.zeros_like(x)


def both_signs(x):
    return torch.cat([x, -x])


def safe_root(x):
    return torch.where(x > 0, torch.sqrt(torch.where(x > 0, x, 1.0)), 0.0)


# function, point: left slope, right slope, PyTorch's answer, rule, kept?
KNOWN = {
    "relu": (F.relu, 0, 0, 1, 0, 2, True),
    "abs": (torch.abs, 0, -1, 1, 0, 2, True),
    "norm": (lambda x: x.norm(), 0, -1, 1, 0, 2, True),
    "relu6 at 0": (F.relu6, 0, 0, 1, 0, 2, True),
    "relu6 at 6": (F.relu6, 6, 1, 0, 0, 3, True),
    "hardtanh at -1": (F.hardtanh, -1, 0, 1, 0, 2, True),
    "hardtanh at 1": (F.hardtanh, 1, 1, 0, 0, 3, True),
    "l1_loss": (lambda x: F.l1_loss(x, zeros(x)), 0, -1, 1, 0, 2, True),
    "x * (x > 0)": (lambda x: x * (x > 0), 0, 0, 1, 0, 2, True),
    "where >": (lambda x: torch.where(x > 0, x, 0.0), 0, 0, 1, 0, 2, True),
    "where >=": (lambda x: torch.where(x >= 0, x, 0.0), 0, 0, 1, 1, 2, False),
    "half the sum": (lambda x: (x + x.abs()) / 2, 0, 0, 1, 0.5, 2, False),
    "maximum": (lambda x: torch.maximum(x, zeros(x)), 0, 0, 1, 0.5, 2, False),
    "clamp": (lambda x: torch.clamp(x, min=0), 0, 0, 1, CLAMP, 2, NEWER),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.01), 0, 0.01, 1, 0.01, 2, True),
    "leaky_relu down": (lambda x: F.leaky_relu(x, -0.5), 0, -0.5, 1, -0.5, 2, False),
    "elu": (F.elu, 0, 1, 1, 1, 1, True),
    "elu 2": (lambda x: F.elu(x, alpha=2.0), 0, 2, 1, 2, 4, True),
    "selu": (F.selu, 0, 1.758099340847, 1.050700987355, 1.758099340847, 4, True),
    "hardswish": (F.hardswish, 3, 1.5, 1, 1, 4, True),
    "sign": (torch.sign, 0, INF, INF, 0, 4, True),
    "round": (torch.round, 0.5, 0, INF, 0, 4, True),
    "floor": (torch.floor, 0, INF, 0, 0, 4, True),
    "max of a tie": (lambda x: both_signs(x).max(), 0, -1, 1, 0, 2, True),
    "max(dim) of a tie": (lambda x: both_signs(x).max(0).values, 0, -1, 1, 1, 2, False),
    "sqrt": (torch.sqrt, 0, NAN, INF, INF, 4, True),
    "log": (torch.log, 0, NAN, INF, INF, 4, True),
    "1/x": (lambda x: 1 / x, 0, INF, -INF, -INF, 4, True),
    "sqrt(x²)": (lambda x: torch.sqrt(x * x), 0, -1, 1, NAN, 2, False),
    "x log x": (lambda x: x * torch.log(x), 0, NAN, NAN, NAN, 5, None),
    "exp(log x)": (lambda x: torch.exp(torch.log(x)), 0, NAN, 1, NAN, 4, False),
    "where leaks": (lambda x: torch.where(x > 0, torch.sqrt(x), 0.0), 0, 0, INF, NAN, 4, False),
    "double where": (safe_root, 0, 0, INF, 0, 4, True),
    "relu - relu": (lambda x: F.relu(x) - F.relu(-x), 0, 1, 1, 0, 1, False),
    "clamp - clamp": (
        lambda x: x.clamp_min(0) - (-x).clamp_min(0), 0, 1, 1, 2 * CLAMP, 1, False,
    ),
    "hardshrink 0": (lambda x: F.hardshrink(x, 0.0), 0, 1, 1, 0, 1, False),
    "hypot": (lambda x: torch.hypot(x, zeros(x)), 0, -1, 1, NAN, 2, False),
    "sine": (torch.sin, 0.7, math.cos(0.7), math.cos(0.7), math.cos(0.7), 1, True),
    "minus abs": (lambda x: -x.abs(), 0, 1, -1, 0, 3, True),
    "log(-1)": (torch.log, -1, NAN, NAN, -1, 5, None),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_of_pytorch(name):
    fn, at, left, right, answer, rule, kept = KNOWN[name]
    k = kink(fn, at)
    found = (k.left, k.right, k.autograd)
    assert found == pytest.approx((left, right, answer), rel=1e-8, nan_ok=True)
    assert (k.rule.number, k.rule.kept) == (rule, kept)
    if math.isfinite(left) and math.isfinite(right):
        assert k.subdifferential == (min(k.left, k.right), max(k.left, k.right))
    else:
        assert k.subdifferential is None


@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if known[5] != 6])
def test_the_answer_is_what_a_student_gets_from_grad(name):
    fn, at, *_ = KNOWN[name]
    x = torch.tensor([float(at)], dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(fn(x).sum(), x)
    assert kink(fn, at).autograd == pytest.approx(expected.item(), nan_ok=True)


slopes = st.integers(-40, 40).map(lambda n: n / 8)
bends = st.integers(-3, 3).map(float)


@settings(deadline=None, max_examples=60)
@given(left=slopes, right=slopes, bend_left=bends, bend_right=bends, at=st.integers(-8, 8))
def test_the_rule_follows_from_slopes_and_bends(left, right, bend_left, bend_right, at):
    def fn(x):
        d = x - at
        return torch.where(d < 0, left * d + bend_left * d * d, right * d + bend_right * d * d)

    k = kink(fn, at)
    assert (k.left, k.right) == pytest.approx((left, right), abs=1e-6)
    assert k.autograd == right  # at the point itself `where` takes the second branch
    if left == right:
        number, asks = 1, (left,)
    elif left < right and bend_left >= 0 and bend_right >= 0:
        number, asks = 2, (sorted((left, 0.0, right))[1],)
    elif left > right and bend_left <= 0 and bend_right <= 0:
        number, asks = 3, (sorted((left, 0.0, right))[1],)
    else:
        number, asks = 4, (left, right)
    assert k.rule.number == number
    assert k.rule.asks == pytest.approx(asks, abs=1e-6)
    assert k.rule.kept == (right in asks)


@pytest.mark.parametrize(
    "fn", [torch.rand_like, lambda x: x * random.random(), lambda x: F.dropout(x, 0.5)]
)
def test_rule_six_is_for_what_differs_from_call_to_call(fn):
    k = kink(fn, 1.0)
    assert k.rule.number == 6
    assert k.rule.kept == (k.autograd is None)
    assert "not the same on every call" in k.text


def test_operations_are_counted_as_autograd_sees_them():
    assert kink(F.relu).operations == ("relu",)
    assert kink(lambda x: torch.where(x >= 0, x, 0.0)).operations == ("ge", "where")
    assert kink(lambda x: x if x > 0 else 0 * x).operations == ("gt", "if", "mul")
    assert kink(lambda x: torch.maximum(x, zeros(x))).reads == 2
    assert kink(torch.abs).elementary
    assert not kink(lambda x: x.abs() * 2).elementary


def test_words_tell_a_departure_from_a_composition():
    assert "and departs: rule 2" in kink(lambda x: F.leaky_relu(x, -0.5)).text
    assert "made of 3 operations (abs, add, div)" in kink(lambda x: (x + x.abs()) / 2).text
    assert "maximum reads 2 tensors" in kink(lambda x: torch.maximum(x, zeros(x))).text
    assert repr(kink(F.relu)) == (
        "relu at x = 0: slope 0 from the left, 1 from the right; "
        "every number in [0, 1] is a subgradient.\n"
        f"PyTorch answers 0, by rule 2 ({RULES[2]})."
    )


def test_a_rule_shows_itself_in_words():
    assert repr(kink(torch.abs).rule) == f"rule 2 ({RULES[2]}), which asks for 0"
    assert str(kink(lambda x: F.leaky_relu(x, -0.5)).rule).startswith("departs from rule 2 (")
    assert repr(kink(torch.sign).rule).endswith("which asks for 0")  # from either side
    assert repr(kink(torch.log, -1).rule) == f"rule 5 ({RULES[5]})"


def test_a_function_may_write_into_its_input():
    def my_relu(z):
        if z > 0.0:
            return z
        z[:] = 0.0
        return z

    k = kink(my_relu)
    assert (k.left, k.right, k.autograd) == (0, 1, 0)


def test_modules_and_points_as_tensors_are_welcome():
    k = kink(nn.ReLU(), torch.tensor([0.0]))
    assert (k.name, k.autograd) == ("ReLU", 0)
    assert kink(lambda x: x.abs(), np.float64(1)).name == "f"


def test_a_function_that_refuses_half_of_the_line_has_no_slope_there():
    def root(x):
        if x.item() < 0:
            raise ValueError("negative")
        return x * 2

    assert math.isnan(kink(root).left)
    assert kink(root).right == 2


WRONG = {
    "no function": (3.0, 0.0, TypeError, "takes a function, not float"),
    "point is a text": (F.relu, "0", TypeError, "at must be a number, not str"),
    "point is a truth": (F.relu, True, TypeError, "at must be a number, not bool"),
    "point is nan": (F.relu, NAN, ValueError, "at must be a finite number, not nan"),
    "point is a vector": (F.relu, torch.zeros(2), TypeError, "at must be a number, not Tensor"),
    "several elements": (lambda x: x.repeat(3), 0, ValueError, "one element, not 3"),
    "no tensor": (lambda x: 3.0, 0, TypeError, "must return a tensor, not float"),
    "a pair": (lambda x: x.max(0), 0, TypeError, "such as .values"),
    "complex": (lambda x: torch.complex(x, x), 0, ValueError, "not a complex one"),
    "coarse": (lambda x: x.float(), 0, ValueError, "returned float32, too coarse"),
    "module in float32": (nn.Linear(1, 1), 0, ValueError, "modules need .double()"),
    "constant": (lambda x: torch.ones(1), 0, ValueError, "no way from fn's result back"),
    "detached": (lambda x: x.detach() * 2, 0, ValueError, "without .detach"),
    "other leaf": (lambda x: nn.Parameter(torch.ones_like(x)) * 2, 0, ValueError, "no way"),
    "truth": (lambda x: x > 0, 0, ValueError, "floating-point"),
    "raises": (lambda x: x @ torch.ones(3, 3), 0, ValueError, "fn raised RuntimeError at x = 0"),
    "two arguments": (lambda x, y: x, 0, ValueError, "fn raised TypeError"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name):
    fn, at, kind, words = WRONG[name]
    with pytest.raises(kind, match=re.escape(words)):
        kink(fn, at)


def test_a_broken_backward_is_named():
    def spoilt(x):
        y = x.exp()
        z = y * y
        y.add_(1)  # z needs the y of before
        return z

    with pytest.raises(ValueError, match="cannot be differentiated at x = 0"):
        kink(spoilt)


def states():
    return torch.get_rng_state(), random.getstate(), np.random.get_state()


def equal(one, other):
    return (
        torch.equal(one[0], other[0])
        and one[1] == other[1]
        and all(np.array_equal(a, b) for a, b in zip(one[2], other[2], strict=True))
    )


def draws(x):
    return x * torch.rand(1).item() * random.random() * np.random.rand()


def raises(x):
    draws(x)
    raise KeyError("x")


@pytest.mark.parametrize("fn", [F.relu, draws, raises])
def test_random_states_are_put_back(fn):
    before = states()
    try:
        kink(fn)
    except ValueError:
        assert fn is raises
    assert equal(before, states())


def test_what_a_function_prints_is_shown_once(capsys):
    def chatty(x):
        print("called")
        return x.abs()

    kink(chatty)
    assert capsys.readouterr().out == "called\n"


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_grad_mode_does_not_matter_and_stays(mode):
    with mode():
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        assert kink(torch.abs, 2.0).autograd == 1
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before


def test_nothing_of_the_students_changes():
    w = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    w.grad = torch.tensor([5.0], dtype=torch.float64)
    version = w._version
    kept = (w * 3).exp()
    k = kink(lambda x: F.relu(x * w) + 0 * kept.detach())
    assert k.autograd == 0
    assert (w.grad.item(), w._version) == (5.0, version)
    assert torch.autograd.grad(kept, w)[0].isfinite()


def test_a_trace_around_sees_nothing():
    x = torch.ones(1, requires_grad=True)
    with trace() as t:
        k = kink(F.relu)
        y = x * 2
    assert k.autograd == 0
    assert y.item() == 2
    assert [op.name for op in t.graph().operations] == ["mul"]


def test_a_default_device_or_dtype_does_not_matter():
    torch.set_default_dtype(torch.float16)
    try:
        with torch.device("meta"):
            assert kink(F.relu).right == 1
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("fn", [F.relu, F.dropout, torch.rand_like, torch.sqrt])
def test_the_same_function_gives_the_same_bytes_whatever_the_seed(fn):
    shown = set()
    for seed in range(8):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            shown.add(tuple(kink(fn)._repr_mimebundle_().values()))
    assert len(shown) == 1


def test_a_zero_between_the_slopes_is_exact():
    found = kink(lambda z: torch.where(z > 0, z, -1e-5 * z))
    assert found.autograd == pytest.approx(-1e-5) and found.rule.kept is False
    assert kink(torch.relu).rule.kept
