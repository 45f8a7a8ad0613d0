"""Every exercise: its stub is not attempted, its solution right, each slip named."""

import string

import pytest
from answers import answer_of, example_of, verdict

from lesson_utils.exercises.catalogue import CATALOGUE, LESSONS, QUESTIONS

EXERCISES = list(CATALOGUE.values())
SLIPS = [(exercise, slip) for exercise in EXERCISES for slip in exercise.slips]


@pytest.fixture(params=EXERCISES, ids=list(CATALOGUE))
def exercise(request):
    return request.param


def test_ids_are_counted_in_each_lesson():
    count = sum(len(it.EXERCISES) for it in LESSONS) + sum(len(it.PREDICTIONS) for it in QUESTIONS)
    assert len(CATALOGUE) == count, "no id twice"
    for lesson in LESSONS:
        number = lesson.__name__[-2:]
        ids = [exercise.id for exercise in lesson.EXERCISES]
        assert ids == [f"{number}.{i}" for i in range(1, len(ids) + 1)] and len(ids) >= 5


def test_predictions_have_letters_in_their_order():
    for lesson in QUESTIONS:
        number = lesson.__name__[-2:]
        ids = [exercise.id for exercise in lesson.PREDICTIONS]
        assert ids == [f"{number}.{letter}" for letter in string.ascii_lowercase[: len(ids)]]
        assert not any(it.title.endswith(("?", ".")) for it in lesson.PREDICTIONS)


def test_the_stub_is_not_attempted(exercise, tmp_path):
    said = verdict(exercise, answer_of(exercise, exercise.stub), tmp_path)
    assert said.status == "not attempted"


def test_the_solution_is_right_and_one_sentence_more_is_said(exercise, tmp_path):
    said = verdict(exercise, answer_of(exercise, exercise.solution), tmp_path)
    assert said.status == "right", said.text
    assert said.says == (exercise.remark,)


def test_the_solution_is_right_whenever_it_is_asked(exercise, tmp_path):
    answers = [answer_of(exercise, exercise.solution) for _ in range(3)]
    assert {verdict(exercise, answer, tmp_path).status for answer in answers} == {"right"}


def test_it_has_three_hints_and_says_what_it_is_after(exercise):
    count = 3 if exercise.id[-1].isdigit() else 1  # of a prediction the next cell is the other one
    assert len(exercise.hints) == len(set(exercise.hints)) == count
    assert all(hint.endswith((".", "?")) for hint in exercise.hints)
    assert exercise.aim.endswith(".") and exercise.remark.endswith((".", "!"))
    assert exercise.stub != exercise.solution


def test_no_hint_but_the_last_and_no_prompt_holds_the_solution(exercise):
    body = exercise.solution.rpartition("\n\n")[0] or exercise.solution
    for text in (exercise.prompt, exercise.stub, *exercise.hints[:2]):
        assert body not in text


@pytest.mark.parametrize(
    ("exercise", "slip"), SLIPS, ids=[f"{e.id}-{s.says[:30]}" for e, s in SLIPS]
)
def test_a_slips_example_gets_its_sentence_and_the_right_answer_does_not(exercise, slip, tmp_path):
    said = verdict(exercise, example_of(exercise, slip), tmp_path)
    assert said.status == "not yet" and slip.says in said.says, said.text
    assert not slip.matches(answer_of(exercise, exercise.solution))
