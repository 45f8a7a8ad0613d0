"""`%load_ext lesson_utils` in JupyterLab: why, below the tracebacks of autograd's errors."""

import pytest
from laboratory import accessible

from conftest import open_notebook, set_theme

CELLS = (
    "import torch\nfrom lesson_utils import trace\n%load_ext lesson_utils",
    "w = torch.tensor(0.5, requires_grad=True)\nwith trace() as t:\n    trunk = torch.tanh(w)\n"
    "    first = (trunk - 1) ** 2\n    second = 3 * trunk\n    first.backward()\n"
    "    second.backward()",
    'w + "1"',
    "%unload_ext lesson_utils",
    "second.backward()",
)
SAYS = "tanh has lost what it saved; it was freed by the backward pass on line 6."
RUN = """async index => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute('notebook:run-cell');
}"""
# Of each cell its outputs: their kinds, and the error or the words that are in them.
OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell =>
    cell.model.sharedModel.getOutputs().map(output =>
        [output.output_type, output.traceback?.join('') ?? output.data?.['text/plain'] ?? '']))"""
PICTURE = ".lesson-why svg"


@pytest.fixture(scope="module")
def clinic(long_page, lab, write):
    """A page with a notebook whose cells were run one by one: Run All ends at an error."""
    open_notebook(long_page, lab, write("clinic.ipynb", *CELLS))
    for index in range(len(CELLS)):
        long_page.evaluate(RUN, index)
    long_page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    long_page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(1)")
    long_page.locator(PICTURE).first.wait_for(state="visible", timeout=60_000)
    return long_page


def test_a_failing_cell_shows_its_whole_traceback_and_below_it_why(clinic):
    (failed, traceback), (shown, words) = clinic.evaluate(OUTPUTS)[1]
    assert (failed, shown) == ("error", "display_data")
    assert "second time" in traceback and "_engine_run_backward" in traceback
    assert "trunk" in words and "(first + second).backward()" in words
    above, below = (
        clinic.locator(selector).first.bounding_box()
        for selector in (".jp-RenderedText[data-mime-type$='stderr']", ".lesson-why")
    )
    assert above["y"] + above["height"] + 6 <= below["y"]  # apart from it


def test_an_error_that_is_not_autograds_shows_nothing_more_and_neither_does_one_after_unloading(
    clinic,
):
    *_, other, _, after = clinic.evaluate(OUTPUTS)
    assert [kind for kind, _ in other] == ["error"] and "TypeError" in other[0][1]
    assert [kind for kind, _ in after] == ["error"] and "second time" in after[0][1]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_picture_says_what_it_shows_in_both_themes(clinic, theme):
    set_theme(clinic, theme)
    picture = clinic.locator(PICTURE).first
    picture.scroll_into_view_if_needed()
    assert picture.is_visible() and SAYS in picture.get_attribute("aria-label")
    assert any(SAYS in name for _, name in accessible(clinic))
    ink, paper = clinic.locator(".lesson-why").first.evaluate(
        """it => [getComputedStyle(it).color,
            getComputedStyle(document.querySelector('.jp-NotebookPanel')).backgroundColor]
            .map(colour => Number(colour.match(/\\d+/)[0]))"""
    )
    assert abs(ink - paper) > 100, "the words can be read"
    assert clinic.foreign == [] and clinic.complaints == []


def test_the_repairs_are_folded_and_open_by_a_click_or_a_key(clinic):
    fold = clinic.locator(".lesson-why summary").first
    repair = clinic.locator(".lesson-why li").first
    assert "What you can do: " in fold.inner_text() and not repair.is_visible()
    fold.click()
    assert repair.is_visible()
    fold.press("Enter")
    assert not repair.is_visible()
    fold.press("Space")
    assert repair.is_visible()  # and stays so, for the widths below


@pytest.mark.parametrize("width", [1280, 1024, 390])
def test_words_and_picture_stay_within_the_page(clinic, width):
    clinic.set_viewport_size({"width": width, "height": 720})
    clinic.wait_for_timeout(800)
    page, words, room = clinic.evaluate(
        """() => {
            const why = document.querySelector('.lesson-why');
            const right = it => it.getBoundingClientRect().right;
            return [document.documentElement.scrollWidth,
                Math.max(...[...why.querySelectorAll('p, li, code, pre, .lesson-picture')]
                    .map(right)),
                right(why.closest('.jp-OutputArea'))];
        }"""
    )
    assert page <= width and words <= room + 1
