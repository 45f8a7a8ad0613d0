"""A graph's forward and backward pass as a film one can step through.

Play button, slider and frames are stock widgets that are linked in the
browser: no kernel is needed to step, and a page made by nbconvert is alive.
"""

from __future__ import annotations

from functools import cached_property

import ipywidgets

from lesson_utils.graph import ComputationGraph
from lesson_utils.picture.layout import NoLayoutProgram
from lesson_utils.picture.page import inline
from lesson_utils.picture.pieces import escape, text_width
from lesson_utils.sliders.controls import naming, turning
from lesson_utils.sliders.film import Film
from lesson_utils.sliders.live import Live
from lesson_utils.words.look import WIDTH, Look

INTERVAL = 1500  # milliseconds between frames: time to read a short sentence
_SIZE = 15.0

# A film taller than its window scrolls to what happens now, and never the page.
_FOLLOW = (
    "setTimeout(()=>{const box=this.closest('.lesson-controls')?.querySelector('.lesson-window'),"
    "now=box?.querySelector('.operation.n%d,.branch.n%d');if(!now)return;"
    "const a=box.getBoundingClientRect(),b=now.getBoundingClientRect();"
    "if(b.top<a.top||b.bottom>a.bottom)box.scrollTop+=b.top-a.top-a.height/3},50)"
)


def _follow(number: int) -> str:
    return _FOLLOW.replace("%d", str(number))


class Player(Live):
    """A film of a graph. Shows itself in a notebook; elsewhere its numbered sentences do.

    Attributes:
        film: The frames and their picture.
    """

    def __init__(self, graph: ComputationGraph, look: Look | None = None) -> None:
        self.film = Film(graph, look)

    @cached_property
    def text(self) -> str:
        """The numbered sentences."""
        return "\n".join(f"{i}. {frame.sentence}" for i, frame in enumerate(self.film.frames))

    @cached_property
    def widget(self) -> ipywidgets.Widget:
        """The film with its controls."""
        film = self.film
        picture = ipywidgets.HTML()
        mark = f"film-{picture.model_id}"
        # Its id is unique on any page, also beside outputs of an earlier kernel.
        try:
            shown = inline(film.picture(f"{mark}-says"))
        except NoLayoutProgram as error:
            shown = f"<p>{escape(str(error))}</p>"
        picture.value = (
            f'<div id="{mark}" class="lesson-window" style="overflow:auto;max-height:65vh">'
            f"{shown}</div>"
        )
        rows = max(-(-text_width(f.sentence, _SIZE) // (WIDTH * 0.92)) for f in film.frames)
        frames = ipywidgets.Stack(
            [
                ipywidgets.HTML(
                    f"<style>{film.style(number, f'#{mark}')}</style>"
                    f'<p id="{mark}-says" role="status" style="font-size:{_SIZE:g}px;'
                    f"line-height:1.45;margin:4px 0;max-width:{WIDTH:g}px;"
                    f'min-height:{rows * 1.45:.2f}em">{escape(frame.sentence)}</p>'
                    f'<img src="data:," alt="" hidden onerror="{_follow(number)}">'
                )
                for number, frame in enumerate(film.frames)
            ],
            selected_index=0,
        )
        controls = turning(frames, "Step", INTERVAL)
        box = ipywidgets.VBox([controls, frames, picture, naming()])
        box.add_class("lesson-controls")
        return box

    @property
    def html(self) -> str:
        """The finished picture and the sentences."""
        steps = "".join(f"<li>{escape(frame.sentence)}</li>" for frame in self.film.frames)
        return (
            f"{self.film.drawing.html}<details><summary>Step by step</summary>"
            f'<ol start="0">{steps}</ol></details>'
        )
