"""The backward pass of one value through everything recorded before it."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from lesson_utils.capture.derivatives import differentiable, factors, reached
from lesson_utils.capture.elements import Digest, digest, numbers
from lesson_utils.capture.products import added, fit, pull_back
from lesson_utils.capture.records import Call, LiveValue
from lesson_utils.capture.sandbox import NotAsked
from lesson_utils.capture.saved import obstacle
from lesson_utils.graph import Data

Numbers = tuple[Data, Digest | None]


class BackwardPass:
    """Gradients of one value by everything recorded before it, as numbers.

    Attributes:
        gradients: Gradient of each value that PyTorch computes one for.
        products: For each call, what flowed to each of its inputs.
        inside: For a call whose results depend on one another, what flowed to which of them.
        stopped: Why the pass could not be finished, or empty.
        unasked: Calls whose derivative is not asked by looking: beyond them no
            gradient is known, elsewhere all are.

    Args of the constructor: the recorded calls, the value to start from, its
    seed, and whether a tensor was written in place, for then every node must be
    asked again: what it saved may be spoilt, and PyTorch would refuse.
    """

    def __init__(
        self, calls: list[Call], of: LiveValue, seed: torch.Tensor, *, written: bool
    ) -> None:
        self.gradients: dict[LiveValue, Numbers] = {}
        self.products: dict[Call, list[Numbers | None]] = {}
        self.inside: dict[Call, list[tuple[LiveValue, Numbers]]] = {}
        self.stopped = ""
        self.unasked: list[Call] = []
        unknown: set[LiveValue] = set()  # what lies beyond a call that was not asked
        flowing: dict[LiveValue, torch.Tensor] = {of: seed}
        known: dict[int, tuple[torch.Tensor, Numbers]] = {}  # one tensor arrives in many places

        def listed(tensor: torch.Tensor) -> Numbers:
            met = known.get(id(tensor))
            if met is None:
                data = numbers(tensor)
                met = tensor, (data, None if data is not None else digest(tensor))
                known[id(tensor)] = met
            return met[1]

        for call in reversed(calls):
            if not call.nodes:
                continue
            if not unknown.isdisjoint(call.outputs):
                unknown |= _read(call)
                continue
            cotangents = {i: flowing[out] for i, out in enumerate(call.outputs) if out in flowing}
            if not cotangents:
                continue
            try:
                found = call.unit or []
                inside: dict[int, torch.Tensor] | None = None
                if not found or written or [listed(t)[0] for t in cotangents.values()] != [1]:
                    inside = {}
                    found = self._products(call, cotangents, inside)
                if inside:
                    sent = [(call.outputs[i], product) for i, product in inside.items()]
                    self.inside[call] = [(value, listed(product)) for value, product in sent]
                    _flow(flowing, sent)
                _flow(flowing, zip(call.inputs, found, strict=True))
            except NotAsked as refusal:
                call.unasked = call.unasked or str(refusal)
                self.unasked.append(call)
                unknown |= _read(call)
                continue
            except Exception as error:  # as a student's own backward may raise
                reason = str(error) or type(error).__name__
                self.stopped = f"{call.name}: {reason.splitlines()[0]}"
                return
            if found is call.unit:  # their numbers are the local derivatives, listed before
                for product, number in zip(found, call.local, strict=True):
                    if product is not None:
                        known[id(product)] = product, (number, None)
            if call.answers and len(cotangents) == 1 and len(differentiable(call)) == 1:
                (cotangent,) = cotangents.values()
                if cotangent.numel() == 1:
                    call.local = factors(cotangent, found)
            self.products[call] = [None if tensor is None else listed(tensor) for tensor in found]
        self.gradients = {
            value: listed(tensor) for value, tensor in flowing.items() if value not in unknown
        }

    @staticmethod
    def _products(
        call: Call, cotangents: dict[int, torch.Tensor], inside: dict[int, torch.Tensor]
    ) -> list[torch.Tensor | None]:
        for node in call.nodes:
            hindered = obstacle(node)  # hooks may have been added since
            if hindered:
                raise NotAsked(hindered)
        try:
            return pull_back(call, cotangents, inside=inside)
        except RuntimeError as error:
            if len(cotangents) != 1 or "second time" not in str(error):
                raise
            products = replayed(call, next(iter(cotangents.values())))
            if products is None:
                raise
            return products


def _flow(
    flowing: dict[LiveValue, torch.Tensor],
    sent: Iterable[tuple[LiveValue, torch.Tensor | None]],
) -> None:
    """Add products to what values have received."""
    for value, product in sent:
        if product is not None:
            held = flowing.get(value)
            flowing[value] = product if held is None else added(held, product)


def _read(call: Call) -> set[LiveValue]:
    """The inputs that a call sends a gradient to."""
    return {value for value, hit in zip(call.inputs, reached(call), strict=True) if hit}


def replayed(call: Call, cotangent: torch.Tensor) -> list[torch.Tensor | None] | None:
    """The products of a freed call from its local derivatives; None where they do not suffice."""
    sources = differentiable(call)
    if len(sources) != 1:
        return None
    scalar = call.outputs[sources[0]].numel == 1
    if not scalar and not call.elementwise:
        return None
    products: list[torch.Tensor | None] = []
    for value, derivative, hit in zip(call.inputs, call.local, reached(call), strict=True):
        if not hit:
            products.append(None)
            continue
        if derivative is None:
            return None
        factor = torch.tensor(derivative, dtype=value.dtype)
        if scalar:
            products.append(cotangent.reshape(()) * factor.reshape(value.shape))
        else:
            products.append(fit(cotangent * factor.reshape(cotangent.shape), value.shape))
    return products
