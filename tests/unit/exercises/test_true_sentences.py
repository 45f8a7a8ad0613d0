"""What is said about an answer is true of it, and tells no more than it has to."""

import pytest
import torch
from answers import verdict
from torch.autograd import grad

from lesson_utils.exercises.catalogue import CATALOGUE


def said_of(id, answer, folder):
    return verdict(CATALOGUE[id], answer, folder)


def test_a_length_cut_below_is_told_what_it_does(tmp_path):
    said = said_of("04.7", lambda x: torch.sqrt((x * x).sum().clamp(min=1e-12)), tmp_path).text
    assert "The zero vector has a small length" in said and "added" not in said


def test_a_reshape_for_a_transpose_is_told_no_lie_about_shapes(tmp_path):
    def reshaped(X, W, G):
        return G @ W.reshape(W.shape[::-1]), X.reshape(X.shape[::-1]) @ G

    said = said_of("05.3", reshaped, tmp_path)
    assert said.status == "not yet" and "try 3×2" not in said.text


def test_a_missing_z_gets_its_sentence(tmp_path):
    assert "one more factor" in said_of("05.2", [2, 4, 0], tmp_path).text


SAYS_LESS = [
    ("04.g", 0.5, "anything but 0"), ("03.i", [4_000_000, 4_000_000], "one byte"),
    ("05.b", [3, 2, 3, 2], "six numbers"), ("06.4", "c", "gone"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "answer", "told_before"), SAYS_LESS)
def test_a_slip_does_not_tell_what_is_right(id, answer, told_before, tmp_path):
    said = said_of(id, answer, tmp_path)
    assert said.status == "not yet" and len(said.says) == 2 and told_before not in said.text


def test_a_remark_on_what_is_saved_is_true():
    assert "`square`" not in CATALOGUE["02.b"].remark
    x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    for function, by_input in (
        (torch.tanh, 1 - torch.tanh(x) ** 2), (torch.sqrt, 0.5 / torch.sqrt(x)),
    ):  # fmt: skip
        assert torch.allclose(grad(function(x).sum(), x)[0], by_input)
    both = torch.tensor([2.0, -2.0], requires_grad=True)
    assert (both**2).unique().numel() == 1 and grad((both**2).sum(), both)[0].unique().numel() == 2


def test_the_message_of_a_cut_path_does_not_name_the_loss():
    w = torch.tensor(1.0, requires_grad=True)
    loss = (w.detach() * 2.0).square()
    with pytest.raises(RuntimeError, match="element 0 of tensors") as error:
        loss.backward()
    assert "loss" not in str(error.value) and "element 0 of tensors" in CATALOGUE["07.i"].remark
