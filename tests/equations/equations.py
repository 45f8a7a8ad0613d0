"""Printed equations, judged: worked out on real tensors and held against what is printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from figures import Unread, agrees, alike, all_agree, moved_by, short
from formulas import ERRORS, Formula, number_in
from listening import tensors_of
from oracle import Reality

from lesson_utils.graph import Operation, Value

SUBSCRIPTS = "₁₂₃₄₅₆₇₈₉"


@dataclass(frozen=True)
class Equation:
    """Something printed that is true or false.

    Attributes:
        kind: `infix`, `call`, `figures`, `derivative`, `formula`, `flow`, `reason`, `badge`, ...
        where: `words`, `film` or `picture`.
        operation: The torch function that it speaks of.
        text: As it is printed.
        fault: Why it is false, or empty.
        unread: Whether it could not be understood.
    """

    kind: str
    where: str
    operation: str
    text: str
    fault: str = ""
    unread: bool = False


def split(text: str, mark: str) -> list[str]:
    """The parts of a text between marks that stand in no brackets and in no quotes."""
    parts, depth, quote, start, at = [], 0, "", 0, 0
    while at < len(text):
        sign = text[at]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "([{") - (sign in ")]}")
            if not depth and text.startswith(mark, at):
                parts.append(text[start:at])
                start = at = at + len(mark)
                continue
        at += 1
    return [*parts, text[start:]]


class Judge:
    """What is printed of one graph, held against the plain run of the same program."""

    def __init__(self, reality: Reality) -> None:
        self.reality, self.graph = reality, reality.graph
        self.values = {value.name: value for value in self.graph.values if value.role != "constant"}
        self.name = "|".join(re.escape(n) for n in sorted(self.values, key=len, reverse=True))
        self.where = ""
        self.found: list[Equation] = []

    def hear(
        self, kind: str, op: Operation | None, text: str, check: Callable[..., str], *given: Any
    ) -> None:
        """Judge one text; `check` says what is wrong with it."""
        unread = False
        try:
            fault = check(*given)
        except Unread as error:
            fault, unread = f"not understood: {error}", True
        except ERRORS as error:
            fault = f"{type(error).__name__}: {error}".splitlines()[0]
        name = "" if op is None else op.name
        self.found.append(Equation(kind, self.where, name, text, fault, unread))

    # What the parts of a formula are worth.

    def value(self, name: str) -> Value:
        """The value that a name stands for."""
        if name not in self.values:
            raise Unread(f"{name} is no value")
        return self.values[name]

    def label(self, text: str) -> tuple[Value, Value, int | None]:
        """The parts of `∂u/∂w₁`: u, w and which use of it, from 0."""
        found = re.fullmatch(rf"(?:seed·)?∂({self.name})/∂({self.name})([{SUBSCRIPTS}]?)", text)
        if found is None:
            raise Unread(text)
        use = SUBSCRIPTS.index(found[3]) if found[3] else None
        out, by = self.value(found[1]), self.value(found[2])
        if use is not None and out.id == self.graph.of:  # numbered over the whole graph
            maker = self.graph.producer(out)
            for op in self.elsewhere(out, by):
                use -= op.inputs.count(by.id) if maker is None or op.id < maker.id else 0
            if maker is not None and maker.inputs.count(by.id) == 1:
                use = None if use == 0 else use
        return out, by, use

    def elsewhere(self, out: Value, by: Value) -> list[Operation]:
        """The operations that send a gradient to a value, but for the one that made `out`."""
        return [
            op
            for op in self.graph.operations
            if out.id not in op.outputs
            and any(use.value == by.id and use.flowed for use in op.uses)
        ]

    def worth(self, place: str, op: Operation | None = None) -> torch.Tensor:
        """The tensor that a name, a derivative or a seed in a formula of `op` stands for."""
        if place == "the seed":
            assert self.graph.of is not None
            return known(self.reality.gradient(self.graph[self.graph.of]))
        if "∂" not in place:
            return self.reality.tensor(self.value(place))
        out, by, use = self.label(place)
        if place.startswith("seed·") or op is None or by.id in op.outputs:
            return known(self.reality.gradient(by))
        return self.local(out, by, use)

    def local(self, out: Value, by: Value, use: int | None) -> torch.Tensor:
        """A local derivative as it is shown: for elementwise operations in the result's shape."""
        rows = known(self.reality.local(out, by, use))
        made, given = self.reality.tensor(out), self.reality.tensor(by)
        if made.numel() == 1:
            return rows.reshape(given.shape)
        if given.numel() == 1:
            return rows.reshape(made.shape)
        if bool((((rows != 0) & ~rows.isnan()).sum(1) > 1).any()):
            raise ValueError("an element of the result depends on several of the input")
        if made.shape == given.shape:
            return rows.diagonal().reshape(made.shape)
        return rows.nansum(1).reshape(made.shape)

    def results(self, op: Operation, text: str, *, exactly: bool = False) -> Iterator[Any]:
        """What a formula is worth, in every sense that PyTorch gives its function's name.

        Args:
            op: The operation that it is about.
            text: The formula.
            exactly: Whether with twice the digits: `w²` may be 0 in float32 where `w` is not.
        """
        formula = Formula(text, list(self.values))
        bound = {mark: self.worth(place, op) for mark, place in formula.places.items()}
        if exactly:
            floats = (torch.float32, torch.float16, torch.bfloat16)
            bound = {
                mark: it.double() if isinstance(it, torch.Tensor) and it.dtype in floats else it
                for mark, it in bound.items()
            }
        return formula.results(bound, self.reality.calls[op.id].chance)

    # Checks: each says what is wrong, or nothing.

    def amount(self, text: str, exact: torch.Tensor | None) -> str:
        """Numbers, or the extremes and the mean of many."""
        real = known(exact)
        told = re.fullmatch(r"min (.*), mean (.*), max (.*)|all (.*)", text)
        if told is None:
            return "" if agrees(number_in(text), real) else f"it is {short(real)}"
        printed = told.groups()[:3] if told[4] is None else (told[4],) * 3
        three = (real.min(), real.double().mean(), real.max())
        right = all(agrees(number_in(p), r) for p, r in zip(printed, three, strict=True))
        return "" if right else f"it is {[number.item() for number in three]}"

    def applied(self, op: Operation, text: str, printed: Sequence[str] | None) -> str:
        """Whether `x × w` gives what is printed; without that, what really came out."""
        if "←" in text:
            return self._written(op, text)
        if self._is_silent(op):
            return self._changed(op, printed)
        first, made = None, [moment.numbers for moment in self.reality.calls[op.id].made]
        wanted = None if printed is None else [number_in(number) for number in printed]
        for result in self.results(op, text):
            if (
                alike(tensors_of(result) or [result], made)
                if wanted is None
                else all_agree(wanted, tensors_of(result) or [result])
            ):
                return ""
            first = result if first is None else first
        return f"it is {short(first)}"

    def _is_silent(self, op: Operation) -> bool:
        """Whether it is no call: something was written without one that could be seen."""
        return op.name == "changed in place" and op.id not in self.reality.calls

    def _changed(self, op: Operation, printed: Sequence[str] | None) -> str:
        """Whether a tensor that was written to in silence has the numbers that are printed."""
        made = [self.reality.tensor(self.graph[out]) for out in op.outputs]
        wanted = None if printed is None else [number_in(number) for number in printed]
        return "" if wanted is None or all_agree(wanted, made) else f"it is {short(made[0])}"

    def _written(self, op: Operation, text: str) -> str:
        """Whether `z[0] ← y` leaves what was there but for the part that is written."""
        part, new = split(text, " ← ")
        target, source = Formula(part, list(self.values)), Formula(new, list(self.values))
        bound = {mark: self.worth(name).clone() for mark, name in target.places.items()}
        if not isinstance(target.tree, ast.Subscript) or target.tree.value.id not in bound:  # type: ignore[attr-defined]
            raise Unread(text)
        index = eval(compile(ast.Expression(target.tree.slice), "index", "eval"), dict(bound))
        (written,) = source.results({m: self.worth(n) for m, n in source.places.items()}, None)
        whole = bound[target.tree.value.id]  # type: ignore[attr-defined]
        whole[index] = written
        made = self.reality.calls[op.id].made[0].numbers
        return "" if alike([whole], [made]) else f"it is {short(made)}"

    def figures(self, op: Operation, text: str, figures: str, printed: str) -> str:
        """Whether `3 × 2` has the numbers of `x × w` in their places, and gives what is printed."""
        if self._is_silent(op):
            return self._changed(op, [printed])
        formula = Formula(text, list(self.values))
        bound, real = {}, {}
        for mark, numbers in formula.figures(figures).items():
            real[mark] = self.worth(formula.places[mark], op)
            if not agrees(numbers, real[mark]):
                return f"{formula.places[mark]} is {short(real[mark])}, not {numbers}"
            kind, shape = real[mark].dtype, real[mark].shape
            bound[mark] = torch.tensor(numbers).to(kind).reshape(shape)
        chance, first = self.reality.calls[op.id].chance, None
        ours, exact = formula.results(bound, chance), formula.results(real, chance)
        for one, other in zip(ours, exact, strict=False):
            (one,), (other,) = tensors_of(one) or [one], tensors_of(other) or [other]
            if agrees(number_in(printed), one, moved_by(one, other)):
                return ""
            first = one if first is None else first
        return f"it is {short(first)}"

    def formula(self, op: Operation, text: str, printed: str) -> str:
        """Whether `1 − y²` is worth what is printed for a derivative."""
        got = list(self.results(op, text))
        if any(agrees(number_in(printed), worth) for worth in got):
            return ""
        exact = self.results(op, text, exactly=True)
        right = any(agrees(number_in(printed), worth) for worth in exact)
        return "" if right else f"it is {got[0]}"

    def gradient(self, label: str, text: str) -> str:
        """`∂a/∂w = 3`: of the value that is differentiated, over all paths."""
        _, by, use = self.label(label)
        return "a sum has no mark" if use else self.amount(text, self.reality.gradient(by))

    def derivative(self, label: str, text: str) -> str:
        """`∂u/∂w = 3`, of one operation alone, or how large it is."""
        size = re.fullmatch(r"(.*): (?:(\d+)×(\d+) Jacobian|(\d+) numbers|empty)", label)
        out, by, use = self.label(size[1] if size else label)
        if size and size[2]:
            real = tuple(known(self.reality.local(out, by, use)).shape)
            return "" if (int(size[2]), int(size[3])) == real else f"it is {real}"
        marked = (size[1] if size else label)[-1] in SUBSCRIPTS
        if out.id == self.graph.of and self.elsewhere(out, by) and not marked:
            return "it is the symbol of the whole gradient"
        exact = self.local(out, by, use)
        if size:
            count = int(size[4] or 0)
            return "" if count == exact.numel() else f"they are {exact.numel()}"
        number = text.removesuffix(" each")
        if number == text:
            return self.amount(text, exact)
        same = all(agrees(number_in(number), one) for one in exact.flatten())
        return "" if same else f"it is {short(exact)}"

    def shape(self, value: Value, text: str) -> str:
        """`[2, 3]`, of a value."""
        real = str(list(self.reality.tensor(value).shape))
        return "" if real == text else f"it is {real}"

    def proposition(self, text: str, answer: str = "True") -> str:
        """Whether `v > 0` is true, or that it is not."""
        if text.endswith(" = nan"):
            return "" if bool(self.worth(text.removesuffix(" = nan")).isnan()) else "it is a number"
        formula = Formula(text.replace(" = ", " == "), list(self.values))
        bound = {mark: self.worth(place) for mark, place in formula.places.items()}
        got = [str(bool(result)) for result in formula.results(bound, None)]
        return "" if answer in got else f"it is {got[0]}"


def known(tensor: torch.Tensor | None) -> torch.Tensor:
    """A derivative that must exist."""
    if tensor is None:
        raise ValueError("there is no such derivative")
    return tensor
