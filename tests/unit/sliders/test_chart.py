"""The chart beside a slider's picture."""

from lesson_utils import explore


def test_a_number_outside_of_the_slider_is_said_to_be():
    explorer = explore(lambda x: x * x, x=(-2.0, 2.0))
    assert "lies outside" not in explorer.html
    explorer.set(x=1000.0)
    assert "x = 1000 lies outside" in explorer.html
