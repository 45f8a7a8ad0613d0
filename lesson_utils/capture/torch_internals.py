"""Every private name of torch that the lesson uses: the file to open when a new torch comes.

What begins with an underscore may change or go in any release of PyTorch. Each entry says what
the lesson relies on, and where torch 2.13 has it; paths without a link are those of torch's own
repository. `tests/unit/capture/test_torch_internals.py` checks each of these behaviors, and that
no other module uses a private name.

Most entries are plain aliases, or a getter that is written in C, because each call of
the student's passes through many of them: a function of ours would cost more than what it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter, methodcaller
from typing import Any

import torch
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

__all__ = [
    "GRAD_MODE_SETTER",
    "THRESHOLD",
    "DisableAutocast",
    "DisableTorchFunction",
    "EnableTorchFunction",
    "FunctionNode",
    "OpOverload",
    "OperatorMode",
    "are_functorch_transforms_active",
    "backward_hooks",
    "default_saved_tensors_hooks",
    "disable_current_modes",
    "dispatch_mode_count",
    "forward_class",
    "held_by_module",
    "input_metadata",
    "is_any_autocast_enabled",
    "is_tracing",
    "next_sequence_number",
    "raw_saved_names",
    "saved_attribute",
    "schema",
    "sequence_number",
    "set_grad_enabled",
    "sparse_indices",
    "sparse_values",
    "storage_id",
    "tree_leaves",
    "user_backward",
    "version_counter",
    "view_base",
    "wrapped_node",
]

# --- Modes and switches of a thread -------------------------------------------------------------

# In this block neither a function mode nor the `__torch_function__` of a subclass sees a call.
# Public in use, though its module is not:
# https://docs.pytorch.org/docs/2.13/notes/extending.html#extending-torch-python-api.
DisableTorchFunction = torch._C.DisableTorchFunction

# In this block function modes see calls again, inside of a `DisableTorchFunction` too.
# Source: torch/csrc/utils/disable_torch_function.cpp.
EnableTorchFunction = torch._C._EnableTorchFunction

# Sets whether autograd records; `torch.set_grad_enabled` does it with this, and makes an object
# around it. Source: torch/autograd/grad_mode.py.
set_grad_enabled = torch._C._set_grad_enabled

# Whether autocast is on for any kind of device. Source: torch/csrc/autograd/init.cpp.
is_any_autocast_enabled = torch._C._is_any_autocast_enabled

# In this block autocast is off for all kinds of devices, and afterwards as it was.
# Source: torch/csrc/autograd/init.cpp.
DisableAutocast = torch._C._DisableAutocast

# How many dispatch modes are active. Source: torch/csrc/autograd/init.cpp.
dispatch_mode_count = torch._C._len_torch_dispatch_stack

# In this block no dispatch mode is active; afterwards they are as they were.
# Source: torch/utils/_python_dispatch.py.
disable_current_modes = _disable_current_modes

# Whether `torch.jit.trace` runs. The public `torch.jit.is_tracing` asks for scripting first.
# Source: torch/jit/_trace.py.
is_tracing = torch._C._is_tracing

# Whether one of `torch.func`'s transforms (`grad`, `vmap`, ...) runs: its tensors are wrappers.
# Source: torch/csrc/functorch/init.cpp.
are_functorch_transforms_active = torch._C._are_functorch_transforms_active


class OperatorMode(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch annotates it not
    """A mode that sees the operators below autograd, by its `__torch_dispatch__`.

    Torch wraps that method as soon as a subclass is defined, so that `torch.compile` leaves it
    alone; for this it imports all of the compiler, which takes a second and more.
    Source: `TorchDispatchMode.__init_subclass__` in torch/utils/_python_dispatch.py; the class is
    public in use: https://docs.pytorch.org/docs/2.13/notes/extending.html#extending-torch-native-api.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False


# --- Nodes of the backward graph ----------------------------------------------------------------

# The number that the next node of this thread gets; in a new thread it is 0.
# Source: aten/src/ATen/SequenceNumber.h and torch/csrc/autograd/init.cpp.
next_sequence_number: Callable[[], int] = torch._C._autograd._get_sequence_nr

# The number of a node: each is larger than those made before it in the same thread, and a leaf's
# AccumulateGrad has the largest number there is. Source: torch/csrc/autograd/node.h.
sequence_number: Callable[[Any], int] = methodcaller("_sequence_nr")

# For each output of the operation (an input of its node) an object with the `shape`, `dtype` and
# `device` of the gradient that the node takes there. Source: torch/autograd/graph.py.
input_metadata: Callable[[Any], list[Any]] = attrgetter("_input_metadata")

# The class of all nodes whose backward is Python code: those of a `torch.autograd.Function`,
# where the node is the `ctx`. Source: torch/csrc/autograd/python_function.cpp.
FunctionNode = torch._C._FunctionBase

# The function that the backward pass runs for such a node: `backward`, or `vjp`.
# Source: `BackwardCFunction` in torch/autograd/function.py.
user_backward: Callable[[Any], Any] = methodcaller("_get_user_fn")

# The hooks that pack what a node saves now, or None. They are asked for with `True`, which is to
# ignore that a tracer could be running. Source: torch/csrc/autograd/init.cpp.
default_saved_tensors_hooks = torch._C._autograd._top_saved_tensors_default_hooks

_RAW_SAVED = "_raw_saved_"


def forward_class(node: Any, *default: Any) -> Any:
    """The subclass of `torch.autograd.Function` that a node belongs to.

    Source: `FunctionMeta` in torch/autograd/function.py, which makes a class of nodes for each.

    Args:
        node: A node.
        default: What to give for a node of torch's own; without it, that is an `AttributeError`.
    """
    return getattr(type(node), "_forward_cls", *default)


@cache
def raw_saved_names(kind: Any) -> tuple[tuple[str, str], ...]:
    """The attributes of a kind of node that hold what it saved, and the names of that.

    Such an attribute is one holder or a list of them. A holder's `data` is what was saved, or
    what a hook packed in its place, and None once a backward pass has freed it; `unpack_hook` is
    None where no hook packed. A list that is freed raises a `RuntimeError`. Reading neither
    unpacks a tensor nor runs a hook. A holder is a part of its node: whoever reads it must keep
    the node alive, for torch does not, and Python would crash. Source: "Hooks for saved tensors" in
    https://docs.pytorch.org/docs/2.13/notes/autograd.html, torch/csrc/autograd/saved_variable.h
    and tools/autograd/gen_autograd_functions.py.
    """
    names = [name for name in dir(kind) if name.startswith(_RAW_SAVED)]
    return tuple((name, name.removeprefix(_RAW_SAVED)) for name in names)


def saved_attribute(kind: Any, name: str) -> str:
    """The attribute of a node that gives out what it saved, and raises if that is freed or spoilt.

    Source: "Hooks for saved tensors" in https://docs.pytorch.org/docs/2.13/notes/autograd.html.

    Args:
        kind: The class of the node.
        name: As `raw_saved_names` gives it.
    """
    return "saved_tensors" if issubclass(kind, FunctionNode) else f"_saved_{name}"


def held_by_module(module: torch.nn.Module, name: str) -> Any:
    """A parameter, a buffer or a module in a module, or None, without any code of the module's.

    `getattr` may run a property or a `__getattr__` of the student's.
    Source: `Module.__getattr__` in torch/nn/modules/module.py.
    """
    held = vars(module)
    for kind in ("_parameters", "_buffers", "_modules"):
        if name in (held.get(kind) or {}):
            return held[kind][name]
    return held.get(name)


def wrapped_node(node: Any) -> Any:
    """The write's own node, inside the `CopySlices` node of a write through a view; or None.

    Torch 2.14 shows it, 2.13 does not. Source: https://github.com/pytorch/pytorch/pull/190806.
    """
    return getattr(node, "_wrapped_node", None)


# --- Tensors and storages -----------------------------------------------------------------------

# How often a tensor was written to in place. Views and `detach()` share the count, `.data` has its
# own. An inference tensor has none, and raises a `RuntimeError`.
# Source: "In-place correctness checks" in https://docs.pytorch.org/docs/2.13/notes/autograd.html.
version_counter: Callable[[torch.Tensor], int] = attrgetter("_version")

# The tensor of which a tensor is a view, be it a view of a view; None for one that is no view.
# Source: "Tensor Views" in https://docs.pytorch.org/docs/2.13/tensor_view.html.
view_base: Callable[[torch.Tensor], torch.Tensor | None] = attrgetter("_base")

# The hooks on a tensor's gradient by their numbers: None before the first, empty after the last.
# Source: `Tensor.register_hook` in torch/_tensor.py.
backward_hooks: Callable[[torch.Tensor], Any] = attrgetter("_backward_hooks")

# The address of a storage's C++ object: the same for all tensors that share the memory.
# Source: torch/csrc/StorageMethods.cpp.
storage_id: Callable[[torch.UntypedStorage], int] = attrgetter("_cdata")

# What a sparse COO tensor holds, itself and no copy. The public `indices()` and `values()` refuse
# a tensor that is not coalesced. Source: https://docs.pytorch.org/docs/2.13/sparse.html.
sparse_indices: Callable[[torch.Tensor], torch.Tensor] = methodcaller("_indices")
sparse_values: Callable[[torch.Tensor], torch.Tensor] = methodcaller("_values")

# --- Functions and operators --------------------------------------------------------------------

# One operator with one signature, as `torch.ops.aten.add.Tensor` is; it knows its `namespace`.
# Source: torch/_ops.py.
OpOverload = torch._ops.OpOverload

# The declaration of such an operator. Its `arguments` have a `name`, a `type`, `kwarg_only`,
# `is_out`, a `default_value` if `has_default_value()`, and in `N` the length of a list that is
# fixed. Source: torch/_ops.py and torch/csrc/jit/python/init.cpp.
schema: Callable[[Any], Any] = attrgetter("_schema")

# The names under which a function mode sees `torch.set_grad_enabled` (and `torch.no_grad`) and
# `F.threshold`.
# Source: torch/autograd/grad_mode.py and torch/nn/functional.py.
GRAD_MODE_SETTER = "_set_grad_enabled"
THRESHOLD = "_threshold"

# All that (nested) tuples, lists, dicts and the like hold, in order.
# Source: torch/utils/_pytree.py.
tree_leaves = _pytree.tree_leaves
