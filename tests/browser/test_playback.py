"""The film in JupyterLab: keys, Play, both themes, names, and life without a kernel."""

import nbformat
import pytest
from conftest import open_notebook, run_all, set_theme
from laboratory import accessible
from lecture import neuron

from lesson_utils import play

CELLS = (
    "import torch, torch.nn.functional as F\nfrom lesson_utils import play, trace",
    "x = torch.tensor([3.0])\nw = torch.tensor([2.0], requires_grad=True)\n"
    "b = torch.tensor([1.0], requires_grad=True)",
    "with trace() as t:\n    a = F.relu(x * w + b)\nfilm = play(t)\n"
    "film.widget.children[0].children[0].interval = 120\nfilm",
    "with trace() as t:\n    h = w\n    for _ in range(20):\n        h = torch.sin(h * x)\nplay(t)",
)


FILM = play(neuron()).film
LAST = len(FILM.frames) - 1


@pytest.fixture(scope="module")
def cinema(long_page, lab, write):
    """A page with the lecture's film."""
    open_notebook(long_page, lab, write("film.ipynb", *CELLS))
    run_all(long_page)
    long_page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(2)")
    long_page.locator(".lesson-controls svg").first.wait_for(timeout=30_000)
    return long_page


def at(page):
    return int(page.locator(".noUi-handle").first.get_attribute("aria-valuenow").partition(".")[0])


def sentence(page):
    return page.locator(".lesson-controls p[role=status]").first.inner_text()


def go_to(page, number):
    """With the arrow keys."""
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("Home")
    for _ in range(number):
        page.keyboard.press("ArrowRight")
    wait_for(page, number)


def wait_for(page, number):
    page.wait_for_function(
        "says => document.querySelector('.lesson-controls p[role=status]')?.innerText === says",
        arg=FILM.frames[number].sentence,
    )


def visible(page):
    """The texts of the picture that can be seen."""
    return page.evaluate(
        """() => [...document.querySelector('.lesson-controls svg')
            .querySelectorAll('text')].map(text =>
            [...text.querySelectorAll('tspan')].concat(text.children.length ? [] : [text])
                .filter(part => getComputedStyle(part).visibility === 'visible')
                .map(part => part.textContent).join('')).filter(text => text.trim())"""
    )


def test_arrow_keys_step_forwards_and_backwards(cinema):
    for number, frame in enumerate(FILM.frames):
        go_to(cinema, number) if number == 0 else cinema.keyboard.press("ArrowRight")
        wait_for(cinema, number)
        assert sentence(cinema) == frame.sentence
    cinema.keyboard.press("ArrowLeft")
    wait_for(cinema, LAST - 1)


def test_each_frame_shows_its_numbers_and_none_of_a_later_one(cinema):
    go_to(cinema, 0)
    assert {"x = 3", "w = 2", "b = 1", "u", "v", "a"} <= set(visible(cinema))
    assert "∂" not in " ".join(visible(cinema))
    go_to(cinema, 1)
    assert "u = 6" in visible(cinema) and "v" in visible(cinema)
    go_to(cinema, 5)
    shown = visible(cinema)
    assert "∂a/∂v = 1" in shown and "∂a/∂w = 3" not in shown and "∂u/∂w = 3" not in shown
    go_to(cinema, 7)
    shown = visible(cinema)
    assert "∂a/∂w = 3" in shown and "∂a/∂w = ∂a/∂v · ∂v/∂u · ∂u/∂w = 1 · 1 · 3 = 3" not in shown
    go_to(cinema, LAST)
    assert "∂a/∂w = ∂a/∂v · ∂v/∂u · ∂u/∂w = 1 · 1 · 3 = 3" in visible(cinema)


def test_nothing_moves_from_frame_to_frame(cinema):
    places = set()
    for number in range(LAST + 1):
        go_to(cinema, number)
        box = cinema.locator(".lesson-controls svg").first.bounding_box()
        spot = cinema.locator(".lesson-controls svg [id=value-4]").first.bounding_box()
        places.add(tuple(round(each[k]) for each in (box, spot) for k in ("x", "y", "width")))
    assert len(places) == 1


def test_space_on_the_play_button_plays_to_the_end(cinema):
    go_to(cinema, 0)
    button = cinema.get_by_role("button", name="Play", exact=True).first
    button.focus()
    cinema.keyboard.press("Space")
    wait_for(cinema, LAST)
    assert at(cinema) == LAST
    cinema.get_by_role("button", name="Back to the start").first.click()
    wait_for(cinema, 0)


def test_pictures_and_controls_have_names(cinema):
    go_to(cinema, 3)
    cinema.wait_for_timeout(300)
    names = accessible(cinema)
    assert ("slider", "Step") in names
    assert ("button", "Play") in names and ("button", "Back to the start") in names
    assert ("image", FILM.frames[3].sentence) in names


def test_a_film_taller_than_its_window_follows_what_happens(cinema):
    tall = cinema.locator(".lesson-controls").nth(1)
    tall.scroll_into_view_if_needed()
    tall.locator(".noUi-handle").focus()
    for number in range(5, 35, 5):
        cinema.keyboard.press("PageUp")
        tall.locator(f"p[role=status]:has-text('v{number - 2} =')").wait_for()
        cinema.wait_for_timeout(200)
        inside = f"""box => {{
            const now = box.querySelector('.operation.n{number}').getBoundingClientRect();
            const window = box.querySelector('.lesson-window').getBoundingClientRect();
            return now.top >= window.top && now.bottom <= window.bottom;
        }}"""
        assert tall.evaluate(inside), number
    cinema.locator(".lesson-controls").first.scroll_into_view_if_needed()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_sentence_and_picture_can_be_read_in_both_themes(cinema, theme):
    set_theme(cinema, theme)
    contrast = """selector => {
        const light = colour => {
            const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(each => each / 255)
                .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const element = document.querySelector(selector);
        const paper = element.closest('svg')?.querySelector('.paper');
        let ground = element, under = paper && getComputedStyle(paper).fill;
        while (!under || under === 'rgba(0, 0, 0, 0)') {
            ground = ground.parentElement;
            under = getComputedStyle(ground).backgroundColor;
        }
        const style = getComputedStyle(element);
        const both = [paper ? style.fill : style.color, under].map(light).sort((a, b) => b - a);
        return (both[0] + 0.05) / (both[1] + 0.05);
    }"""
    for text in ("p[role=status]", "svg text", "svg tspan.gradient"):
        assert cinema.evaluate(contrast, f".lesson-controls {text}") > 4.5, text


def test_without_a_kernel_it_still_steps_and_plays(cinema):
    cinema.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    cinema.wait_for_timeout(500)
    go_to(cinema, 2)
    assert "v = 7" in visible(cinema) and "a = 7" not in visible(cinema)
    cinema.get_by_role("button", name="Play", exact=True).first.click()
    wait_for(cinema, LAST)
    assert "∂a/∂w = 3" in visible(cinema)


def test_an_untrusted_notebook_shows_the_picture_and_the_sentences(page, lab, folder, write):
    """As a student meets it in a fresh clone, before any cell was run."""
    path = folder / "notebooks" / write("committed.ipynb", *CELLS[:3])
    notebook = nbformat.read(path, as_version=4)
    data = {**play(FILM.graph)._repr_mimebundle_()}
    notebook.cells[2].outputs = [nbformat.v4.new_output("display_data", data)]
    nbformat.write(notebook, path)
    open_notebook(page, lab, "committed.ipynb")
    picture = page.locator(".jp-OutputArea img[alt^='Computation graph of 3 operations']")
    picture.wait_for(state="visible")
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 400
    page.get_by_text("Step by step").click()
    page.get_by_text("× multiplies: ∂u/∂w = x = 3, so w receives 1 · 3 = 3.").wait_for()
    assert page.locator(".jp-OutputArea li").count() == LAST + 1


def test_nobody_complained_and_nobody_was_asked(cinema):
    # Without a kernel ipywidgets itself notes each message that it cannot send.
    unsent = "Could not send widget sync message"
    assert [each for each in cinema.complaints if not each.startswith(unsent)] == []
    assert cinema.foreign == []
