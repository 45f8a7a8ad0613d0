"""The public verb of the clinic."""

from __future__ import annotations

import sys
from typing import Any

import torch

from lesson_utils.clinic.diagnosis import (
    explain_kept,
    explain_last,
    explain_tensor,
    tensors_of,
)
from lesson_utils.clinic.evidence import last_error
from lesson_utils.clinic.explanation import Explanation


def why(what: Any = None) -> Explanation:
    """Explain the last error of autograd's, or what is the matter with a tensor.

    It works best for what a `trace()` has recorded: then the graph is drawn, what is to blame in
    a thick frame. Nothing is changed or run again.

    Args:
        what: Nothing, for the error that is being handled or else the last one; an error; a
            tensor: why it has no gradient or no graph, why its `.grad` has grown, where its nan
            comes from, what memory it keeps; or a list of tensors, for the memory they keep.

    Returns:
        An `Explanation`, which shows itself as the last line of a cell. For an error that is not
        autograd's it says so.

    Raises:
        TypeError: `what` is something else.

    Example:
        >>> w = torch.tensor(2.0, requires_grad=True)
        >>> (w * 3).backward()
        >>> why(w).family
        'nothing'
    """
    frame = sys._getframe(1)
    if what is None or isinstance(what, BaseException):
        return explain_last(last_error() if what is None else what)
    if isinstance(what, torch.Tensor):
        return explain_tensor(what, frame)
    tensors = tensors_of(what)
    if not tensors:
        raise TypeError(
            f"why() takes a tensor, a list of tensors, an error or nothing, not "
            f"{type(what).__name__}: write why() after a cell that failed, or why(w)"
        )
    return explain_kept(tensors, frame)
