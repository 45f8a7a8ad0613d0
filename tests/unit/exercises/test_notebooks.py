"""Each exercise stands once in the notebook of its lesson, before anything gives it away."""

from pathlib import Path

import nbformat
import pytest

from lesson_utils.exercises.catalogue import CATALOGUE

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
EXERCISES = dict(CATALOGUE)


def notebook(exercise):
    (path,) = NOTEBOOKS.glob(f"{exercise.lesson}_*.ipynb")
    return nbformat.read(path, as_version=4)


def asked(exercise):
    """As a notebook asks it."""
    return f"**Exercise {exercise.id} · {exercise.title}.** {exercise.prompt}"


def places(cells, exercise):
    return [
        i
        for i, cell in enumerate(cells)
        if cell.cell_type == "markdown" and exercise.prompt in cell.source
    ]


def said(cell):
    """What a code cell holds and shows, in words."""
    shown = [
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
    ]
    return "\n".join([cell.source, *shown])


@pytest.fixture(params=EXERCISES.values(), ids=list(EXERCISES))
def exercise(request):
    return request.param


def test_its_notebook_asks_it_once_and_its_stub_follows(exercise):
    cells = notebook(exercise).cells
    (place,) = places(cells, exercise)
    assert cells[place].source == asked(exercise)
    assert cells[place + 1].cell_type == "code" and cells[place + 1].source == exercise.stub
    assert len(exercise.stub.splitlines()) <= 15 >= len(exercise.solution.splitlines())


def test_nothing_before_it_gives_its_answer_away(exercise):
    cells = notebook(exercise).cells
    (place,) = places(cells, exercise)
    body = exercise.solution.rpartition("\n\ncheck(")[0].splitlines()
    new = [line.strip() for line in body if line not in exercise.stub.splitlines()]
    told = "\n".join(said(cell) for cell in cells[: place + 2] if cell.cell_type == "code")
    assert new and not all(line in told.splitlines() for line in new)
    assert "\n".join(body) not in told


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_comes_back_is_asked_as_it_was(path):
    cells = nbformat.read(path, as_version=4).cells
    for i, cell in enumerate(cells):
        if cell.source.startswith("**Exercise "):
            exercise = CATALOGUE[cell.source.split()[1]]
            assert cell.source == asked(exercise) and cells[i + 1].source == exercise.stub
