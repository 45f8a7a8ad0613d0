"""The house: who may import whom, read from every import there is, those inside functions too."""

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2] / "lesson_utils"
MODULES = {
    ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(HOUSE.rglob("*.py"))
}
# Of each room, the rooms that it may import; one with a dot is a single module of a room.
MAY = {
    "lesson_utils": {"api", "clinic.extension"},
    "api": {"capture", "clinic", "film", "graph", "kinks", "picture", "sliders", "words"},
    "graph": set(),
    "operations": {"graph"},
    "capture": {"graph"},
    "words": {"graph", "operations"},
    "picture": {"graph", "words"},
    "film": {"graph", "picture", "words"},
    "sliders": {"graph", "picture", "words"},
    "clinic": {"capture", "graph", "operations", "picture", "words"},
    # What keeps our torch calls apart from a student's block, and torch's private names, are
    # written once.
    "kinks": {
        "capture.aside", "capture.torch_internals", "picture.pieces",
        "picture.shown", "words.look", "words.notation",
    },
}  # fmt: skip
# Of libraries, the rooms that may import them.
LIBRARIES = {
    "torch": {"api", "capture", "clinic", "kinks.kink", "kinks.probe"},
    "numpy": {"capture", "kinks"},
    "ipywidgets": {"sliders"},
    "graphviz": {"picture.dot", "picture.layout"},
    "matplotlib": {"kinks.paper", "kinks.plot", "kinks.table"},
    "PIL": {"film.flipbook"},
    "IPython": {"clinic.extension"},
}


def imported(source):
    """The modules that a text imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports say their whole path"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else node.module)
    return found


def room(module):
    """`lesson_utils.words.look` is in `words`; `lesson_utils` is its own."""
    return module.split(".")[1] if "." in module else module


def is_in(module, places):
    inside = module.removeprefix("lesson_utils.")
    return any(inside == place or inside.startswith(f"{place}.") for place in places)


def forbidden(module, source):
    """What a module imports and may not."""
    own = room(module)
    found = []
    for name in imported(source):
        top = name.split(".")[0]
        if top == "lesson_utils":
            if room(name) != own and not is_in(name, MAY[own]):
                found.append(name)
        elif top in LIBRARIES and not is_in(module, LIBRARIES[top]):
            found.append(name)
    return found


def test_every_room_has_its_row_and_every_row_its_room():
    assert {room(module) for module in MODULES} == set(MAY)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_room_may(module):
    assert forbidden(module, MODULES[module].read_text(encoding="utf-8")) == []


def test_rooms_have_an_order():
    """What a room may import cannot, in turn, import it."""
    rest, built = {key: {place.split(".")[0] for place in may} for key, may in MAY.items()}, set()
    while rest:
        ready = {key for key, may in rest.items() if may <= built}
        assert ready, f"a circle among {sorted(rest)}"
        built |= ready
        rest = {key: may for key, may in rest.items() if key not in ready}


def circle(arrows):
    """The modules that lead to one another, or nothing."""
    rest = {key: {module for module in to if module in arrows} for key, to in arrows.items()}
    while rest:
        ready = {key for key, to in rest.items() if not to & set(rest)}
        if not ready:
            return sorted(rest)
        rest = {key: to for key, to in rest.items() if key not in ready}
    return []


def test_no_module_leads_back_to_itself():
    arrows = {name: imported(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
    assert circle(arrows) == []


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("lesson_utils.words.x", "def f():\n    import torch", ["torch"]),
        ("lesson_utils.capture.x", "from lesson_utils.words.look import Look", True),
        ("lesson_utils.words.x", "def f():\n    from lesson_utils.picture import pieces", True),
        ("lesson_utils.kinks.x", "from lesson_utils.capture.mode import Recording", True),
        ("lesson_utils.kinks.x", "from lesson_utils.capture import aside", []),
        ("lesson_utils.picture.x", "import ipywidgets", ["ipywidgets"]),
        ("lesson_utils.picture.x", "from lesson_utils import graph", []),
    ],
)
def test_the_table_is_kept_also_inside_functions(module, source, wrong):
    found = forbidden(module, source)
    assert bool(found) if wrong is True else found == wrong


def test_circles_are_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a", "torch"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": {"torch"}}) == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_holds_one_noun(module):
    source = MODULES[module].read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 250
    assert (ast.get_docstring(ast.parse(source)) or "").strip(), "it says what it is for"


def test_beside_the_rooms_are_the_verbs_and_what_an_operation_is():
    assert {path.stem for path in HOUSE.glob("*.py")} == {"__init__", "api", "operations"}


def test_unit_tests_are_in_rooms_of_the_same_names():
    rooms = {path.name for path in (HOUSE.parent / "tests" / "unit").iterdir() if path.is_dir()}
    assert rooms - {"__pycache__"} <= set(MAY)
