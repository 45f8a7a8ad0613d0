"""The film in JupyterLab: keys, Play, both themes, names, and life without a kernel."""

import subprocess
import sys

import nbformat
import pytest
from laboratory import accessible
from lecture import neuron
from matplotlib.figure import Figure

from conftest import open_notebook, run_all, set_theme
from lesson_utils import flipbook, play
from lesson_utils.film.animation import STEP

CELLS = (
    "import torch, torch.nn.functional as F\nfrom lesson_utils import play, trace",
    "x = torch.tensor([3.0])\nw = torch.tensor([2.0], requires_grad=True)\n"
    "b = torch.tensor([1.0], requires_grad=True)",
    "with trace() as t:\n    a = F.relu(x * w + b)\nplay(t)",
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
    long_page.locator(".lesson-film svg").first.wait_for(timeout=30_000)
    return long_page


def at(page):
    return int(page.get_by_role("slider", name="Step").first.input_value())


def sentence(page):
    return page.locator(".lesson-film p[role=status]").first.inner_text()


def go_to(page, number):
    """With the arrow keys."""
    page.locator(".lesson-film").first.focus()
    page.keyboard.press("Home")
    for _ in range(number):
        page.keyboard.press("ArrowRight")
    wait_for(page, number)


def wait_for(page, number):
    page.wait_for_function(
        "says => document.querySelector('.lesson-film p[role=status]')?.innerText === says",
        arg=FILM.frames[number].sentence,
    )


def visible(page):
    """The texts of the picture that can be seen."""
    return page.evaluate(
        """() => [...document.querySelector('.lesson-film svg')
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
    fractions = "∂a∂w= ∂a∂v· ∂v∂u· ∂u∂w= 1 · 1 · 3 = 3"  # the numerators over the denominators
    assert "∂a/∂w = 3" in shown and fractions not in "".join(shown)
    go_to(cinema, LAST)
    assert fractions in "".join(visible(cinema))


def test_nothing_moves_from_frame_to_frame(cinema):
    places = set()
    for number in range(LAST + 1):
        go_to(cinema, number)
        box = cinema.locator(".lesson-film svg").first.bounding_box()
        spot = cinema.locator(".lesson-film svg [data-part=value-4]").first.bounding_box()
        places.add(tuple(round(rect[k]) for rect in (box, spot) for k in ("x", "y", "width")))
    assert len(places) == 1


def test_space_plays_to_the_end_at_the_speed_that_is_asked_for(cinema):
    go_to(cinema, 0)
    cinema.get_by_label("Speed").first.select_option("4")
    cinema.locator(".lesson-film").first.focus()
    cinema.keyboard.press("Space")
    cinema.get_by_role("button", name="Pause").first.wait_for()
    wait_for(cinema, 1)
    cinema.keyboard.press("Space")
    stopped = at(cinema)
    cinema.wait_for_timeout(1500)
    assert at(cinema) == stopped, "the second press pauses"
    cinema.keyboard.press("Space")
    wait_for(cinema, LAST)
    cinema.get_by_role("button", name="Play").first.wait_for()
    assert at(cinema) == LAST
    cinema.get_by_role("button", name="Back to the start").first.click()
    wait_for(cinema, 0)


def test_mouse_and_finger_step_too(cinema):
    go_to(cinema, 0)
    cinema.get_by_role("button", name="Next step").first.click()
    cinema.get_by_role("button", name="Next step").first.click()
    wait_for(cinema, 2)
    cinema.get_by_role("button", name="Previous step").first.click()
    wait_for(cinema, 1)
    swipe = """(view, way) => {
        for (const [kind, x] of [['touchstart', 200], ['touchend', 200 + way]]) {
            const touch = new Touch({identifier: 1, target: view, clientX: x, clientY: 90});
            view.dispatchEvent(new TouchEvent(kind, {changedTouches: [touch], bubbles: true}));
        }
    }"""
    window = cinema.locator(".lesson-film .window").first
    window.evaluate(swipe, -120)
    wait_for(cinema, 2)
    window.evaluate(swipe, 120)
    wait_for(cinema, 1)


def test_the_line_that_runs_is_marked_forwards_and_backwards(cinema):
    rows = cinema.locator(".lesson-film").first.locator(".code div")
    marked = "rows => rows.map(row => row.className + ':' + row.lastChild.textContent.trim())"
    told = {0: "", 1: "runs", 3: "runs", 4: "", 5: "back", 7: "back", LAST: ""}
    for number, kind in told.items():
        go_to(cinema, number)
        line = f"{kind}:a = F.relu(x * w + b)"
        assert rows.evaluate_all(marked) == [":with trace() as t:", line]


def test_the_keys_of_the_film_are_not_jupyterlabs(cinema):
    """In a notebook arrows walk from cell to cell, and the space bar scrolls."""
    go_to(cinema, 3)
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = cinema.evaluate(active)
    for key in ("ArrowRight", "ArrowLeft", "End", "Home"):
        cinema.keyboard.press(key)
    assert cinema.evaluate(active) == before


def test_pictures_and_controls_have_names(cinema):
    go_to(cinema, 3)
    cinema.wait_for_timeout(300)
    names = accessible(cinema)
    assert ("slider", "Step") in names and ("combobox", "Speed") in names
    for name in ("Play", "Back to the start", "Previous step", "Next step"):
        assert ("button", name) in names
    assert ("group", FILM.frames[3].sentence) in names


def test_a_film_taller_than_its_window_follows_what_happens(cinema):
    tall = cinema.locator(".lesson-film").nth(1)
    tall.scroll_into_view_if_needed()
    tall.focus()
    for number in range(5, 35, 5):
        for _ in range(5):
            cinema.keyboard.press("ArrowRight")
        tall.locator(f"p[role=status]:has-text('v{number - 2} =')").wait_for()
        cinema.wait_for_timeout(200)
        inside = f"""box => {{
            const now = box.querySelector('.operation.n{number}').getBoundingClientRect();
            const window = box.querySelector('.window').getBoundingClientRect();
            return now.top >= window.top && now.bottom <= window.bottom;
        }}"""
        assert tall.evaluate(inside), number
        told = tall.locator(".code .runs").get_attribute("data-pass")
        assert told == f"pass {(number + 1) // 2} of 20"
    cinema.locator(".lesson-film").first.scroll_into_view_if_needed()


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
        assert cinema.evaluate(contrast, f".lesson-film {text}") > 4.5, text


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


def test_a_page_opened_from_disk_plays_with_nothing_else(page, folder, tmp_path):
    """A page made by nbconvert, with two films, one of them twice; and the saved file."""
    bundle = play(FILM.graph)._repr_mimebundle_()
    cells = [nbformat.v4.new_code_cell("play(t)") for _ in range(2)]
    for cell in cells:
        cell.outputs = [nbformat.v4.new_output("display_data", {**bundle})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "two.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "two.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    play(FILM.graph).save(tmp_path / "film.html")
    for name in ("two.html", "film.html"):
        page.goto((tmp_path / name).as_uri())
        films = page.locator(".lesson-film")
        films.first.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        wait_for(page, 3)
        assert "a = 7" in visible(page) and "∂" not in " ".join(visible(page))
        if films.count() > 1:
            assert films.nth(1).locator("p[role=status]").inner_text() == FILM.frames[0].sentence
        if name == "two.html":
            page.foreign.clear()  # nbconvert's own page asks for RequireJS and MathJax
    assert page.foreign == [], "the saved file asks nobody for anything"
    assert [
        complaint for complaint in page.complaints if "ERR_NAME_NOT_RESOLVED" not in complaint
    ] == []


def test_the_picture_that_moves_by_itself_moves(page, tmp_path):
    play(FILM.graph).save(tmp_path / "film.svg")
    page.goto((tmp_path / "film.svg").as_uri())
    seen = """() => [...document.querySelectorAll('text')]
        .filter(text => getComputedStyle(text).visibility === 'visible')
        .map(text => text.textContent)"""
    for number in (0, 1, LAST):
        page.evaluate(
            "at => document.getAnimations().forEach(each => {each.pause(); each.currentTime = at})",
            (number + 0.5) * STEP * 1000,
        )
        assert FILM.frames[number].sentence in page.evaluate(seen)
        assert FILM.frames[(number + 2) % LAST].sentence not in page.evaluate(seen)
    page.emulate_media(reduced_motion="reduce")
    assert FILM.frames[LAST].sentence in page.evaluate(seen)
    assert FILM.frames[0].sentence not in page.evaluate(seen)
    page.emulate_media(reduced_motion="no-preference")


def test_nobody_complained_and_nobody_was_asked(cinema):
    assert cinema.complaints == []
    assert cinema.foreign == []


def test_one_page_and_the_ends_leave_the_keys_alive(page, tmp_path):
    flipbook([Figure(figsize=(2, 1))], ["the only page"]).save(tmp_path / "one.html")
    page.goto((tmp_path / "one.html").as_uri())
    page.get_by_role("button", name="Play").click()
    assert page.locator("p[role=status]").inner_text() == "the only page"
    assert page.get_by_role("button", name="Play").count() == 1
    play(FILM.graph).save(tmp_path / "film.html")
    page.goto((tmp_path / "film.html").as_uri())
    page.get_by_role("button", name="Next step").click()
    page.get_by_role("button", name="Previous step").click()
    wait_for(page, 0)
    page.keyboard.press("ArrowRight")
    wait_for(page, 1)
    assert page.complaints == []
