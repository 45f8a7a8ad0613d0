"""Plots by matplotlib, in one style: SVG that is the same on every run and in every version."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lesson_utils.picture.pieces import EDGE_OF_PAPER, FONT, PAPER, escape_lines
from lesson_utils.words.look import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Box = tuple[float, float, float, float]
Range = tuple[float, float]

STYLE = Path(__file__).with_name("lesson.mplstyle")
HUGE = 4e307  # numbers beyond are as good as infinite: matplotlib could not span them
_ALONE = threading.Lock()  # matplotlib has one set of settings for all threads


def plotted(width: float, height: float, salt: str, draw: Callable[[Figure], None]) -> str:
    """What `draw` puts on a figure, as SVG without the paper around it.

    pyplot is not touched, and matplotlib's settings are afterwards as they were.

    Args:
        width: Of the figure, in pixels; a point of matplotlib is a pixel, too.
        height: The same.
        salt: Marks the ids, so that several pictures can be in one page.
        draw: Draws on the figure; an artist's `gid` becomes a class in the SVG.
    """
    import matplotlib  # half a second, which only a plot is worth
    import numpy
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    out = io.StringIO()
    # A student's `np.seterr(all="raise")` is not meant for what we draw.
    with _ALONE, matplotlib.rc_context(), numpy.errstate(all="ignore"):
        style = matplotlib.rc_params_from_file(STYLE)  # on top of matplotlib's own defaults
        matplotlib.rcParams.update({k: v for k, v in style.items() if k != "backend"})
        # The places of an SVG are those that the font would give that all matplotlibs have.
        matplotlib.rcParams.update({"svg.hashsalt": salt, "font.sans-serif": ["DejaVu Sans"]})
        matplotlib.rcParams["figure.constrained_layout.use"] = False  # `axes` says where all is
        figure = Figure(figsize=(width / 72, height / 72), frameon=False)
        draw(figure)
        FigureCanvasSVG(figure).print_svg(out)  # type: ignore[no-untyped-call]  # nor are they
    drawing = out.getvalue()
    drawing = drawing[drawing.index("<g ") : drawing.rindex("</svg>")]
    return re.sub("<[^>]*>", _tidy, re.sub(" ?\n *", "", drawing))


def _tidy(found: re.Match[str]) -> str:
    """A tag without what is of no use here, such as digits beyond a hundredth of a pixel."""
    tag = re.sub(r'<g id="[^"]*"/>', "", found[0])
    tag = re.sub(r'<g id="([^"]*?)(_\d+)?">', r'<g class="\1">', tag)
    tag = re.sub(r' transform="rotate\(-0 [^"]*"', "", tag)
    tag = re.sub(r'style="([^"]*)"', lambda style: _attributes(style[1]), tag)
    if tag.startswith("<path id="):  # of a marker: each use of it says the colour
        tag = re.sub(' stroke="[^"]*"', "", tag)
    # Versions of matplotlib differ in the sixth digit: no number may lie where that decides.
    return re.sub(r"-?\d+\.\d+", lambda n: f"{round(float(n[0]) + 2e-4, 2) + 0.0:g}", tag)


def _attributes(style: str) -> str:
    """A style as attributes, where `page.fitting` looks for sizes; the font is the paper's."""
    pairs = [entry.split(": ") for entry in style.split("; ")]
    return " ".join(f'{k}="{v.removesuffix("px")}"' for k, v in pairs if k != "font-family")


def paper(body: str, width: float, height: float, words: str) -> str:
    """Opaque paper around a drawing."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width * scale():.0f}" height="{height * scale():.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}" '
        f'role="img" aria-label="{escape_lines(words)}" font-family="{FONT}" '
        'stroke-linejoin="round" xml:space="preserve">'
        f'<rect x="0.5" y="0.5" width="{width - 1:.1f}" height="{height - 1:.1f}" rx="8" '
        f'fill="{PAPER}" stroke="{EDGE_OF_PAPER}"/>{body}</svg>'
    )


def axes(figure: Figure, box: Box, xs: Range, ys: Range) -> Axes:
    """Axes with a few round ticks.

    Args:
        figure: Where they go.
        box: Left, top, width and height in pixels, from the figure's upper left corner.
        xs: The range from left to right.
        ys: The range from bottom to top.
    """
    from matplotlib.ticker import MaxNLocator
    from matplotlib.transforms import Affine2D

    wide, tall = figure.get_size_inches() * 72
    left, top, width, height = box
    place = left / wide, 1 - (top + height) / tall, width / wide, height / tall
    made = figure.add_axes(place, frameon=False, xlim=xs, ylim=ys)
    # The height of letters is what versions disagree on: places are those of baselines.
    for axis, most, pad, down in (
        (made.xaxis, 1 + width / 64, 16, 0),
        (made.yaxis, 1 + height / 42, 7, 4.5),
    ):
        axis.set_major_locator(MaxNLocator(int(most), steps=[1, 2, 5, 10]))
        axis.set_tick_params(pad=pad)
        axis.offsetText.set_visible(False)  # it would lie in the way: `scale_of` says it
        for label in axis.get_ticklabels():
            label.set_verticalalignment("baseline")
            label.set_transform(label.get_transform() + Affine2D().translate(0, -down))
    return made


def scale_of(axis: Axis, name: str = "") -> str:
    """What the numbers at the ticks are multiplied by or added to: `1e30`, `+1e6`, or nothing."""
    scale = axis.get_major_formatter().get_offset()
    return f"{name}{scale}" if scale else ""
