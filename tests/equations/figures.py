"""Printed numbers: what they say, and whether they are a tensor's, digit by digit."""

from __future__ import annotations

import ast
import math
from typing import Any

import torch


class Unread(Exception):
    """A text that cannot be understood."""


def number(tree: ast.AST) -> Any:
    """A number, or nested lists of numbers, as they are printed."""
    if isinstance(tree, (ast.List, ast.Tuple)):
        return [number(element) for element in tree.elts]
    if isinstance(tree, ast.Constant) and isinstance(tree.value, (bool, int, float, complex)):
        return tree.value
    if isinstance(tree, ast.Name) and tree.id in ("nan", "inf"):
        return float(tree.id)
    if isinstance(tree, ast.Name) and tree.id in ("nanj", "infj"):
        return complex(0, float(tree.id[:-1]))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inner = number(tree.operand)
        return -0.0 if inner == 0 else -inner
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        imaginary = number(tree.right)
        if isinstance(imaginary, complex):
            sign = 1 if isinstance(tree.op, ast.Add) else -1
            return complex(number(tree.left), sign * imaginary.imag)
    raise Unread(ast.unparse(tree))


def half_digit(exact: float) -> float:
    """Half of the last digit that is printed: four digits, six above a thousand."""
    if exact == 0 or not math.isfinite(exact):
        return 0.0
    digits = 4 if abs(exact) < 1000 else 6
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(exact))) - digits + 1)


def rounds(printed: Any, exact: Any, slack: float = 0.0) -> bool:
    """Whether a printed number is this one, rounded as it is printed."""
    if isinstance(exact, complex) or isinstance(printed, complex):
        one, other = complex(printed), complex(exact)
        return rounds(one.real, other.real, slack) and rounds(one.imag, other.imag, slack)
    if isinstance(printed, bool) and not isinstance(exact, bool):
        return False  # the other way round, `eq_` writes 1 for True
    if math.isnan(exact) or math.isnan(printed):
        return math.isnan(exact) and math.isnan(printed)
    if math.isinf(exact) or math.isinf(printed):
        return bool(exact == printed)
    allowed = 0.0 if isinstance(exact, int) else half_digit(exact) * 1.001
    return bool(abs(printed - exact) <= allowed + slack)


def agrees(printed: Any, exact: Any, slack: Any = 0.0) -> bool:
    """Whether printed numbers are a tensor's, each rounded as it is printed.

    One element is printed without brackets, whatever its shape.

    Args:
        printed: A number or nested lists.
        exact: A tensor or a number.
        slack: How far they may be apart besides, in all or in each element.
    """
    exact = exact.detach() if isinstance(exact, torch.Tensor) else torch.as_tensor(exact)
    noise = 0.0
    if exact.dtype.is_floating_point or exact.is_complex():
        finite = exact[exact.isfinite()].abs()
        noise = 2e-6 * max(float(finite.max()) if finite.numel() else 0.0, 1e-3)
    slack = torch.as_tensor(slack, dtype=torch.float64).expand(exact.shape) + noise
    if exact.numel() == 1:
        return not isinstance(printed, list) and rounds(printed, exact.item(), slack.item())
    return _listed(printed, exact.tolist(), slack.tolist())


def _listed(printed: Any, exact: Any, slack: Any) -> bool:
    if not isinstance(exact, list):
        return not isinstance(printed, list) and rounds(printed, exact, slack)
    if not isinstance(printed, list) or len(printed) != len(exact):
        return False
    return all(map(_listed, printed, exact, slack))


def agrees_flat(printed: Any, exact: torch.Tensor) -> bool:
    """The same for numbers in a row or in rows, brackets around a single one, too."""
    numbers = _flat(printed)
    return agrees(numbers[0] if len(numbers) == 1 else numbers, exact.reshape(-1))


def _flat(printed: Any) -> list[Any]:
    if not isinstance(printed, list):
        return [printed]
    return [element for part in printed for element in _flat(part)]


def all_agree(printed: list[Any], exact: list[Any]) -> bool:
    """The same for several results."""
    return len(printed) == len(exact) and all(map(agrees, printed, exact))


def alike(results: list[Any], made: list[torch.Tensor]) -> bool:
    """Whether results are the ones that a call made, but for noise."""
    results = [torch.as_tensor(result) for result in results]
    return len(results) == len(made) and all(
        one.shape == other.shape
        and torch.allclose(one, other.to(one.dtype), rtol=1e-5, equal_nan=True)
        for one, other in zip(results, made, strict=True)
    )


def moved_by(one: Any, other: Any) -> Any:
    """How far the rounding of printed inputs moves a result."""
    one, other = torch.as_tensor(one).detach(), torch.as_tensor(other).detach()
    if one.shape != other.shape or one.dtype == torch.bool:
        return 0.0
    wide = torch.complex128 if one.is_complex() else torch.float64
    away = (one.to(wide) - other.to(wide)).abs()
    return torch.where(away.isfinite(), away, 0.0)


def short(it: Any) -> str:
    """Numbers for a message."""
    return str(it.tolist() if isinstance(it, torch.Tensor) else it)[:60]
