"""The exercises of notebook 05 about elements that are repeated, moved and added up."""

from __future__ import annotations

import torch

from lesson_utils.exercises.exercise import Exercise, Slip
from lesson_utils.exercises.lesson_04_rules import backwards, in_place
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import behaves, function, rules

_WIDE = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
_AGAIN, _THREE = torch.tensor([0, 2, 0]), torch.tensor([1.0, 2.0, 4.0])
_SORTS = torch.tensor([2, 0, 1])


def _unbroadcast(g: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """What reaches a tensor of a shape that was broadcast to the shape of `g`."""
    found = backwards(lambda x: x.expand_as(g), torch.zeros(shape), g)
    assert isinstance(found, torch.Tensor)
    return found


def _last_wins(x: torch.Tensor, i: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    found = torch.zeros_like(x)
    for place, number in zip(i.tolist(), g.tolist(), strict=True):
        found[place] = number
    return found


_FULL = ((_WIDE, (2, 3)), (_WIDE.T, (3, 2)), (torch.stack([_WIDE, -_WIDE]), (2, 2, 3)))
_ROWS = ((_WIDE, (3,)), (_WIDE.T, (2,)), (torch.stack([_WIDE, 2 * _WIDE]), (2, 3)))
_SUMMED = tuple(
    (x, torch.tensor(g)) for x, g in ((_WIDE, 2.0), (_WIDE[0], 1.0), (_WIDE.T - 1, -3.0))
)
_STRETCHED = tuple((torch.ones(2, 1), g) for g in (_WIDE, _WIDE.flip(0) - 2, -_WIDE.flip(1)))
_FOUR = torch.tensor([0.5, -1.0, 3.0, 2.0])
_PICKED = (
    (_THREE, _AGAIN, _THREE),
    (_FOUR, torch.tensor([1, 1, 3]), -_THREE),
    (_WIDE[1], torch.tensor([2, 2, 2, 0]), _FOUR),
)
_ADDED = ((_THREE, _THREE), (_FOUR, -_FOUR), (_WIDE[1], _WIDE[0]))
_SORTED = (
    (_THREE, _SORTS, _THREE),
    (_WIDE[1], torch.tensor([1, 2, 0]), -_THREE),
    (_FOUR, torch.tensor([3, 0, 1, 2]), _FOUR),
)

UNBROADCAST: Exercise = function(
    unjudged(
        "05.4",
        "Undo a broadcast",
        "Something of shape `shape` was broadcast, and `g` arrives in the larger shape. Write what "
        "goes back, for all three ways: a new axis in front, an axis of length 1 that was "
        "stretched, and both at once.",
        "def unbroadcast(g, shape):\n    ...",
        "def unbroadcast(g, shape):\n    while g.ndim > len(shape):\n        g = g.sum(0)\n"
        "    for axis, size in enumerate(shape):\n        if size == 1:\n"
        "            g = g.sum(axis, keepdim=True)\n    return g",
        "unbroadcast",
        (
            "Where an element was repeated its uses add up. Along which axes was that?",
            "Axes that are missing in `shape` are in front: add them up until as many are left.",
            "Where `shape` has a 1, add up along that axis and keep it: `sum(axis, keepdim=True)`.",
        ),
        "PyTorch has a method for it: `g.sum_to_size(shape)`.",
        (
            Slip(
                behaves(lambda g, shape: g.sum(0), *_FULL),
                "That adds up whatever the shape is; where nothing was repeated nothing is added.",
                "lambda g, shape: g.sum(0)",
            ),
            Slip(
                behaves(lambda g, shape: g[0], *_ROWS),
                "That takes one of the repetitions, and each of them was a use.",
                "lambda g, shape: g[0] if g.ndim > len(shape) else g",
            ),
            Slip(
                behaves(lambda g, shape: g.mean(0), *_ROWS),
                "That takes the mean of the uses; the chain rule does something else with paths.",
                "lambda g, shape: g.mean(0) if g.ndim > len(shape) else g",
            ),
        ),
        aim="Repeating forwards is summing backwards. Expect a sum over axis 0 alone, a forgotten "
        "`keepdim`, and a mean.",
    ),
    _unbroadcast,
    (
        (_WIDE, (2, 3)),
        (_WIDE, (3,)),
        (_WIDE, (2, 1)),
        (_WIDE, ()),
        (torch.stack([_WIDE, 2 * _WIDE]), (1, 3)),
        (torch.stack([_WIDE, 2 * _WIDE]), (2, 1)),
    ),
    linear_in=0,
)

SPREAD: Exercise = rules(
    unjudged(
        "05.6",
        "Each in its own shape",
        "Four operations that compute little and change the shape. Write what each hands back of "
        "`g`, in the shape of `x`. (What `expand` makes wider is of shape (2, 1).)",
        "spread = [\n    lambda x, g: ...,  # x.sum()\n    lambda x, g: ...,  # x.mean()\n"
        "    lambda x, g: ...,  # x.reshape(-1)\n"
        "    lambda x, g: ...,  # x.expand(2, 3)\n]",
        "spread = [\n    lambda x, g: g * torch.ones_like(x),\n"
        "    lambda x, g: g * torch.ones_like(x) / x.numel(),\n"
        "    lambda x, g: g.reshape(x.shape),\n    lambda x, g: g.sum(1, keepdim=True),\n]",
        "spread",
        (
            "Which elements of the result does one element of `x` reach, and how strongly?",
            "A sum repeats what arrives; `expand` repeats, so it adds up what arrives.",
            "`torch.ones_like(x)` has the right shape. The mean is the sum, divided by "
            "`x.numel()`.",
        ),
        "`sum` and `expand` undo each other's shape, each being the other's way back.",
        (
            Slip(
                in_place(1, lambda x, g: g * torch.ones_like(x), *_SUMMED),
                "In a mean each element counts for less than in a sum.",
                "[lambda x, g: g * torch.ones_like(x), lambda x, g: g * torch.ones_like(x), "
                "lambda x, g: g.reshape(x.shape), lambda x, g: g.sum(1, keepdim=True)]",
            ),
            Slip(
                in_place(0, lambda x, g: g, *_SUMMED),
                "`g` is one number here, and each element of `x` must get its own.",
                "[lambda x, g: g, lambda x, g: g / x.numel(), lambda x, g: g.reshape(x.shape), "
                "lambda x, g: g.sum(1, keepdim=True)]",
            ),
            Slip(
                in_place(3, lambda x, g: g[:, :1], *_STRETCHED),
                "That keeps one of three columns; `x` was used in all of them.",
                "[lambda x, g: g * torch.ones_like(x), lambda x, g: g * torch.ones_like(x) "
                "/ x.numel(), lambda x, g: g.reshape(x.shape), lambda x, g: g[:, :1]]",
            ),
        ),
        aim="Sums spread, spreading sums, and a reshape goes back. Expect a mean without 1/n, and "
        "`g` in its own shape.",
    ),
    {
        "sum": (
            lambda x, g: backwards(torch.sum, x, g),
            [(_WIDE, torch.tensor(1.0)), (_WIDE[0], torch.tensor(3.0))],
        ),
        "mean": (
            lambda x, g: backwards(torch.mean, x, g),
            [(_WIDE, torch.tensor(1.0)), (_WIDE[0], torch.tensor(3.0))],
        ),
        "reshape": (
            lambda x, g: backwards(lambda it: it.reshape(-1), x, g),
            [(_WIDE, torch.arange(6.0)), (_WIDE.T, torch.arange(6.0))],
        ),
        "expand": (
            lambda x, g: backwards(lambda it: it.expand(2, 3), x, g),
            [(torch.ones(2, 1), torch.ones(2, 3)), (torch.ones(2, 1), _WIDE)],
        ),
    },
)

GATHER: Exercise = rules(
    unjudged(
        "05.7",
        "Taken twice, added up, sorted",
        "Three operations on a vector `x`. An index may come twice, as in `x[[0, 2, 0]]`; `order` "
        "holds each place once, as `x.argsort()` does. Write what each hands back of `g`.",
        "gather = [\n    lambda x, i, g: ...,  # x[i]\n    lambda x, g: ...,  # x.cumsum(0)\n"
        "    lambda x, order, g: ...,  # x[order]\n]",
        "gather = [\n    lambda x, i, g: torch.zeros_like(x).index_add(0, i, g),\n"
        "    lambda x, g: g.flip(0).cumsum(0).flip(0),\n"
        "    lambda x, order, g: g[order.argsort()],\n]",
        "gather",
        (
            "Ask of one element of `x`: which results read it? What arrives there is added up.",
            "`cumsum`: the result at k reads the elements up to k, so an element is read from its "
            "own place on, to the end.",
            "`torch.zeros_like(x).index_add(0, i, g)` adds each `g` at its place; it is right "
            "for sorting, too.",
        ),
        "The rule for `x[i]` is right for sorting, too: an order is an index with nothing twice.",
        (
            Slip(
                in_place(0, _last_wins, *_PICKED),
                "An element that was taken twice has two paths; one of them overwrites the other.",
                "def index(x, i, g):\n    z = torch.zeros_like(x)\n"
                "    for k, place in enumerate(i):\n        z[place] = g[k]\n    return z\n"
                "[index, lambda x, g: g.flip(0).cumsum(0).flip(0), "
                "lambda x, order, g: g[order.argsort()]]",
            ),
            Slip(
                in_place(1, lambda x, g: g.cumsum(0), *_ADDED),
                "That adds up from the front. The first element of `x` is in how many results?",
                "[lambda x, i, g: torch.zeros_like(x).index_add(0, i, g), "
                "lambda x, g: g.cumsum(0), lambda x, order, g: g[order.argsort()]]",
            ),
            Slip(
                in_place(2, lambda x, order, g: g[order], *_SORTED),
                "That sorts once more; what arrives has to go back to where it came from.",
                "[lambda x, i, g: torch.zeros_like(x).index_add(0, i, g), "
                "lambda x, g: g.flip(0).cumsum(0).flip(0), lambda x, order, g: g[order]]",
            ),
        ),
        aim="Gradients go back to the place that was read, and add up there. Expect the last of "
        "two uses alone, a `cumsum` from the front, and the order instead of its inverse.",
    ),
    {
        "x[i]": (
            lambda x, i, g: backwards(lambda it, at: it[at], x, i, g),
            [(_THREE, _AGAIN, torch.ones(3)), (_WIDE.flatten(), _AGAIN, _THREE - 3)],
        ),
        "cumsum": (
            lambda x, g: backwards(lambda it: it.cumsum(0), x, g),
            [(_THREE, torch.ones(3)), (_THREE, _THREE), (_FOUR, -_FOUR)],
        ),
        "x[order]": (
            lambda x, order, g: backwards(lambda it, at: it[at], x, order, g),
            [
                (_THREE, torch.tensor([0, 1, 2]), _THREE),
                (_THREE, _SORTS, _THREE),
                (_FOUR, torch.tensor([1, 2, 3, 0]), -_FOUR),  # what undoes a turn of three may
                (_FOUR, torch.tensor([2, 0, 1, 3]), _FOUR),  # not undo one of four
            ],
        ),
    },
)
