"""JupyterLab runs slider callbacks in another thread: their picture is of the function alone."""

import pytest

from conftest import open_notebook, run_all

# The operations where the sliders stand first, and where the first of them is at its lower end.
NEURON = ["× → u", "+ → v", "ReLU → y"]
EXPLORERS = {
    "03_control_flow.ipynb": (
        ["× → u", "+ → y", "> 0 → v"],
        ["× → u", "+ → v", "> 0 → v1", "× 0 → y"],
    ),
    "04_undefined_gradients.ipynb": (NEURON, NEURON),
}
BOX = ".lesson-controls"


@pytest.fixture(params=EXPLORERS)
def explorer(request, page, lab):
    """A page that shows the sliders of a notebook all of whose cells were run."""
    open_notebook(page, lab, request.param)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    run_all(page)
    page.evaluate(
        """() => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            const index = notebook.widgets.findIndex(cell => cell.model.type === 'code'
                && /^explore\\(/m.test(cell.model.sharedModel.getSource()));
            return notebook.scrollToItem(index);
        }"""
    )
    page.locator(f"{BOX} svg g.operation").first.wait_for()
    return page, *EXPLORERS[request.param]


def says(page):
    return page.locator(f"{BOX} p[role=status]").text_content()  # also where it is out of sight


def shown(page):
    """All texts of the picture, and its operations, each with the result in whose box it stands."""
    return page.evaluate(
        """box => {
            const picture = document.querySelector(box).querySelector('svg');
            const text = element => element.textContent.trim();
            const operations = [...picture.querySelectorAll('g.operation')].map(badge => {
                const value = badge.previousElementSibling;
                const name = value?.classList.contains('value')
                    ? text(value.querySelector('.name')) : '?';
                return `${text(badge.querySelector('text'))} → ${name}`;
            });
            return {operations, texts: [...picture.querySelectorAll('text')].map(text)};
        }""",
        BOX,
    )


def press(page, key):
    """Press a key that moves the slider, and wait for the picture that follows."""
    before = says(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "([box, before]) => document.querySelector(`${box} p[role=status]`).innerText !== before",
        arg=[BOX, before],
    )


def test_a_slider_moved_after_run_all_shows_the_function_and_nothing_of_other_cells(explorer):
    page, here, below = explorer
    start, at = shown(page), says(page)
    assert start["operations"] == here
    handles = page.locator(f"{BOX} .noUi-handle")
    for i in range(handles.count()):
        now, most = (
            float(handles.nth(i).get_attribute(name)) for name in ("aria-valuenow", "aria-valuemax")
        )
        away, back = ("ArrowRight", "ArrowLeft") if now < most else ("ArrowLeft", "ArrowRight")
        handles.nth(i).focus()
        for key in [away] * 3 + [back] * 3:
            press(page, key)
            assert shown(page)["operations"] == here, says(page)
        assert (says(page), shown(page)) == (at, start)
    handles.first.focus()
    for key, operations in (("Home", below), ("End", here)):
        press(page, key)
        assert shown(page)["operations"] == operations, says(page)
    assert page.complaints == [] and page.foreign == []
