"""A new student's way through the first exercise: wrong, named, hinted, right; and what is done."""

import os

import pytest
from laboratory import accessible

from conftest import open_notebook, set_theme

CELLS = (
    "from lesson_utils import check, hint, progress",
    'w_gradient = ...\n\ncheck("01.1", w_gradient)',
    'w_gradient = 2.0\n\ncheck("01.1", w_gradient)',
    'hint("01.1")',
    'w_gradient = 3.0\n\ncheck("01.1", w_gradient)',
    "progress()",
)
RUN = """async index => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute('notebook:run-cell');
}"""
SAID = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell =>
    cell.model.sharedModel.getOutputs().map(it => it.data?.['text/plain'] ?? '').join())"""


@pytest.fixture(scope="module")
def student(long_page, lab, write):
    """A page on which the cells were run one after the other."""
    # The kernel has the progress file of these tests; it may be of an earlier test.
    if os.path.exists(os.environ["LESSON_PROGRESS"]):
        os.remove(os.environ["LESSON_PROGRESS"])
    open_notebook(long_page, lab, write("student.ipynb", *CELLS))
    for index in range(len(CELLS)):
        long_page.evaluate(RUN, index)
    long_page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    long_page.locator("table caption").first.wait_for(state="visible", timeout=60_000)
    return long_page


def test_wrong_is_named_hinted_and_then_right(student):
    _, stub, wrong, hint, right, done = student.evaluate(SAID)
    assert "not attempted" in stub
    assert "the factor itself" in wrong and "3" not in wrong.partition("\n")[2]
    assert "hint 1 of 3" in hint
    assert right.startswith("✓ 01.1 · right")
    assert done.startswith("1 of ")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_picture_of_progress_can_be_read_and_heard_in_both_themes(student, theme):
    set_theme(student, theme)
    table = student.locator("table:has(caption)").first
    table.scroll_into_view_if_needed()
    assert table.is_visible() and table.locator("tr").count() == 7
    names = [name for _, name in accessible(student)]
    assert any("01.1 · One neuron, one derivative: done" in name for name in names)
    for selector in ("table caption", ".lesson-verdict"):
        ink, paper = student.locator(selector).first.evaluate(
            """it => [getComputedStyle(it).color,
                getComputedStyle(document.querySelector('.jp-NotebookPanel')).backgroundColor]
                .map(colour => Number(colour.match(/\\d+/)[0]))"""
        )
        assert abs(ink - paper) > 100, "the words can be read"
    assert student.complaints == [] and student.foreign == []


@pytest.mark.parametrize("width", [1024, 390])
def test_it_stays_within_the_page(student, width):
    student.set_viewport_size({"width": width, "height": 720})
    student.wait_for_timeout(600)
    for selector in ("table:has(caption)", ".lesson-verdict"):
        box = student.locator(selector).first.bounding_box()
        assert box["x"] + box["width"] <= width
