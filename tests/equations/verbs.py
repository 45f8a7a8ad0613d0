"""What each verb of the film claims of a call, as something that can be true or false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

Claim = Callable[[Sequence[Any], torch.Tensor], bool]


def close(one: Any, other: Any) -> bool:
    """Whether two results are the same but for noise."""
    one, other = torch.as_tensor(one), torch.as_tensor(other)
    kind = torch.complex128 if one.is_complex() or other.is_complex() else torch.float64
    return torch.allclose(one.to(kind), other.to(kind), rtol=1e-4, atol=1e-5, equal_nan=True)


def _of_two(function: Callable[[Any, Any], Any]) -> Claim:
    def claim(given: Sequence[Any], made: torch.Tensor) -> bool:
        a, b = (given[0], given[1]) if len(given) > 1 else (given[0], given[0])
        return close(function(torch.as_tensor(a), torch.as_tensor(b)), made)

    return claim


def _of_one(function: Callable[[Any], Any]) -> Claim:
    return lambda given, made: close(function(given[0]), made)


def _dimensions(*wanted: list[int]) -> Claim:
    return lambda given, made: [tensor.ndim for tensor in given[:2]] in wanted


def _squared_errors(given: Sequence[Any], made: torch.Tensor) -> bool:
    return made.numel() == 1 and close(((given[0] - given[1]) ** 2).mean(), made)


def _by_matrix(bias: bool) -> Claim:
    def claim(given: Sequence[Any], made: torch.Tensor) -> bool:
        product = given[0] @ given[1].mT
        return (len(given) == 3) == bias and close(product + given[2] if bias else product, made)

    return claim


def _joined(given: Sequence[Any], made: torch.Tensor) -> bool:
    return made.numel() == sum(tensor.numel() for tensor in given)


def _picked(given: Sequence[Any], made: torch.Tensor) -> bool:
    among = made.reshape(-1, 1) == given[0].reshape(1, -1)
    return bool((among.any(1) | made.reshape(-1).isnan()).all())


def _chosen(given: Sequence[Any], made: torch.Tensor) -> bool:
    return torch.bool in [torch.as_tensor(operand).dtype for operand in given]


def _true(given: Sequence[Any], made: torch.Tensor) -> bool:
    return True


VERBS: dict[str, Claim] = {
    "adds": _of_two(lambda a, b: a + b),
    "subtracts": _of_two(lambda a, b: a - b),
    "multiplies": _of_two(lambda a, b: a * b),
    "divides": _of_two(lambda a, b: a / b),
    "divides and rounds down": _of_two(torch.floor_divide),
    "takes the remainder": _of_two(torch.remainder),
    "raises to a power": _of_two(torch.pow),
    "multiplies matrices": lambda given, made: min(tensor.ndim for tensor in given[:2]) >= 2,
    "multiplies a matrix and a vector": _dimensions([2, 1], [1, 2]),
    "takes the dot product": _dimensions([1, 1]),
    "multiplies by a matrix": _by_matrix(False),
    "multiplies by a matrix and adds": _by_matrix(True),
    "changes the sign": _of_one(lambda a: -a),
    "squares": _of_one(lambda a: a * a),
    "takes the root": _of_one(torch.sqrt),
    "takes the reciprocal": _of_one(torch.reciprocal),
    "takes the exponential": _of_one(torch.exp),
    "takes the logarithm": _of_one(torch.log),
    "keeps what is positive": _of_one(lambda a: torch.where(a < 0, 0, a)),
    "adds up": lambda given, made: close(given[0].sum(), made.sum()),
    "averages": lambda given, made: close(given[0].double().mean(), made.double().mean()),
    "averages squared errors": _squared_errors,
    "joins": _joined,
    "chooses": _chosen,
    "picks from": _picked,
    "writes into": lambda given, made: given[0].shape == made.shape,
    "passes the gradient on": _true,  # `does` looks itself, here and below
    "lets the gradient through where its input is positive": _true,  # `does` looks itself
}
