"""A program run twice, under `trace()` and plainly, and all that is printed of it judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from equations import Equation, Judge
from filmed import film
from listening import Listener, tensors_of
from oracle import Reality
from pointed import pointed
from printed import picture, words

from lesson_utils import trace
from lesson_utils.words.steps import frames

Make = Callable[[], dict[str, Any]]


def equations_of(code: str, make: Make, *, drawn: bool = True) -> list[Equation]:
    """Every equation that words, film, pointer and picture print of a program, judged.

    Args:
        code: An expression, or a program whose result is called y or z.
        make: Makes the tensors that it uses, afresh.
        drawn: Whether the picture is read, too.
    """
    judge = judge_of(code, make)
    judge.where = "words"
    words(judge)
    judge.where = "film"
    for frame in frames(judge.graph):
        film(judge, frame)
    judge.where = "pointing"
    pointed(judge)
    if drawn:
        judge.where = "picture"
        picture(judge)
    return judge.found


def judge_of(code: str, make: Make) -> Judge:
    """A judge of what may be printed of a program."""
    code = f"y = {code}" if _is_expression(code) else code
    recorded = trace()
    told, plain = {**make(), "_recorded": recorded}, make()
    torch.manual_seed(0)
    exec(f"with _recorded:\n    {code}", told)
    torch.manual_seed(0)
    with Listener() as listener:
        exec(code, plain)
    of, seed = _end(told)
    graph = recorded.graph() if of is None else recorded.graph(of=of, seed=seed)
    return Judge(Reality(graph, listener.calls, plain, seed))


def _is_expression(code: str) -> bool:
    try:
        compile(code, "call", "eval")
    except SyntaxError:
        return False
    return True


def _end(names: dict[str, Any]) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """What is differentiated, and a seed where it has many elements."""
    ends = tensors_of(names.get("y", names.get("z")))
    made = next((tensor for tensor in ends if tensor.requires_grad and not tensor.is_leaf), None)
    if made is None:
        return None, None
    if made.numel() == 1 and not made.is_complex():
        return made, None
    return made, torch.linspace(1, 2, made.numel()).round(decimals=2).reshape(made.shape).to(made)
