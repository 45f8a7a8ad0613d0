"""Checks of what is printed of a backward pass: products, flows, sums over paths, chain rules."""

from __future__ import annotations

import math
import re

import torch
from equations import Judge, known, split
from figures import Unread, agrees, half_digit, short
from formulas import Formula, number_in
from verbs import VERBS, close

from lesson_utils.graph import Operation, Value


def sends(judge: Judge, op: Operation, by: Value, use: int | None, printed: str) -> str:
    """Whether that is what an operation sends to an input."""
    real = known(judge.reality.contribution(op, by, use))
    size = re.fullmatch(r"a gradient of shape (\[.*\])", printed)
    if size:
        return "" if str(list(real.shape)) == size[1] else f"it has {list(real.shape)}"
    return judge.amount(printed, real)


def flows(
    judge: Judge, op: Operation, by: Value, use: int | None, formula: str | None, printed: str
) -> str:
    """Whether `Xᵀ @ ∂s/∂u` is what flows, and what is printed."""
    if formula:
        sent = known(judge.reality.contribution(op, by, use))
        parsed = Formula(formula.removesuffix(", element by element"), list(judge.values))
        bound = {mark: judge.worth(place, op) for mark, place in parsed.places.items()}
        (worth,) = parsed.results(bound, None)
        if worth.shape != sent.shape or not close(worth, sent):
            return f"it is {short(sent)}, not {short(worth)}"
    return sends(judge, op, by, use, printed)


def shares(
    judge: Judge, op: Operation, count: str, name: str, arriving: str, share: str | None, told: str
) -> str:
    """`each of the 3 elements of s receives ∂y/∂y / 3 = 1 / 3 = 0.3333`."""
    sent = known(judge.reality.contribution(op, judge.value(name), None))
    if sent.numel() != int(count) or (share and share != f" / {count}"):
        return f"{name} has {sent.numel()} elements"
    (worth,) = judge.results(op, arriving + (share or ""))
    first, last = split(told, " = ")[0], split(told, " = ")[-1]
    wrong = judge.amount(last, worth)
    if first != last:
        above, _, below = first.partition(" / ")
        exact = number_in(above) / number_in(below)
        slack = half_digit(number_in(above)) / number_in(below)
        wrong = wrong or ("" if agrees(number_in(last), exact, slack) else f"it is {exact}")
        wrong = wrong or ("" if below == count else f"there are {count} elements")
    same = all(agrees(number_in(last), element) for element in sent.flatten())
    return wrong or ("" if same else f"it receives {short(sent)}")


def ways(judge: Judge, by: Value) -> list[int]:
    """How many uses of a value send it a gradient, operation by operation."""
    found = []
    for op in judge.graph.operations:
        uses = range(len(judge.reality.places(op, by)))
        sent = [judge.reality.contribution(op, by, use) for use in uses]
        found.append(sum(tensor is not None for tensor in sent))
    return found


def joined(judge: Judge, op: Operation, told: str) -> str:
    """`w is reached in 3 ways: 1 + 3 + 3 = 7`; `w waits for 2 more (1 of 3 so far)`."""
    name = judge.name
    total = re.fullmatch(
        rf"({name}) is reached in (\d+) ways(?:: (.*) = (\S+))?(?:, and .*)?", told
    )
    waits = re.fullmatch(rf"({name}) waits for (one|\d+) more(?: \((\d+) of (\d+) so far\))?", told)
    if waits:
        all_ways = ways(judge, judge.value(waits[1]))
        before, here = sum(all_ways[: op.id]), sum(all_ways[op.id :])
        right = before == (1 if waits[2] == "one" else int(waits[2]))
        right = right and waits[3] in (None, str(here))
        return "" if right else f"{before} are to come, {here} have been"
    if total is None:
        raise Unread(told)
    by = judge.value(total[1])
    if int(total[2]) != sum(ways(judge, by)):
        return f"it is reached {sum(ways(judge, by))} ways"
    if total[3] is None:
        return ""
    return adds_up(judge, total[3], total[4], judge.reality.gradient(by))


def adds_up(judge: Judge, text: str, printed: str, real: torch.Tensor | None) -> str:
    """Whether a sum of products of printed numbers gives what is printed, and that is true."""
    total, error = 0.0, 0.0
    for term in split(text, " + "):
        factors = [number_in(factor.strip()) for factor in split(term, " · ")]
        product = math.prod(factors)
        total += product
        parts = [half_digit(abs(factor)) / abs(factor) for factor in factors if factor]
        error += abs(product) * sum(parts) if math.isfinite(abs(product)) else 0.0
    if not agrees(number_in(printed), total, error):
        return f"{text} is {total}"
    return judge.amount(printed, real)


def chain_rule(judge: Judge, text: str) -> str:
    """`∂a/∂w = ∂a/∂v · ∂v/∂w = 1 · 3 = 3`, each factor by itself, the sums and the result."""
    head, *middle, printed = split(text, " = ")
    _, by, _ = judge.label(head)
    real = judge.reality.gradient(by)
    if not middle or "…" in text:  # cut short: the result alone can be worked out
        return judge.amount(printed, real)
    labels, numbers = middle[0], middle[-1]
    labels = head if "∂" not in labels else labels  # the head is its own only factor
    numbers = printed if "∂" in numbers else numbers  # the result is its own only factor
    signs = [factor for term in labels.split(" + ") for factor in term.split(" · ")]
    told = [factor for term in numbers.split(" + ") for factor in term.split(" · ")]
    if re.sub(r"[^+·]", "", labels) != re.sub(r"[^+·]", "", re.sub(r"e\+", "", numbers)):
        raise Unread(text)
    for label, number in zip(signs, told, strict=True):
        exact = judge.worth("the seed") if label == "seed" else judge.local(*judge.label(label))
        wrong = judge.amount(number, exact)
        if wrong:
            return f"{label}: {wrong}"
    return adds_up(judge, numbers, printed, real)


def does(judge: Judge, op: Operation, text: str, backward: bool) -> str:
    """Whether an operation does what its verb says."""
    if text not in VERBS:
        raise Unread(text)
    inputs = [judge.graph[i] for i in op.inputs]
    if backward and text.startswith("lets the gradient through"):
        sent = known(judge.reality.contribution(op, inputs[0], None))
        arriving = known(judge.reality.gradient(judge.graph[op.outputs[0]]))
        given = judge.reality.tensor(inputs[0])
        right = (sent == arriving * (given > 0)) | given.isnan()
        return "" if bool(right.all()) else "it does not"
    if backward and text == "passes the gradient on":
        arriving = known(judge.reality.gradient(judge.graph[op.outputs[0]]))
        for use, value in zip(op.uses, inputs, strict=True):
            if not use.flowed:
                continue
            sent = known(judge.reality.contribution(op, value, None))
            count = sum(other.value == use.value for other in op.uses)  # as in x + x
            whole = arriving.sum_to_size(value.shape).to(sent.dtype)
            if not torch.allclose(sent, whole * count, equal_nan=True):
                return "it does not"
        return ""
    operands = [v.data if v.role == "constant" else judge.reality.tensor(v) for v in inputs]
    made = judge.reality.calls[op.id].made[0].numbers
    return "" if VERBS[text](operands, made) else "it does something else"
