"""Which value a tensor object holds at this moment, known without keeping the tensor alive."""

from __future__ import annotations

import weakref

import torch

from lesson_utils.capture.records import LiveValue, version_of
from lesson_utils.capture.torch_internals import version_counter, view_base


class Registry:
    """Values by the tensor object that holds them.

    Python gives the number of a tensor that is gone (`id`) to the next one, so
    an entry counts only while its weak reference leads to the very object.
    """

    def __init__(self) -> None:
        self._values: dict[int, LiveValue] = {}
        self._open: set[int] = set()  # storages that can be written to without a new version

    def put(self, tensor: torch.Tensor, value: LiveValue) -> None:
        """From now on this tensor holds that value."""
        value.held = weakref.ref(tensor)
        self._values[id(tensor)] = value
        if self._open and _storage(tensor) in self._open:
            value.exposed = True

    def expose(self, tensor: torch.Tensor) -> None:
        """From now on its memory may change without a new version, through `.data` or NumPy."""
        storage = _storage(tensor)
        self._open.add(storage)
        for value in self._values.values():
            other = value.tensor
            if other is not None and _storage(other) == storage:
                value.exposed = True

    def newest(self, tensor: torch.Tensor) -> LiveValue | None:
        """The value recorded last for a tensor; it may have been written to since."""
        known = self._values.get(id(tensor))
        if known is None or known.held is None or known.held() is not tensor:
            return None
        return known

    def current(self, tensor: torch.Tensor) -> LiveValue | None:
        """The value of a tensor, if it was recorded as the tensor is now."""
        known = self._values.get(id(tensor))
        if known is None or known.held is None or known.held() is not tensor:
            return None
        try:  # what `version_of` does, without calling it
            return known if known.version == version_counter(tensor) else None
        except RuntimeError:
            return known if known.version == 0 else None

    def forget(self, tensor: torch.Tensor, value: LiveValue) -> None:
        """The tensor no longer holds this value."""
        if self._values.get(id(tensor)) is value:
            del self._values[id(tensor)]

    def aliases(self, tensor: torch.Tensor) -> list[LiveValue]:
        """The older value of a tensor that was written to through an alias, and that alias."""
        known = self.newest(tensor)
        if known is None:
            return []
        base = view_base(tensor)
        base = tensor if base is None else base
        found = [known]
        for value in self._values.values():
            other = value.tensor
            if other is None or other is tensor or value.version != version_of(tensor):
                continue
            if other is base or view_base(other) is base:
                found.append(value)
        return found

    def clear(self) -> None:
        self._values.clear()
        self._open.clear()


def _storage(tensor: torch.Tensor) -> int:
    """The address of a tensor's memory; 0 where there is none, as for sparse ones."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0


def is_borrowed(tensor: torch.Tensor) -> bool:
    """Whether its memory belongs to somebody else, as to NumPy for `torch.from_numpy`."""
    try:
        return not tensor.untyped_storage().resizable()
    except (RuntimeError, NotImplementedError):
        return False
