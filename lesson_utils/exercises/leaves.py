"""Leaves that are handed to a student's function, and what it has left of them."""

from __future__ import annotations

import torch


def leaf(numbers: float | list[float], slope: float | None = None) -> torch.Tensor:
    """A leaf that requires a gradient.

    Args:
        numbers: Its own.
        slope: What is in its `.grad` already, at each place; None for nothing.
    """
    made = torch.tensor(numbers, requires_grad=True)
    if slope is not None:
        made.grad = torch.full_like(made, slope)
    return made


def changed(w: torch.Tensor, was: torch.Tensor) -> str:
    """What is off with `w` after a function that was to leave it, as the end of a sentence.

    Args:
        w: As it is now.
        was: The same leaf, made once more; empty is returned if both are alike.
    """
    if w.shape != was.shape or not torch.equal(w.detach(), was.detach()):
        return "it has changed `w`"
    if w.requires_grad != was.requires_grad:
        return "afterwards `w` requires no gradient any more"
    return ""


def slope_changed(w: torch.Tensor, was: torch.Tensor) -> str:
    """The same of its `.grad`.

    Args:
        w: As it is now.
        was: The same leaf, made once more.
    """
    if was.grad is None:
        told = "it has written to `w.grad`; nobody asked for a slope"
        return "" if w.grad is None else told
    same = w.grad is not None and torch.equal(w.grad, was.grad)
    return "" if same else "`w.grad` is not what it was before"
