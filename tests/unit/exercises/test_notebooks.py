"""A notebook holds its exercises as they are written, each before what gives its answer away."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from lesson_utils.exercises.catalogue import LESSONS, QUESTIONS

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


def notebook(number):
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def placed():
    """The exercises of the lessons whose notebooks have some."""
    for lesson in LESSONS:
        cells = notebook(lesson.__name__[-2:]).cells
        if any(cell.source.startswith("**Exercise ") for cell in cells):
            yield from lesson.EXERCISES
    for lesson in QUESTIONS:
        yield from lesson.PREDICTIONS


PLACED = list(placed())


def answer_line(exercise):
    """The last line of the solution that its stub has not."""
    body = (exercise.solution.rpartition("\n\n")[0] or exercise.solution).splitlines()
    return [line.strip() for line in body if line not in exercise.stub.splitlines()][-1]


def faults(exercise, cells):
    """What is wrong with an exercise in its notebook."""
    kind = "Predict" if exercise.id[-1].isalpha() else "Exercise"
    prompt = f"**{kind} {exercise.id} · {exercise.title}.** {exercise.prompt}"
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
    titles = [
        cell.source.split(" ")[1]
        for cell in cells
        if cell.source.startswith(("**Exercise ", "**Predict "))
    ]
    asked = [it for it in titles if it[-1].isalpha()]
    assert asked == [it.id for it in PLACED if it.id[-1].isalpha() and it.lesson == number]
    titles = [it for it in titles if it not in asked]
    own = [it for it in titles if it.startswith(f"{number}.")]
    old = titles[: len(titles) - len(own)]
    assert own == [it.id for it in PLACED if it.id[-1].isdigit() and it.lesson == number]
    assert titles == [*old, *own] and all(it < number for it in old)
    assert len(old) == (0 if number == "01" else 3)
    assert cells[-1].source == "progress()"


@pytest.mark.parametrize("exercise", [it for it in PLACED if it.id[-1].isalpha()],
                         ids=lambda it: it.id)  # fmt: skip
def test_a_prediction_is_followed_by_the_cell_that_answers_it(exercise):
    cells = notebook(exercise.lesson).cells
    (i,) = (i for i, cell in enumerate(cells) if cell.source == exercise.stub)
    assert cells[i + 1].cell_type == "code" and cells[i + 1].source != exercise.stub
    assert not any(it.stub == cells[i + 1].source for it in PLACED)


@pytest.mark.parametrize("number", sorted({exercise.lesson for exercise in PLACED}))
def test_nothing_is_to_be_predicted_that_cannot_be_checked(number):
    asked = re.compile(r"\*\*?predict\b(?! \d\d\.[a-z] )|^predict|[.!?] predict", re.I | re.M)
    loose = [cell.source for cell in notebook(number).cells if asked.search(cell.source)]
    assert [it for it in loose if "Where it says **Predict**" not in it.replace("\n", " ")
            and "where it says **Predict**" not in it.replace("\n", " ")] == []  # fmt: skip


def test_what_is_out_of_place_is_found():
    exercise = PLACED[0]
    cells = notebook(exercise.lesson).cells
    (i,) = (i for i, cell in enumerate(cells) if exercise.prompt in cell.source)
    early = nbformat.v4.new_code_cell(f"if True:\n    {answer_line(exercise)}")
    assert faults(exercise, [early, *cells]) == [f"{early.id} gives its answer away"]
    assert faults(exercise, [*cells[: i + 1], early, *cells[i + 1 :]])[0] == "no stub after it"
    assert faults(exercise, [*cells, cells[i]]) == ["2 cells have its prompt"]


@pytest.mark.parametrize("exercise", PLACED, ids=[exercise.id for exercise in PLACED])
def test_instructors_read_what_it_is_after(exercise):
    teaching = (NOTEBOOKS.parent / "docs" / "teaching.md").read_text(encoding="utf-8")
    (line,) = (it for it in teaching.splitlines() if it.startswith(f"| {exercise.id} |"))
    after, _, expected = exercise.aim.partition("Expect ")
    assert line == f"| {exercise.id} | {exercise.title} | {after.strip()} | {expected} |"
