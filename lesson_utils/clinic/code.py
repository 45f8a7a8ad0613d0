"""The student's lines, read and rewritten: what a repair proposes is theirs, changed a little."""

from __future__ import annotations

import ast
from collections.abc import Callable

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "floor_divide": "//",
    "remainder": "%", "matmul": "@",
}  # fmt: skip


def where(line: int | None, source: str | None, here: str | None, before: str = "") -> str:
    """`on line 3`, or `on line 3 of In[2]` for another cell or file; empty where it is unknown.

    Args:
        line: The line.
        source: Its file or cell.
        here: The file or cell that the reader looks at.
        before: What stands before it, if it is known.
    """
    if line is None:
        return ""
    if source is None or source == here:
        return f"{before}on line {line}"
    return f"{before}on line {line} of `{source.rpartition('/')[2]}`"


def parsed(text: str) -> ast.stmt | None:
    """The statement on a line, if it is a whole one."""
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError):
        return None
    return body[0] if len(body) == 1 else None


def target(text: str) -> str:
    """The name that a line assigns to; empty where it assigns to none, or to several."""
    statement = parsed(text)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        found: ast.expr = statement.targets[0]
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        found = statement.target
    else:
        return ""
    return found.id if isinstance(found, ast.Name) else ""


def assigned_in_loop(text: str, line: int) -> set[str] | None:
    """The names that the innermost loop around a line assigns; None where there is no loop.

    Args:
        text: The whole cell or file.
        line: In it, from 1.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a cell with magics, say
        return None
    loops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.For, ast.While)) and node.lineno < line <= (node.end_lineno or 0)
    ]
    if not loops:
        return None
    inner = max(loops, key=lambda node: node.lineno)
    return {
        node.id
        for node in ast.walk(inner)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def names_in(text: str) -> list[str]:
    """The variables that a line reads or writes, in their order."""
    statement = parsed(text)
    if statement is None:
        return []
    found = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
    found.sort(key=lambda node: node.col_offset)
    return list(dict.fromkeys(node.id for node in found))


def out_of_place(text: str) -> str:
    """The line with a new tensor instead of a write: `x += 1` is `x = x + 1`.

    Returns:
        The new line; empty for a write that has no such form.
    """
    statement = parsed(text)
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        value = ast.BinOp(ast.Name(statement.target.id), statement.op, statement.value)
        return ast.unparse(ast.Assign([statement.target], value, lineno=1))
    call = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if not isinstance(call, ast.Call):
        return ""
    result = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if isinstance(call.func, ast.Attribute) and call.func.attr.endswith("_"):
        owner = call.func.value
        own = call.func.attr.rstrip("_")
        if result is None and not isinstance(owner, ast.Name):
            return ""
        if own in _SIGNS and len(call.args) == 1 and not call.keywords:
            return f"{ast.unparse(result or owner)} = {ast.unparse(owner)} {_SIGNS[own]} " + (
                _bracketed(call.args[0])
            )
        inner = ast.Call(ast.Attribute(owner, own), call.args, call.keywords)
        return f"{ast.unparse(result or owner)} = {ast.unparse(inner)}"
    kept = [word for word in call.keywords if word.arg != "inplace"]
    if len(kept) < len(call.keywords) and call.args:
        changed = ast.Call(call.func, call.args, kept)
        return f"{ast.unparse(result or call.args[0])} = {ast.unparse(changed)}"
    return ""


def _bracketed(node: ast.expr) -> str:
    text = ast.unparse(node)
    return f"({text})" if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.IfExp)) else text


def without_calls(text: str, names: tuple[str, ...]) -> str:
    """The line without certain calls: `h.detach()` is `h`; empty where there is none of them."""

    class Without(ast.NodeTransformer):
        found = False

        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            plain = isinstance(node.func, ast.Attribute) and node.func.attr in names
            if plain and not node.args and not node.keywords:
                self.found = True
                inner: ast.expr = node.func.value  # type: ignore[attr-defined]  # asked above
                return inner
            return node

    return _changed(text, Without())


def with_points(text: str) -> str:
    """The line with the whole numbers of `torch.tensor(...)` written with a point; or empty."""

    def change(call: ast.Call) -> ast.expr:
        first, *others = call.args or [ast.Constant(None)]
        for node in ast.walk(first):
            if isinstance(node, ast.Constant) and type(node.value) is int:
                node.value = float(node.value)
        return ast.Call(call.func, [first, *others], call.keywords)

    return with_call(text, "tensor", change)


def without_element(text: str, name: str, unused: str) -> str:
    """The line with one name left out of a list that a call is given; empty where it is in none."""

    def change(call: ast.Call) -> ast.expr:
        for node in ast.walk(call):
            if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) > 1:
                node.elts = [
                    it for it in node.elts if not (isinstance(it, ast.Name) and it.id == unused)
                ]
        return call

    new = with_call(text, name, change)
    return "" if new == with_call(text, name, lambda call: call) else new


def with_keyword(text: str, name: str, keyword: str) -> str:
    """The line with a keyword set to True in calls of one name; empty where there is none."""

    def change(call: ast.Call) -> ast.expr:
        kept = [word for word in call.keywords if word.arg != keyword]
        return ast.Call(call.func, call.args, [*kept, ast.keyword(keyword, ast.Constant(True))])

    return with_call(text, name, change)


def with_call(text: str, name: str, change: Callable[[ast.Call], ast.expr]) -> str:
    """The line with calls of one name changed; empty where there is none."""

    class With(ast.NodeTransformer):
        found = False

        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            own = node.func.attr if isinstance(node.func, ast.Attribute) else None
            own = node.func.id if isinstance(node.func, ast.Name) else own
            if own != name:
                return node
            self.found = True
            return change(node)

    return _changed(text, With())


def _changed(text: str, visitor: ast.NodeTransformer) -> str:
    statement = parsed(text)
    if statement is None:
        return ""
    new = visitor.visit(statement)
    return ast.unparse(ast.fix_missing_locations(new)) if visitor.found else ""  # type: ignore[attr-defined]  # both have it
