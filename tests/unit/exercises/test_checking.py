"""Answers of every kind get a sentence; nothing breaks, and what is done is written down."""

import contextlib
import json
import sys
import threading
import time

import pytest
import torch
from answers import verdict

from lesson_utils.exercises import ledger as ledger_module
from lesson_utils.exercises import running
from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.checking import checked, hinted, is_attempted, named, solved
from lesson_utils.exercises.ledger import Ledger
from lesson_utils.exercises.progress import Progress

NUMBER, FUNCTION = CATALOGUE["01.1"], CATALOGUE["01.7"]


class Hostile:
    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None

    def __array__(self, *_):
        sys.exit(3)


@pytest.mark.parametrize(
    "answer",
    ["3", b"3", [1, 2], {}, float("nan"), float("inf"), torch.ones(2, 3), torch.tensor(3j),
     Hostile(), object(), int, lambda: 3, -1e300, True, [[1], [2, 3]],
     torch.ones(1, dtype=torch.int8)],
)  # fmt: skip
def test_an_answer_of_another_kind_gets_a_sentence(answer, tmp_path):
    said = verdict(NUMBER, answer, tmp_path)
    assert said.status == "not yet" and said.says[0].endswith(".")
    assert json.loads((tmp_path / "progress.json").read_text()) == {
        "01.1": {"done": False, "tried": 1}
    }


@pytest.mark.parametrize("answer", [..., None, NotImplemented, (..., None), [...]])
def test_what_is_left_open_is_not_attempted(answer, tmp_path):
    assert verdict(NUMBER, answer, tmp_path).status == "not attempted"
    assert not (tmp_path / "progress.json").exists()


def raises(z, g):
    raise ValueError("oh")


def nothing(z, g):
    return None


def leaves(z, g):
    sys.exit()


def prints(z, g):
    print("x" * 10_000_000)
    return g * (z > 0)


def writes(z, g):
    z[z < 0] = 0
    return g * (z > 0)


def other_shape(z, g):
    return g.sum()


def text(z, g):
    return "g"


def deletes(z, g):
    del globals()["SPARE"]


SPARE = 1


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (raises, "raised ValueError: oh"),
        (leaves, "asked Python to exit"),
        (writes, "writes into what it is given"),
        (other_shape, "has the shape []"),
        (text, "returns a str, and no numbers"),
        (lambda z: z, "raised TypeError"),
    ],
)
def test_a_function_that_fails_gets_a_sentence(function, says, tmp_path):
    said = verdict(FUNCTION, function, tmp_path)
    assert said.status == "not yet" and says in said.text


def test_a_function_that_returns_nothing_is_not_attempted(tmp_path):
    assert verdict(FUNCTION, nothing, tmp_path).status == "not attempted"
    assert verdict(FUNCTION, deletes, tmp_path).status == "not attempted"


def test_what_a_function_prints_is_not_shown(tmp_path, capsys):
    assert verdict(FUNCTION, prints, tmp_path).status == "right"
    assert capsys.readouterr().out == ""


def test_a_loop_for_ever_comes_to_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "SECONDS", 0.3)

    def spins(z, g):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    began = time.monotonic()
    said = verdict(FUNCTION, spins, tmp_path)
    assert "did not come to an end" in said.text and time.monotonic() - began < 3


def test_in_another_thread_it_is_checked_without_a_clock(tmp_path):
    found = []
    worker = threading.Thread(target=lambda: found.append(verdict(NUMBER, 3.0, tmp_path)))
    worker.start()
    worker.join()
    assert found[0].status == "right"


def test_an_interrupt_of_the_students_goes_through(tmp_path):
    def stopped(z, g):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict(FUNCTION, stopped, tmp_path)


def test_any_style_of_a_function_is_right(tmp_path):
    for function in (
        lambda z, g: torch.where(z > 0, g, 0.0),
        lambda z, g: g * torch.heaviside(z, torch.tensor(0.0)),
        lambda z, g: torch.tensor([b if a > 0 else 0.0 for a, b in zip(z, g, strict=True)]),
    ):
        assert verdict(FUNCTION, function, tmp_path).status == "right"


def test_a_rule_that_forgets_what_arrives_is_told_so(tmp_path):
    said = verdict(FUNCTION, lambda z, g: (z > 0) * 1.0, tmp_path)
    assert "must be a factor" in said.text


def test_hints_climb_and_the_last_one_stays(tmp_path):
    ledger = Ledger(tmp_path / "p.json")
    said = [hinted(NUMBER, ledger) for _ in range(4)]
    assert [it.says[:3] for it in said] == [
        NUMBER.hints[:1], NUMBER.hints[:2], NUMBER.hints, NUMBER.hints
    ]  # fmt: skip
    assert said[3].title == "01.1 · hint 3 of 3"


def test_a_solution_is_for_comparison_after_a_right_answer(tmp_path):
    ledger = Ledger(tmp_path / "p.json")
    assert solved(NUMBER, ledger).title == "01.1 · a solution"
    checked(NUMBER, 3.0, ledger)
    assert solved(NUMBER, ledger).title == "01.1 · for comparison"
    assert solved(NUMBER, ledger).code == NUMBER.solution


def test_an_unknown_id_lists_the_near_ones():
    with pytest.raises(KeyError, match=r"'1\.1'; near it are 01\.1"):
        named(CATALOGUE, "1.1")


def test_what_was_right_once_stays_done(tmp_path):
    ledger = Ledger(tmp_path / "p.json")
    checked(NUMBER, 3.0, ledger)
    checked(NUMBER, 2.0, ledger)
    assert ledger.read()["01.1"] == {"done": True, "tried": 2}
    progress = Progress(CATALOGUE, ledger.read())
    assert progress.done == 1 and progress.text.startswith(f"1 of {len(CATALOGUE)} done")
    assert progress.html.count("●") == 2, "the sign of one, and what it means"


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"01.1": 3}', "\x00\xff"])
def test_a_broken_file_is_set_aside_with_a_word(broken, tmp_path):
    path = tmp_path / "p.json"
    path.write_text(broken, encoding="latin-1")
    ledger = Ledger(path)
    said = checked(NUMBER, 3.0, ledger)
    assert said.status == "right" and "set aside" in said.says[-1]
    assert (tmp_path / "p.json.broken").read_text(encoding="latin-1") == broken
    assert ledger.read()["01.1"]["done"]


def test_where_nothing_can_be_written_it_lasts_as_long_as_the_kernel(tmp_path):
    ledger = Ledger(tmp_path / "missing" / "p.json")
    said = checked(NUMBER, 3.0, ledger)
    assert said.status == "right" and "as long as this kernel" in said.says[-1]
    assert ledger.read()["01.1"]["done"] and checked(NUMBER, 3.0, ledger).says == (NUMBER.remark,)


def test_two_kernels_lose_nothing(tmp_path):
    ledgers = [Ledger(tmp_path / "p.json") for _ in range(4)]

    def work(i):
        for k in range(10):
            ledgers[i].note(f"{i}.{k}", done=True)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(ledgers[0].read()) == 40
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_a_function_that_does_something_is_attempted():
    def pending():
        raise NotImplementedError

    def dots(x, y): ...

    def empty(x):
        """Only a word."""

    assert not any(map(is_attempted, (pending, dots, empty)))
    assert is_attempted(lambda x: x) and is_attempted(lambda x: 0.0)


def test_an_answer_that_holds_itself_gets_a_sentence(tmp_path):
    answer = []
    answer.append(answer)
    assert verdict(NUMBER, answer, tmp_path).status == "not yet"


@pytest.mark.parametrize(
    "odd", ['{"01.1": {"tried": "x"}}', '{"01.1": {"hints": [1]}}', "[" * 9999]
)
def test_a_file_of_another_form_is_set_aside(odd, tmp_path):
    (tmp_path / "p.json").write_text(odd)
    ledger = Ledger(tmp_path / "p.json")
    assert checked(NUMBER, 3.0, ledger).status == "right"
    assert hinted(NUMBER, ledger).title == "01.1 · hint 1 of 3"


def test_a_lock_that_cannot_be_taken_away_holds_nobody_up(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_module, "_PATIENCE", 0.1)
    (tmp_path / "p.json.lock").mkdir()
    assert checked(NUMBER, 3.0, Ledger(tmp_path / "p.json")).status == "right"


def test_a_link_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "p.json").symlink_to(tmp_path / "there" / "real.json")
    checked(NUMBER, 3.0, Ledger(tmp_path / "p.json"))
    assert (tmp_path / "p.json").is_symlink() and (tmp_path / "there" / "real.json").exists()


def test_a_solution_is_code_that_can_be_copied(tmp_path):
    page = solved(FUNCTION, Ledger(tmp_path / "p.json")).html
    assert "def relu_backward(z, g):\n    return" in page


def test_a_missing_line_is_not_named(tmp_path):
    said = verdict(CATALOGUE["01.5"], "C", tmp_path).text
    assert "2 lines are missing" in said and "A" not in said and "D" not in said


def test_an_import_is_not_interrupted_half_way(tmp_path, monkeypatch):
    (tmp_path / "slow_module.py").write_text(
        "import time\nfor _ in range(60): time.sleep(0.01)\nx = 1"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(running, "SECONDS", 0.2)
    outcome = running.attempt(lambda: __import__("slow_module").x)
    assert sys.modules["slow_module"].x == 1 and (outcome.value == 1 or outcome.failed)


def test_a_call_inside_of_another_does_not_stop_its_clock(monkeypatch):
    monkeypatch.setattr(running, "SECONDS", 0.3)

    def endless():
        running.attempt(lambda: time.sleep(0.01))
        assert running.signal.getitimer(running.signal.ITIMER_REAL)[0] > 0.2
        while True:
            time.sleep(0.01)

    before = time.monotonic()
    assert "did not come to an end" in running.attempt(endless).failed
    assert time.monotonic() - before < 5
