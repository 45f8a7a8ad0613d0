"""What is right is right however it is typed, and what is not stays wrong to the last digit."""

import warnings

import numpy as np
import pytest
import torch
from answers import verdict

from lesson_utils import trace
from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.letters import letter_of, letters_of
from lesson_utils.exercises.mistakes import diagnose
from lesson_utils.exercises.replay import array


def said(id, answer, folder):
    return verdict(CATALOGUE[id], answer, folder)


@pytest.mark.parametrize("answer", ["a)", "a.", "(a)", "A", ["a"], ("a",), np.array(["a"]), "`a`",
                                    " a\n", np.str_("a")])  # fmt: skip
@pytest.mark.parametrize("id", ["01.3", "01.4"])
def test_a_letter_is_known_however_it_is_typed(id, answer, tmp_path):
    assert said(id, answer, tmp_path).status == "right"


@pytest.mark.parametrize("answer", ["b)", ["B"], np.array("b")])
def test_a_wrong_letter_gets_its_sentence_however_it_is_typed(answer, tmp_path):
    text = said("01.3", answer, tmp_path).text
    assert "It is not b." in text and "serve the derivative by `x`" in text
    assert "has saved it" in said("02.d", np.array("c)"), tmp_path).text


@pytest.mark.parametrize("answer", ["ab", "e", "", ["a", "b"], 1, [1], {"a": 1}, "the first"])
def test_what_is_no_letter_is_asked_for_one(answer, tmp_path):
    assert 'a letter in quotes, as "a": one of a, b, c, d' in said("01.3", answer, tmp_path).text


@pytest.mark.parametrize(
    "answer",
    ["C-D-A", "C\nD\nA", "c → d → a", "C -> D -> A", "C => D, A", np.array(list("CDA")), "C. D. A.",
     ["C", "D", "A"], ("c)", "d)", "a)"), "C > D > A", "[C, D, A]", "C–D–A"],
)  # fmt: skip
def test_an_order_is_known_however_it_is_typed(answer, tmp_path):
    assert said("01.5", answer, tmp_path).status == "right"


@pytest.mark.parametrize("answer", [[2, 3, 0], 3, np.array([2, 3, 0]), "231", {"C": 1}, [["C"]]])
def test_an_order_of_another_kind_is_asked_for_letters(answer, tmp_path):
    text = said("01.5", answer, tmp_path).text
    assert "Answer with the letters in their order" in text and "raised" not in text


def test_letters_are_read_and_nothing_else_is():
    assert letters_of("b a-D") == "BAD" and letters_of("b1") is None and letters_of("") == ""
    assert letter_of("d)", "abc") is None and letter_of("C.", "abc") == "c"


@pytest.mark.parametrize(
    ("id", "order", "says", "not_said"),
    [
        ("03.6", "ABDC", "B needs what C writes", "no graph is built"),
        ("07.2", "D", "3 lines are missing", "cleared after"),
        ("07.2", "E", "E does not belong there", "once more"),
        ("02.8", "AC", "2 lines are missing", "first half"),
        ("02.8", "ACBD", "comes too late", "What the step before has left"),
    ],
)
def test_a_slip_of_an_order_is_said_where_it_is_true(id, order, says, not_said, tmp_path):
    text = said(id, order, tmp_path).text
    assert says in text and not_said not in text


@pytest.mark.parametrize("id", ["03.6", "06.5", "07.2", "04.6", "02.8"])
def test_slips_of_orders_read_them_as_they_are_typed(id, tmp_path):
    slip = CATALOGUE[id].slips[0]
    order = slip.example.strip('"')
    for typed in ("-".join(order), [*order.lower()], "\n".join(order), np.array([*order])):
        assert slip.says in said(id, typed, tmp_path).says


@pytest.mark.parametrize("answer", [[[3.0]], torch.tensor([[3.0]]), np.full((1, 1), 3)])
def test_brackets_around_a_single_number_do_not_matter(answer, tmp_path):
    assert said("01.1", answer, tmp_path).status == "right"
    assert "`w`, the factor itself" in said("01.1", [[2.0]], tmp_path).text


@pytest.mark.parametrize("answer", [10**400, [10**400], -(10**999)])
def test_a_number_beyond_all_floats_is_no_answer_and_no_error(answer, tmp_path):
    text = said("01.1", answer, tmp_path).text
    assert said("01.1", answer, tmp_path).status == "not yet" and "raised" not in text


@pytest.mark.parametrize(
    "answer", [3 + 1j, np.complex64(3 + 1j), torch.tensor(3 + 1j), np.array([3 + 0j]), [3 + 1j]]
)
def test_a_complex_number_keeps_its_imaginary_part_and_is_none(answer, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert array(answer) is None
        assert said("01.1", answer, tmp_path).status == "not yet"


@pytest.mark.parametrize(
    ("id", "near"),
    [("02.3", 100_010), ("02.3", 99_995), ("01.1", 3.001), ("01.6", 7.0004), ("03.5", 32.01),
     ("02.1", [1.0005, 1, 0]), ("05.2", [10.001, 20, 0])],
)  # fmt: skip
def test_whole_numbers_are_not_rounded(id, near, tmp_path):
    assert said(id, near, tmp_path).status == "not yet"


@pytest.mark.parametrize(
    ("id", "near"),
    [("02.3", torch.tensor(100_000.0)), ("01.1", 3.0 + 3e-7), ("03.5", 32 * (1 + 3e-7)),
     ("04.d", [0.333, 0.333, 0.3333]), ("06.8", 0.3333), ("02.c", [4000, 8000, 0.0])],
)  # fmt: skip
def test_what_float32_is_off_by_and_what_is_rounded_is_right(id, near, tmp_path):
    assert said(id, near, tmp_path).status == "right"


def test_an_error_that_the_prompt_offers_is_wrong_and_not_of_another_kind(tmp_path):
    text = said("04.1", "error", tmp_path).text
    assert "yours is text" not in text and "raises no error here" in text
    assert "yours is text" in said("04.1", "nothing", tmp_path).text


def infinite():
    """Its slope by `s` is infinite, and the replay meets 0 times infinity on the way."""
    s = torch.tensor(0.0, requires_grad=True)
    with trace() as t:
        y = torch.sqrt(s) + 0.0 * torch.log(s + 1.0)
    return t.graph(of=y)


def test_of_an_infinite_slope_no_mistake_is_named_and_no_warning_is_shown():
    graph = infinite()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for answer in (float("inf"), -float("inf"), float("nan"), graph["s"].gradient):
            assert diagnose(graph, "s", answer) == []
        diagnose(graph, "s", 0.0)
        diagnose(graph, "s", 1.0)


def test_the_gradient_that_pytorch_gives_is_no_mistake_though_a_replay_has_another():
    w = torch.tensor(0.0, requires_grad=True)
    with trace() as t:
        y = w * 1e30 * 1e30 * 1e-30 * 1e-30  # in float32 the way back is 0, in float64 it is 1
    assert y == 0 and t.graph()["w"].gradient == 0
    assert diagnose(t.graph(), "w", 0.0) == []


def kinked(function):
    z = torch.tensor(0.0, requires_grad=True)
    with trace() as t:
        y = function(z) * 2.0
    return t.graph(of=y)


def named(graph, answer):
    return {it.mistake for it in diagnose(graph, "z", answer)}


def test_the_other_slope_at_a_kink_is_one_that_the_operation_has():
    assert "other_side_of_a_kink" in named(kinked(torch.relu), 2.0)
    assert "other_side_of_a_kink" not in named(kinked(torch.relu), -2.0)
    assert "other_side_of_a_kink" in named(kinked(torch.abs), -2.0)
    assert "other_side_of_a_kink" in named(kinked(lambda z: z.clamp(min=0.0)), 1.0)
    assert "other_side_of_a_kink" not in named(kinked(lambda z: z.clamp(-1.0, 1.0)), 1.0)
    assert "other_side_of_a_kink" not in named(kinked(torch.nn.functional.hardtanh), 1.0)


@pytest.mark.parametrize(("id", "answer"), [("04.1", 1.0), ("02.6", 3.0), ("03.5", 2.0)])
def test_no_slope_is_named_that_is_another_one(id, answer, tmp_path):
    text = said(id, answer, tmp_path).text
    assert "another slope" not in text and "one step alone" not in text


def test_a_step_alone_counts_both_uses_of_a_value_in_it(tmp_path):
    w = torch.tensor([1.0, 3.0], requires_grad=True)
    with trace() as t:
        y = (w * w).mean()
    graph = t.graph(of=y)
    assert any("one step alone" in it.sentence for it in diagnose(graph, "w", [2.0, 6.0]))
    assert not any("one step alone" in it.sentence for it in diagnose(graph, "w", [1.0, 3.0]))


def test_a_step_alone_is_all_of_its_derivative(tmp_path):
    text = said("03.5", 4.0, tmp_path).text
    assert "That is ∂v/∂w, one step alone" in text and "∂v2/∂w" not in text
