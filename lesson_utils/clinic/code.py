"""The student's lines, read and rewritten: what a repair proposes is theirs, changed a little."""

from __future__ import annotations

import ast

import torch

_OTHERWISE = ("resize", "set", "requires_grad", "retain_grad")  # not the same without the `_`
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
    """The name that a line gives a single value; empty where it gives none, or several."""
    statement = parsed(text)
    lists = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.GeneratorExp)
    if isinstance(getattr(statement, "value", None), lists):
        return ""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        found: ast.expr = statement.targets[0]
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        found = statement.target
    else:
        return ""
    return found.id if isinstance(found, ast.Name) else ""


def given_in(text: str) -> str:
    """What stands on the right, of a line that gives names a value; any other line as it is."""
    statement = parsed(text)
    if isinstance(statement, ast.Assign) and all(
        isinstance(it, ast.Name) for it in statement.targets
    ):
        return ast.unparse(statement.value)
    return text


def expressions(text: str) -> list[str]:
    """What a statement names, in its order: `w`, `self.w`, `model[0].weight`; the longest first."""
    statement = parsed(text)
    if statement is None:
        return []
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    found = [node for node in ast.walk(statement) if isinstance(node, kinds)]
    found.sort(key=lambda node: (node.lineno, node.col_offset, -(node.end_col_offset or 0)))
    return list(dict.fromkeys(ast.unparse(node) for node in found))


def arguments(text: str, name: str) -> list[str]:
    """What calls of one name are given, and what a method is called on, as it is written."""
    statement = parsed(text)
    calls = () if statement is None else ast.walk(statement)
    found: list[ast.expr] = []
    for call in calls:
        if isinstance(call, ast.Call) and called(call) == name:
            found += [call.func.value] if isinstance(call.func, ast.Attribute) else []
            for given in (*call.args, *(word.value for word in call.keywords)):
                found += given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
    return [ast.unparse(node) for node in found]


def called(call: ast.Call) -> str:
    """The last name of what is called: `grad` of `torch.autograd.grad(...)`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def out_of_place(text: str) -> str:
    """The line with a new tensor instead of a write: `x += 1` is `x = x + 1`.

    Returns:
        The new line; empty for a write that has no such form.
    """
    statement = parsed(text)
    if isinstance(statement, ast.AugAssign) and not isinstance(statement.target, ast.Subscript):
        value = ast.BinOp(statement.target, statement.op, statement.value)
        return ast.unparse(ast.Assign([statement.target], value, lineno=1))
    call = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if not isinstance(call, ast.Call):
        return ""
    result = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if isinstance(call.func, ast.Attribute) and call.func.attr.endswith("_"):
        owner = call.func.value
        own = call.func.attr.rstrip("_")
        if not hasattr(torch.Tensor, own) or own in _OTHERWISE:  # `x.zero_()`
            return ""
        if call.args and ast.unparse(owner) in ("torch", "F", "nn.functional"):
            inner = ast.Call(ast.Attribute(owner, own), call.args, call.keywords)
            return f"{ast.unparse(result or call.args[0])} = {ast.unparse(inner)}"
        if result is None and isinstance(owner, ast.Call):
            return _chain(call)
        if result is None and not isinstance(owner, (ast.Name, ast.Attribute)):
            return ""
        if own in _SIGNS and len(call.args) == 1 and not call.keywords:
            return f"{ast.unparse(result or owner)} = {ast.unparse(owner)} {_SIGNS[own]} " + (
                bracketed(call.args[0])
            )
        inner = ast.Call(ast.Attribute(owner, own), call.args, call.keywords)
        return f"{ast.unparse(result or owner)} = {ast.unparse(inner)}"
    kept = [word for word in call.keywords if word.arg != "inplace"]
    if len(kept) < len(call.keywords) and call.args:
        changed = ast.Call(call.func, call.args, kept)
        return f"{ast.unparse(result or call.args[0])} = {ast.unparse(changed)}"
    return ""


def _chain(call: ast.Call) -> str:
    """`m.mul_(2).add_(1)` is `m = m.mul(2).add(1)`; empty if one of the calls does not write."""
    calls, owner = list[ast.Call](), ast.expr()
    node: ast.expr = call
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if not node.func.attr.endswith("_") or not hasattr(torch.Tensor, node.func.attr[:-1]):
            return ""
        calls.insert(0, node)
        node = owner = node.func.value
    if not isinstance(owner, (ast.Name, ast.Attribute)):
        return ""
    new: ast.expr = owner
    for it in calls:
        assert isinstance(it.func, ast.Attribute)  # asked above
        new = ast.Call(ast.Attribute(new, it.func.attr[:-1]), it.args, it.keywords)
    return f"{ast.unparse(owner)} = {ast.unparse(new)}"


def bracketed(node: ast.expr) -> str:
    """An expression as it can stand before a point or a sign."""
    text = ast.unparse(node)
    return f"({text})" if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.IfExp)) else text
