"""What a notebook asks under *Try next* it also answers, and the answers are right."""

import re
from pathlib import Path

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torch.autograd import grad

from lesson_utils import kink, saved_memory, trace

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def leaf(*numbers):
    return torch.tensor(numbers, requires_grad=True)


def items(text):
    return len(re.findall(r"^- ", text, re.MULTILINE))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_question_has_an_answer_folded_away(path):
    cells = nbformat.read(path, as_version=4).cells
    last = cells[[cell.source.endswith("Try next") for cell in cells].index(True) + 1]
    *said, done = [cell.source for cell in cells[cells.index(last) + 1 :]]
    assert done == "progress()" and len(said) <= 1, "nothing after it but what is done"
    questions, _, answers = last.source.partition("<details><summary>Answers</summary>\n\n")
    assert items(questions) == items(answers.partition("</details>")[0]) > 0


# 01


def lecture(number):
    x, w, b = torch.tensor([number]), leaf(2.0), leaf(1.0)
    with trace() as t:
        a = F.relu(x * w + b)
    return t, a, w, b


def test_at_minus_three_the_gradients_are_zero_and_the_error_still_comes():
    t, a, w, b = lecture(-3.0)
    graph = t.graph()
    assert a.item() == 0 and graph.operations[-1].local_derivatives == (0,)
    assert {graph[name].gradient for name in ("u", "v", "w", "b")} == {0}
    assert str(grad(a, w, retain_graph=True)[0].item()) == "-0.0"
    grad(a, b)
    with pytest.raises(RuntimeError, match="a second time"):
        grad(a, b)


def test_asking_for_both_frees_both():
    t, a, w, b = lecture(3.0)
    grad(a, [w, b])
    states = [tensor.state for op in t.graph().operations for tensor in op.saved]
    assert states == ["freed", "freed"]


def test_the_way_to_the_second_weight_of_a_neuron_multiplies_by_the_second_input():
    x1, x2 = torch.tensor([3.0]), torch.tensor([4.0])
    w1, w2, b = leaf(2.0), leaf(-1.0), leaf(1.0)
    with trace() as t:
        a = F.relu(x1 * w1 + x2 * w2 + b)
    assert a.item() > 0
    assert [op.local_derivatives for op in t.graph().operations][1:] == [
        (None, 4), (1, 1), (1, 1), (1,)
    ]  # fmt: skip
    assert t.graph()["w2"].gradient == 4


# 02


@pytest.mark.parametrize(("asks", "held"), [(False, 8), (True, 12)])
def test_with_x_differentiated_too_the_product_keeps_w_as_well(asks, held):
    x, w, b = torch.tensor([2.0], requires_grad=asks), leaf(0.5), leaf(1.0)
    assert saved_memory(torch.exp(x * w) + b) == held


def test_batches_that_are_one_tensor_count_it_once():
    X, W, losses = torch.ones(250, 20), torch.zeros(20, 5, requires_grad=True), []
    for number in range(1, 4):
        losses.append(torch.tanh(X @ W).square().mean())
        assert saved_memory(*losses) == 20_000 + number * 5_000


def test_where_keeps_one_byte_for_each_truth():
    p = torch.ones(1000, requires_grad=True)
    assert saved_memory(torch.where(p > 0, p, 0.0)) == 1000


# 03


def test_asking_for_not_negative_changes_the_slope_at_the_kink_alone():
    def slopes(question):
        found = []
        for number in (-3.0, -0.5, 3.0):
            w = leaf(2.0)
            z = number * w + 1
            found.append(grad(z if question(z) else 0.0 * z, w)[0].item())
        return found

    assert slopes(lambda z: z > 0) == [0, 0, 3]
    assert slopes(lambda z: z >= 0) == [0, -0.5, 3]


def test_an_absolute_value_has_one_operation_more_for_negative_input():
    found = []
    for number in (3.0, -3.0):
        z = leaf(number)
        with trace() as t:
            y = z * 1 if z > 0 else -(z * 1)
        found.append(len(t.graph(of=y).operations))
    assert found[1] == found[0] + 1


def test_overwriting_the_result_of_sin_is_harmless():
    w = leaf(2.0)
    a = torch.sin(torch.tensor([-1.0]) * w)
    a[:] = 0.0
    assert grad(a, w)[0].item() == 0


# 04


def test_the_square_of_relu_has_no_kink():
    found = kink(lambda x: F.relu(x) ** 2)
    assert (found.left, found.right, found.autograd) == (0, 0, 0)
    assert str(found.rule).startswith("rule 1")


def test_an_absolute_value_with_slope_one():
    assert kink(lambda x: torch.where(x >= 0, x, -x)).autograd == 1


def test_abs_repairs_the_root_of_the_square():
    x, origin = leaf(0.0, -3.0), leaf(0.0, 0.0)
    assert torch.sqrt(x * x).sum() == x.abs().sum()
    assert grad(torch.sqrt(x * x).sum(), x)[0].isnan().tolist() == [True, False]
    assert grad(x.abs().sum(), x)[0].tolist() == [0, -1]
    assert grad(origin.norm(), origin)[0].tolist() == [0, 0]


# 05


def test_seeds_pick_and_mix_rows():
    A, x = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]), leaf(1.0, 2.0, 1.0)
    for seed, expected in (([0.0, 1.0], [0, 2, -2]), ([0.5, 0.5], [5, 11, -1])):
        assert grad((A @ x) ** 2, x, torch.tensor(seed))[0].tolist() == expected


def test_a_mean_of_six_has_a_sixth_of_the_gradients_of_a_sum():
    X = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    W, b, found = leaf([1.0, 0.0], [2.0, -1.0]), leaf(0.5, -0.5), []
    for last in (torch.sum, torch.mean):
        loss = last((X @ W + b) ** 2)
        found.append([loss, *grad(loss, [W, b])])
    assert all(torch.allclose(a / 6, b) for a, b in zip(*found, strict=True))
    assert f"{found[1][0]:.2f}" == "89.58"


def test_rows_and_columns_of_the_jacobian_of_softmax_add_up_to_zero():
    J = torch.func.jacrev(lambda z: torch.softmax(z, 0))(torch.tensor([1.0, 2.0, 3.0]))
    assert torch.allclose(J.sum(0), torch.zeros(3), atol=1e-6)
    assert torch.allclose(J.sum(1), torch.zeros(3), atol=1e-6)


# 06


def test_only_the_last_local_derivative_of_a_logistic_regression_is_another_one():
    output, y = leaf(0.3, -0.2, 0.9), torch.tensor([1.0, 0.0, 0.0])
    (slope,) = grad(F.binary_cross_entropy_with_logits(output, y), output)
    assert torch.allclose(slope, (torch.sigmoid(output) - y) / 3)
    assert torch.allclose(grad(F.mse_loss(output, y), output)[0], 2 * (output - y) / 3)


def test_cleared_slopes_teach_nothing():
    w = leaf(0.5)
    optimizer = torch.optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    optimizer.zero_grad()
    optimizer.step()
    assert w.item() == 0.5 and w.grad is None


def test_at_the_minimum_the_slopes_vanish_and_the_errors_do_not():
    torch.manual_seed(1)
    X, y = torch.randn(70, 3, dtype=torch.float64), torch.rand(70, dtype=torch.float64)
    w = torch.linalg.lstsq(X, y[:, None]).solution[:, 0].requires_grad_()
    output = X @ w
    by_output, by_w = grad(F.mse_loss(output, y), [output, w])
    assert by_w.abs().max() < 1e-12 < 1e-3 < by_output.abs().max()


# 07


def test_what_saves_nothing_can_be_gone_back_from_twice():
    x, w, b = torch.tensor([3.0]), leaf(2.0), leaf(1.0)
    a = w + b - x
    a.backward()
    a.backward()
    assert w.grad.item() == b.grad.item() == 2


def test_going_back_once_after_the_loop_counts_what_a_batch_did_to_the_state():
    def slope(cut):
        w, h, total = torch.tensor(0.5, requires_grad=True), torch.tensor(0.5), 0.0
        for x in (1.0, -1.0):
            h = torch.tanh(w * (h.detach() if cut else h) + x)
            total = total + (h - 1.0) ** 2
        return grad(total, w)[0].item()

    assert (round(slope(cut=True), 2), round(slope(cut=False), 2)) == (-1.92, -2.08)


def test_a_logarithm_behind_where_is_as_a_root_and_has_the_same_repair():
    x, w = torch.tensor([0.0, 4.0]), torch.tensor(1.0, requires_grad=True)
    z = w * x
    assert grad(torch.where(z > 0, torch.log(z), 0.0).sum(), w, retain_graph=True)[0].isnan()
    harmless = torch.where(z > 0, z, 1.0)
    assert grad(torch.where(z > 0, torch.log(harmless), 0.0).sum(), w)[0].item() == 1
