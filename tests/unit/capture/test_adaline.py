"""Notebook 06: the published figures to the digit, and every gradient that it draws."""

import csv
import re
import statistics

import matplotlib
import pytest
import replay
import torch
import torch.nn.functional as F


@pytest.fixture(scope="module")
def lesson():
    matplotlib.use("Agg")
    return replay.execute("06_adaline.ipynb")


def losses(history):
    return [f"{loss:.5f}" for loss, *_ in history]


def test_three_trainings_print_the_same_twenty_losses_and_the_published_ends(lesson):
    space, _, printed = lesson
    found = [losses(space[name]) for name in ("first", "second", "third")]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 20
    assert (found[0][0], found[0][-1]) == ("0.38849", "0.10025")
    shown = re.findall(r"(?<!\d)(\d+): (0\.\d{5})", printed)
    assert shown == [(str(i), loss) for i, loss in enumerate(found[0], 1)] * 3


def test_losses_agree_with_a_training_in_float64_written_apart(lesson):
    """Double precision, the normal equations' gradient as one matrix product, no autograd."""
    space, _, _ = lesson
    X, y = space["X_train"].double(), space["y_train"].double()
    Z = torch.cat([X, torch.ones(70, 1, dtype=torch.float64)], 1)
    p, found = torch.zeros(3, dtype=torch.float64), []
    torch.manual_seed(123)
    for _ in range(20):
        for batch in torch.randperm(70).split(10):
            p = p - 0.01 * 2 * (Z[batch].T @ (Z[batch] @ p - y[batch])) / len(batch)
        found.append(((Z @ p - y) ** 2).mean())
    expected = torch.tensor([loss for loss, *_ in space["third"]], dtype=torch.float64)
    assert torch.allclose(torch.stack(found), expected, atol=5e-6, rtol=0)


def test_accuracies_are_the_published_ones(lesson):
    space, _, _ = lesson
    _, _, w, b = space["third"][-1]
    for X, y, published in (
        (space["X_train"], space["y_train"], "92.86"), (space["X_test"], space["y_test"], "93.33")
    ):  # fmt: skip
        right = ((X @ w + b > 0.5) == (y == 1)).sum().item()
        assert f"{100 * right / len(y):.2f}" == published
    assert space["reached"] == "92.86% and 93.33%"


def test_every_gradient_drawn_is_that_of_central_differences_and_of_torch_func(lesson):
    _, shown, _ = lesson
    assert [replay.check(graph) for graph in shown] == [4, 4, 4]


def test_the_graph_of_a_minibatch_has_the_modules_names(lesson):
    _, shown, _ = lesson
    assert {v.name for v in shown[-1].values if v.role == "parameter"} == {
        "model.linear.weight", "model.linear.bias"
    }  # fmt: skip


def test_gradients_by_hand_are_autograds_on_every_minibatch(lesson):
    space, _, _ = lesson
    torch.manual_seed(5)
    for batch in torch.randperm(70).split(10):
        X, y = space["X_train"][batch], space["y_train"][batch]
        w, b = torch.randn(2, requires_grad=True), torch.randn((), requires_grad=True)
        by_autograd = torch.autograd.grad(F.mse_loss(X @ w + b, y), [w, b])
        by_hand = space["gradients_by_hand"](X, y, w.detach(), b.detach())
        for ours, its in zip(by_hand, by_autograd, strict=True):
            assert torch.allclose(ours, its, atol=1e-6)


def test_the_limit_of_the_learning_rate_is_two_over_the_largest_eigenvalue(lesson):
    space, _, _ = lesson
    X = space["X_train"].double()
    Z = torch.cat([X, torch.ones(70, 1, dtype=torch.float64)], 1)
    largest = torch.linalg.svdvals(Z)[0] ** 2 * 2 / 70
    assert abs(space["limit"].item() - 2 / largest.item()) < 1e-5


def test_the_boundary_has_a_page_for_each_epoch_and_its_caption_counts_rightly(lesson):
    space, _, _ = lesson
    assert len(space["captions"]) == 21
    assert space["captions"][-1].startswith("Epoch 20: 65 of 70"), "92.86 % of 70"


def flowers():
    with open(replay.NOTEBOOKS / "data" / "iris.csv") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("species", "means"),
    [
        ("setosa", (5.006, 3.428, 1.462, 0.246)),
        ("versicolor", (5.936, 2.770, 4.260, 1.326)),
        ("virginica", (6.588, 2.974, 5.552, 2.026)),
    ],
)
def test_the_measurements_have_the_means_of_fishers_paper(species, means):
    """Fisher (1936), Table II; his setosa decides between the copies in circulation."""
    mine = [flower for flower in flowers() if flower["species"] == species]
    assert len(mine) == 50
    for column, mean in zip(list(mine[0])[:4], means, strict=True):
        assert round(statistics.fmean(float(flower[column]) for flower in mine), 3) == mean
