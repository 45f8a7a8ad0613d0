"""A sentence about several results, or several numbers, says which of them are off."""

from itertools import combinations

import pytest
import torch
from answers import answer_of, verdict

from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.difference import differs
from lesson_utils.exercises.forms import wrong_numbers
from lesson_utils.exercises.places import ordinal
from lesson_utils.exercises.replay import array

ONE_TWO_THREE = [1.0, 2.0, 3.0]
VECTOR = torch.tensor(ONE_TWO_THREE)


@pytest.mark.parametrize(
    ("answer", "right", "says"),
    [
        ([1, 7, 3], ONE_TWO_THREE, "The second of three numbers is not right."),
        ([7, 2, 7], ONE_TWO_THREE, "The first and the third of three numbers are not right."),
        ([7, 7, 7], ONE_TWO_THREE, "None of the three numbers is right."),
        ([7, 7], [1.0, 2.0], "Neither of the two numbers is right."),
        ([1, 7], [1.0, 2.0], "The second of two numbers is not right."),
        ([1, float("nan"), 3], ONE_TWO_THREE, "The second of three numbers is not right."),
        (torch.tensor([1, 2, 7]), ONE_TWO_THREE, "The third of three numbers is not right."),
        ([[1, 7], [3, 4]], [[1.0, 2.0], [3.0, 4.0]], "The second of four numbers is not right."),
        ([7] * 3 + [0] * 17, [0.0] * 20, "3 of 20 numbers are not right."),
        ([7] + [0] * 19, [0.0] * 20, "1 of 20 numbers is not right."),
        ([7] * 20, [0.0] * 20, "None of the 20 numbers is right."),
        ([7, 0, 0, 7, 7, 0, 0], [0.0] * 7,
         "The first, the fourth and the fifth of seven numbers are not right."),
        (7, 1.0, "That is not it."),
        ([1, 2], ONE_TWO_THREE, "The answer has 3 numbers, and yours 2."),
        ([1, 2.00001, 3], ONE_TWO_THREE, ""),
        ([1, 2.0001, 3], ONE_TWO_THREE, "The second of three numbers is not right."),
        ([1.0004, 0.5002], [1.0, 0.5], ""),
    ],
)  # fmt: skip
def test_numbers_that_are_off_are_told_by_their_places(answer, right, says):
    assert wrong_numbers(answer, right) == says


SEVERAL = {
    id: numbers
    for id, exercise in CATALOGUE.items()
    if exercise.asked and (numbers := array(exercise.asked.right(*exercise.asked.at[0]))).ndim
}


@pytest.mark.parametrize("id", SEVERAL)
def test_an_exercise_of_several_numbers_says_which_are_off_and_not_what_they_are(id, tmp_path):
    right = SEVERAL[id]
    for count in range(1, right.size):
        for off in combinations(range(right.size), count):
            answer = [2 * it + 100 if i in off else it for i, it in enumerate(right.tolist())]
            sentence = verdict(CATALOGUE[id], answer, tmp_path).says[0]
            places = {i for i in range(right.size) if f"the {ordinal(i + 1)}" in sentence.lower()}
            assert places == set(off) and not any(it.isdigit() for it in sentence), sentence


PARTS = {
    "02.5": ("`first`", "`second`"), "04.4": ("`a`", "`b`"), "04.5": ("`a`", "`b`"),
    "05.3": ("`X`", "`W`"), "05.5": ("`X`", "`W`", "`b`"), "06.2": ("`w`", "`b`"),
}  # fmt: skip


def changed(id, how):
    """The right answer, its several results changed; one result alone stays as it is."""

    def by(function):
        def called(*given):
            made = function(*given)
            return how(made) if isinstance(made, tuple) else made

        return called

    right = answer_of(CATALOGUE[id], CATALOGUE[id].solution)
    return [by(it) for it in right] if isinstance(right, list) else by(right)


def said(id, off, how, folder):
    """What is said first if only some of the results are off; without the point."""
    answer = changed(id, lambda made: tuple(how(it) if i in off else it
                                            for i, it in enumerate(made)))  # fmt: skip
    judged = verdict(CATALOGUE[id], answer, folder)
    assert judged.status == "not yet"
    return judged.says[0].rpartition(") ")[2]


def test_every_exercise_with_several_results_is_listed():
    several = set()
    for id, exercise in CATALOGUE.items():
        right = answer_of(exercise, exercise.solution)
        is_code = isinstance(right, list) or (callable(right) and not isinstance(right, type))
        if exercise.asked is None and is_code:
            exercise.judge(changed(id, lambda made, id=id: several.add(id) or made))
    assert several == set(PARTS)


WAYS = {
    "numbers": (lambda it: it + 1.5, "gives "),
    "shape": (lambda it: it[None], "has the shape ["),
    "no numbers": (lambda it: "text", "returns a str "),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("id", PARTS)
def test_it_is_said_which_results_are_off_in_the_exercises_own_names(id, way, tmp_path):
    how, begins = WAYS[way]
    names = PARTS[id]
    for count in range(1, len(names) + 1):
        for off in combinations(range(len(names)), count):
            sentence = said(id, off, how, tmp_path)
            assert f"it {begins}" in f"it {sentence.removeprefix('it ')}", sentence
            named = {i for i, name in enumerate(names) if f" for {name}" in sentence}
            assert named == set(off), sentence


@pytest.mark.parametrize("id", ["04.4", "05.3", "05.5"])
def test_it_is_said_for_which_of_them_what_arrives_is_no_factor(id, tmp_path):
    right = answer_of(CATALOGUE[id], CATALOGUE[id].solution)
    first = []

    def forgets(*given):  # the second result stays what it was at the point before
        one, two, *rest = right(*given)
        first.append(two)
        return (one, first[-2] if len(first) % 2 == 0 else two, *rest)

    says = verdict(CATALOGUE[id], forgets, tmp_path).says[0]
    assert says.endswith(f"twice as much for {PARTS[id][1]}: what arrives must be a factor."), says


@pytest.mark.parametrize(
    ("given", "right", "names", "says"),
    [
        ((1.0, 5.0), (1.0, 2.0), (), "gives 5 as its second result"),
        ((4.0, 4.0), (1.0, 2.0), (), "gives 4 as its first and second results"),
        ((4.0, 5.0), (1.0, 2.0), ("`a`", "`b`"), "gives 4 for `a`, and gives 5 for `b`"),
        (([1.0, 9.0], 2.0), ([1.0, 2.0], 2.0), ("`a`", "`b`"),
         "gives another number for `a` in the second of two places"),
        (([1.0, 9.0], [1.0]), ([1.0, 2.0], 2.0), ("`a`", "`b`"),
         "gives other numbers for `a`, and has the shape [1] for `b`, where [] is asked"),
        ((None, 2.0), (None, None), ("`a`", "`b`"),
         "returns something for `b` where None belongs"),
        ((1.0,), (1.0, 2.0), ("`a`", "`b`"), "must return 2 things"),
        (3.0, (1.0, 2.0), (), "must return 2 things"),
        (torch.tensor([1.0, 9.0, 3.0]), VECTOR, (),
         "gives another number in the second of three places"),
        ([9.0, 2.0, 9.0], VECTOR, (),
         "gives other numbers in the first and the third of three places"),
        ([9.0, 9.0, 9.0], VECTOR, (), "gives other numbers"),
        ([9.0] + [0.0] * 19, torch.zeros(20), (), "gives another number"),
        ([[1.0, 2.0], [3.0, 9.0]], torch.tensor([[1.0, 2.0], [3.0, 4.0]]), (),
         "gives another number in the second of two rows"),
        ([[8.0, 9.0], [3.0, 4.0]], torch.tensor([[1.0, 2.0], [3.0, 4.0]]), (),
         "gives other numbers in the first of two rows"),
        ([[1.0, 9.0]], torch.tensor([[1.0, 2.0]]), (),
         "gives another number in the second of two columns"),
        ((1.0, 2.0), (1.0, 2.0), (), ""),
    ],
)  # fmt: skip
def test_what_is_off_with_results(given, right, names, says):
    assert differs(given, right, names) == says


def test_a_gradient_of_scores_is_told_by_its_rows(tmp_path):
    exercise = CATALOGUE["05.8"]
    right = answer_of(exercise, exercise.solution)

    def last_row_off(z, target):
        made = right(z, target)
        return made if len(z) == 1 else torch.cat([made[:-1], made[-1:] + 1])

    says = verdict(exercise, last_row_off, tmp_path).says[0]
    assert says.endswith("it gives other numbers in the second of two rows.")


def test_what_arrives_and_is_left_out_is_named(tmp_path):
    rules = answer_of(CATALOGUE["04.5"], CATALOGUE["04.5"].solution)
    left_out = [lambda x, g: 1 / x, *rules[1:]]
    said = verdict(CATALOGUE["04.5"], left_out, tmp_path).text
    assert "log: " in said and "to be multiplied by what arrives" in said


def test_a_long_point_is_told_by_its_shapes(tmp_path):
    said = verdict(CATALOGUE["05.5"], lambda X, W, b, G: (G @ W.T, X.T @ G, G), tmp_path).text
    assert "At inputs of the shapes [2, 3], [3, 2], [2], [2, 2] it has the shape" in said
    said = verdict(CATALOGUE["04.3"], [lambda y, g: y] * 3, tmp_path).text
    assert "2.718281" not in said
