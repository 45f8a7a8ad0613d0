"""`%load_ext lesson_utils` in a real IPython shell, in a process of its own."""

import json
import re
import subprocess
import sys
import textwrap

import pytest

SHELL = """
import io, json, sys, contextlib
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
FAILS = "loss = torch.exp(leaf)\\nloss.backward()\\nloss.backward()"

def run(code):
    with capture_output() as got:
        result = shell.run_cell(code, store_history=True)
    error = result.error_in_exec or result.error_before_exec
    return {
        "ename": type(error).__name__, "evalue": str(error), "success": result.success,
        "told": [type(it).__name__ for it in got.outputs], "text": got.stdout, "err": got.stderr,
        "shown": [it.data["text/plain"] for it in got.outputs],
    }

def callbacks():
    return [it.__name__ for it in shell.events.callbacks["post_run_cell"]]

out = {"before": callbacks()}
run("import torch; leaf = torch.tensor(2.0, requires_grad=True)")
out["plain"] = run(FAILS)
"""


def shelled(body):
    """Run lines after the shell has begun; they fill `out`."""
    code = f"{textwrap.dedent(SHELL)}\n{textwrap.dedent(body)}\nprint('@' + json.dumps(out))"
    done = subprocess.run(
        [sys.executable, "-P" if sys.version_info >= (3, 11) else "-s", "-c", code],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "@" in done.stdout, done.stderr
    return json.loads(done.stdout.rpartition("@")[2])


@pytest.fixture(scope="module")
def out():
    return shelled("""
        out["load"] = run("%load_ext lesson_utils")
        out["loaded"] = callbacks()
        out["fails"] = run(FAILS)
        out["key"] = run("{}['a']")
        out["syntax"] = run("1 +")
        out["interrupt"] = run("raise KeyboardInterrupt")
        out["fine"] = run("1 + 1")
        out["again"] = run("%load_ext lesson_utils")
        out["reload"] = run("%reload_ext lesson_utils")
        out["twice"] = run(FAILS)
        out["direct"] = run("import lesson_utils as l; l.load_ipython_extension(get_ipython())")
        out["thrice"] = run(FAILS)
        out["why"] = run("from lesson_utils import why; why()")
        import lesson_utils.clinic.extension as ours
        kept, ours.explain = ours.explain, lambda error: {}["ours"]
        out["broken"] = run(FAILS)
        ours.explain = kept
        out["unload"] = run("%unload_ext lesson_utils")
        out["unloaded"] = callbacks()
        out["after"] = run(FAILS)
    """)


def test_the_explanation_stands_under_the_untouched_traceback(out):
    plain, told = out["plain"], out["fails"]
    assert plain["ename"] == told["ename"] == "RuntimeError"
    assert plain["evalue"] == told["evalue"] and "second time" in told["evalue"]
    assert _lines(plain["text"]) == _lines(told["text"])  # the traceback
    assert plain["shown"] == [] and len(told["shown"]) == 1
    assert "The backward pass from `loss`" in told["shown"][0]
    assert told["err"] == ""


def test_other_cells_show_nothing(out):
    for name in ("key", "syntax", "interrupt", "load"):
        assert out[name]["shown"] == [] and out[name]["err"] == "", name
    assert out["key"]["ename"] == "KeyError" and out["syntax"]["ename"] == "SyntaxError"
    assert out["fine"]["success"] and "lesson_utils" not in out["fine"]["err"]


def test_loaded_twice_it_shows_once(out):
    for name in ("twice", "thrice"):
        assert len(out[name]["shown"]) == 1, name


def test_why_finds_the_last_error_of_the_shell(out):
    assert "The backward pass from `loss`" in out["why"]["text"] + "".join(out["why"]["shown"])


def test_an_explainer_that_fails_gives_one_quiet_line(out):
    broken = out["broken"]
    assert broken["shown"] == [] and _lines(broken["text"]) == _lines(out["plain"]["text"])
    assert broken["err"].strip() == "(lesson_utils could not explain this: KeyError)"


def test_unloaded_it_leaves_nothing(out):
    assert len(out["loaded"]) == len(out["before"]) + 1
    assert out["unloaded"] == out["before"]
    assert out["after"]["shown"] == []


def test_until_a_cell_fails_nothing_of_ours_runs():
    out = shelled("""
        run("%load_ext lesson_utils")
        import lesson_utils.clinic.extension as ours
        called = []
        ours.explain = lambda error: called.append(error)
        run("x = leaf * 2; x.backward()")
        out["called"] = len(called)
    """)
    assert out["called"] == 0


def _lines(text):
    """A traceback without what differs from cell to cell: its number, and its file's name."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    return [line for line in plain.splitlines() if not line.startswith(("Cell ", "File "))]


def test_cells_that_ran_before_are_known_by_their_numbers():
    out = shelled("""
        run("w = torch.tensor(2.0, requires_grad=True)")
        run("%time u = torch.exp(w)\\nu.backward()")
        run("u = torch.exp(w)\\nu.backward()")
        run("u.backward()")
        run("from lesson_utils import why")
        out["told"] = run("why().text")["text"]
    """)
    assert "on line 1 of `In[5]`" in out["told"] and "that on line 2 of `In[5]`" in out["told"]
