"""Pictures on a dark page: each colour has a counterpart there, and the page's scheme chooses."""

from __future__ import annotations

from lesson_utils.picture.pieces import (
    BLUE,
    EDGE_OF_PAPER,
    FAINT,
    GREEN,
    INDIGO,
    INK,
    OLIVE,
    ORANGE,
    PALE,
    PAPER,
    RED,
    VIOLET,
    VIOLET_PALE,
)

DARK = {
    PAPER: "#1d2125", EDGE_OF_PAPER: "#424950", INK: "#e8eaed", FAINT: "#a9b1bb",
    ORANGE: "#d9a441", GREEN: "#3fbf97", RED: "#ff9a76", VIOLET: "#d9a3c9",
    INDIGO: "#a99cf5", OLIVE: "#b5c443",
    VIOLET_PALE: "#3a2834", PALE["parameter"]: "#3a3019", PALE["input"]: "#2c3034",
    PALE["intermediate"]: "#1a3041", PALE["output"]: "#173a2f",
}  # fmt: skip
LINES = {BLUE: "#58b4e8"}  # as a line; what is filled with it carries white text
SHOWN = "lesson-shown"  # the class of what follows the theme of its page
# JupyterLab and nbconvert say which theme they have; pages of ours follow the reader's settings.
SCHEME = (
    "<style>.lesson-shown{color-scheme:light}.lesson-page .lesson-shown{color-scheme:light dark}"
    '[data-jp-theme-light="false"] .lesson-shown{color-scheme:dark}'
    "@media print{.lesson-shown{color-scheme:light!important;overflow:visible!important}"
    ".lesson-shown :is(img,svg){min-width:0!important}}</style>"
)


def themed(svg: str) -> str:
    """A picture that is dark where the page is.

    Alone, as an `<img>`, it has the colour scheme that is given to the image; in a page it inherits
    it. A browser that does not know `light-dark` leaves all as it is drawn.
    """
    rules = [
        f'[{kind}="{light}"]{{{kind}:light-dark({light},{dark})}}'
        for kind, colours in (("fill", DARK), ("stroke", DARK | LINES))
        for light, dark in colours.items()
        if f'{kind}="{light}"' in svg
    ]
    start, _, rest = svg.partition(">")
    start = start.replace("<svg ", '<svg class="lesson-svg" ', 1)
    scheme = ".lesson-svg:root{color-scheme:light dark}"  # no `&`, for it is XML
    return f"{start}><style>{scheme}.lesson-svg{{{''.join(rules)}}}</style>{rest}"
