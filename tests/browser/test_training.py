"""Notebooks 05 and 06 as a student meets them: all cells, both themes, the boundary that moves."""

import pytest
from laboratory import accessible

from conftest import open_notebook, run_all, set_theme

LEAVES = ".lesson-film"


def show(page, selector):
    """Scroll until an output that JupyterLab draws on demand is there."""
    for _ in range(60):
        if page.locator(selector).count():
            page.locator(selector).first.scroll_into_view_if_needed()
            return page.locator(selector).first
        page.evaluate(
            "document.querySelector('.jp-NotebookPanel .jp-WindowedPanel-outer').scrollTop += 500"
        )
        page.wait_for_timeout(150)
    raise AssertionError(f"no {selector} on the page")


def run_from_nothing(page, lab, name):
    open_notebook(page, lab, name)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    run_all(page)
    to_the_top(page)
    return page


def to_the_top(page):
    page.evaluate(
        "document.querySelector('.jp-NotebookPanel .jp-WindowedPanel-outer').scrollTop = 0"
    )


@pytest.fixture(scope="module")
def training(long_page, lab):
    """A page with notebook 06, run."""
    return run_from_nothing(long_page, lab, "06_adaline.ipynb")


def pictured(page, seen):
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        set_theme(page, theme)
        picture = show(page, seen)
        assert picture.evaluate("it => Number(it.getAttribute('width'))") > 400
        shrunk = "it => it.getBoundingClientRect().width / Number(it.getAttribute('width'))"
        assert picture.evaluate(shrunk) > 0.99, "the page has shrunk the picture"
    set_theme(page, "JupyterLab Light")
    assert page.foreign == [] and page.complaints == []


def test_notebook_05_runs_and_shows_its_jacobians_in_both_themes(page, lab):
    run_from_nothing(page, lab, "05_vectors_and_matrices.ipynb")
    pictured(page, "svg[aria-label*='vector–Jacobian product: seed · ∂out/∂X']")


def test_notebook_06_runs_and_shows_the_modules_names_in_both_themes(training):
    pictured(training, "svg[aria-label*='parameter model.linear.weight']")


def test_the_boundary_moves_with_the_arrow_keys_even_without_a_kernel(training):
    page = training
    to_the_top(page)
    show(page, LEAVES)
    page.evaluate("() => window.jupyterapp.commands.execute('kernelmenu:shutdown')")
    page.wait_for_timeout(1500)
    caption, picture = (
        page.locator(f"{LEAVES} {selector}") for selector in ("p[role=status]", "img[alt]")
    )
    assert caption.inner_text().startswith("Epoch 0: 36 of 70")
    shown = """images => images
        .filter(image => getComputedStyle(image).visibility === 'visible')
        .map(image => [image.src, image.alt, image.complete && image.naturalWidth > 300])"""
    ((before, alt, drawn),) = picture.evaluate_all(shown)
    assert alt.startswith("Epoch 0: 36 of 70") and drawn
    page.locator(LEAVES).focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "says => document.querySelector('.lesson-film p[role=status]')?.innerText === says",
        arg="Epoch 20: 65 of 70 training flowers are on the right side.",
    )
    ((after, alt, drawn),) = picture.evaluate_all(shown)
    assert after != before and alt.startswith("Epoch 20: 65") and drawn
    names = accessible(page)
    assert ("slider", "Epoch") in names
    assert any(role == "button" and "Play" in name for role, name in names)
