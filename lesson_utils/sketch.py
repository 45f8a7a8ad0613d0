"""Writing a graph as DOT: shapes, colours, labels and arcs.

Colours and fonts stand at the top. Elements keep their ids from picture to
picture, so that one layout can serve many frames: `value-3`, `operation-2`,
`forward-2-0` (into operation 2 from its input 0), `result-2-0` (out of it),
`backward-2-0` and `backward-2-0-tail` (the red arc for that input, on both sides
of its label `derivative-2-0`), `branch-0`. A value repeated in
another panel is `value-3-again-1` and so on.
"""

from __future__ import annotations

import html
import re
from typing import Any

import graphviz

from lesson_utils import words
from lesson_utils.chainrule import chain_rules
from lesson_utils.graph import ComputationGraph, Data, Operation, Summary, Value
from lesson_utils.notation import derivative, format_data, format_shape, use_mark

INK, FAINT, RED, DARK = "#1b1f24", "#6b7280", "#b3261e", "#2f3e4e"
FILLS = {  # Okabe-Ito hues, told apart in grey by shape and border as well
    "parameter": "#cfe8f7",
    "input": "#eeeeee",
    "constant": "#fdfdfa",
    "intermediate": "#fff6d6",
    "output": "#ffe3a3",
}
FONT = "Helvetica,Arial,sans-serif"
SIZE, SMALL, TINY = 15, 13, 12
COPIES = 6  # a leaf used more often is drawn anew at each use
PAD = "&#160;"  # a space that labels keep


class Sketch:
    """Writes a graph as DOT."""

    def __init__(
        self,
        graph: ComputationGraph,
        gradients: bool,
        saved: bool,
        direction: str,
        panel: int = 0,
    ) -> None:
        self.graph, self.saved, self.direction = graph, saved, direction
        self.gradients = gradients and graph.of is not None
        self.panel = panel or len(graph.operations) or 1
        uses = [i for op in graph.operations for i in op.inputs]
        self.busy = {
            v.id for v in graph.values if v.role != "constant" and uses.count(v.id) > COPIES
        }
        self.made = {out for op in graph.operations for out in op.outputs}
        self.again: dict[int, int] = {}

    def source(self) -> str:
        operations = self.graph.operations
        chunks = [operations[i : i + self.panel] for i in range(0, len(operations), self.panel)]
        sheets = [self._sheet(chunk, i) for i, chunk in enumerate(chunks or [()])]
        footer = self._footer()
        if footer and len(sheets) == 1:
            sheets[0].attr(label=footer, labelloc="b", labeljust="l", fontsize=str(SMALL))
        elif footer:
            last = self._blank("words")
            last.node("words", label=footer, shape="plain", fontsize=str(SMALL))
            sheets.append(last)
        return "".join(sheet.source for sheet in sheets)

    def _blank(self, name: str) -> graphviz.Digraph:
        sheet = graphviz.Digraph(name)
        sheet.attr(
            rankdir=self.direction, bgcolor="transparent", fontname=FONT, fontcolor=INK, pad="0.1",
            nodesep="0.3", ranksep="0.35", margin="0",
        )  # fmt: skip
        sheet.attr("node", fontname=FONT, fontsize=str(SIZE), fontcolor=INK, color=INK)
        sheet.attr("edge", fontname=FONT, fontsize=str(SMALL), color=INK, arrowsize="0.7")
        return sheet

    def _sheet(self, operations: tuple[Operation, ...], number: int) -> graphviz.Digraph:
        sheet = self._blank(f"graph{number}")
        here: dict[int, str] = {}
        if not self.graph.values:
            sheet.node("empty", label="nothing was computed", shape="plain", fontcolor=FAINT)
        for op in operations:
            sheet.node(f"o{op.id}", **self._operation(op))
            for i, source in enumerate(op.inputs):
                start = self._place(sheet, here, source)
                sheet.edge(start, f"o{op.id}", id=f"forward-{op.id}-{i}")
                self._arc(sheet, op, i, start)
            for i, out in enumerate(op.outputs):
                here[out] = f"v{out}"
                sheet.node(f"v{out}", id=f"value-{out}", **self._value(self.graph[out]))
                sheet.edge(f"o{op.id}", f"v{out}", id=f"result-{op.id}-{i}")
        for i, branch in enumerate(self.graph.branches):
            if (branch.condition in here and branch.condition in self.made) or not operations:
                self._branch(sheet, here, i)
        return sheet

    def _place(self, sheet: graphviz.Digraph, here: dict[int, str], source: int) -> str:
        """The node for an input: the one on this sheet, or a copy."""
        leaf = source not in self.made
        if source in here and not (leaf and source in self.busy):
            return here[source]
        count = self.again.get(source, 0)
        self.again[source] = count + 1
        first = leaf and count == 0
        name = f"v{source}" if first else f"v{source}_{count}"
        mark = f"value-{source}" if first else f"value-{source}-again-{count or 1}"
        here[source] = name
        sheet.node(name, id=mark, **self._value(self.graph[source], brief=not first))
        return name

    def _arc(self, sheet: graphviz.Digraph, op: Operation, i: int, start: str) -> None:
        local = op.local_derivatives[i]
        shape = op.jacobian_shapes[i] if i < len(op.jacobian_shapes) else None
        if not self.gradients or (local is None and shape is None):
            return
        out = next((o for o in op.outputs if self.graph[o].requires_grad), op.outputs[0])
        label = derivative(self.graph, self.graph[op.inputs[i]], self.graph[out])
        label += use_mark(op, i)
        if local is not None and not _long(local):
            label += f" = {format_data(local)}"
        elif local is not None:
            label += f": {format_shape(self.graph[op.inputs[i]].shape)} numbers"
        elif shape is not None:
            label += f": Jacobian {format_shape(shape)}"
        flows = op.has_contribution(i)
        colour = RED if flows else FAINT
        text = f'<FONT COLOR="{colour}" POINT-SIZE="{SMALL}">{PAD}{escape(label)}{PAD}</FONT>'
        style = {"color": colour, "penwidth": "1.8", "style": "solid" if flows else "dashed"}
        # The label is a node on the arc: the layout then keeps room for it, and no
        # line can run through it.
        middle = f"d{op.id}_{i}"
        sheet.node(middle, label=f"<{text}>", shape="plain", id=f"derivative-{op.id}-{i}")
        if self.direction == "TB":
            style["weight"] = "4"  # keeps long chains upright
        sheet.edge(start, middle, dir="back", id=f"backward-{op.id}-{i}", **style)
        sheet.edge(middle, f"v{out}", dir="none", id=f"backward-{op.id}-{i}-tail", **style)

    def _branch(self, sheet: graphviz.Digraph, here: dict[int, str], i: int) -> None:
        branch = self.graph.branches[i]
        start = self._place(sheet, here, branch.condition)
        text = f"if {words.condition(self.graph, branch.condition)}"
        label = f"<{escape(text)}<BR/><B>{branch.taken}</B>, line {branch.line}>"
        sheet.node(
            f"b{i}", id=f"branch-{i}", label=label, shape="diamond", style="filled",
            fillcolor="#e6dcf2", margin="0", fontsize=str(SMALL),
        )  # fmt: skip
        sheet.edge(start, f"b{i}", style="dashed")

    def _operation(self, op: Operation) -> dict[str, str]:
        rows = [f'<FONT COLOR="white">{_bold(words.symbol(op))}</FONT>']
        if self.saved:
            for each in op.saved:
                text = f"{each.name} {format_shape(each.shape)} {each.nbytes} bytes"
                kept = each.state == "kept"
                text = f"● keeps {escape(text)}" if kept else f"○ <S>{escape(text)}</S> freed"
                rows.append(_small(text, "white" if kept else "#d0d4da"))
            if not op.saved:
                rows.append(_small("keeps nothing", "#d0d4da"))
        return {
            "id": f"operation-{op.id}", "label": f"<{'<BR/>'.join(rows)}>", "shape": "box",
            "style": "rounded,filled", "fillcolor": DARK, "color": DARK,
            "margin": "0.09,0.04", "width": "0.35", "height": "0.3",
        }  # fmt: skip

    def _value(self, value: Value, *, brief: bool = False) -> dict[str, str]:
        rows = _amount(f"<B>{escape(value.name)}</B>", value.data, value.summary, value.shape)
        if value.role == "constant":
            rows = [escape(format_data(value.data))]
        elif self.gradients and not brief:
            if value.has_gradient and value.id != self.graph.of:
                name = escape(derivative(self.graph, value))
                shown = _amount(name, value.gradient, value.gradient_summary, value.shape)
                rows += [f'<FONT COLOR="{RED}">{row}</FONT>' for row in shown]
            elif value.role == "input":
                rows.append(_small("needs no gradient", FAINT))
        table = any("<TABLE" in row for row in rows)
        stacked = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
        label = (
            f'<TABLE BORDER="0" CELLSPACING="0">{stacked}</TABLE>' if table else "<BR/>".join(rows)
        )
        leaf = value.role in ("parameter", "input")
        style = {
            "label": f"<{label}>", "fillcolor": FILLS[value.role], "height": "0.3",
            "shape": "ellipse" if leaf and not table else "box",
            "margin": "0.02,0.02" if leaf or table else "0.1,0.06",
            "style": "filled,rounded" if leaf and table else "filled",
        }  # fmt: skip
        if value.role == "output":
            style |= {"peripheries": "2", "penwidth": "1.4"}
        if value.role == "constant":
            style |= {"shape": "plain"}
        if value.role == "input" or brief:
            style |= {"style": f"{style['style']},dashed", "color": FAINT}
        return style

    def _footer(self) -> str:
        lines = chain_rules(self.graph) if self.gradients else []
        lines += [self.graph.note] if self.graph.note else []
        folded = [part for line in lines for part in _fold(line)]
        return f"<{''.join(escape(each) + _LEFT for each in folded)}>" if folded else ""


_LEFT = '<BR ALIGN="LEFT"/>'


def _fold(line: str, most: int = 105) -> list[str]:
    """Break a formula before an equals or plus sign, where it is too long for the page."""
    parts = re.split(r" (?=[=+] )", line)
    rows = [parts[0]]
    for part in parts[1:]:
        if len(rows[-1]) + len(part) > most:
            rows.append("        " + part)
        else:
            rows[-1] += " " + part
    return rows


def _bold(text: str) -> str:
    """Bold text with room around it: the layout measures it as narrow as plain text."""
    room = PAD * (1 + len(text) // 12)
    return f"{room}<B>{escape(text)}</B>{room}"


def _small(text: str, colour: str) -> str:
    return f'<FONT COLOR="{colour}" POINT-SIZE="{TINY}">{PAD}{PAD}{text}{PAD}{PAD}</FONT>'


def _long(data: Data) -> bool:
    return len(format_data(data)) > 24


def _amount(name: str, data: Data, summary: Summary | None, shape: tuple[int, ...]) -> list[str]:
    """Label rows for a tensor: one line, or its name over an aligned table."""
    if not isinstance(data, tuple):
        text = escape(format_data(data, summary))
        if summary is None:
            return [f"{name} = {text}{PAD}"]
        return [f"{name} {format_shape(shape)}", *text.split(", ")]
    rows = [data] if not data or not isinstance(data[0], tuple) else _rows(data)
    cells = "".join(
        "<TR>" + "".join(f'<TD ALIGN="RIGHT">{format_data(x)}</TD>' for x in row) + "</TR>"
        for row in rows
        if row
    )
    title = f"{name} {format_shape(shape)}"
    if not cells:
        return [f"{title} (empty){PAD}"]
    table = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">{cells}</TABLE>'
    return [title, table]


def _rows(data: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if data and isinstance(data[0], tuple) and data[0] and isinstance(data[0][0], tuple):
        return [row for each in data for row in _rows(each)]
    return list(data)


def escape(text: str) -> str:
    """Text for HTML, XML and DOT's HTML-like labels; characters XML forbids become �."""
    return html.escape(re.sub("[^\\t\\n\\r -퟿-�𐀀-􏿿]", "�", text))
