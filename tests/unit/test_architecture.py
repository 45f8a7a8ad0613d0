"""The shape of the library, read from its imports."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "lesson_utils"
MODULES = sorted(PACKAGE.glob("*.py"))
# From upstream to downstream; a module imports only from those before it.
ORDER = [
    "events", "graph", "aside", "lines", "calling", "binding", "elements", "recording", "registry", "functions",
    "buffers", "naming", "sandbox", "stand_in", "differentiation", "backward", "membership",
    "paths", "origins", "targets", "besides", "traits", "recorder", "snapshots", "tracing", "experiment",
    "memory",
]  # fmt: skip
DRAWING = [
    "events", "graph", "notation", "operations", "chainrule", "shapes", "tables", "products",
    "words", "page", "layout", "arrows", "boxes", "sketch", "panel", "dot", "drawing", "gallery",
    "steady", "narration", "frames", "film", "widgets", "dials",
]  # fmt: skip
KINKS = [
    "events", "graph", "aside", "notation", "shapes", "page", "slopes", "rules", "probing", "kinks",
    "axes", "kinkplot", "atlases",
]  # fmt: skip


def imports(path):
    """Modules imported when `path` is loaded; inside functions they do not count."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return found


def ours(path):
    names = {path.stem for path in MODULES}
    return {
        each.split(".")[1] for each in imports(path) if each.startswith("lesson_utils.")
    } & names


def test_the_model_stands_alone():
    assert ours(PACKAGE / "graph.py") == {"events"} and not ours(PACKAGE / "events.py")


@pytest.mark.parametrize("name", [*DRAWING, "slopes", "rules", "axes", "kinkplot"])
def test_drawing_never_sees_a_tensor(name):
    everywhere = ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8")))
    named = {a.name for node in everywhere if isinstance(node, ast.Import) for a in node.names}
    assert not any(
        each.split(".")[0] == "torch" for each in named | imports(PACKAGE / f"{name}.py")
    )


@pytest.mark.parametrize("chain", [ORDER, DRAWING, KINKS], ids=["tracing", "drawing", "kinks"])
def test_data_flows_one_way(chain):
    for i, name in enumerate(chain):
        assert ours(PACKAGE / f"{name}.py") <= set(chain[:i]), name


def test_the_sliders_ask_tracing_of_one_module_alone():
    assert ours(PACKAGE / "explorer.py") - set(DRAWING) == {"experiment"}
    assert "torch" not in imports(PACKAGE / "explorer.py")


@pytest.mark.parametrize("name", DRAWING[: DRAWING.index("widgets")])
def test_only_the_widgets_need_ipywidgets(name):
    assert "ipywidgets" not in imports(PACKAGE / f"{name}.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_holds_one_noun(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
