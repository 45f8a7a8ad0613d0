"""The tensors that the calls in `calls` are made with."""

from __future__ import annotations

from typing import Any

import torch

T = torch.tensor
# The numbers of x, w, b and of the scalars p and q.
NUMBERS = {
    "plain": (3.0, 2.0, 1.0, 0.5, 1.5),
    "fractions": (3.7, -1.2345678, 0.3333333, 0.123456, 2.7182818),
    "large": (1234.567, 98765.43, -0.00012345, 0.999, 40.0),
    "zeros": (0.0, 0.0, -2.0, 0.0, 0.0),
    "not finite": (float("nan"), float("inf"), -1.0, float("nan"), float("-inf")),
}
SHAPES = {"one": (1,), "one by one": (1, 1), "none": ()}


def tensors(numbers: tuple[float, ...] = NUMBERS["plain"], shape: tuple[int, ...] = (1,)) -> Any:
    """Fresh tensors by name, and what else the calls need."""
    x, w, b, p, q = numbers
    return {
        "torch": torch, "F": torch.nn.functional,
        # One number each.
        "x": torch.full(shape, x), "w": torch.full(shape, w, requires_grad=True),
        "b": torch.full(shape, b, requires_grad=True),
        "p": T(p, requires_grad=True), "q": T(q, requires_grad=True),
        # Vectors: whole numbers, indices, truths, classes, reals, parts of one, signs.
        "n": T([4, 7, -9]), "i": T([2, 0, 1]), "k": T([True, False, True]), "c": T([1, 0, 1]),
        "r": T([0.25, -1.5, 2.0]), "s": T([1.5, -0.3, 0.7], requires_grad=True),
        "e": T([float("nan"), float("inf"), 0.0, -0.0, -3.0], requires_grad=True),
        "d": T([0.1, 0.9, 0.4]), "g": T([1.0, -1.0, 1.0]),
        # Matrices, batches of them, an image, complex numbers.
        "o": T([[3.0, 1.0, 2.0], [-1.0, 0.5, 1.25]], requires_grad=True),
        "X": T([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]]),
        "W": T([[1.0, -1.0], [0.5, 2.0]], requires_grad=True),
        "M": T([[0.3, 0.9], [0.6, 0.2]], requires_grad=True),
        "B": torch.arange(12.0).reshape(2, 2, 3),
        "D": torch.linspace(-1, 1, 12).reshape(2, 3, 2).requires_grad_(),
        "I": T([[[[1.0, 2.0], [3.0, 4.0]]]], requires_grad=True),
        "C": T([1 + 2j, 3 - 1j]), "Z": T([2 - 1j, 0.5j], requires_grad=True),
    }  # fmt: skip
