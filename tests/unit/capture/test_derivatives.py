"""Random expressions: every number equals an independent oracle."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import grad

from lesson_utils import trace

UNARY = [
    torch.sin, torch.cos, torch.tanh, torch.exp, torch.sigmoid, torch.relu, torch.neg, torch.square,
    torch.atan, torch.erf, torch.sinh, torch.cosh, torch.nn.functional.softplus,
    torch.nn.functional.gelu, torch.nn.functional.silu, torch.nn.functional.elu, torch.abs,
    torch.log1p, torch.asinh, torch.expm1, torch.nn.functional.leaky_relu, torch.sum, torch.clone,
]  # fmt: skip
BINARY = [
    torch.add, torch.sub, torch.mul, torch.maximum, torch.minimum, torch.hypot, torch.atan2,
    torch.nn.functional.mse_loss, torch.nn.functional.l1_loss,
]  # fmt: skip
IN_PLACE = [torch.Tensor.add_, torch.Tensor.mul_, torch.Tensor.sub_]

steps = st.lists(
    st.tuples(
        st.sampled_from(["unary", "binary", "in place"]),
        st.integers(0, 99), st.integers(0, 99), st.integers(0, 99),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
numbers = st.floats(-0.9, 0.9, allow_nan=False)


def copies(*tensors):
    """Copies for the oracle, made where the trace does not look."""
    with torch._C.DisableTorchFunction():
        return tuple(tensor.detach().clone() for tensor in tensors)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(steps=steps, start=st.tuples(numbers, numbers, numbers))
def test_random_expressions_match_autograd_and_jacrev(steps, start):
    w0, w1 = (torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in start[:2])
    x = torch.tensor(start[2], dtype=torch.float64)
    pool = [w0, w1, x]
    made, calls = [], []
    with trace() as t:
        for kind, which, i, j in steps:
            first, second = pool[i % len(pool)], pool[j % len(pool)]
            if kind == "in place":
                function = IN_PLACE[which % len(IN_PLACE)]
                fresh = torch.sin(first)
                calls.append((torch.sin, copies(first)))
                (other,) = copies(second)
                calls.append(
                    (
                        lambda a, b, f=function: f(a.clone(), b),
                        (*copies(fresh), other),
                    )
                )
                out = function(fresh, second)
                made += [None, out]
            else:
                table = UNARY if kind == "unary" else BINARY
                function = table[which % len(table)]
                given_ = (first,) if kind == "unary" else (first, second)
                calls.append((function, copies(*given_)))
                out = function(*given_)
                made.append(out)
            pool.append(out)
        result = sum(pool[3:], pool[0] * 0)
    if not result.requires_grad:
        return
    graph = t.graph(of=result)
    expected = grad(result, [w0, w1], retain_graph=True, allow_unused=True)
    for name, want in zip(("w0", "w1"), expected, strict=True):
        if name in graph:
            got = graph[name].gradient
            assert (got is None) == (want is None)
            if want is not None:
                torch.testing.assert_close(
                    torch.tensor(got, dtype=torch.float64), want, equal_nan=True
                )
    computed = graph.operations[: len(calls)]
    for op, tensor, (function, inputs) in zip(computed, made, calls, strict=False):
        (out,) = op.outputs
        if tensor is not None and tensor.requires_grad:
            (want,) = grad(result, tensor, retain_graph=True, allow_unused=True)
            got = graph[out].gradient
            assert (got is None) == (want is None)
            if want is not None:
                torch.testing.assert_close(
                    torch.tensor(got, dtype=torch.float64), want, equal_nan=True
                )
        for k, derivative in enumerate(op.local_derivatives):
            if derivative is not None:
                want = torch.func.jacrev(function, argnums=k)(*inputs)
                torch.testing.assert_close(
                    torch.tensor(derivative, dtype=torch.float64), want, equal_nan=True
                )


def test_the_expressions_cover_enough_operations():
    assert len({*UNARY, *BINARY, *IN_PLACE}) >= 25
