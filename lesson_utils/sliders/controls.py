"""The controls that a film, a flipbook and sliders share, and their accessible names."""

from __future__ import annotations

import ipywidgets

# Play's buttons hold an icon and nothing that names them; CSS gives the icons a name.
_ICONS = "".join(
    f'.lesson-controls .fa-{icon}::before{{content:"\\{code}" / "{name}"}}'
    for icon, code, name in (
        ("play", "f04b", "Play"), ("pause", "f04c", "Pause"), ("stop", "f04d", "Back to the start"),
    )
)  # fmt: skip
# ipywidgets gives its sliders no name that assistive technology could read: they take that of
# the label beside them once they are in the page.
_LABELS = (
    "setTimeout(()=>{for(const row of this.closest('.lesson-controls')?.querySelectorAll("
    "'.widget-hbox')??[])for(const each of row.querySelectorAll('.noUi-handle,input'))"
    "each.setAttribute('aria-label',row.querySelector('label').textContent)},200)"
)


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
