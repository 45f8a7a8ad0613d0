"""Whatever shows itself as widgets, and as a page where widgets cannot run."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import ipywidgets

from lesson_utils.picture.shown import Shown


class Live(Shown):
    """Something with controls. A class that inherits says what its widgets are."""

    @cached_property
    def widget(self) -> ipywidgets.Widget:
        """The controls and what they control."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(self.widget._repr_mimebundle_(**kwargs) or {})
        return bundle | super()._repr_mimebundle_(**kwargs)
