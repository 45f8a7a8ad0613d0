"""Whatever shows itself in a notebook: as words, as HTML, as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lesson_utils.picture.page import image


class Shown:
    """Something that shows itself as the last line of a cell.

    A class that inherits says what its words and its HTML are, and what files it can become.
    """

    @property
    def text(self) -> str:
        """What it shows, in words."""
        raise NotImplementedError

    @property
    def html(self) -> str:
        """It as a piece of a page that needs nothing else."""
        raise NotImplementedError

    def files(self) -> Mapping[str, Callable[[], str]]:
        """What it can be saved as, by suffix."""
        return {".html": lambda: self.html, ".txt": lambda: self.text}

    def save(self, path: str | Path) -> None:
        """Write it to a file; the suffix says in which form.

        Args:
            path: Where to.

        Raises:
            ValueError: A suffix that it has no form for.
        """
        path, known = Path(path), self.files()
        if path.suffix not in known:
            raise ValueError(f"cannot save {path.name!r}: its name must end in {_any(known)}")
        path.write_text(known[path.suffix](), encoding="utf-8")

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": self.text}


class Picture(Shown):
    """Something that shows itself as a picture. A class that inherits says what its SVG is."""

    @property
    def svg(self) -> str:
        """The picture as SVG, the same bytes on every run."""
        raise NotImplementedError

    @property
    def html(self) -> str:
        """The picture as an image that is readable in a light and in a dark page."""
        return image(self.svg, self.text)

    def files(self) -> Mapping[str, Callable[[], str]]:
        """A picture, a page or words."""
        return {".svg": lambda: self.svg, **super().files()}


def _any(suffixes: Mapping[str, object]) -> str:
    *first, last = suffixes
    return f"{', '.join(first)} or {last}"
