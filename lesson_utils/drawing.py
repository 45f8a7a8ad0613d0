"""The picture of a computation graph: graph → DOT → SVG.

Colours and fonts stand at the top. Elements of the SVG keep their ids from
picture to picture, so that one layout can serve many frames: `value-3`,
`operation-2`, `forward-2-0` (into operation 2 from its input 0), `result-2-0`
(out of it), `backward-2-0` (the red arc for that input), `branch-0`. In a
graph drawn in panels a repeated value is `value-3-again-1` and so on.
"""

from __future__ import annotations

import base64
import html
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import graphviz

from lesson_utils import words
from lesson_utils.graph import ComputationGraph, Data, Operation, Summary, Value
from lesson_utils.layout import INSTALL, NoLayoutProgram, compose, lay_out, size_of

PAPER, INK, FAINT, RED = "#fdfdfa", "#1b1f24", "#6b7280", "#b3261e"
FILLS = {  # Okabe-Ito hues, told apart in grey by shape and border as well
    "parameter": "#cfe8f7", "input": "#eeeeee", "constant": "#fdfdfa",
    "intermediate": "#fff6d6", "output": "#ffe3a3",
}  # fmt: skip
FONT = "Helvetica,Arial,sans-serif"
SIZE, SMALL = 15, 13
WIDTH = 860.0  # what a 900 px wide notebook leaves for its outputs
PANEL = 15  # operations in a panel of a graph too large for one picture
COPIES = 6  # a leaf used more often is drawn anew at each use


class Drawing:
    """A drawn graph. Shows itself in a notebook; the words stand beside it.

    Attributes:
        graph: The graph that is drawn.
        text: The graph in words.
    """

    def __init__(
        self, graph: ComputationGraph, *, gradients: bool, saved: bool, scale: float
    ) -> None:
        self.graph = graph
        self.text = words.describe(graph, gradients=gradients, saved=saved)
        self._gradients = gradients
        self._saved = saved
        self._scale = scale

    @cached_property
    def _laid_out(self) -> tuple[str, str]:
        count = len(self.graph.operations)
        choices = ["LR", "TB"] if count <= 12 else ["TB"] if count <= 2 * PANEL else []
        for direction in choices:
            source = _Sketch(self.graph, self._gradients, self._saved, direction).source()
            pieces = lay_out(source)
            wide, high = size_of(pieces[0])
            if wide <= WIDTH and (high <= 1600 or direction == "LR"):
                return source, self._compose(pieces)
        sketch = _Sketch(self.graph, self._gradients, self._saved, "TB", PANEL)
        source = sketch.source()
        return source, self._compose(lay_out(source))

    def _compose(self, pieces: list[str]) -> str:
        label = _escape(self.text)
        return compose(pieces, label, scale=self._scale, width=WIDTH, paper=PAPER)

    @property
    def source(self) -> str:
        """The DOT text; several digraphs where the picture is in panels."""
        return self._laid_out[0]

    @property
    def svg(self) -> str:
        """The picture as SVG, the same bytes on every run.

        Raises:
            NoLayoutProgram: No layout program is installed.
        """
        return self._laid_out[1]

    def save(self, path: str | Path) -> None:
        """Write the picture to an `.svg` file, or the DOT text to a `.dot` or `.gv` file.

        Raises:
            ValueError: Another suffix.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".dot", ".gv"):
            raise ValueError(f"cannot save {path.name!r}: name it .svg (picture) or .dot (source)")
        path.write_text(self.svg if path.suffix == ".svg" else self.source, encoding="utf-8")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            data = base64.b64encode(self.svg.encode()).decode()
        except NoLayoutProgram:
            words_only = f"<pre>{_escape(self.text)}</pre><p>{INSTALL}</p>"
            return {"text/html": words_only, "text/plain": f"{self.text}\n{INSTALL}"}
        picture = (
            '<div style="overflow-x: auto"><img style="max-width: none" '
            f'src="data:image/svg+xml;base64,{data}" alt="{_escape(self.text)}"></div>'
        )
        return {"text/html": picture, "text/plain": self.text}


def draw(
    t_or_graph: Any, *, gradients: bool = True, saved: bool = False, scale: float = 1.0
) -> Drawing:
    """Draw a traced block, or a graph taken from it.

    Args:
        t_or_graph: A `trace()` or a `ComputationGraph`.
        gradients: Whether to show gradients, local derivatives and chain rule.
        saved: Whether to show what each operation keeps for the backward pass.
        scale: Size on screen; 1.5 suits most projectors.

    Raises:
        TypeError: `t_or_graph` is neither.
        ValueError: `scale` is not a positive number.
    """
    if not 0 < scale < 100:
        raise ValueError(f"scale must be a positive number such as 1.5, not {scale!r}")
    if isinstance(t_or_graph, ComputationGraph):
        graph = t_or_graph
    elif hasattr(t_or_graph, "snapshot") and hasattr(t_or_graph, "graph"):
        graph = t_or_graph.snapshot()
    else:
        raise TypeError(
            f"draw() takes a trace or its graph, not {type(t_or_graph).__name__}: "
            "write `with trace() as t: ...` and then draw(t)"
        )
    return Drawing(graph, gradients=gradients, saved=saved, scale=scale)


class _Sketch:
    """Writes a graph as DOT."""

    def __init__(
        self, graph: ComputationGraph, gradients: bool, saved: bool, direction: str, panel: int = 0
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
            if branch.condition in here and branch.condition in self.made or not operations:
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
        label = words.derivative(self.graph, self.graph[op.inputs[i]], self.graph[out])
        repeated = op.inputs.count(op.inputs[i])
        if repeated > 1:
            label += "₁₂₃₄₅₆₇₈₉"[min(op.inputs[:i].count(op.inputs[i]), 8)]
        if local is not None and not _long(local):
            label += f" = {words.format_data(local)}"
        elif shape is not None:
            label += f": Jacobian {words.format_shape(shape)}" if local is None else " elementwise"
        flows = i < len(op.contributions) and (
            op.contributions[i] is not None or op.contribution_summaries[i] is not None
        )
        sheet.edge(
            start, f"v{out}", label=f"< {_escape(label)} >", weight="4", dir="back", id=f"backward-{op.id}-{i}",
            color=RED if flows else FAINT, fontcolor=RED if flows else FAINT,
            penwidth="1.8", style="solid" if flows else "dashed",
        )  # fmt: skip

    def _branch(self, sheet: graphviz.Digraph, here: dict[int, str], i: int) -> None:
        branch = self.graph.branches[i]
        start = self._place(sheet, here, branch.condition)
        text = f"if {words.condition(self.graph, branch.condition)}"
        label = f"<{_escape(text)}<BR/><B>{branch.taken}</B>, line {branch.line}>"
        sheet.node(
            f"b{i}", id=f"branch-{i}", label=label, shape="diamond", style="filled",
            fillcolor="#e6dcf2", margin="0", fontsize=str(SMALL),
        )  # fmt: skip
        sheet.edge(start, f"b{i}", style="dashed")

    def _operation(self, op: Operation) -> dict[str, str]:
        rows = [f'<FONT COLOR="white"><B>{_escape(words.symbol(op))}</B></FONT>']
        if self.saved:
            for each in op.saved:
                text = f"{each.name} {words.format_shape(each.shape)} {each.nbytes} bytes"
                kept = each.state == "kept"
                text = f"● keeps {_escape(text)}" if kept else f"○ <S>{_escape(text)}</S> freed"
                rows.append(
                    f'<FONT COLOR="{"white" if kept else "#d0d4da"}" POINT-SIZE="12">{text}</FONT>'
                )
            if not op.saved:
                rows.append('<FONT COLOR="#d0d4da" POINT-SIZE="12">keeps nothing</FONT>')
        return {
            "id": f"operation-{op.id}", "label": f"<{'<BR/>'.join(rows)}>", "shape": "box",
            "style": "rounded,filled", "fillcolor": "#2f3e4e", "color": "#2f3e4e",
            "margin": "0.09,0.04", "width": "0.35", "height": "0.3",
        }  # fmt: skip

    def _value(self, value: Value, *, brief: bool = False) -> dict[str, str]:
        rows = [f"<B>{_escape(value.name)}</B> = {_cells(value.data, value.summary, value.shape)}"]
        if value.role == "constant":
            rows = [_escape(words.format_data(value.data))]
        elif self.gradients and not brief:
            if value.has_gradient and value.id != self.graph.of:
                amount = _cells(value.gradient, value.gradient_summary, value.shape)
                name = _escape(words.derivative(self.graph, value))
                rows.append(f'<FONT COLOR="{RED}">{name} = {amount}</FONT>')
            elif value.role == "input":
                rows.append(f'<FONT COLOR="{FAINT}" POINT-SIZE="12">needs no gradient</FONT>')
        style = {"label": f"<{'<BR/>'.join(rows)}>", "style": "filled", "margin": "0.1,0.06",
                 "fillcolor": FILLS[value.role], "shape": "box", "height": "0.3"}  # fmt: skip
        if value.role in ("parameter", "input"):
            style["shape"] = "ellipse"
            style["margin"] = "0.02,0.02"
        if value.role == "output":
            style |= {"peripheries": "2", "penwidth": "1.4"}
        if value.role == "constant":
            style |= {"shape": "plain"}
        if value.role == "input" or brief:
            style |= {"style": "filled,dashed", "color": FAINT}
        if any(tag in style["label"] for tag in ("<TABLE",)):
            style |= {"label": _table(rows)}
        return style

    def _footer(self) -> str:
        lines = words.chain_rules(self.graph) if self.gradients else []
        lines += [self.graph.note] if self.graph.note else []
        folded = [part for line in lines for part in _fold(line)]
        return f"<{''.join(_escape(each) + _LEFT for each in folded)}>" if folded else ""


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


def _long(data: Data) -> bool:
    return len(words.format_data(data)) > 24


def _cells(data: Data, summary: Summary | None, shape: tuple[int, ...]) -> str:
    """Numbers inside a label: in line for one or few, else an aligned table."""
    if not isinstance(data, tuple):
        text = _escape(words.format_data(data, summary))
        return text if data is not None else f"{_escape(words.format_shape(shape))} {text}"
    rows = [data] if not data or not isinstance(data[0], tuple) else _rows(data)
    cells = "".join(
        "<TR>" + "".join(f'<TD ALIGN="RIGHT">{words.format_data(x)}</TD>' for x in row) + "</TR>"
        for row in rows
    )
    if not cells.count("<TD"):
        return f"empty {_escape(words.format_shape(shape))}"
    return f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{cells}</TABLE>'


def _rows(data: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if data and isinstance(data[0], tuple) and data[0] and isinstance(data[0][0], tuple):
        return [row for each in data for row in _rows(each)]
    return list(data)


def _table(rows: list[str]) -> str:
    """Label rows that hold tables must themselves stand in a table."""
    out = []
    for row in rows:
        before, table, after = row.partition("<TABLE")
        font, name = re.match(r"(<FONT[^>]*>)?(.*)", before, flags=re.S).groups()  # type: ignore[union-attr]  # always matches
        close = "</FONT>" if font else ""
        if not table:
            out.append(f'<TR><TD COLSPAN="2">{row}</TD></TR>')
            continue
        inner = (table + after).removesuffix("</FONT>")
        out.append(
            f"<TR><TD>{font or ''}{name}{close}</TD><TD>{font or ''}{inner}{close}</TD></TR>"
        )
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0">{"".join(out)}</TABLE>>'


def _escape(text: str) -> str:
    """Text for HTML, XML and DOT's HTML-like labels; characters XML forbids become �."""
    return html.escape(re.sub("[^\\t\\n\\r -퟿-�𐀀-􏿿]", "�", text))
