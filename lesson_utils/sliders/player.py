"""`play`: a graph's forward and backward pass as a film one can step through.

Play button, slider and frames are stock widgets that are linked in the
browser: no kernel is needed to step, and a page made by nbconvert is alive.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import ipywidgets

from lesson_utils.picture.drawing import WIDTH, Drawing, draw
from lesson_utils.picture.layout import NoLayoutProgram
from lesson_utils.picture.page import inline
from lesson_utils.picture.pieces import escape, text_width
from lesson_utils.sliders.film import Film

INTERVAL = 1500  # milliseconds between frames: time to read a short sentence
_SIZE = 15.0

# Play's buttons hold an icon and nothing that names them; CSS gives the icons a name.
_ICONS = "".join(
    f'.lesson-controls .fa-{icon}::before{{content:"\\{code}" / "{name}"}}'
    for icon, code, name in (
        ("play", "f04b", "Play"), ("pause", "f04c", "Pause"), ("stop", "f04d", "Back to the start"),
    )
)  # fmt: skip
# ipywidgets gives its sliders no name that assistive technology could read: they take that of
# the label beside them once they stand in the page.
_LABELS = (
    "setTimeout(()=>{for(const row of this.closest('.lesson-controls')?.querySelectorAll("
    "'.widget-hbox')??[])for(const each of row.querySelectorAll('.noUi-handle,input'))"
    "each.setAttribute('aria-label',row.querySelector('label').textContent)},200)"
)
# A film taller than its window scrolls to what happens now, and never the page.
_FOLLOW = (
    "setTimeout(()=>{const box=this.closest('.lesson-controls')?.querySelector('.lesson-window'),"
    "now=box?.querySelector('.operation.n%d,.branch.n%d');if(!now)return;"
    "const a=box.getBoundingClientRect(),b=now.getBoundingClientRect();"
    "if(b.top<a.top||b.bottom>a.bottom)box.scrollTop+=b.top-a.top-a.height/3},50)"
)


def _follow(number: int) -> str:
    return _FOLLOW.replace("%d", str(number))


def naming() -> ipywidgets.Widget:
    """What gives the controls of a box of class `lesson-controls` their accessible names."""
    return ipywidgets.HTML(
        f'<style>{_ICONS}</style><img src="data:," alt="" hidden onerror="{_LABELS}">',
        layout=ipywidgets.Layout(height="0", margin="0"),
    )


def turning(pages: ipywidgets.Stack, name: str, interval: int) -> ipywidgets.Widget:
    """Play button and slider that turn pages in the browser.

    Args:
        pages: One shows at a time.
        name: What the slider counts.
        interval: Milliseconds between pages when they play.
    """
    last = len(pages.children) - 1
    play = ipywidgets.Play(max=last, interval=interval, tooltip=f"Play: {name}", show_repeat=False)
    slider = ipywidgets.IntSlider(
        max=last, description=name, layout=ipywidgets.Layout(width="340px"),
        tooltip="Step through: drag, or use the arrow keys",
        style={"description_width": "initial"},
    )  # fmt: skip
    ipywidgets.jslink((play, "value"), (slider, "value"))
    ipywidgets.jslink((slider, "value"), (pages, "selected_index"))
    return ipywidgets.HBox([play, slider])


class Player:
    """A film of a graph. Shows itself in a notebook; the numbered sentences stand in elsewhere.

    Attributes:
        film: The frames and their picture.
        text: The numbered sentences.
    """

    def __init__(self, drawing: Drawing) -> None:
        self.film = Film(drawing.graph)
        self.text = "\n".join(
            f"{number}. {frame.sentence}" for number, frame in enumerate(self.film.frames)
        )

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

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(self.widget._repr_mimebundle_(**kwargs) or {})
        picture = self.film.drawing._repr_mimebundle_()["text/html"]
        steps = "".join(f"<li>{escape(frame.sentence)}</li>" for frame in self.film.frames)
        bundle["text/html"] = (
            f'{picture}<details><summary>Step by step</summary><ol start="0">{steps}</ol></details>'
        )
        bundle["text/plain"] = self.text
        return bundle


def play(t_or_graph: Any) -> Player:
    """Watch a traced block run forwards, value by value, and backwards, node by node.

    Args:
        t_or_graph: A `trace()` or a `ComputationGraph`.

    Returns:
        A `Player`, which shows itself as the last line of a cell: a Play
        button, a slider (arrow keys work) and the frames. Where widgets cannot
        run, the finished picture and the numbered sentences stand in.

    Raises:
        TypeError: `t_or_graph` is neither.
    """
    return Player(draw(t_or_graph))
