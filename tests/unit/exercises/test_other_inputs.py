"""Numbers that are asked, at three inputs: torch's own are right, and no mistake gives them."""

import pytest
import torch
import torch.nn.functional as F
from answers import answer_of, example_of
from torch.autograd import grad

from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.forms import wrong_numbers
from lesson_utils.exercises.mistakes import MISTAKES, diagnose, is_close, question_of
from lesson_utils.exercises.replay import array

ASKED = {id: it for id, it in CATALOGUE.items() if it.asked is not None}
GRADIENTS = {id: it for id, it in ASKED.items() if it.asked.graph is not None}
# On a kink PyTorch's choice is the same wherever the kink is, and a number is kept whatever it is.
SAME_EVERYWHERE = {
    "02.1", "04.1", "04.2", "02.b", "02.h", "02.l", "03.g", "04.a", "04.b", "04.c", "04.d", "04.g",
    "07.h", "07.j",
}  # fmt: skip


def leaf(data):
    return torch.tensor(data, requires_grad=True)


def neuron(x, w, b):
    w = leaf(w)
    return F.relu(x * w + b), w


def two_paths(w):
    w = leaf(w)
    return w * w + w, w


def half_cut(w):
    w = leaf(w)
    return (w * w) * (w * w).item(), w


def climbed(w):
    w = leaf(w)
    rounds = next(n for n in range(1, 20) if w.item() ** n >= 10)
    return w**rounds, w


def first_alone(A, x):
    x = leaf(x)
    return torch.dot(torch.tensor(A[0]), x) ** 2, x


def mean_of_squares(x, y, w, b):
    w = leaf(w)
    return sum((w * a + b - target) ** 2 for a, target in zip(x, y, strict=True)) / len(x), w


# The exercises' functions once more, in plain torch without a trace; some in another way.
ORACLES = {
    "01.1": neuron, "01.6": two_paths, "02.6": half_cut, "03.5": climbed, "04.1": neuron,
    "05.2": first_alone, "06.1": mean_of_squares,
}  # fmt: skip


def at_all(exercises):
    """Exercises at each of their inputs, for a parametrized test."""
    return [
        pytest.param(it.asked, inputs, id=f"{id}-{i}")
        for id, it in exercises.items()
        for i, inputs in enumerate(it.asked.at)
    ]


def test_every_number_that_is_asked_is_asked_at_three_inputs():
    forms = {id for id, it in CATALOGUE.items() if array(answer_of(it, it.solution)) is not None}
    assert set(ASKED) == forms and set(GRADIENTS) == set(ORACLES)
    same = set()
    for id, exercise in ASKED.items():
        assert len(set(map(repr, exercise.asked.at))) == len(exercise.asked.at) >= 3, id
        first, *others = (array(exercise.asked.right(*inputs)) for inputs in exercise.asked.at)
        if all(is_close(first, other) for other in others):
            same.add(id)
        else:  # no two of them have the same answer
            assert not any(is_close(first, other) for other in others), id
    assert same == SAME_EVERYWHERE


@pytest.mark.parametrize("id", ASKED)
def test_the_first_inputs_are_those_of_the_prompt(id):
    exercise = ASKED[id]
    there = exercise.asked.right(*exercise.asked.at[0])
    assert wrong_numbers(answer_of(exercise, exercise.solution), there) == ""


@pytest.mark.parametrize("id", GRADIENTS)
def test_torchs_own_gradient_is_right_and_no_mistake(id):
    asked = GRADIENTS[id].asked
    for inputs in asked.at:
        (right,) = grad(*ORACLES[id](*inputs))
        assert right.tolist() == pytest.approx(asked.right(*inputs), rel=1e-5)
        assert wrong_numbers(right, asked.right(*inputs)) == ""
        assert diagnose(asked.graph(*inputs), asked.name, right, asked.of) == []


def mistaken(asked, inputs):
    """What each mistake gives there, by its sentence; None for the right numbers."""
    question = question_of(asked.graph(*inputs), asked.name, asked.of)
    right, found = question.answer(), {}
    for mistake in MISTAKES:
        for answer in mistake(question):
            if answer.numbers is not None:
                same = is_close(answer.numbers, right)
                numbers = found.setdefault((mistake.__name__, answer.sentence), [])
                numbers.append(None if same else answer.numbers)
    return found


@pytest.mark.parametrize("id", GRADIENTS)
def test_no_mistake_gives_the_right_numbers_by_chance(id):
    asked = GRADIENTS[id].asked
    first, *others = (mistaken(asked, inputs) for inputs in asked.at)
    for other in others:
        for key in first.keys() & other.keys():  # a loop has other values at other inputs
            pairs = zip(first[key], other[key], strict=True)
            assert all((one is None) == (two is None) for one, two in pairs), key
        assert len(first.keys() & other.keys()) >= 3


@pytest.mark.parametrize(("asked", "inputs"), at_all(GRADIENTS))
def test_every_mistake_is_judged_wrong_and_named(asked, inputs):
    named, right = 0, asked.right(*inputs)
    for answers in mistaken(asked, inputs).values():
        for numbers in answers:
            if numbers is not None:
                assert wrong_numbers(numbers, right)
                assert diagnose(asked.graph(*inputs), asked.name, numbers, asked.of)
                named += 1
    assert named >= 3


@pytest.mark.parametrize("id", GRADIENTS)
def test_no_input_is_on_a_kink_but_where_the_exercise_is_about_one(id):
    for inputs in GRADIENTS[id].asked.at:
        kinked = {name for name, _ in mistaken(GRADIENTS[id].asked, inputs)}
        assert ("other_side_of_a_kink" in kinked) == (id == "04.1")


SLIPS = [
    pytest.param(exercise, slip, id=f"{id}-{slip.says[:30]}")
    for id, exercise in ASKED.items()
    for slip in exercise.slips
]


@pytest.mark.parametrize(("exercise", "slip"), SLIPS)
def test_no_slip_is_right_at_any_input(exercise, slip):
    asked, example = exercise.asked, example_of(exercise, slip)
    moves = slip.computes is not None
    assert moves or array(example) is None or exercise.id in SAME_EVERYWHERE
    for inputs in asked.at:
        right = asked.right(*inputs)
        given = slip.computes(*inputs) if moves else example
        assert wrong_numbers(given, right)
        assert moves or not slip.matches(right)
    if moves:
        assert slip.matches(slip.computes(*asked.at[0]))
