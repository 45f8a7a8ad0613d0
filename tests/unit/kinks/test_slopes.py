"""One-sided slopes of plain functions, against slopes that are known."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lesson_utils.kinks.slopes import bends, limit, scale, side

slopes = st.floats(-50, 50).filter(lambda s: s == 0 or abs(s) > 1e-6)
points = st.floats(-1000, 1000)


def both(f, at):
    return side(f, at, -1), side(f, at, 1)


def measured(f, at=0.0):
    return tuple(half.slope for half in both(f, at))


def close(found, expected, size=1.0):
    return math.isclose(found, expected, rel_tol=1e-7, abs_tol=1e-7 * size)


@settings(deadline=None)
@given(left=slopes, right=slopes, at=points, height=st.floats(-100, 100))
def test_slopes_of_two_lines_that_meet(left, right, at, height):
    found = measured(lambda x: height + (left if x < at else right) * (x - at), at)
    size = 1 + abs(left) + abs(right)
    assert close(found[0], left, size)
    assert close(found[1], right, size)


@settings(deadline=None)
@given(left=slopes, right=slopes, at=points, bend_left=slopes, bend_right=slopes)
def test_slopes_of_two_parabolas_that_meet(left, right, at, bend_left, bend_right):
    def f(x):
        d = x - at
        return left * d + bend_left * d * d if d < 0 else right * d + bend_right * d * d

    size = 1 + sum(map(abs, (left, right, bend_left, bend_right)))
    found = measured(f, at)
    assert close(found[0], left, size)
    assert close(found[1], right, size)


@settings(deadline=None)
@given(near=slopes, far=slopes, away=st.floats(1e-6, 0.5))
def test_a_second_kink_further_out_does_not_count(near, far, away):
    assert close(measured(lambda x: near * min(x, away) + far * max(x - away, 0))[1], near, 100)


@settings(deadline=None)
@given(at=st.floats(-3, 3))
def test_smooth_functions_have_their_derivative_from_either_side(at):
    for f, derivative in [(math.sin, math.cos), (math.exp, math.exp), (math.tanh, None)]:
        expected = derivative(at) if derivative else 1 - math.tanh(at) ** 2
        for slope in measured(f, at):
            assert math.isclose(slope, expected, rel_tol=1e-7, abs_tol=1e-7)


@settings(deadline=None)
@given(power=st.floats(0.15, 3).filter(lambda p: abs(p - 1) > 0.16))
def test_powers_have_slope_zero_above_one_and_infinity_below(power):
    expected = 0.0 if power > 1 else math.inf
    assert measured(lambda x: abs(x) ** power)[1] == pytest.approx(expected, abs=1e-3)
    assert measured(lambda x: -(abs(x) ** power))[0] == pytest.approx(expected, abs=1e-3)


def nan_below(f):
    return lambda x: f(x) if x >= 0 else math.nan


WANTED = {
    "a root": (nan_below(math.sqrt), math.nan, math.inf),
    "cube root": (lambda x: math.copysign(abs(x) ** (1 / 3), x), math.inf, math.inf),
    "x log x": (nan_below(lambda x: x * math.log(x) if x else 0.0), math.nan, -math.inf),
    "log": (nan_below(lambda x: math.log(x) if x else -math.inf), math.nan, math.inf),
    "1/x, whose value is inf": (lambda x: 1 / x if x else math.inf, math.inf, -math.inf),
    "a jump up": (lambda x: float(x >= 0), math.inf, 0.0),
    "a jump down on a hill": (lambda x: 5.0 if x <= 0 else 3 - x, 0.0, -math.inf),
    "x sin(1/x)": (lambda x: x * math.sin(1 / x) if x else 0.0, math.nan, math.nan),
    "x sin(π/x)": (lambda x: x * math.sin(math.pi / x) if x else 0.0, math.nan, math.nan),
    "x² sin(1/x)": (lambda x: x * x * math.sin(1 / x) if x else 0.0, 0.0, 0.0),
    "one point": (lambda x: 0.0 if x == 0 else math.nan, math.nan, math.nan),
    "defined only nearby": (lambda x: abs(x) if abs(x) < 1e-3 else math.nan, -1.0, 1.0),
    "a constant": (lambda x: 7.0, 0.0, 0.0),
    "a tiny slope": (lambda x: 1e-20 * abs(x), -1e-20, 1e-20),
    "a huge slope": (lambda x: 1e200 * abs(x), -1e200, 1e200),
}


@pytest.mark.parametrize("name", WANTED)
def test_infinite_missing_and_extreme_slopes(name):
    f, left, right = WANTED[name]
    found = measured(f)
    assert found == pytest.approx((left, right), nan_ok=True)
    for slope, expected in zip(found, (left, right), strict=True):
        assert expected != 0 or repr(slope) == "0.0", "a zero without noise and without a sign"


def test_rounding_inside_the_function_is_not_taken_for_a_bend():
    f = lambda x: abs(x * 3 - 0.3)  # noqa: E731  # one line, asked twice
    assert measured(f, 0.1) == (-3.0, 3.0)
    assert bends(*both(f, 0.1), 0.1, f(0.1)) == "convex"


@pytest.mark.parametrize("at", [1e6, -1e9, 1e15, 1e-12])
def test_points_far_out_and_very_near_zero(at):
    assert measured(lambda x: abs(x - at), at) == (-1.0, 1.0)


def test_where_the_derivative_goes_differs_from_the_slope_at_a_jump():
    sides = both(lambda x: math.copysign(1, x) if x else 0.0, 0.0)
    assert [half.slope for half in sides] == [math.inf, math.inf]
    assert [half.derivative for half in sides] == [0.0, 0.0]


@settings(deadline=None)
@given(
    left=slopes, right=slopes, bend_left=st.floats(-5, 5), bend_right=st.floats(-5, 5),
    height=st.sampled_from([0.0, 1.0, -3.0]),
)  # fmt: skip
def test_a_kink_is_convex_when_slopes_grow_and_both_sides_bend_up(
    left, right, bend_left, bend_right, height
):
    assume(left == right or abs(left - right) > 1e-3)  # finer than that cannot be told from a bend
    bend_left, bend_right = round(bend_left, 1), round(bend_right, 1)

    def f(x):
        return height + (left * x + bend_left * x * x if x < 0 else right * x + bend_right * x * x)

    up = left <= right and bend_left >= 0 and bend_right >= 0
    down = left >= right and bend_left <= 0 and bend_right <= 0
    expected = "convex" if up else "concave" if down else "neither"
    assert bends(*both(f, 0.0), 0.0, height) == expected


def test_a_row_that_is_too_short_has_no_limit():
    assert math.isnan(limit([1.0] * 5, [0.0] * 5))


def test_a_row_that_hops_between_infinities_has_no_limit():
    assert math.isnan(limit([math.inf, -math.inf] * 20, [0.0] * 40))


def test_far_is_one_until_numbers_grow_sparse():
    assert scale(0.0) == scale(1.0) == scale(-1000.0) == 1
    assert scale(1e12) > 1
