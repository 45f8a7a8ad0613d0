"""How a graph is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

SCALES = {"notebook": 1.0, "talk": 1.5}
# Pixels. A window of 1280 leaves 828 beside the files of JupyterLab: one percent is not seen.
WIDTH = 836.0
ON_A_WALL = 1150.0  # likewise, a projector's 1280
READABLE, FROM_AFAR = 11.0, 18.0  # pixels: the smallest text that a picture is shrunk to
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


def room() -> float:
    """Pixels on screen that a picture may be wide."""
    return WIDTH if scale() <= 1 else ON_A_WALL


@dataclass(frozen=True)
class Look:
    """How a graph is shown.

    Attributes:
        gradients: Whether gradients, local derivatives and the chain rule are shown.
        saved: Whether to show what each operation keeps for the backward pass.
        jacobians: Whether to show the numbers of small Jacobians.
        width: Room for the picture, in pixels before scaling; 0 for that of the room.
        scale: Size on screen, 1 being that of a notebook's text.

    Raises:
        ValueError: `scale` is not a number from 0.1 to 10.
    """

    gradients: bool = True
    saved: bool = False
    jacobians: bool = False
    width: float = 0.0
    scale: float = field(default_factory=scale)

    def __post_init__(self) -> None:
        if not isinstance(self.scale, (int, float)) or not 0.1 <= self.scale <= 10:
            raise ValueError(f"scale must be a number from 0.1 to 10, not {self.scale!r}")
        if not self.width:
            usual = room() / self.scale if self.scale == scale() else WIDTH
            object.__setattr__(self, "width", usual)  # it is frozen

    @property
    def readable(self) -> float:
        """Pixels on screen of the smallest text that a picture is shrunk to."""
        return FROM_AFAR if self.scale >= SCALES["talk"] else READABLE
