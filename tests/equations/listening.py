"""A program run plainly: each of its calls as it was made, which can be made again.

Nothing of the lesson runs here. With other tensors in some of its places, a call
tells its own derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten


@dataclass
class Moment:
    """A tensor as it was at one time: the object, a copy of its numbers, its place in autograd."""

    tensor: torch.Tensor
    numbers: torch.Tensor
    edge: GradientEdge | None

    @staticmethod
    def of(tensor: torch.Tensor) -> Moment:
        edge = get_gradient_edge(tensor) if tensor.requires_grad else None
        return Moment(tensor, tensor.detach().clone(), edge)


@dataclass
class Call:
    """One call of a torch function, and how to make it again.

    Attributes:
        func: The function.
        leaves: All its arguments in a row, tensors too.
        spec: How they were nested.
        given: The tensors among them, by their place in the row.
        chance: State of the random generator before it.
        made: Its results.
        random: Whether it drew from that generator.
    """

    func: Callable[..., Any]
    leaves: list[Any]
    spec: Any
    given: dict[int, Moment]
    chance: torch.Tensor
    made: list[Moment] = field(default_factory=list)
    random: bool = False

    def again(self, places: Mapping[int, torch.Tensor]) -> list[torch.Tensor]:
        """Its results with other tensors in some places."""
        torch.set_rng_state(self.chance)
        leaves = list(self.leaves)
        for i, moment in self.given.items():
            leaves[i] = places.get(i, moment.numbers).clone()
        args, kwargs = tree_unflatten(leaves, self.spec)
        out = self.func(*args, **kwargs)
        return tensors_of(args[0] if out is None else out)

    def jacobian(self, places: Sequence[int], result: int) -> torch.Tensor:
        """Derivative of a result by what stands in these places together, one row an output."""
        at = self.given[places[0]].numbers.clone().requires_grad_()
        out = self.again(dict.fromkeys(places, at))[result]
        rows = torch.zeros(out.numel(), at.numel(), dtype=at.dtype)
        if out.requires_grad:
            for row, one in zip(rows, torch.eye(out.numel()).to(out.dtype), strict=True):
                (found,) = torch.autograd.grad(
                    out, at, one.reshape(out.shape), retain_graph=True, allow_unused=True
                )
                row += 0 if found is None else found.reshape(-1)
        return rows

    def product(
        self, places: Sequence[int], arriving: Sequence[torch.Tensor | None]
    ) -> torch.Tensor | None:
        """What flows to these places when such gradients arrive at the results."""
        at = self.given[places[0]].numbers.clone()
        if not (at.is_floating_point() or at.is_complex()):
            return None
        results = self.again(dict.fromkeys(places, at.requires_grad_()))
        pairs = [
            (one, gradient)
            for one, gradient in zip(results, arriving, strict=True)
            if gradient is not None and one.requires_grad
        ]
        if not pairs:
            return None
        outs, gradients = zip(*pairs, strict=True)
        return torch.autograd.grad(outs, at, gradients, allow_unused=True)[0]


class Listener(TorchFunctionMode):
    """Writes down every call of a block that reads and makes tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        leaves, spec = tree_flatten((args, kwargs or {}))
        given = {i: Moment.of(it) for i, it in enumerate(leaves) if isinstance(it, torch.Tensor)}
        call = Call(func, leaves, spec, given, torch.get_rng_state())
        out = func(*args, **(kwargs or {}))
        call.random = not torch.equal(call.chance, torch.get_rng_state())
        written = out is None and getattr(func, "__name__", "") == "__setitem__"
        call.made = [Moment.of(tensor) for tensor in tensors_of(args[0] if written else out)]
        if given and call.made:
            self.calls.append(call)
        return out


def tensors_of(out: Any) -> list[torch.Tensor]:
    """The tensors in a result, be it one or many."""
    return [leaf for leaf in tree_flatten(out)[0] if isinstance(leaf, torch.Tensor)]
