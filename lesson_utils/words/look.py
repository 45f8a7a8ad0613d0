"""How a graph is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

SCALES = {"notebook": 1.0, "talk": 1.5}
WIDTH = 860.0  # pixels: what a window of 900 leaves for the outputs of a notebook
_context = "notebook"


def set_context(name: str) -> None:
    """Say where the pictures are looked at, for all that are made from now on.

    Args:
        name: `notebook`, or `talk` for a projector: half as large again.

    Raises:
        ValueError: Another name.

    Example:
        >>> set_context("talk")
        >>> scale()
        1.5
        >>> set_context("notebook")
    """
    global _context  # one setting for a room, as seaborn has it
    if not isinstance(name, str) or name not in SCALES:
        raise ValueError(f"set_context() takes {' or '.join(map(repr, SCALES))}, not {name!r}")
    _context = name


def scale() -> float:
    """How many times as large as usual everything is drawn."""
    return SCALES[_context]


@dataclass(frozen=True)
class Look:
    """How a graph is shown.

    Attributes:
        gradients: Whether gradients, local derivatives and the chain rule are shown.
        saved: Whether to show what each operation keeps for the backward pass.
        jacobians: Whether to show the numbers of small Jacobians.
        width: Room for the picture, in pixels before scaling.
        scale: Size on screen, 1 being that of a notebook's text.

    Raises:
        ValueError: `scale` is not a number from 0.1 to 10.
    """

    gradients: bool = True
    saved: bool = False
    jacobians: bool = False
    width: float = WIDTH
    scale: float = field(default_factory=scale)

    def __post_init__(self) -> None:
        if not isinstance(self.scale, (int, float)) or not 0.1 <= self.scale <= 10:
            raise ValueError(f"scale must be a number from 0.1 to 10, not {self.scale!r}")
