"""The recorder: what each torch call reads, makes and leaves with autograd.

Every call is recorded at once, numbers and local derivatives included,
because a later line may overwrite a tensor or free a node. Between calls a
value is a tensor object at one version; autograd's nodes say how values
connect, also where a call hides several of them.
"""

from __future__ import annotations

from typing import Any

import torch

from lesson_utils import differentiation as diff
from lesson_utils.backward import BackwardPass
from lesson_utils.buffers import saved_tensors
from lesson_utils.naming import function_name
from lesson_utils.recording import (
    Call,
    LiveValue,
    Node,
    Question,
    Target,
    constant,
    snapshot,
    tensors_in,
    unit,
    version_of,
)

_NUMBER_KEYWORDS = ("other", "min", "max", "value", "exponent")


class Recorder:
    """Collects values, calls and truth tests in the order they happen.

    Attributes:
        values: Every value seen, in order of first appearance.
        calls: Every operation, in the order they ran.
        questions: Every truth test.
        passes: Backward passes already made, by the value they start from.
        functions: Custom autograd functions whose results were not met yet:
            class, arguments, and the tensors their forward made.
        results: The values that nothing consumed, once the block has ended.
        written: Whether a call has written to a tensor in place.
    """

    def __init__(self) -> None:
        self.values: list[LiveValue] = []
        self.calls: list[Call] = []
        self.questions: list[Question] = []
        self.passes: dict[LiveValue, BackwardPass] = {}
        self.functions: list[tuple[Any, tuple[Any, ...], list[Any]]] = []
        self.results: list[LiveValue] | None = None
        self.written = False
        self._current: dict[int, LiveValue] = {}
        self._edges: dict[tuple[Node, int], LiveValue] = {}
        self._hidden: dict[Node, Call] = {}
        self._start = torch._C._autograd._get_sequence_nr()

    def close(self) -> None:
        """Let go of the tensors; nodes stay, for their numbers and their fate."""
        self._current.clear()
        self._edges.clear()
        self._hidden.clear()
        self.functions.clear()

    def discover(self, tensor: torch.Tensor) -> None:
        """Record a tensor of the block that no torch call was seen to make."""
        node = tensor.grad_fn
        if node is not None and self._is_ours(node) and self._is_new(tensor):
            self.value_of(tensor)

    def inputs(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[str, list[LiveValue]]:
        name, reflected = function_name(name)
        elementwise = diff.is_elementwise(name)
        found: list[LiveValue] = []
        for i, each in enumerate(args):
            self._collect(each, found, elementwise or (name == "setitem" and i == 2))
        for key, each in kwargs.items():
            if key != "out":
                self._collect(each, found, elementwise and key in _NUMBER_KEYWORDS)
        return name, found[::-1] if reflected else found

    def _collect(self, item: Any, found: list[LiveValue], numeric: bool) -> None:
        if isinstance(item, torch.Tensor):
            found.append(self.value_of(item))
        elif isinstance(item, (int, float, complex)):
            if numeric and not isinstance(item, bool):
                value = constant(item)
                self.values.append(value)
                found.append(value)
        else:
            found.extend(self.value_of(each) for each in tensors_in(item))

    def record(self, name: str, inputs: list[LiveValue], args: Any, out: Any) -> None:
        made = [out] if isinstance(out, torch.Tensor) else list(tensors_in(out))
        if out is None and name == "setitem":
            made = [args[0]]
        fresh = [each for each in made if self._is_new(each)]
        for value in inputs:
            tensor = value.tensor
            if tensor is None or version_of(tensor) == value.version:
                continue
            self.written = True
            if _among(tensor, made):
                continue
            if self._current.get(id(tensor)) is value:
                del self._current[id(tensor)]  # written by the call, as running statistics are
        if name in ("grad", "backward") and not any(each.requires_grad for each in fresh):
            return
        if not inputs or not fresh:
            return  # a factory such as torch.ones makes a leaf, met when it is first used
        self._add_call(Call(name, inputs, [], elementwise=diff.is_elementwise(name)), fresh)

    def _is_new(self, tensor: torch.Tensor) -> bool:
        known = self._current.get(id(tensor))
        return known is None or known.version != version_of(tensor)

    def _add_call(self, call: Call, made: list[torch.Tensor]) -> None:
        roots: list[Node] = []
        for tensor in made:
            node = tensor.grad_fn
            edge = None if node is None else (node, tensor.output_nr)
            value = snapshot(tensor, edge=edge, computed=True)
            self.values.append(value)
            self._current[id(tensor)] = value
            call.outputs.append(value)
            if node is not None and node not in roots:
                roots.append(node)
        for node in roots:
            self._walk(call, node)
        for value in call.outputs:
            if value.edge is not None:
                self._edges[value.edge] = value
        if call.nodes:
            call.local, call.jacobians = diff.local_derivatives(call)
            around = call.outputs + call.inputs
            call.saved = [each for node in call.nodes for each in saved_tensors(node, around)]
        else:
            call.local = [None] * len(call.inputs)
            call.jacobians = [None] * len(call.inputs)
        self.calls.append(call)

    def _walk(self, call: Call, root: Node) -> None:
        """Add the nodes between `root` and the known values, outputs before inputs."""
        edges = root.next_functions
        if not call.nodes:  # mostly one node, which stands on values that are known
            reached = [None if edge[0] is None else self._known(edge) for edge in edges]
            if all(v is not None or e[0] is None for v, e in zip(reached, edges, strict=True)):
                once: dict[LiveValue, int] = {}
                call.nodes = [root]
                call.targets = [
                    [
                        None if value is None else self._input(call, value, edge[1], once)
                        for value, edge in zip(reached, edges, strict=True)
                    ]
                ]
                return
        order: list[Node] = []
        seen: set[Node] = set(call.nodes)
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                for edge in reversed(node.next_functions):
                    if edge[0] is not None and self._known(edge) is None and self._is_ours(edge[0]):
                        stack.append((edge[0], False))
        order.reverse()
        ahead = _feeds(order, call.nodes)
        call.nodes = order + call.nodes if ahead else call.nodes + order
        call.targets = []
        used: dict[LiveValue, int] = {}
        for node in call.nodes:
            call.targets.append([self._target(call, edge, used) for edge in node.next_functions])

    def _target(self, call: Call, edge: tuple[Node, int], used: dict[LiveValue, int]) -> Target:
        node, slot = edge
        if node is None:
            return None
        value = self._known(edge)
        if value is None:
            return ("node", call.nodes.index(node), slot) if node in call.nodes else None
        return self._input(call, value, slot, used)

    @staticmethod
    def _input(call: Call, value: LiveValue, slot: int, used: dict[LiveValue, int]) -> Target:
        places = [i for i, each in enumerate(call.inputs) if each is value]
        if not places:  # reached without being an argument: a parameter inside, or a base
            call.inputs.append(value)
            places = [len(call.inputs) - 1]
        count = used.get(value, 0)
        used[value] = count + 1
        return ("input", places[min(count, len(places) - 1)], slot)

    def _known(self, edge: tuple[Node, int]) -> LiveValue | None:
        node = edge[0]
        if type(node).__name__ == "AccumulateGrad":
            leaf: torch.Tensor = node.variable
            return self._current.get(id(leaf)) or self.value_of(leaf)
        return self._edges.get(edge)

    def _is_ours(self, node: Node) -> bool:
        return bool(node._sequence_nr() >= self._start)

    def value_of(self, tensor: torch.Tensor) -> LiveValue:
        """The record of a tensor as it is now, made if it is new."""
        known = self._current.get(id(tensor))
        if known is not None and known.version == version_of(tensor):
            known.requires_grad = tensor.requires_grad  # `requires_grad_()` may have come later
            return known
        node = tensor.grad_fn
        if node is not None and (self._is_ours(node) or known is not None):
            return self._discover(tensor, node)
        for function, args, inner in self.functions:
            if _among(tensor, inner):
                inputs = [self.value_of(each) for each in tensors_in(args)]
                self._add_call(Call(function.__name__, inputs, []), [tensor])
                return self._current[id(tensor)]
        if known is not None:  # written through a view or an alias
            self._add_call(Call("changed in place", self._aliases(tensor), []), [tensor])
            return self._current[id(tensor)]
        edge = None if node is None else (node, tensor.output_nr)
        value = snapshot(tensor, edge=edge)
        self.values.append(value)
        self._current[id(tensor)] = value
        if edge is not None:
            self._edges[edge] = value
        return value

    def _discover(self, tensor: torch.Tensor, node: Node) -> LiveValue:
        call = self._hidden.get(node)
        if call is not None:  # another output of a call found before
            value = snapshot(tensor, edge=(node, tensor.output_nr), computed=True)
            self.values.append(value)
            self._current[id(tensor)] = value
            self._edges[(node, tensor.output_nr)] = value
            call.outputs.append(value)
            # With several outputs there is no one local derivative.
            call.local, call.jacobians = [None] * len(call.inputs), [None] * len(call.inputs)
            call.unit = None
            return value
        inputs = self._aliases(tensor)
        for i, (function, args, _) in enumerate(self.functions):
            if getattr(function, "_backward_cls", None) is type(node):
                inputs = [self.value_of(each) for each in tensors_in(args)]
                del self.functions[i]
                break
        call = Call(diff.operation_name(node), inputs, [])
        self._hidden[node] = call
        self._add_call(call, [tensor])
        return self._current[id(tensor)]

    def _aliases(self, tensor: torch.Tensor) -> list[LiveValue]:
        """The older value of a tensor written through an alias, and that alias."""
        known = self._current.get(id(tensor))
        if known is None:
            return []
        base = tensor if tensor._base is None else tensor._base
        return [known] + [
            value
            for value in self._current.values()
            if value.tensor is not tensor
            and value.version == version_of(tensor)
            and (value.tensor is base or value.tensor._base is base)
        ]

    def differentiate(self, value: LiveValue) -> None:
        """Run and keep the backward pass of a scalar, while its nodes can still run it."""
        if value in self.passes or not value.requires_grad or value.numel != 1:
            return
        if value.dtype is not None and value.dtype.is_floating_point:
            seed = unit(value.shape, value.dtype)
            done = BackwardPass(self.calls, value, seed, written=self.written)
            if not done.stopped:
                self.passes[value] = done


def _among(tensor: torch.Tensor, others: list[Any]) -> bool:
    return any(each is tensor for each in others)


def _feeds(first: list[Node], second: list[Node]) -> bool:
    return any(edge[0] in second for node in first for edge in node.next_functions)
