"""Notebook 01 as a student meets it: JupyterLab, Run All, the picture."""

from conftest import open_notebook, run_all, set_theme

LECTURE = "01_autograd_lecture.ipynb"


def test_the_lecture_runs_and_shows_its_picture(page, lab):
    open_notebook(page, lab, LECTURE)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    run_all(page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(8)")
    picture = page.locator("svg[aria-label*='ReLU(v) gives a = 7']").first
    picture.wait_for(state="visible", timeout=30_000)
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("it => Number(it.getAttribute('width'))") > 400
    shrunk = "it => it.getBoundingClientRect().width / Number(it.getAttribute('width'))"
    assert picture.evaluate(shrunk) > 0.99, "the page has shrunk the picture"
    set_theme(page, "JupyterLab Dark")
    assert picture.is_visible()
    assert page.foreign == []
    assert page.complaints == []
