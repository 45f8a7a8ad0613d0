"""What the film of a graph says, cut into equations."""

from __future__ import annotations

import re

from backwards import adds_up, does, flows, joined, sends, shares
from equations import Judge, split
from printed import kind_of, tell_amount, tell_answer, tell_derivative, tell_gradient, unread

from lesson_utils.graph import Operation, Value
from lesson_utils.words.steps import Frame


def film(judge: Judge, frame: Frame) -> None:
    """The sentence of one frame."""
    sentence = frame.sentence.removesuffix(".")
    graph, note = judge.graph, judge.graph.note
    if note and note in frame.sentence:
        return
    forward = [graph.operations[i] for i in frame.forward]
    backward = [graph.operations[i] for i in frame.backward]
    question = re.fullmatch(
        r"Python asks on line \d+: (.*)\? The answer is (True|False)(?:; autograd .*)?", sentence
    )
    if forward:
        _forward(judge, forward[0], sentence)
    elif backward:
        first, *later = sentence.split(". ")
        head, _, told = first.partition(": ")
        _head(judge, backward[0], head, backward=True)
        seen: dict[str, int] = {}
        clauses = split(told, "; ")
        for clause in clauses:
            alone = sum(other.split()[0] == clause.split()[0] for other in clauses) == 1
            _clause(judge, backward[0], clause, None if alone else seen)
        for part in later:
            judge.hear("sum over paths", backward[0], part, joined, judge, backward[0], part)
    elif question:
        tell_answer(judge, question[1], question[2])
    elif sentence.startswith("Given: "):
        for pair in _listed(judge, sentence.removeprefix("Given: ").split(". ")[0]):
            tell_amount(judge, None, *pair)
    elif sentence.startswith("The backward pass "):
        _ends(judge, sentence)
    elif not sentence.startswith("No backward pass"):
        judge.hear("line", None, sentence, unread, sentence)


def _ends(judge: Judge, sentence: str) -> None:
    """Where the backward pass starts, and what it has found."""
    seed = re.fullmatch(rf"The backward pass starts at ({judge.name}) .*?: (.*)", sentence)
    if seed:
        if "of shape" not in seed[2]:
            real = judge.reality.gradient(judge.value(seed[1]))
            judge.hear("gradient", None, sentence, judge.amount, seed[2], real)
        return
    for equation in split(sentence.partition(": ")[2].replace(" and ", ", "), ", "):
        label, _, number = equation.partition(" = ")
        if number:
            tell_gradient(judge, label, number)


def _listed(judge: Judge, text: str) -> list[tuple[Value, str]]:
    """The amounts in `x = 3, w = [1, 2] and W of shape [3, 2]`, where they are listed."""
    parts = re.split(rf"(?:^|, | and )({judge.name})(?= = | of shape )", text)[1:]
    return [
        (judge.value(name), told.removeprefix(" = "))
        for name, told in zip(parts[::2], parts[1::2], strict=True)
        if told.startswith(" = ")
    ]


def _head(judge: Judge, op: Operation, head: str, *, backward: bool = False) -> None:
    """`+ in place adds`: what the verb says."""
    found = re.fullmatch(r"(\[ \](?: ←)?|\S+)(?: in place)?(?: (.*))?", head)
    verb = head if found is None else found[2]
    if verb:
        judge.hear("verb", op, head, does, judge, op, verb, backward)


def _forward(judge: Judge, op: Operation, sentence: str) -> None:
    head, _, told = sentence.partition(": ")
    drawn = re.fullmatch(rf"\S+ draws: ({judge.name}) is (.*)", sentence)
    if drawn:
        if "of shape" not in drawn[2]:
            real = judge.reality.tensor(judge.value(drawn[1]))
            judge.hear("draw", op, sentence, judge.amount, drawn[2], real)
        return
    call = judge.reality.calls.get(op.id)
    if call is not None and call.random and re.search(r"= .*\(", told):
        judge.hear("draw", op, sentence, lambda: "chance is told as an equation")
        return
    touched = re.fullmatch(rf"(.* (?:picks from|writes into)) ({judge.name})", head)
    _head(judge, op, touched[1] if touched else head)
    asks = re.fullmatch(r"(.*)\? (?:That is (.*):|The answer is) (.*)", told)
    if asks:
        _equation(judge, op, asks[1], asks[2], asks[3])
    elif told.startswith("it gives ") or touched:
        for pair in _listed(judge, told.removeprefix("it gives ")):
            tell_amount(judge, op, *pair)
    elif told:
        equals, _, shape = told.partition(", of shape ")
        name, formula, *more = split(equals, " = ")
        if shape:
            formula = " = ".join([formula, *more])  # `y = a = b` asks whether two are equal
            judge.hear("shape", op, told, judge.shape, judge.value(name), shape)
            judge.hear(kind_of(formula), op, told, judge.applied, op, formula, None)
        else:
            _equation(judge, op, formula, more[0] if len(more) > 1 else None, more[-1])
            tell_amount(judge, op, judge.value(name), more[-1])


def _equation(judge: Judge, op: Operation, formula: str, figures: str | None, printed: str) -> None:
    text = f"{formula} = {printed}"
    judge.hear(kind_of(formula), op, text, judge.applied, op, formula, [printed])
    if figures is not None:
        text = f"{formula} = {figures} = {printed}"
        judge.hear("figures", op, text, judge.figures, op, formula, figures, printed)


def _clause(judge: Judge, op: Operation, clause: str, seen: dict[str, int] | None) -> None:
    """One input's part of a step backwards: `∂u/∂w = x = 3, so w receives 1 · 3 = 3`.

    `seen` counts the parts of each value; None for one that has all of its uses in one part.
    """
    name = judge.name
    scalar = re.fullmatch(rf"(∂\S+) = (.*), so ({name}) receives (.*) = (\S+)", clause)
    share = re.fullmatch(
        rf"each of the (\d+) elements of ({name}) receives (.*?)( / \d+)? = (.*)", clause
    )
    many = re.fullmatch(
        rf"({name}) is used many times, and receives the sum over all its uses: (.*)", clause
    )
    plain = re.fullmatch(rf"({name}) receives (?:(.*): )?(.*)", clause)
    if scalar:
        _local(judge, op, scalar[1], scalar[2])
        _, by, use = judge.label(scalar[1])
        real = judge.reality.contribution(op, by, use)
        told = clause.split(", so ")[1]
        judge.hear("flow", op, told, adds_up, judge, scalar[4], scalar[5], real)
    elif share:
        judge.hear("flow", op, clause, shares, judge, op, *share.groups())
    elif many or plain:
        found = many or plain
        by = judge.value(found[1])  # type: ignore[index]  # one of them matched
        use = None
        if seen is not None:
            use = seen[by.name] = seen.get(by.name, -1) + 1
        if many:
            judge.hear("flow", op, clause, sends, judge, op, by, use, many[2])
        elif plain:
            judge.hear("flow", op, clause, flows, judge, op, by, use, plain[2], plain[3])
    else:
        judge.hear("flow", op, clause, unread, clause)


def _local(judge: Judge, op: Operation, label: str, told: str) -> None:
    """`∂u/∂w = x = 3`, or with a reason: `∂a/∂v = 1 since v > 0`."""
    reason = re.fullmatch(r"(.*?)(?: since (.*)| \(PyTorch's choice at (.*)\))", told)
    if reason:
        told, why = reason[1], reason[2] or reason[3]
        judge.hear("reason", op, f"{label} = {told} since {why}", judge.proposition, why)
    *formulas, number = split(told, " = ")
    tell_derivative(judge, op, label, number)
    for formula in formulas:
        judge.hear(
            "formula", op, f"{label} = {formula} = {number}", judge.formula, op, formula, number
        )
