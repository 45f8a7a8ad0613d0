"""Random programs: whatever fails, `why()` names what PyTorch itself finds freed or overwritten."""

import re

import pytest
import torch
from failing import program
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lesson_utils.clinic.evidence import evidence_of

UNARY = ("torch.exp({a})", "torch.sin({a})", "torch.tanh({a})", "{a} ** 2", "-{a}", "{a}.sum()")
BINARY = ("{a} * {b}", "{a} + {b}", "{a} / {b}", "torch.maximum({a}, {b})")
WRITES = ("{a} += 1", "{a}.mul_(2)", "{a}.exp_()", "{a}.zero_()", "{a} *= {b}")
PASSES = (
    "{a}.sum().backward()", "{a}.backward()", "{a}.sum().backward(retain_graph=True)",
    "grad({a}.sum(), w)", "grad({a}.sum(), [w, v])", "grad({a}, {b})",
)  # fmt: skip
OTHERS = ("{n} = {a}.detach()", "{a} = {a}.detach()", "{n} = {a}[:1]", "{n} = ({a} > {b}).float()")


@st.composite
def programs(draw):
    """Lines on two leaves: results, shared ones too, writes, cuts, and passes."""
    names, lines = ["w", "v"], []
    for number in range(draw(st.integers(2, 8))):
        kinds = (UNARY, BINARY, BINARY, UNARY, WRITES, PASSES, OTHERS)
        pattern = draw(st.sampled_from(draw(st.sampled_from(kinds))))
        own = names[2:] if pattern in WRITES and len(names) > 2 else names  # leaves seldom
        a, b = draw(st.sampled_from(own[-4:])), draw(st.sampled_from(names))
        name = f"x{number}"
        text = pattern.format(a=a, b=b, n=name)
        if pattern in UNARY + BINARY or pattern.startswith("{n}"):
            text = text if pattern.startswith("{n}") else f"{name} = {text}"
            names.append(name)
        lines.append(text)
    for _ in range(draw(st.integers(1, 2))):
        lines.append(
            draw(st.sampled_from(PASSES)).format(a=names[-1], b=draw(st.sampled_from(names)))
        )
    cut = draw(st.sampled_from(["all", "none", "most"]))
    inside = {"all": len(lines), "none": 0, "most": len(lines) - 1}[cut]
    head = ["w, v = leaf(1.5, 2.5), leaf(0.5, 0.7)"] + ["with trace() as t:"] * bool(inside)
    return "\n".join([*head, *(f"    {it}" for it in lines[:inside]), *lines[inside:]])


def broken(tensors):
    """What PyTorch refuses to give out, by node name, and why: asked of each node behind them."""
    waiting, met, found = [it.grad_fn for it in tensors], set(), set()
    while waiting:
        node = waiting.pop()
        if node is None or node in met:
            continue
        met.add(node)
        waiting += [behind for behind, _ in node.next_functions]
        for name in dir(node):
            if name.startswith("_saved_"):
                try:
                    getattr(node, name)
                except RuntimeError as error:
                    found.add((node.name(), "freed" if "freed" in str(error) else "overwritten"))
    return found


SYMBOLS = {"Mul": "×", "Add": "+", "Div": "÷", "Pow": "^", "Neg": "−"}


def named(explanation, kind, found):
    """Whether an operation among the culprits is one that PyTorch finds broken."""
    for name, why in found:
        short = re.sub(r"Backward\d*$", "", name)
        words = {name, short.lower(), SYMBOLS.get(short, ""), f"{short.lower()}_"}
        culprits = {it.removesuffix(" in place") for it in explanation.culprits}
        if why == kind and words & culprits:
            return True
    return False


@settings(
    max_examples=150, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(programs())
@pytest.mark.filterwarnings("ignore")
def test_what_is_named_is_broken(source):
    run = program(source)
    for name, it in [*run.names.items()]:
        if isinstance(it, torch.Tensor):
            assert run.why(name).text
    if run.error is None:
        return
    found = run.why()  # never raises, whatever failed
    message = str(run.error)
    assert len(found.says) <= 3 and found.html
    families = {
        "Tensors does not require": ("requires no gradient", "path cut"),
        "second time": "freed graph", "modified by an inplace": "overwritten value",
        "does not require grad": ("path cut", "no graph"), "for scalar outputs": "not a scalar",
        "not have been used": "unused input", "a leaf Variable": "leaf overwritten",
        "view of a leaf": "leaf overwritten",
    }  # fmt: skip
    kind = next((family for text, family in families.items() if text in message), None)
    if kind is None:
        assert found.family == "not autograd's", (message, found.text)
        return
    kinds = kind if isinstance(kind, tuple) else (kind,)
    assert found.family in kinds, (source, message, found.text)
    if kind == "overwritten value":
        roots = [*evidence_of(run.error).roots, *tensors_of(run)]
        assert named(found, "overwritten", broken(roots)), (source, found.text)
    if kind == "freed graph":  # not by the pass that failed, which has freed some more
        line = run.error.__traceback__.tb_next.tb_lineno
        before = program(
            "\n".join([*source.splitlines()[: line - 1], "    0" * ("with" in source)])
        )
        assert named(found, "freed", broken(tensors_of(before))), (source, found.text)
    if found.line is not None and found.source == run.filename:
        assert 1 <= found.line <= len(source.splitlines())
    for repair in found.repairs:
        if repair.code:
            compile(repair.code, "repair", "exec")


def tensors_of(run):
    return [it for it in run.names.values() if isinstance(it, torch.Tensor)]


def test_the_oracle_finds_what_is_broken():
    run = program("w = leaf(2.0)\nu = torch.exp(w)\ny = u * u\ny.backward()")
    assert broken([run.names["y"]]) == {("MulBackward0", "freed"), ("ExpBackward0", "freed")}
    run = program("w = leaf(2.0)\nu = torch.exp(w)\nu += 1")
    assert broken([run.names["u"]]) == {("ExpBackward0", "overwritten")}
