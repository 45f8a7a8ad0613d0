"""A folded network opens in its picture: by mouse, finger and keys, without a kernel."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from networks import resnet

from lesson_utils import draw
from lesson_utils.graph import folded

DEPTH = 1


@pytest.fixture(scope="module")
def graph():
    return resnet(2, 2, 4)


@pytest.fixture(scope="module")
def saved(graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("unfolding") / "network.html"
    draw(graph, depth=DEPTH).save(path)
    return path.as_uri()


@pytest.fixture
def root(page, saved):
    page.goto(saved)
    return page.locator(".lesson-picture")


def shown(root):
    """The steps in the picture."""
    return sorted(root.locator("svg .operation").all_text_contents())


def badges(graph, *path):
    it = folded(graph, DEPTH, path)
    return len(it.operations), [opened.name for opened in it.opened]


def step(root, name):
    return root.get_by_role("button", name=f"{name}: ")


def heading(root, name):
    return root.get_by_role("button", name=f"Fold {name}", exact=True)


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_a_module_opens_in_its_place_and_folds_again(root, page, graph):
    first = shown(root)
    assert step(root, "model.5").get_attribute("aria-expanded") == "false"
    step(root, "model.5").click()
    heading(root, "model.5").wait_for()
    count, opened = badges(graph, "model.5")
    assert len(shown(root)) == count and opened == ["model.5"]
    assert "conv1" in shown(root) and "model.6" in shown(root), "the others stay folded"
    assert focused(page) == "Fold model.5"
    assert heading(root, "model.5").get_attribute("aria-expanded") == "true"
    step(root, "model.6").click()
    heading(root, "model.6").wait_for()
    assert heading(root, "model.5").count() == 0, "one is open at a time"
    heading(root, "model.6").click()
    step(root, "model.5").wait_for()
    assert shown(root) == first
    assert focused(page).startswith("model.6: "), "where it was opened"


def test_keys_open_modules_in_modules_and_escape_folds_them(root, page):
    first = shown(root)
    step(root, "model.5").focus()
    page.keyboard.press("Enter")
    heading(root, "model.5").wait_for()
    step(root, "model.5.shortcut").focus()
    page.keyboard.press("Space")
    heading(root, "model.5.shortcut").wait_for()
    assert focused(page) == "Fold model.5.shortcut"
    page.keyboard.press("Escape")
    step(root, "model.5.shortcut").wait_for()
    assert focused(page).startswith("model.5.shortcut: ")
    page.keyboard.press("Escape")
    heading(root, "model.5").wait_for(state="detached")
    assert focused(page).startswith("model.5: ") and shown(root) == first
    page.wait_for_timeout(200)
    said = root.locator(".tells").inner_text()
    assert said.startswith("model.5: "), "the picture that is gone says no more"
    step(root, "model.5").press("Enter")
    step(root, "model.5.shortcut").press("Enter")
    heading(root, "model.5").press("Enter")
    heading(root, "model.5").wait_for(state="detached")
    assert focused(page).startswith("model.5: "), "both are folded at once"


def test_a_plus_and_a_whole_box_open_and_a_finger_reads_values(root, page, chromium, saved):
    root.locator(".plus").first.click()
    root.locator(".fold").wait_for()
    page.keyboard.press("Escape")
    root.locator(".fold").wait_for(state="detached")
    root.locator("svg g.value.opens .shape").first.click()
    root.locator(".fold").wait_for()
    context = chromium.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    touched = context.new_page()
    touched.goto(saved)
    small = touched.locator(".lesson-picture")
    small.locator("svg g.value.opens .shape").first.tap()
    touched.wait_for_timeout(300)
    assert small.locator(".fold").count() == 0
    assert "of shape" in small.locator(".tells").inner_text()
    step(small, "model.5").tap()
    small.locator(".fold").wait_for()
    assert touched.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_what_is_pointed_at_answers_in_each_picture(root, graph):
    step(root, "model.5").click()
    heading(root, "model.5").wait_for()
    opened = folded(graph, DEPTH, ["model.5"])
    inside = opened.opened[0].operations
    relu = next(op for op in opened.operations if op.name == "relu" and op.id in inside)
    root.locator(f"svg [data-part='operation-{relu.id}']").hover()
    made = opened[relu.outputs[0]].name
    assert root.locator(".tells").inner_text().startswith(f"ReLU keeps what is positive: {made} =")
    off = "them => them.filter(it => it.classList.contains('off')).length"
    assert root.locator("svg [data-part]").evaluate_all(off) > 0
    assert root.locator("svg :is(.frame, .fold)").evaluate_all(off) == 0
    heading(root, "model.5").click()
    step(root, "model.5").wait_for()
    root.locator("svg [data-part='value-0']").hover()
    assert root.locator(".tells").inner_text().startswith("x of shape")


def test_nothing_has_an_id_and_nothing_is_a_serious_violation(root, page):
    step(root, "model.5").click()
    heading(root, "model.5").wait_for()
    assert root.locator("svg [id]").count() == 0
    found = Axe().run(page, context=".lesson-picture").response["violations"]
    assert [it["id"] for it in found if it["impact"] in ("serious", "critical")] == []


def test_without_scripts_nothing_looks_as_if_it_opened(chromium, saved):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(saved)
    assert page.locator(".lesson-picture img").count() == 1
    assert page.locator(".plus, .fold, [role=button]").count() == 0
    context.close()
