"""What a backward pass is told to start from, and cannot."""

from __future__ import annotations

import ast
import re

import torch

from lesson_utils.clinic.code import called, parsed
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import Explanation, Repair
from lesson_utils.clinic.rewritten import replaced

_KEYWORDS = ("gradient", "grad_tensors", "grad_outputs")


def wrong_shape(e: Evidence) -> Explanation | None:
    """`Mismatch in shape: grad_output[0] has a shape of ... and output[0] has a shape of ...`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    if not re.search(r"mismatch in shape|got \d+ tensors and \d+ grad", e.message, re.IGNORECASE):
        return None
    given = [*e.seeds] if isinstance(e.seeds, (list, tuple)) else [e.seeds]
    if len(given) != len(e.roots):
        says = (
            f"The pass starts from {_count(len(e.roots), 'tensor')}, and weights are given for "
            f"{len(given)}.",
            "Each tensor needs weights of its own, one for each of its elements.",
        )
        repair = Repair("Give a list with weights for each; `None` will do for a single number")
        return _explained(e, says, (e.root,), (repair,))
    pairs = zip(e.roots, given, strict=True)
    found = next(
        ((r, s) for r, s in pairs if isinstance(s, torch.Tensor) and s.shape != r.shape), None
    )
    if found is None:
        return None
    root, seed = found
    name, text, line = e.called(root), _seed(e), e.text
    says = (
        f"{f'`{name}`' if name else 'The result'} has the shape {list(root.shape)}, and the "
        f"weights given for it{f', `{text}`,' if text else ''} have the shape {list(seed.shape)}.",
        "A weight says how much an element counts, so there must be one for each element.",
    )
    repairs = []
    if seed.numel() == root.numel():
        new = f"{_bracketed(text)}.reshape({name}.shape)"
        repairs.append(Repair("They are as many: bring them into the shape of the result",
                              _with(e, line, text, name, new)))  # fmt: skip
    elif seed.numel() == 1:
        new = f"{_bracketed(text)}.expand_as({name})"
        repairs.append(Repair("Let each element count the same",
                              _with(e, line, text, name, new)))  # fmt: skip
    repairs.append(
        Repair(
            "Give ones: that is the gradient of the sum",
            _with(e, line, text, name, f"torch.ones_like({name})"),
        )
    )
    return _explained(e, says, (name or "the result",), tuple(repairs))


def no_tensor(e: Evidence) -> Explanation | None:
    """`gradients can be either Tensors or None, but got float`."""
    if not isinstance(e.error, TypeError) or not e.call or not e.roots:
        return None
    if not re.search(r"gradients can be|not iterable", e.message):
        return None
    given = e.seeds if isinstance(e.seeds, (list, tuple)) else [e.seeds]
    if all(it is None or isinstance(it, torch.Tensor) for it in given):
        return None
    text, line = _seed(e), e.text
    says = (
        f"The pass starts from {f'`{text}`' if text else 'weights'}, and that is no tensor.",
        "PyTorch takes the weights of the elements as a tensor of the result's own shape.",
    )
    root = e.roots[0]
    fits = not isinstance(e.seeds, (list, tuple)) and root.dim() == 0
    fits = fits or (isinstance(e.seeds, (list, tuple)) and root.shape == (len(e.seeds),))
    new = replaced(line, e.call, text, f"torch.tensor({text})") if text and fits else ""
    return _explained(e, says, (text or "the weights",), (Repair("Make a tensor of them", new),))


def not_real(e: Evidence) -> Explanation | None:
    """`grad can be implicitly created only for real scalar outputs but got torch.complex64`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not re.search(r"real", e.message):
        return None
    root = next((it for it in e.roots if it.is_complex()), None)
    if root is None:
        return None
    name, line = e.called(root), e.text
    says = (
        f"{f'`{name}`' if name else 'The result'} is a complex number, and a gradient tells how a "
        "real one grows.",
        "PyTorch does not guess which real number of it you mean.",
    )
    whole = _bracketed(name)
    repairs = (
        Repair(
            "Make a real number of it, as its size", _with(e, line, name, name, f"{whole}.abs()")
        ),
        Repair("Or take its real part", _with(e, line, name, name, f"{whole}.real")),
    )
    return _explained(e, says, (name or "the result",), repairs)


def _explained(
    e: Evidence, says: tuple[str, ...], culprits: tuple[str, ...], repairs: tuple[Repair, ...]
) -> Explanation:
    return Explanation("wrong start", says, culprits, e.line, e.here, repairs=repairs)


def _seed(e: Evidence) -> str:
    """What is written for the weights in the call that failed; empty where it is not found."""
    statement = None if e.scene is None else parsed(e.scene.text)
    for call in () if statement is None else ast.walk(statement):
        if isinstance(call, ast.Call) and called(call) == e.call:
            owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            method = e.call == "backward" and owner not in ("torch.autograd", "autograd", "")
            at = 0 if method else 1 if e.call == "backward" else 2
            found = [word.value for word in call.keywords if word.arg in _KEYWORDS]
            return next(map(ast.unparse, [*found, *call.args[at : at + 1]]), "")
    return ""


def _with(e: Evidence, line: str, old: str, name: str, new: str) -> str:
    return replaced(line, e.call, old, new) if old and name and len(e.roots) == 1 else ""


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+(\(.*\))?", text) else f"({text})"


def _count(number: int, what: str) -> str:
    return f"one {what}" if number == 1 else f"{number} {what}s"
