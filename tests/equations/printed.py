"""What the words and the picture of a graph print, cut into equations."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from backwards import chain_rule
from badges import badge
from equations import Judge, known, split
from figures import Unread, agrees_flat, short
from formulas import number_in

from lesson_utils import draw
from lesson_utils.graph import Operation, Value
from lesson_utils.words.description import describe
from lesson_utils.words.look import Look

SAID = re.compile(
    r"Computation graph of|Chain rule:|Gradients of|An empty graph|Drawn as heat maps"
)
SHAPE = re.compile(r", shape \[[\d, ]*\]$")


def unread(text: str) -> str:
    """The check of a text that nothing is known of."""
    raise Unread(text)


def kind_of(text: str) -> str:
    """Of an applied operation, the kind of equation that it is."""
    if re.match(r"^[^\s(\[]+\(", text):
        return "call"
    return "part" if re.search(r"\[.*\]$|←", text) else "infix"


def words(judge: Judge) -> None:
    """The lines of `describe`."""
    graph, operations, op = judge.graph, iter(judge.graph.operations), None
    rules = False
    for line in describe(graph, Look(jacobians=True)).splitlines():
        rules = rules or line == "Chain rule:"
        leaf = re.fullmatch(rf"(?:input|parameter) ({judge.name}) = (.*) \((.*)\)", line)
        question = re.fullmatch(r"Python asked whether (.*): (True|False) \(line \d+\)", line)
        if line in graph.note.split("\n") or SAID.match(line):
            continue
        if leaf:
            tell_amount(judge, None, judge.value(leaf[1]), leaf[2])
        elif question:
            tell_answer(judge, question[1], question[2])
        elif line.startswith("    "):
            _jacobian(judge, op, line.strip())
        elif rules:
            judge.hear("chain rule", None, line.strip(), chain_rule, judge, line.strip())
        elif line.startswith("  "):
            label, _, number = line.strip().partition(" = ")
            tell_gradient(judge, label, number)
        elif len(split(line, " gives ")) == 2:
            op = next(operations)
            _operation(judge, op, line)
        else:
            judge.hear("line", op, line, unread, line)


def _operation(judge: Judge, op: Operation, line: str) -> None:
    line = re.sub(r" \(not asked: .*\)$", "", line)
    applied, rest = split(line, " gives ")
    gives, _, derivatives = rest.partition("; ")
    outs = re.split(rf"(?:^|, )({judge.name}) = ", gives)[1:]
    amounts = [SHAPE.sub("", amount) for amount in outs[1::2]]
    for name, told in zip(outs[::2], amounts, strict=True):
        tell_amount(judge, op, judge.value(name), told)
    listed = not any(re.match(r"min |all |\?$", amount) for amount in amounts)
    text = f"{applied} = {', '.join(amounts)}"
    check = judge.applied
    judge.hear(kind_of(applied), op, text, check, op, applied, amounts if listed else None)
    for derivative in split(derivatives.partition(": ")[2], ", "):
        if derivative:
            label, _, number = derivative.partition(" = ")
            tell_derivative(judge, op, label, number)


def tell_amount(judge: Judge, op: Operation | None, value: Value, text: str) -> None:
    """`u = [1, 2]`, with its shape or without."""
    text = SHAPE.sub("", text)
    if text != "?":
        real = judge.reality.tensor(value)
        judge.hear("value", op, f"{value.name} = {text}", judge.amount, text, real)


def tell_answer(judge: Judge, question: str, answer: str) -> None:
    """What Python's `if` asked."""
    judge.hear("question", None, f"{question}? {answer}", judge.proposition, question, answer)


def tell_gradient(judge: Judge, label: str, number: str) -> None:
    """`∂a/∂w = 3`, over all paths."""
    if number != "?":
        judge.hear("gradient", None, f"{label} = {number}", judge.gradient, label, number)


def tell_derivative(judge: Judge, op: Operation, label: str, number: str) -> None:
    """`∂u/∂w = 3`, of one operation alone, or `∂u/∂w: 3×2 Jacobian`."""
    text = f"{label} = {number}" if number else label
    judge.hear("derivative", op, text, judge.derivative, label, number)


def _jacobian(judge: Judge, op: Operation | None, line: str) -> None:
    plain = re.fullmatch(r"Jacobian (∂\S+) = (.*)", line)
    product = re.fullmatch(
        r"vector–Jacobian product: \S+ · (∂\S+) = (.*) · (\[\[?.*\]?\]) = (.*), (.*) as a row", line
    )
    if plain:
        judge.hear("Jacobian", op, line, _rows, judge, plain[1], plain[2])
    elif product is None or op is None:
        judge.hear("Jacobian", op, line, unread, line)
    else:
        judge.hear("Jacobian", op, line, _product, judge, op, *product.groups())


def _rows(judge: Judge, label: str, printed: str) -> str:
    real = known(judge.reality.local(*judge.label(label)))
    return "" if agrees_flat(number_in(printed), real) else f"it is {short(real)}"


def _product(
    judge: Judge, op: Operation, label: str, vector: str, rows: str, sent: str, name: str
) -> str:
    """Whether a vector–Jacobian product is written with the right numbers."""
    out, by, use = judge.label(label)
    part = name.startswith("part of")
    flowed = judge.reality.contribution(op, by, use) if part else judge.reality.gradient(by)
    real = (judge.reality.gradient(out), judge.reality.local(out, by, use), flowed)
    for printed, tensor in zip((vector, rows, sent), real, strict=True):
        if not agrees_flat(number_in(printed), known(tensor)):
            return f"{printed} is {short(tensor)}"
    return ""


def picture(judge: Judge) -> None:
    """The badges of operations, the labels of roads, and what stands in boxes on one line."""
    for group, text in texts(draw(judge.graph).svg):
        what, _, rest = group.partition("-")
        label, _, number = text.partition(" = ")
        if what in ("operation", "backward"):
            op = judge.graph.operations[int(rest.split("-")[0])]
            if what == "operation":
                judge.hear("badge", op, text, badge, judge, op, text)
            elif number or re.search(": (?!not asked)", text):  # else the sign stands alone
                tell_derivative(judge, op, label, number)
        elif what == "value" and number and "∂" in label:
            tell_gradient(judge, label, number)
        elif what == "value" and number and label != "seed":
            tell_amount(judge, None, judge.value(label), number)


def texts(svg: str) -> list[tuple[str, str]]:
    """All texts of a picture, with the name of the group that each is in."""
    found: list[tuple[str, str]] = []

    def walk(element: ElementTree.Element, group: str) -> None:
        group = element.get("id", group)
        if element.tag.endswith("text"):
            found.append((group, "".join(element.itertext()).replace("\u2007", "")))
        else:
            for child in element:
                walk(child, group)

    walk(ElementTree.fromstring(svg), "")
    return found
