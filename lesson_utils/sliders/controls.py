"""The accessible names of sliders."""

from __future__ import annotations

import ipywidgets

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
        f'<img src="data:," alt="" hidden onerror="{_LABELS}">',
        layout=ipywidgets.Layout(height="0", margin="0"),
    )
