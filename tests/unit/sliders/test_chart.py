"""The chart beside a slider's picture."""

import base64
import re

from lesson_utils import explore


def drawn(explorer):
    """What all its pictures say."""
    pictures = re.findall(r'base64,([^"]+)"', explorer.html)
    return " ".join(base64.b64decode(picture).decode() for picture in pictures)


def test_a_number_outside_of_the_slider_is_said_to_be():
    explorer = explore(lambda x: x * x, x=(-2.0, 2.0))
    assert "lies outside" not in drawn(explorer)
    explorer.set(x=1000.0)
    assert "x = 1000 lies outside" in drawn(explorer)
