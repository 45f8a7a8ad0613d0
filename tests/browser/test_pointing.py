"""Pointing at a picture and at a film, with the mouse, a finger and the Tab key."""

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from lecture import neuron

from conftest import open_notebook, run_all, set_theme
from lesson_utils import draw, play, side_by_side, trace
from lesson_utils.words import pointing

CLEAR = """root => [...root.querySelectorAll('svg [data-part]')]
    .filter(part => !part.classList.contains('off')).map(part => part.dataset.part)"""
CELLS = (
    "import torch, torch.nn.functional as F\nfrom lesson_utils import draw, play, trace",
    "x = torch.tensor([3.0])\nw = torch.tensor([2.0], requires_grad=True)\n"
    "b = torch.tensor([1.0], requires_grad=True)\n"
    "with trace() as t:\n    a = F.relu(x * w + b)  # costs $5 and $6\ndraw(t)",
    "play(t)",
)


def woven():
    """A value of four uses, one of them in a square, and side roads that lead nowhere."""
    w, c = torch.tensor(0.5, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    d = torch.tensor(3.0)
    with trace() as t:
        y = (w * w + w) * torch.sin(w) + c * d
        torch.exp(w).detach()
        torch.cos(d)
    return t.graph(of=y)


def on_paths(graph, value):
    """The uses and values on all paths from a value to the result, each path walked by itself."""
    uses, values = set(), {value}
    flows = graph[value].has_gradient  # else the value's own way forwards

    def walk(at, road, met):
        if at == graph.of:
            uses.update(road)
            values.update(met)
        for op in graph.operations:
            for i, use in enumerate(op.uses):
                if use.value == at and use.flowed >= flows:
                    for out in op.outputs:
                        walk(out, [*road, f"{op.id}-{i}"], [*met, out])

    walk(value, [], [value])
    return uses, values


def said(root):
    return root.locator(".tells").inner_text()


@pytest.fixture
def picture(page, tmp_path):
    """Opens the picture of a graph; gives its box."""

    def opened(graph):
        draw(graph).save(tmp_path / "picture.html")
        page.goto((tmp_path / "picture.html").as_uri())
        return page.locator(".lesson-picture")

    return opened


@pytest.fixture
def film(page, tmp_path):
    play(neuron()).save(tmp_path / "film.html")
    page.goto((tmp_path / "film.html").as_uri())
    return page.locator(".lesson-film")


def part(root, name):
    return root.locator(f"svg [data-part='{name}']").first


@pytest.mark.parametrize("make", [neuron, woven])
def test_a_value_shows_all_its_paths_and_their_product(picture, make):
    graph = make()
    graph = graph if hasattr(graph, "operations") else graph.graph()
    root = picture(graph)
    for value in graph:
        uses, values = on_paths(graph, value.id)
        if value.role == "constant" or value.id == graph.of or not uses:
            continue
        part(root, f"value-{value.id}").hover()
        clear = set(root.evaluate(CLEAR))
        roads = {name.removeprefix("forward-") for name in clear if name.startswith("forward")}
        assert roads == uses
        told = {int(name.split("-")[1]) for name in clear if name.startswith("value")}
        assert told == values
        assert said(root) == "\n".join(pointing.of_value(graph, value))


def test_a_factor_marks_its_arc_and_an_arc_its_factors(picture):
    graph = woven()
    root = picture(graph)
    factors = root.locator(".factor")
    for number in range(factors.count()):
        factor = factors.nth(number)
        use = factor.evaluate("it => [...it.classList].find(name => name.startsWith('use-'))")
        factor.hover()
        arcs = [name for name in root.evaluate(CLEAR) if name.startswith("backward")]
        assert arcs == [f"backward-{use.removeprefix('use-')}"]
    part(root, "backward-1-0").locator("text").hover()
    assert said(root) == "∂v/∂u = 1, so u receives 0.4794 · 1 = 0.4794."
    lit = root.locator(".factor.on").all_text_contents()
    assert lit == ["∂v∂u", "1", "∂v∂u", "1"], "in two products, as a symbol and as a number"


def test_an_operation_shows_its_formula_with_the_numbers_in_it(picture):
    root = picture(neuron().graph())
    part(root, "operation-0").hover()
    assert said(root) == (
        "× multiplies: u = x × w = 3 × 2 = 6.\nBackward: ∂u/∂w = x = 3, so w receives 1 · 3 = 3."
    )
    assert {"value-0", "value-1", "value-2", "operation-0", "backward-0-1"} <= set(
        root.evaluate(CLEAR)
    )
    assert "operation-2" not in root.evaluate(CLEAR)


def test_all_is_clear_again_when_the_pointer_leaves_or_escape_is_pressed(picture, page):
    root = picture(neuron().graph())
    everything = root.evaluate(CLEAR)
    part(root, "value-1").hover()
    assert len(root.evaluate(CLEAR)) < len(everything)
    page.mouse.move(600, 500)
    page.wait_for_timeout(200)
    assert root.evaluate(CLEAR) == everything and said(root).startswith("Point at")
    part(root, "value-1").focus()
    assert len(root.evaluate(CLEAR)) < len(everything)
    page.keyboard.press("Escape")
    assert root.evaluate(CLEAR) == everything


def test_the_tab_key_walks_through_values_and_operations(picture, page):
    graph = neuron().graph()
    root = picture(graph)
    met = []
    for _ in range(len(graph.values) + len(graph.operations)):
        page.keyboard.press("Tab")
        met.append(page.evaluate("document.activeElement.dataset.part"))
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert label == said(root)
    assert sorted(met) == sorted(
        [f"value-{value.id}" for value in graph.values]
        + [f"operation-{op.id}" for op in graph.operations]
    )


def test_a_finger_points_too(chromium, tmp_path):
    draw(neuron()).save(tmp_path / "picture.html")
    context = chromium.new_context(has_touch=True, viewport={"width": 390, "height": 700})
    page = context.new_page()
    page.goto((tmp_path / "picture.html").as_uri())
    root = page.locator(".lesson-picture")
    part(root, "value-3").tap()
    page.wait_for_timeout(200)
    assert said(root) == "b = 1\n∂a/∂b = ∂a/∂v · ∂v/∂b = 1 · 1 = 1"
    context.close()


def at(root):
    return int(root.get_by_role("slider", name="Step").input_value())


def test_a_film_tells_only_what_it_has_shown(film):
    part(film, "value-1").hover()
    assert said(film) == "w = 2", "its gradient is not known yet"
    assert film.locator(".says").evaluate("it => getComputedStyle(it).visibility") == "hidden"
    part(film, "operation-2").hover()
    assert said(film) == "", "it has not run"
    film.locator(".bar").hover()
    assert film.locator(".says").evaluate("it => getComputedStyle(it).visibility") == "visible"


def test_choosing_a_value_goes_to_the_step_at_which_its_gradient_is_complete(film, page):
    known = play(neuron()).film.frames
    for value in (1, 3, 2):
        part(film, f"value-{value}").click()
        (complete,) = [
            number
            for number, frame in enumerate(known)
            for arrival in frame.arrivals
            if arrival.value == value and not arrival.missing
        ]
        assert at(film) == complete
        assert film.locator(".says").inner_text() == known[complete].sentence
        assert said(film) == "", "the step has the word"
    part(film, "value-0").click()
    assert at(film) == 0, "x has no gradient: where it is known"
    part(film, "value-1").focus()
    page.keyboard.press("Enter")
    assert at(film) == 7


def test_a_value_and_an_operation_mark_their_line_of_code(film):
    rows = film.locator(".code div")
    assert rows.count() >= 1
    part(film, "value-2").hover()
    marked = film.locator(".code .meant")
    assert marked.count() == 1 and "x * w + b" in marked.inner_text()
    part(film, "value-0").hover()
    assert film.locator(".code .meant").count() == 0, "x was made before the block"


def test_nothing_moves_while_one_points(film):
    before = part(film, "value-4").bounding_box()
    for name in ("value-1", "operation-0", "value-4"):
        part(film, name).hover()
        assert part(film, "value-4").bounding_box() == before


def test_what_flows_inside_of_a_step_is_a_path(picture):
    """The new state of a cell has a part of its gradient through the cell's output."""
    cell = torch.nn.LSTMCell(2, 2)
    with trace() as t:
        h, c = cell(torch.ones(1, 2))
        loss = h.sum()
    assert c.requires_grad
    graph = t.graph(of=loss)
    root = picture(graph)
    part(root, f"value-{graph['c'].id}").hover()
    clear = set(root.evaluate(CLEAR))
    for name in ("h", "c", "loss"):
        assert f"value-{graph[name].id}" in clear
    assert "backward-1-0" in clear and "backward-0-0" not in clear


def test_a_question_answers_and_only_the_copy_that_is_read_stays_clear(picture):
    w = torch.tensor(1.5, requires_grad=True)
    with trace() as t:
        z = w
        while z < 10.0:
            z = z * w + w
        y = z * w * w + w
    graph = t.graph(of=y)
    root = picture(graph)
    for text in part(root, "branch-0").locator("text").all():
        text.hover()
        assert said(root).startswith("Python asks on line")
    faded = "it => it.querySelectorAll('.off').length"
    assert part(root, "branch-0").evaluate(faded) == 0, "its words are as clear as its diamond"
    assert said(root).startswith("Python asks on line")
    condition = graph.branches[0].condition
    assert {f"value-{condition}", "branch-0"} <= set(root.evaluate(CLEAR))
    first = next(op for op in graph.operations if op.name == "mul")
    part(root, f"operation-{first.id}").hover()
    copies = [name for name in root.evaluate(CLEAR) if name.startswith("value-0-again")]
    assert len(copies) <= len(first.inputs), "those of other operations step back"
    assert root.page.complaints == []


def test_an_input_without_a_gradient_lights_no_way_back(picture):
    root = picture(neuron().graph())
    part(root, "value-0").hover()
    clear = root.evaluate(CLEAR)
    assert "forward-0-0" in clear and "forward-2-0" in clear
    assert [name for name in clear if name.startswith("backward")] == []


def test_neighbours_stay_in_their_places_while_one_points(page, tmp_path):
    pictures = side_by_side({"one": neuron().graph(), "two": woven()})
    pictures.save(tmp_path / "two.html")
    page.goto((tmp_path / "two.html").as_uri())
    first, second = page.locator(".lesson-picture").all()
    before = second.bounding_box()
    for name in ("operation-1", "value-1", "operation-0"):
        part(first, name).hover()
        assert second.bounding_box() == before


def test_a_step_takes_the_word_back(film, page):
    part(film, "value-1").hover()
    assert said(film) == "w = 2"
    page.keyboard.press("ArrowRight")
    film.get_by_role("button", name="Next step").press("Enter")
    assert said(film) == ""
    assert film.evaluate("it => it.classList.contains('pointing')") is False


def test_space_on_a_value_picks_it_as_enter_does(film, page):
    part(film, "value-3").focus()
    page.keyboard.press("Space")
    assert at(film) == 6
    assert film.get_by_role("button", name="Pause").count() == 0


def test_two_fingers_zoom_and_do_not_step(film):
    film.get_by_role("button", name="Next step").click()
    film.locator(".window").evaluate(
        """view => {
            const finger = (identifier, clientX) =>
                new Touch({identifier, target: view, clientX, clientY: 90});
            const send = (kind, touches, changed) => view.dispatchEvent(
                new TouchEvent(kind, {touches, changedTouches: changed, bubbles: true}));
            send('touchstart', [finger(1, 200)], [finger(1, 200)]);
            send('touchstart', [finger(1, 200), finger(2, 210)], [finger(2, 210)]);
            send('touchend', [finger(2, 400)], [finger(1, 60)]);
            send('touchend', [], [finger(2, 400)]);
        }"""
    )
    assert at(film) == 1


def test_on_paper_there_are_all_sentences_and_the_finished_picture(film, page):
    page.emulate_media(media="print")
    count = len(play(neuron()).film.frames)
    assert film.locator("li:visible").count() == count
    hidden = """it => [...it.querySelectorAll('svg tspan')]
        .filter(part => getComputedStyle(part).visibility == 'hidden').length"""
    assert film.evaluate(hidden) == 0
    page.emulate_media(media="screen")


def test_the_running_line_shows_in_forced_colours(film, page):
    page.emulate_media(forced_colors="active")
    film.get_by_role("button", name="Next step").click()
    outlines = film.locator(".code div").evaluate_all(
        "rows => rows.map(row => [row.className, getComputedStyle(row).outlineStyle])"
    )
    assert all((style == "solid") == ("runs" in name) for name, style in outlines)
    assert any("runs" in name for name, _ in outlines)
    page.emulate_media(forced_colors="none")


def test_in_jupyterlab_a_trusted_picture_answers_in_both_themes(page, lab, write):
    open_notebook(page, lab, write("pointing.ipynb", *CELLS))
    run_all(page)
    root = page.locator(".lesson-picture").first
    root.locator("svg").wait_for(timeout=30_000)
    assert root.locator("img").count() == 0
    part(root, "value-1").hover()
    assert said(root).endswith("= 1 · 1 · 3 = 3")
    assert page.locator(".jp-OutputArea [id^='value-']").count() == 0, "no id is there twice"
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        set_theme(page, theme)
        for box in (".lesson-picture", ".lesson-film"):
            page.locator(box).first.scroll_into_view_if_needed()
            assert serious(page, box) == []
    code = page.locator(".lesson-film .code").first
    assert "# costs $5 and $6" in code.inner_text(), "no formula is made of it"
    assert page.complaints == [] and page.foreign == []


def serious(page, box):
    found = Axe().run(page, context=box).response["violations"]
    return [
        (fault["id"], fault["nodes"][0]["html"])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def test_a_saved_film_has_no_serious_violation(film, page):
    assert serious(page, ".lesson-film") == []


def test_a_saved_picture_has_no_serious_violation(picture, page):
    picture(woven())
    assert serious(page, ".lesson-picture") == []
