"""Each known mistake is recognised where it is the only explanation, and the right answer never."""

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lesson_utils import trace
from lesson_utils.exercises.mistakes import MISTAKES, diagnose


def leaf(data):
    return torch.tensor(data, requires_grad=True)


def two_paths():
    w = leaf(3.0)
    with trace() as t:
        u = w * w
        y = u + w
    assert y.requires_grad
    return t.graph()


def chain():
    x, w = torch.tensor(5.0), leaf(0.7)
    with trace() as t:
        u = x * w
        v = torch.sin(u)
        y = v * 3.0
    assert y.requires_grad
    return t.graph()


def batch(reduce="mean"):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    w, b = leaf([[1.0, 2.0], [0.0, 1.0]]), leaf([1.0, -2.0])
    with trace() as t:
        h = x @ w + b
        loss = getattr(h * h, reduce)()
    assert loss.requires_grad
    return t.graph()


def kinked():
    w = leaf(0.0)
    with trace() as t:
        y = torch.relu(w * 3.0)
    assert y.requires_grad
    return t.graph()


def seeded():
    w = leaf([1.0, 2.0])
    with trace() as t:
        y = w * w
    return t.graph(of=y, seed=torch.tensor([1.0, 10.0]))


def written():
    w, z = leaf(2.0), torch.tensor(3.0)
    with trace() as t:
        v = z * 1.0
        v += 4.0
        y = v * w
    assert y.requires_grad
    return t.graph()


def found(graph, name, answer, of=None):
    return [it.mistake for it in diagnose(graph, name, answer, of)]


def test_a_forgotten_path_is_named_with_the_other():
    (first, *_) = diagnose(two_paths(), "w", 6.0)
    assert first.sentence == "That is the way through `u` alone; `w` is used again in `y`."
    assert found(two_paths(), "w", 1.0)[0] == "path_forgotten"


@pytest.mark.parametrize(
    ("graph", "name", "answer", "mistake"),
    [
        (chain(), "w", 3 * math.cos(3.5), "local_skipped"),
        (chain(), "w", 5.0 * math.cos(3.5), "local_skipped"),
        (chain(), "w", 0.7 * 3 * math.cos(3.5), "other_factor"),
        (chain(), "w", 15 * math.cos(math.sin(3.5)), "at_the_output"),
        (chain(), "w", -15 * math.cos(3.5), "sign_lost"),
        (chain(), "w", 30 * math.cos(3.5), "accumulated"),
        (chain(), "w", 3 * math.sin(3.5), "forward_value"),
        (chain(), "u", math.cos(3.5), "local_for_total"),
        (batch(), "w", 6 * np.array(batch()["w"].gradient), "mean_and_sum"),
        (batch("sum"), "w", np.array(batch("sum")["w"].gradient) / 6, "mean_and_sum"),
        (batch(), "w", np.array(batch()["w"].gradient).T, "transposed"),
        (batch(), "b", np.array(batch()["h"].gradient), "not_summed_back"),
        (kinked(), "w", 3.0, "other_side_of_a_kink"),
        (kinked(), "w", 1.5, "other_side_of_a_kink"),
        (seeded(), "w", [2.0, 4.0], "seed_ignored"),
        (written(), "w", 3.0, "before_the_write"),
    ],
)
def test_a_mistake_is_recognised(graph, name, answer, mistake):
    assert mistake in found(graph, name, answer)


def test_the_whole_way_where_one_step_was_asked():
    graph = chain()
    whole = graph["w"].gradient
    assert found(graph, "w", whole, of="v") == ["total_for_local"]
    assert found(graph, "w", 5 * math.cos(3.5), of="v") == []


def test_what_needs_no_gradient_has_none():
    assert found(chain(), "x", 2.0) == ["needs_none"]
    assert found(chain(), "x", None) == []


def test_last_path_only():
    x, w = torch.tensor(2.0), leaf(3.0)
    with trace() as t:
        u = w * x
        v = w.exp()
        y = u * v
    assert y.requires_grad and "last_path_only" in found(t.graph(), "w", 2 * math.exp(3.0))


def test_every_mistake_is_tested_and_no_sentence_holds_the_right_number():
    import inspect

    import test_mistakes as own

    source = inspect.getsource(own)
    for mistake in MISTAKES:
        assert mistake.__name__ in source, mistake.__name__
    graph = two_paths()
    for answer in (6.0, 4.0, 3.0, 1.0, -7.0, 14.0, 12.0, 9.0):
        for it in diagnose(graph, "w", answer):
            assert "7" not in it.sentence


def grown(seed):
    """A random graph of single numbers, or of vectors, in which values are used again."""
    pick = random.Random(seed)
    shape = () if pick.random() < 0.6 else (3,)
    torch.manual_seed(seed)
    with trace() as t:
        a, b = (torch.randn(shape, requires_grad=True) for _ in range(2))
        made = [a, b]
        for _ in range(pick.randint(2, 7)):
            one, other = pick.choice(made), pick.choice(made)
            made.append(
                pick.choice([
                    lambda x, y: x * y, lambda x, y: x + y, lambda x, y: x - y,
                    lambda x, y: torch.sin(x), lambda x, y: torch.tanh(x) * y,
                    lambda x, y: torch.relu(x), lambda x, y: x * 2.0, lambda x, y: torch.exp(x) - y,
                ])(one, other)
            )  # fmt: skip
        y = pick.choice([torch.sum, torch.mean])(made[-1] * made[0])
    assert y.requires_grad
    return t.graph(of=y)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_the_right_answer_is_never_a_mistake(seed):
    graph = grown(seed)
    for name in ("a", "b"):
        gradient = graph[name].gradient if name in graph else None
        if gradient is not None:
            assert diagnose(graph, name, gradient) == []
            assert diagnose(graph, name, torch.tensor(gradient)) == []


def test_an_unknown_name_and_a_graph_without_gradients_are_errors():
    with pytest.raises(KeyError, match="no value named 'z'"):
        diagnose(two_paths(), "z", 1.0)
    with trace() as t:
        torch.ones(2) * 2
    with pytest.raises(ValueError, match="no gradients"):
        diagnose(t.graph(), t.graph().values[0].name, 1.0)
