"""The public verbs: each joins a few rooms of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lesson_utils.capture.memory import saved_memory as saved_memory
from lesson_utils.capture.mode import Recording
from lesson_utils.capture.rerun import Experiment, default_of
from lesson_utils.exercises.comparison import Comparison, compared
from lesson_utils.film.flipbook import flipbook as flipbook
from lesson_utils.film.player import Player
from lesson_utils.graph import ComputationGraph, folded
from lesson_utils.kinks.kink import kink as kink
from lesson_utils.kinks.table import kink_table as kink_table
from lesson_utils.picture.drawing import Drawing
from lesson_utils.picture.gallery import Gallery
from lesson_utils.picture.shown import Shown
from lesson_utils.picture.unfolding import FoldedDrawing
from lesson_utils.sliders.explorer import Explorer
from lesson_utils.sliders.ranges import range_of, start_and_limits
from lesson_utils.words.look import Look, scale
from lesson_utils.words.look import set_context as set_context


class trace(Recording, Shown):
    __doc__ = Recording.__doc__

    @property
    def text(self) -> str:
        """The graph in words."""
        return draw(self).text

    @property
    def html(self) -> str:
        """The picture of the graph."""
        return draw(self).html

    def files(self) -> Mapping[str, Callable[[], str]]:
        """What the picture can be saved as."""
        return draw(self).files()

    def __repr__(self) -> str:
        return Recording.__repr__(self) if self.is_recording else self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return dict(draw(self)._repr_mimebundle_(**kwargs))


def graph_of(t_or_graph: Any, verb: str) -> ComputationGraph:
    """The graph that a public function was given, or the one of a trace.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(t_or_graph, ComputationGraph):
        return t_or_graph
    if isinstance(t_or_graph, Recording):
        return t_or_graph.snapshot()
    raise TypeError(
        f"{verb}() takes a trace or its graph, not {type(t_or_graph).__name__}: "
        f"write `with trace() as t: ...` and then {verb}(t)"
    )


def draw(
    t_or_graph: Any,
    *,
    gradients: bool = True,
    saved: bool = False,
    jacobians: bool = False,
    scale: float | None = None,
    depth: int | None = None,
) -> Drawing:
    """Draw a traced block, or a graph taken from it.

    Args:
        t_or_graph: A `trace()` or a `ComputationGraph`.
        gradients: Whether to show gradients, local derivatives and chain rule.
        saved: Whether to show what each operation keeps for the backward pass.
        jacobians: Whether to show the numbers of small Jacobians (at most 64 entries) on the
            arrows, and the vector-Jacobian products of the backward pass under the graph.
        scale: Size on screen; by default 1, or 1.5 after `set_context("talk")`.
        depth: Fold a network: at 0 all of `model` is one step, at 1 each of `model.layer1` and
            its like, and so on. A click on a step opens it in its place, as far as there is room
            on the page. By default nothing is folded.

    Raises:
        TypeError: `t_or_graph` is neither.
        ValueError: `scale` is not a number from 0.1 to 10, or `depth` is below 0.

    Example:
        >>> with trace() as t:
        ...     y = torch.tensor(2.0, requires_grad=True) * 3
        >>> draw(t).save("product.svg")
    """
    look = Look(gradients, saved, jacobians, scale=_scale(scale))
    graph = graph_of(t_or_graph, "draw")
    return Drawing(graph, look) if depth is None else FoldedDrawing(graph, depth, look)


def side_by_side(
    graphs: Mapping[str, Any],
    *,
    gradients: bool = True,
    saved: bool = False,
    jacobians: bool = False,
    scale: float | None = None,
) -> Gallery:
    """Draw two or three graphs together: beside each other, or in rows where they are long.

    Args:
        graphs: A `trace()` or `ComputationGraph` for each title, as in
            `side_by_side({"x = 3": t, "x = -3": other})`.
        gradients: As in `draw`.
        saved: As in `draw`.
        jacobians: As in `draw`.
        scale: As in `draw`.

    Raises:
        TypeError: `graphs` is no mapping, or holds something else than graphs.
        ValueError: There are fewer than two graphs, or more than three.
    """
    if not isinstance(graphs, Mapping):
        raise TypeError(
            f"side_by_side() takes titles with their graphs, not {type(graphs).__name__}: "
            'write side_by_side({"first": t, "second": other})'
        )
    if not 2 <= len(graphs) <= 3:
        raise ValueError(f"side_by_side() takes two or three graphs, not {len(graphs)}")
    size = _scale(scale)
    look = Look(gradients, saved, jacobians, scale=size)
    return Gallery({str(key): graph_of(it, "side_by_side") for key, it in graphs.items()}, look)


def play(t_or_graph: Any, *, scale: float | None = None, depth: int | None = None) -> Player:
    """Watch a traced block run forwards, value by value, and backwards, node by node.

    Args:
        t_or_graph: A `trace()` or a `ComputationGraph`.
        scale: As in `draw`.
        depth: Fold a network, as in `draw`: each module is a step of the film.

    Returns:
        A `Player`, which shows itself as the last line of a cell: the picture, the lines of
        code, and controls that need no kernel (arrow keys, Home, End and Space work, and so do
        swipes). Where scripts cannot run, the finished picture and the numbered sentences are
        shown. `.save("film.html")` is a page that needs nothing else, and `.save("film.svg")` a
        picture that moves by itself.

    Raises:
        TypeError: `t_or_graph` is neither.
        ValueError: `depth` is below 0.
    """
    graph = graph_of(t_or_graph, "play")
    return Player(graph if depth is None else folded(graph, depth), Look(scale=_scale(scale)))


def explore(fn: Callable[..., Any], /, **inputs: Any) -> Explorer:
    """Change the inputs of a function and watch its graph and its gradients follow.

    Args:
        fn: A function of tensors, called with the inputs by name. Every picture
            comes from running it again under `trace()`.
        inputs: As in ipywidgets' `interact`: a number; `(min, max)` or `(min, max, step)`, which
            starts at the function's own default or else in the middle; or a slider of your own.
            A number becomes a tensor of no dimensions that requires a gradient. A tensor of one
            element, alone or with its limits, `(tensor, min, max)`, gives its shape, and one of
            floating point its dtype and `requires_grad` as well; it stays as it is.

    Returns:
        An `Explorer`, which shows itself as the last line of a cell.

    Raises:
        TypeError: `fn` is no function of these inputs, or an input is no number.
        ValueError: A tensor of several elements, or limits that make no range.

    Example:
        >>> explore(lambda x, w: torch.relu(x * w), x=3.0, w=(-5, 5))
    """
    read = {n: start_and_limits(n, value, default_of(fn, n)) for n, value in inputs.items()}
    experiment = Experiment(fn, {name: start for name, (start, _) in read.items()})
    ranges = [range_of(name, at, read[name][1]) for name, at in experiment.numbers.items()]
    return Explorer(experiment, ranges, Look())


def compare(first: Any, second: Any) -> Comparison:
    """Where two graphs part: what did a change of the code do to autograd?

    Names of inputs, operations and what they read count; numbers and shapes do not, nor does the
    order of operations that do not depend on one another.

    Args:
        first: A `trace()` or a `ComputationGraph`.
        second: Likewise.

    Raises:
        TypeError: One is neither.

    Example:
        >>> compare(t, other).same
        True
    """
    return compared(graph_of(first, "compare"), graph_of(second, "compare"))


def _scale(asked: float | None) -> float:
    return scale() if asked is None else asked
