"""Calls on the student's lines, rewritten: what a repair proposes is theirs, changed a little."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from lesson_utils.clinic.code import called, parsed


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
        waiting: list[ast.AST] = [first]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Constant) and type(node.value) is int:
                node.value = float(node.value)
            elif isinstance(node, (ast.List, ast.Tuple)):  # `numbers[0]` keeps its 0
                waiting += node.elts
            elif isinstance(node, ast.UnaryOp):
                waiting.append(node.operand)
        return ast.Call(call.func, [first, *others], call.keywords)

    return with_call(text, "tensor", change)


def without_elements(text: str, name: str, unused: Sequence[str]) -> str:
    """The line without some names in the list that a call is given, and without their results.

    Returns:
        The new line; empty where the names are in no list, or alone in it.
    """
    left_out: list[int] = []
    count = 0

    def change(call: ast.Call) -> ast.expr:
        nonlocal left_out, count
        for node in ast.walk(call):
            if isinstance(node, (ast.List, ast.Tuple)):
                found = [i for i, it in enumerate(node.elts) if ast.unparse(it) in unused]
                if found and len(found) < len(node.elts):
                    left_out, count = found, len(node.elts)
                    node.elts = [it for i, it in enumerate(node.elts) if i not in found]
        return call

    new = with_call(text, name, change)
    statement = parsed(new)
    if not left_out or statement is None:
        return ""
    for target in statement.targets if isinstance(statement, ast.Assign) else ():
        if isinstance(target, (ast.Tuple, ast.List)) and len(target.elts) == count:
            target.elts = [it for i, it in enumerate(target.elts) if i not in left_out]
    return _written(statement)


def replaced(text: str, name: str, old: str, new: str) -> str:
    """The line with another expression in the place of one, in calls of one name; or empty.

    Args:
        text: The line.
        name: What is called.
        old: An argument, be it in a list, or what a method is called on.
        new: What is to stand there.
    """
    other = ast.parse(new, mode="eval").body if old else None
    found = False

    def change(call: ast.Call) -> ast.expr:
        class Replace(ast.NodeTransformer):
            def visit(self, node: ast.AST) -> ast.AST:
                nonlocal found
                if isinstance(node, ast.expr) and ast.unparse(node) == old:
                    found = True
                    return other or node
                return super().visit(node)  # type: ignore[no-any-return]  # ast's are untyped

        if isinstance(call.func, ast.Attribute):
            call.func.value = Replace().visit(call.func.value)  # type: ignore[assignment]  # as above
        call.args = [Replace().visit(it) for it in call.args]  # type: ignore[misc]  # as above
        for word in call.keywords:
            word.value = Replace().visit(word.value)  # type: ignore[assignment]  # as above
        return call

    line = with_call(text, name, change)
    return line if found else ""


def with_keyword(text: str, name: str, keyword: str, value: str = "True") -> str:
    """The line with a keyword set in calls of one name; empty where there is none."""

    def change(call: ast.Call) -> ast.expr:
        kept = [word for word in call.keywords if word.arg != keyword]
        new = ast.keyword(keyword, ast.parse(value, mode="eval").body)
        return ast.Call(call.func, call.args, [*kept, new])

    return with_call(text, name, change)


def with_call(text: str, name: str, change: Callable[[ast.Call], ast.expr]) -> str:
    """The line with calls of one name changed; empty where there is none."""

    class With(ast.NodeTransformer):
        found = False

        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            if called(node) != name:
                return node
            self.found = True
            return change(node)

    return _changed(text, With())


def _changed(text: str, visitor: ast.NodeTransformer) -> str:
    statement = parsed(text)
    if statement is None:
        return ""
    new = visitor.visit(statement)
    return _written(new) if visitor.found else ""  # type: ignore[attr-defined]  # both have it


def _written(node: ast.AST) -> str:
    """As it is written; `(d,) = ...` keeps its brackets, without which a comma is overlooked."""
    return re.sub(r"^(\w+), = ", r"(\1,) = ", ast.unparse(ast.fix_missing_locations(node)))
