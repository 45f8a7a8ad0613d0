"""What an answer does to torch and Python is no other answer's trouble, nor the file's."""

import os
import random
import sys
import warnings

import numpy as np
import pytest
import torch
from answers import answer_of, verdict

from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.ledger import Ledger

RELU = CATALOGUE["01.7"]


def switching(change):
    """A right answer that changes something on the way."""

    def relu_backward(z, g):
        change()
        return g * (z > 0)

    return relu_backward


CHANGES = {
    "gradients off": (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    "float64": (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    "torch's seed": (lambda: torch.manual_seed(3), lambda: torch.get_rng_state().sum().item()),
    "python's seed": (lambda: random.seed(3), lambda: random.getstate()[1][:9]),
    "numpy's seed": (lambda: np.random.seed(3), lambda: np.random.get_state()[1].sum()),
    "anomaly mode": (lambda: torch.autograd.set_detect_anomaly(True), torch.is_anomaly_enabled),
    "determinism": (lambda: torch.use_deterministic_algorithms(True),
                    torch.are_deterministic_algorithms_enabled),
    "the folder": (lambda: os.chdir("/"), os.getcwd),
    "recursion": (lambda: sys.setrecursionlimit(2345), sys.getrecursionlimit),
    "warnings": (lambda: warnings.simplefilter("error"), lambda: warnings.filters[0]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_an_answer_switches_is_put_back(name, tmp_path):
    change, state = CHANGES[name]
    before = state()
    said = verdict(RELU, switching(change), tmp_path)
    assert state() == before and said.status == "right", said.text
    assert verdict(CATALOGUE["02.5"], _solution("02.5"), tmp_path).status == "right"


def _solution(id):
    return answer_of(CATALOGUE[id], CATALOGUE[id].solution)


@pytest.mark.parametrize("id", ["01.1", "02.3", "02.5", "04.5", "07.3", "07.r"])
def test_what_the_student_has_switched_does_not_count(id, tmp_path):
    answer = _solution(id)
    modes = (
        lambda: torch.set_grad_enabled(False), torch.inference_mode,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16), torch.autograd.detect_anomaly,
    )  # fmt: skip
    for mode in modes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with mode():
                said = verdict(CATALOGUE[id], answer, tmp_path)
        assert said.status == "right", said.text
    torch.set_default_dtype(torch.float64)
    try:
        assert verdict(CATALOGUE[id], answer, tmp_path).status == "right"
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.is_grad_enabled()


class Fake:
    """Says that it is a tensor."""

    __class__ = torch.Tensor


@pytest.mark.parametrize("answer", [lambda z, g: Fake(), lambda z, g: [Fake()], Fake()])
def test_what_only_says_that_it_is_a_tensor_is_not_read_as_one(answer, tmp_path):
    said = verdict(RELU, answer, tmp_path)
    assert said.status == "not yet" and "says it is a tensor" in said.text


def test_a_message_that_no_page_can_hold_is_told_without_it(tmp_path):
    def relu_backward(z, g):
        raise ValueError("\ud800 odd \x1b[31m")

    said = verdict(RELU, relu_backward, tmp_path)
    said.html.encode()
    assert "ValueError: � odd" in said.text


@pytest.mark.parametrize("kind", ["folder", "thesis", "pipe", "device"])
def test_what_is_not_ours_is_left_alone(kind, tmp_path):
    place = tmp_path / "course"
    if kind == "folder":
        place.mkdir()
        (place / "thesis.txt").write_text("mine")
    elif kind == "thesis":
        place.write_text("mine")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place = tmp_path / "null"
        place.symlink_to("/dev/null")
    before = sorted(os.listdir(tmp_path))
    ledger = Ledger(place)
    ledger.note("01.1", done=True)
    assert ledger.read() == {"01.1": {"done": True}} and "cannot be written here" in ledger.told
    assert sorted(os.listdir(tmp_path)) == before
    if kind == "folder":
        assert (place / "thesis.txt").read_text() == "mine"
    if kind == "thesis":
        assert place.read_text() == "mine"


def test_each_broken_file_is_kept(tmp_path):
    place = tmp_path / "p.json"
    for text in ("{", "[", "{{"):
        place.write_text(text)
        Ledger(place).read()
    kept = {it.read_text() for it in tmp_path.glob("p.json.broken*")}
    assert kept == {"{", "[", "{{"} and not place.exists()


def test_a_file_that_is_far_too_large_is_set_aside_unread(tmp_path):
    place = tmp_path / "p.json"
    place.write_text('{"01.1": {"done": true}}' + " " * 2_000_000)
    ledger = Ledger(place)
    assert ledger.read() == {} and "set aside" in ledger.told


def test_a_place_in_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LESSON_PROGRESS", "~/p.json")
    Ledger().note("01.1", done=True)
    assert (tmp_path / "p.json").exists()
