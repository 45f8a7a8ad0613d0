"""Bytes that a computation graph keeps alive for its backward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from lesson_utils.capture.aside import Aside
from lesson_utils.capture.behind import reached
from lesson_utils.capture.mode import Recording
from lesson_utils.capture.saved import tensors_held
from lesson_utils.capture.torch_internals import sparse_indices, sparse_values, storage_id


def saved_memory(*graphs: torch.Tensor | Recording) -> int:
    """Bytes that graphs keep alive for the backward pass, at this moment.

    Each storage counts once and whole, however many nodes saved it and however
    small the views of it are: that is what could be given back to the system.
    What a backward pass has freed counts no more. Nothing is unpacked, freed
    or changed.

    Where saved-tensor hooks are in use (`torch.autograd.graph.save_on_cpu`, or
    your own) the tensors that they packed count instead of the originals; what
    they put elsewhere, in a file or a NumPy array, is not in a tensor and does
    not count. Leaves count only where an operation saved them. A write through
    a view (`z[0] *= w`) hides what it saved in torch 2.13; 2.14 shows it.

    Args:
        graphs: Tensors, each with the whole graph behind it (a tensor without
            one keeps nothing), or traces, each with the operations of its block.

    Returns:
        Bytes of the distinct storages.

    Raises:
        TypeError: An argument is neither a tensor nor a trace.
    """
    if not graphs:
        raise TypeError("saved_memory() needs a tensor or a trace, for instance saved_memory(loss)")
    for graph in graphs:
        if not isinstance(graph, (torch.Tensor, Recording)):
            raise TypeError(_complaint(graph))
    with Aside():  # a trace that is recording must not see us look
        roots = [graph.grad_fn for graph in graphs if isinstance(graph, torch.Tensor)]
        nodes = set(reached(roots))
        nodes |= {
            node for graph in graphs if isinstance(graph, Recording) for node in graph.nodes()
        }
        # The storages are held while they are counted: an address is not reused meanwhile.
        storages = {
            storage_id(part): part for node in nodes for part in _storages(tensors_held(node))
        }
        return sum(part.nbytes() for part in storages.values())


def _complaint(item: object) -> str:
    advice = "give it what the operations returned"
    if isinstance(item, (bool, int, float, complex)):
        advice = "a number has no graph, so it keeps nothing alive"
    elif isinstance(item, Iterable):
        advice = "unpack it, as in saved_memory(*losses)"
    return f"saved_memory() takes tensors or traces, not {type(item).__name__}: {advice}"


def _storages(tensors: Iterable[torch.Tensor]) -> Iterator[torch.UntypedStorage]:
    for tensor in tensors:
        try:
            yield tensor.untyped_storage()
        except NotImplementedError:  # sparse: its indices and values have storages
            yield from _storages(_parts(tensor))


def _parts(tensor: torch.Tensor) -> list[torch.Tensor]:
    if tensor.layout == torch.sparse_coo:
        return [sparse_indices(tensor), sparse_values(tensor)]
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    return []
