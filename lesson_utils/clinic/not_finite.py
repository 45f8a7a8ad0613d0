"""Where nan and inf come from: the first operation forwards, or the first product backwards."""

from __future__ import annotations

import math
import re

import torch

from lesson_utils.clinic.cell import statement_at
from lesson_utils.clinic.code import where
from lesson_utils.clinic.evidence import Evidence
from lesson_utils.clinic.explanation import RECORD, Explanation, Repair
from lesson_utils.clinic.traced import Traced, traced
from lesson_utils.graph import Data, Operation, Summary, Value
from lesson_utils.operations import base_name, symbol_of
from lesson_utils.words.notation import as_factor, derivative


def not_finite(e: Evidence, tensor: torch.Tensor) -> Explanation | None:
    """Where nan or inf came from; None for a tensor that is finite, and has a finite gradient."""
    spoilt = not _is_finite(tensor)
    grad = tensor.grad if tensor.is_leaf else None
    if not spoilt and (grad is None or _is_finite(grad)):
        return None
    name = e.name_of(tensor) or "the tensor"
    what = f"`{name}`" if spoilt else f"`{name}.grad`"
    t = traced(e, [tensor])
    found = None
    if t is not None:
        found = _forwards(e, t, what) or (None if spoilt else _backwards(e, t, what))
    if found is not None:
        return found
    says = (f"{what} is not finite.", *(() if t is not None else (RECORD,)))
    return Explanation("not finite", says, (name,))


def anomaly(e: Evidence) -> Explanation | None:
    """Anomaly mode's `Function 'SqrtBackward0' returned nan values in its 0th output`."""
    if not isinstance(e.error, RuntimeError) or not e.call or not e.roots:
        return None
    found = re.search(r"'(\w+)' returned nan", e.message)
    if found is None:
        return None
    t = traced(e)
    told = None
    if t is not None:
        told = _forwards(e, t, "The gradient") or _backwards(e, t, "The gradient")
    says = (
        f"The backward pass came to nan at `{found[1]}`, and what made it may lie before.",
        RECORD,
    )
    return told or Explanation("nan backwards", says, (found[1],))


def _is_finite(tensor: torch.Tensor) -> bool:
    try:
        return bool(torch.isfinite(tensor).all())
    except (RuntimeError, NotImplementedError):  # it has no numbers, as on the meta device
        return True


def _forwards(e: Evidence, t: Traced, what: str) -> Explanation | None:
    """The first operation whose result is not finite while its inputs are."""
    here = e.here
    for op in t.graph.operations:
        made = [t.graph[i] for i in op.outputs]
        bad = next((it for it in made if _is_odd(it.data, it.summary)), None)
        if bad is None:
            continue
        inputs = [t.graph[i] for i in op.inputs if t.graph[i].role != "constant"]
        given = [it for it in inputs if _is_odd(it.data, it.summary)]
        given = [it for it in given if t.graph.producer(it) is None]
        if given:
            return _given(t, what, given[0])
        if any(_is_odd(it.data, it.summary) for it in inputs):
            continue
        names = " and ".join(dict.fromkeys(f"`{it.name}`" for it in inputs)) or "nothing"
        text = statement_at(op.line, op.source)
        says = (
            f"{what} is not finite, and the first result that was not is that of "
            f"`{symbol_of(op)}`{where(op.line, op.source, here, ' ')}"
            + (f": `{text}`." if text else "."),
            f"What it was given ({names}) was finite.",
        )
        return Explanation(
            "not finite", says, (t.name_of(op), symbol_of(op)), op.line, op.source,
            t.drawing(f"the first result that is not finite is {t.name_of(op)}.", [op.id],
                      saved=False, gradients=True),
            (_too_large() if base_name(op.name) in _GROWING else _not_defined(),),
        )  # fmt: skip
    return None


def _given(t: Traced, what: str, value: Value) -> Explanation:
    """A value that was nan or inf before anything was computed."""
    says = (
        f"{what} is not finite, for `{value.name}` is not, which it was computed from.",
        f"No operation made `{value.name}`: look where it comes from, in the data or in its start.",
    )
    drawing = t.drawing(
        f"{value.name} was not finite to begin with.", values=[value.id], saved=False
    )
    return Explanation("not finite", says, (value.name,), drawing=drawing)


# Their results are too large for the type, where they are not finite.
_GROWING = {"exp", "mul", "square", "pow", "add", "sub", "sum", "mean", "matmul", "mm", "mv", "dot",
            "prod", "cumsum", "cumprod", "sinh", "cosh", "linear"}  # fmt: skip


def _too_large() -> Repair:
    return Repair(
        "The result is too large for its type: keep its input smaller, or work with logarithms",
        cost="`torch.logsumexp` and `log_softmax` subtract the largest number first.",
    )


def _not_defined() -> Repair:
    return Repair(
        "Keep its input where the function is defined, before the operation",
        cost="A small number added, or `clamp`; after it is too late.",
    )


def _backwards(e: Evidence, t: Traced, what: str) -> Explanation | None:
    """The first product of the backward pass that is not finite: 0 · ∞, mostly."""
    here = e.here
    for op in reversed(t.graph.operations):
        for i, use in enumerate(op.uses):
            if not _is_odd(use.contribution, use.summary):
                continue
            arrived = [t.graph[out] for out in op.outputs]
            if any(_is_odd(it.gradient, it.gradient_summary) for it in arrived):
                continue
            by = t.graph[use.value]
            product = _product(op, i, arrived[0].gradient)
            text = statement_at(op.line, op.source)
            says = [
                f"{what} is not finite, though all results are: the backward pass made it, at "
                f"`{symbol_of(op)}`{where(op.line, op.source, here, ' ')}"
                + (f": `{text}`." if text else "."),
                f"What arrived there was finite; times {derivative(t.graph, by, arrived[0])} it is "
                f"not{product}.",
            ]
            zero = _has(arrived[0].gradient, 0.0)
            if zero:
                says.append("A zero does not stop an infinite slope: 0 · ∞ is nan.")
            return Explanation(
                "nan backwards", tuple(says), (t.name_of(op), symbol_of(op), by.name), op.line,
                op.source,
                t.drawing(f"at {symbol_of(op)} the backward pass is no longer finite.", [op.id],
                          saved=False, gradients=True),
                (_away(t, op),),
            )  # fmt: skip
    return None


def _away(t: Traced, op: Operation) -> Repair:
    """What keeps a slope finite: before a choice, or for a value at the edge."""
    if any(it.name in ("where", "masked_fill", "clamp") for it in t.ahead(op.outputs[0])):
        return Repair(
            "Choose a harmless input first and compute then, instead of computing all and choosing "
            "after (`torch.where` twice)",
            cost="The slope is then finite wherever it is multiplied by 0.",
        )
    return Repair(
        f"Keep what `{symbol_of(op)}` is given away from there: add a small number to it, such as "
        "1e-12",
        cost="The slope is then large and finite; after the operation it is too late.",
    )


def _product(op: Operation, position: int, arrived: Data) -> str:
    local = op.uses[position].local
    if isinstance(local, (int, float)) and isinstance(arrived, (int, float)):
        return f" ({as_factor(arrived)} · {as_factor(local)})".replace("inf", "∞")
    return ""


def _is_odd(data: Data, summary: Summary | None) -> bool:
    if isinstance(data, tuple):
        return any(_is_odd(part, None) for part in data)
    if isinstance(data, complex):
        return not (math.isfinite(data.real) and math.isfinite(data.imag))
    if data is not None:
        return not math.isfinite(data)
    return summary is not None and not all(
        math.isfinite(number) for number in (summary.min, summary.mean, summary.max)
    )


def _has(data: Data, number: float) -> bool:
    if isinstance(data, tuple):
        return any(_has(part, number) for part in data)
    return data == number
