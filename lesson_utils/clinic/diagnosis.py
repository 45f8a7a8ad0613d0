"""Which explanation fits an error, or a tensor."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import torch

from lesson_utils.capture.aside import Aside
from lesson_utils.capture.behind import is_reached
from lesson_utils.clinic.added_up import grown
from lesson_utils.clinic.evidence import Evidence, evidence_at, evidence_of
from lesson_utils.clinic.explanation import Explanation
from lesson_utils.clinic.graph_gone import second_pass
from lesson_utils.clinic.held import kept
from lesson_utils.clinic.inference import inference_tensor
from lesson_utils.clinic.not_a_leaf import not_a_leaf
from lesson_utils.clinic.not_finite import anomaly, not_finite
from lesson_utils.clinic.path_cut import no_graph
from lesson_utils.clinic.scene import is_a
from lesson_utils.clinic.silent import no_gradient
from lesson_utils.clinic.value_changed import leaf_written, overwritten
from lesson_utils.clinic.view_written import view_written
from lesson_utils.clinic.wrong_request import integers, not_scalar, to_numpy, unused_input
from lesson_utils.clinic.wrong_seed import no_tensor, not_real, wrong_shape

_ERRORS: tuple[Callable[[Evidence], Explanation | None], ...] = (
    second_pass, overwritten, no_graph, not_scalar, unused_input, leaf_written, integers, to_numpy,
    view_written, inference_tensor, not_a_leaf, wrong_shape, no_tensor, not_real,
    anomaly,
)  # fmt: skip


def explain(error: BaseException) -> Explanation | None:
    """Why autograd raised an error; None for one that is not autograd's, or not known.

    Args:
        error: With its traceback.
    """
    enabled = torch.is_grad_enabled()  # as the student has it
    with Aside():
        evidence = evidence_of(error, enabled=enabled)
        for recognised in _ERRORS:
            found = recognised(evidence)
            if found is not None:
                return found
    return None


def explain_tensor(tensor: torch.Tensor, frame: FrameType) -> Explanation:
    """What is the matter with a tensor.

    Args:
        tensor: Which.
        frame: Where the student asks: names and traces are looked for there.
    """
    with Aside():
        e = evidence_at(frame)
        found = not_finite(e, tensor)
        if found is None and not tensor.is_leaf and not _goes_on(e, tensor):
            found = kept(e, [tensor])
        found = found or no_gradient(e, tensor) or grown(e, tensor)
        if found is not None:
            return found
        name = e.name_of(tensor) or "this tensor"
    return Explanation("nothing", (f"Nothing is wrong with `{name}` that could be seen.",), (name,))


def explain_kept(tensors: list[torch.Tensor], frame: FrameType) -> Explanation:
    """What memory tensors hold by their graphs.

    Args:
        tensors: Of a list of the student's.
        frame: As above.
    """
    with Aside():
        found = kept(evidence_at(frame), tensors)
    return found or Explanation(
        "nothing", ("No operation behind these tensors has anything saved.",)
    )


def explain_last(error: BaseException | None) -> Explanation:
    """The same in every case, for whoever asks."""
    if error is None:
        says = "Nothing has failed yet: ask after a cell that has, or ask about a tensor: `why(w)`."
        return Explanation("nothing", (says,))
    kind = type(error).__name__
    says = f"`{kind}` is none of autograd's errors that could be explained: read its traceback."
    try:
        found = explain(error)
    except (Exception, SystemExit) as ours:  # an object of the student may raise anything
        says = f"This `{kind}` could not be explained ({type(ours).__name__}): read its traceback."
        found = None
    return found or Explanation("not autograd's", (says,), (kind,))


def _goes_on(e: Evidence, tensor: torch.Tensor) -> bool:
    """Whether another variable was computed from it."""
    return any(it is not tensor and is_reached(it, tensor) for _, it in e.tensors())


def tensors_of(what: Any) -> list[torch.Tensor]:
    """The tensors of a list or a tuple; empty for anything else."""
    listed = what if type(what) in (list, tuple) else ()  # another kind may never end
    return [it for it in listed if is_a(it, torch.Tensor)]
