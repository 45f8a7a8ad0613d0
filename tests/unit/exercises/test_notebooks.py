"""A notebook holds its exercises as they are written, each before what gives its answer away."""

import json
from pathlib import Path

import nbformat
import pytest

from lesson_utils.exercises.catalogue import LESSONS

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


def notebook(number):
    found = [nbformat.read(path, as_version=4) for path in NOTEBOOKS.glob(f"{number}_*.ipynb")]
    return found[0] if found else nbformat.v4.new_notebook()


def placed():
    """The exercises of the lessons whose notebooks have some."""
    for lesson in LESSONS:
        cells = notebook(lesson.__name__[-2:]).cells
        if any(cell.source.startswith("**Exercise ") for cell in cells):
            yield from lesson.EXERCISES


PLACED = list(placed())


def answer_line(exercise):
    """The last line of the solution that its stub has not."""
    body = exercise.solution.rpartition("\n\n")[0].splitlines()
    return [line.strip() for line in body if line not in exercise.stub.splitlines()][-1]


def faults(exercise, cells):
    """What is wrong with an exercise in its notebook."""
    prompt = f"**Exercise {exercise.id} · {exercise.title}.** {exercise.prompt}"
    at = [i for i, cell in enumerate(cells) if exercise.prompt in cell.source]
    if len(at) != 1:
        return [f"{len(at)} cells have its prompt"]
    (i,) = at
    found = []
    if cells[i].cell_type != "markdown" or cells[i].source != prompt:
        found.append("its cell is not title and prompt")
    if (cells[i + 1].cell_type, cells[i + 1].source) != ("code", exercise.stub):
        found.append("no stub after it")
    for cell in cells[: i + 2]:
        text = json.dumps([cell.source, cell.get("outputs", [])], ensure_ascii=False)
        if json.dumps(answer_line(exercise), ensure_ascii=False)[1:-1] in text:
            found.append(f"{cell.id} gives its answer away")
    return found


@pytest.mark.parametrize("exercise", PLACED, ids=[exercise.id for exercise in PLACED])
def test_an_exercise_is_in_its_place(exercise):
    assert faults(exercise, notebook(exercise.lesson).cells) == []


@pytest.mark.parametrize("number", sorted({exercise.lesson for exercise in PLACED}))
def test_exercises_come_in_order_and_progress_is_the_end(number):
    cells = notebook(number).cells
    titles = [cell.source.split(" ")[1] for cell in cells if cell.source.startswith("**Exercise ")]
    own = [it for it in titles if it.startswith(f"{number}.")]
    old = titles[: len(titles) - len(own)]
    assert own == [exercise.id for exercise in PLACED if exercise.lesson == number]
    assert titles == [*old, *own] and all(it < number for it in old)
    assert len(old) == (0 if number == "01" else 3)
    assert cells[-1].source == "progress()"


def test_what_is_out_of_place_is_found():
    exercise = PLACED[0]
    cells = notebook(exercise.lesson).cells
    (i,) = (i for i, cell in enumerate(cells) if exercise.prompt in cell.source)
    early = nbformat.v4.new_code_cell(f"if True:\n    {answer_line(exercise)}")
    assert faults(exercise, [early, *cells]) == [f"{early.id} gives its answer away"]
    assert faults(exercise, [*cells[: i + 1], early, *cells[i + 1 :]])[0] == "no stub after it"
    assert faults(exercise, [*cells, cells[i]]) == ["2 cells have its prompt"]
