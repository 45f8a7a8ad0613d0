"""What an answer does besides: writing into what it is given, holding graphs, asking autograd."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from answers import answer_of, example_of, verdict
from torch.autograd import grad
from torch.func import grad as functional_grad
from torch.func import jacfwd, jacrev, vjp

from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.points import copied, is_changed, told

ROOT = Path(__file__).parents[3]
# Its first use takes torch seconds to import, and an answer may take five.
functional_grad(torch.sin)(torch.tensor(0.0))


def by_hand(X, y, w, b):
    by_output = 2 / len(y) * (X @ w + b - y)
    return X.T @ by_output, by_output.sum()


def judged(id, answer, folder):
    return verdict(CATALOGUE[id], answer, folder)


def stays_right(id, folder):
    answer = answer_of(CATALOGUE[id], CATALOGUE[id].solution)
    return judged(id, answer, folder).status == "right"


def steps(X, y, w, b):
    found = by_hand(X, y, w, b)
    w -= 0.1 * found[0]
    return found


def empties(X, y, w, b):
    found = by_hand(X, y, w, b)
    X.resize_(0)
    return found


def clears(X, y, w, b):
    for it in (X, y, w, b):
        it.zero_()
    return by_hand(X, y, w, b)


def clears_later(X, y, w, b):
    found = [2 * it for it in by_hand(X, y, w, b)]
    y.zero_()
    return found


@pytest.mark.parametrize("spoils", [steps, empties, clears, clears_later])
def test_a_function_that_writes_into_what_it_is_given_spoils_nothing_for_the_next(spoils, tmp_path):
    for _ in range(2):
        said = judged("06.2", spoils, tmp_path)
        assert said.status == "not yet" and "writes into what it is given" in said.text
    assert stays_right("06.2", tmp_path)


def loss_of(X, y, w, b):
    return F.mse_loss(X @ w + b, y)


def by_grad(X, y, w, b):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    return grad(loss_of(X, y, w, b), [w, b])


def by_backward(X, y, w, b):
    w, b = (it.clone().requires_grad_() for it in (w, b))
    loss_of(X, y, w, b).backward()
    return w.grad, b.grad


def by_functional(X, y, w, b):
    return functional_grad(loss_of, (2, 3))(X, y, w, b)


def by_vjp(X, y, w, b):
    return vjp(lambda w, b: loss_of(X, y, w, b), w, b)[1](torch.tensor(1.0))


def by_jacobian(X, y, w, b):
    return torch.autograd.functional.jacobian(lambda w, b: loss_of(X, y, w, b), (w, b))


def by_jacrev(X, y, w, b):
    return jacrev(loss_of, (2, 3))(X, y, w, b)


def by_jacfwd(X, y, w, b):
    return jacfwd(loss_of, (2, 3))(X, y, w, b)


def switched_on(X, y, w, b):
    with torch.inference_mode(False), torch.enable_grad():
        return by_grad(X.clone(), y.clone(), w, b)


def only_where_it_fails(X, y, w, b):
    try:
        return by_grad(X, y, w, b)
    except RuntimeError:
        return torch.zeros_like(w), torch.zeros_like(b)


@pytest.mark.parametrize(
    "asks",
    [by_grad, by_backward, by_functional, by_vjp, by_jacobian, by_jacrev, by_jacfwd, switched_on,
     only_where_it_fails],
)  # fmt: skip
def test_gradients_by_hand_are_not_asked_of_autograd(asks, tmp_path):
    said = judged("06.2", asks, tmp_path)
    assert said.status == "not yet" and "autograd has computed them" in said.text


def with_numpy(X, y, w, b):
    rows, targets = X.numpy(), y.numpy()
    by_output = 2 / len(targets) * (rows @ w.numpy() + b.item() - targets)
    return torch.from_numpy(rows.T @ by_output), float(by_output.sum())


def in_place_on_its_own(X, y, w, b):
    by_output = X @ w
    by_output += b
    by_output -= y
    by_output *= 2 / len(y)
    return torch.einsum("nd,n->d", X, by_output), by_output.sum()


def under_no_grad(X, y, w, b):
    with torch.no_grad():
        return by_hand(X, y, w, b)


@pytest.mark.parametrize("style", [by_hand, with_numpy, in_place_on_its_own, under_no_grad])
def test_formulas_in_any_style_are_right(style, tmp_path):
    said = judged("06.2", style, tmp_path)
    assert said.status == "right", said.text


WRITES = [
    ("06.7", "def f(model, X, y):\n    for rows in (slice(0, 2), slice(2, 5)):\n"
             "        (F.mse_loss(model(X[rows]), y[rows], reduction='sum') / 5).backward()\n"
             "    X.zero_()"),
    ("07.3", "def f(w, batches):\n    h = torch.tensor(0.)\n    while batches:\n"
             "        h = torch.tanh(w * h.detach() + batches.pop(0))\n"
             "        ((h - 1.) ** 2).backward()\n    return h"),
    ("07.4", "def f(w, x):\n    made = (torch.exp(w * x.clone()) + 1.).sum()\n    x.zero_()\n"
             "    return made"),
    ("07.7", "def f(w, batches):\n    for x in batches:\n        x.zero_()\n"
             "    return sum(((w * x - 1.) ** 2).mean().item() for x in batches) / len(batches)"),
    ("07.7", "def f(w, batches):\n    losses = [((w * x - 1.) ** 2).mean().item()"
             " for x in batches]\n    del batches[1:]\n    return sum(losses) / len(losses)"),
    ("07.8", "def f(w, x):\n    x.zero_()\n    return (w * x).sum()"),
    ("07.8", "def f(w, x):\n    z = w * x\n    z = z[z > 0.].log().sum()\n    x.data.zero_()\n"
             "    return z"),
]  # fmt: skip


def made(source):
    space = {"torch": torch, "F": F}
    exec(source, space)
    return space["f"]


@pytest.mark.parametrize(("id", "source"), WRITES)
def test_every_judge_says_who_writes_into_what_is_given(id, source, tmp_path):
    said = judged(id, made(source), tmp_path)
    assert said.status == "not yet" and "writes into what it is given" in said.text, said.text
    assert stays_right(id, tmp_path)


def test_a_length_that_writes_spoils_no_later_one(tmp_path):
    def spoils(x):
        length = x.detach().abs().sum()
        x.data.zero_()
        return length

    for _ in range(2):
        assert "writes into what it is given" in judged("04.7", spoils, tmp_path).text
    assert stays_right("04.7", tmp_path)


def carry(*lines, start="h = torch.tensor(0.)", end=("return h",)):
    return made("\n".join([
        "def f(w, batches):", f"    {start}", "    for x in batches:",
        *(f"        {it}" for it in lines), *(f"    {it}" for it in end),
    ]))  # fmt: skip


STEP = ("h = torch.tanh(w * h.detach() + x)",)
BACK = ("((h - 1.) ** 2).backward()",)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (carry(*STEP, "t = t + (h - 1.) ** 2", start="h, t = torch.tensor(0.), 0.",
               end=("t.backward()", "return h")), "the more is held"),
        (carry("h.append(torch.tanh(w * h[-1].detach() + x))",
               "((h[-1] - 1.) ** 2).backward(retain_graph=True)", start="h = [torch.tensor(0.)]",
               end=("return h[-1]",)), "the more is held"),
        (carry(*STEP, *BACK, "w.data -= 0.1 * w.grad"), "it has changed `w`"),
        (carry(*STEP, *BACK, end=("w.requires_grad_(False)", "return h")),
         "requires no gradient any more"),
        (carry(*STEP, *BACK, end=("torch.set_grad_enabled(False)", "return h")),
         "nothing is recorded any more"),
    ],
)  # fmt: skip
def test_a_state_is_carried_without_a_growing_memory_and_without_a_step(answer, says, tmp_path):
    said = judged("07.3", answer, tmp_path)
    assert said.status == "not yet" and says in said.text, said.text
    assert torch.is_grad_enabled() and "Retaining keeps the graphs of all" not in said.text


def mean_of_exp(*after):
    return made("\n".join([
        "def f(w, batches):", "    total = 0.", "    for X in batches:",
        "        total += torch.exp(X * w).mean().item()", *(f"    {it}" for it in after),
        "    return total / len(batches)",
    ]))  # fmt: skip


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("w.requires_grad_(False)", "requires no gradient any more"),
        ("w.grad = None", "`w.grad` is not what it was before"),
        ("if w.grad is not None: w.grad.zero_()", "`w.grad` is not what it was before"),
        ("w.grad = torch.ones_like(w)", "it has written to `w.grad`"),
    ],
)
def test_an_evaluation_leaves_the_leaf_as_it_is(line, says, tmp_path):
    said = judged("02.7", mean_of_exp(line), tmp_path)
    assert said.status == "not yet" and says in said.text, said.text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("l.backward()", "it has written to `w.grad`"),
        ("w.requires_grad_(False)", "requires no gradient any more"),
        ("w.grad = None", "`w.grad` is not what it was before"),
        ("torch.set_grad_enabled(False)", "nothing is recorded any more"),
    ],
)
def test_a_mean_of_losses_leaves_the_leaf_as_it_is(line, says, tmp_path):
    answer = made(
        "def f(w, batches):\n    losses = []\n    for x in batches:\n"
        f"        l = ((w * x - 1.) ** 2).mean()\n        losses.append(l.item())\n        {line}\n"
        "    return sum(losses) / len(losses)"
    )
    said = judged("07.7", answer, tmp_path)
    assert said.status == "not yet" and says in said.text, said.text
    assert torch.is_grad_enabled()


def test_what_grows_is_seen_however_the_batches_are_asked_for(tmp_path):
    answer = made(
        "def f(w, batches):\n    losses = []\n    for x in list(batches):\n"
        "        losses.append(((w * x - 1.) ** 2).mean())\n"
        "    return torch.stack(losses).mean().item()"
    )
    assert "every batch adds to what is held" in judged("07.7", answer, tmp_path).text


def parts(*lines):
    return made("def f(model, X, y):\n" + "\n".join(f"    {it}" for it in lines))


LOOP = "for rows in (slice(0, 2), slice(2, 5)):"
LOSS = "F.mse_loss(model(X[rows]), y[rows], reduction='sum') / 5"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (parts("F.mse_loss(model.linear(X).view(-1), y).backward()"), "5 flowers went through"),
        (parts("made = F.linear(X, model.linear.weight, model.linear.bias).view(-1)",
               "F.mse_loss(made, y).backward()"), "More than three flowers"),
        (parts(LOOP, f"    loss = {LOSS}", "    loss.backward(retain_graph=True)"),
         "an earlier one is still held"),
        (parts("made = torch.cat([model(X[:2]), model(X[2:])])", "F.mse_loss(made, y).backward()"),
         "an earlier one is still held"),
        (parts(LOOP, f"    ({LOSS}).backward()", "with torch.no_grad():",
               "    for p in model.parameters(): p -= 0.1 * p.grad"), "changed the model"),
    ],
)  # fmt: skip
def test_a_batch_goes_through_the_model_in_parts(answer, says, tmp_path):
    said = judged("06.7", answer, tmp_path)
    assert said.status == "not yet" and says in said.text, said.text


def test_the_sign_of_a_product_is_asked_and_not_that_of_its_factor(tmp_path):
    def answer(w, x):
        return torch.log((w * x)[x > 0.0]).sum()

    assert judged("07.8", answer, tmp_path).status == "not yet"


@pytest.mark.parametrize(
    "value", [lambda y: y.item(), lambda y: y.detach(), lambda y: y.detach().numpy().item()]
)
def test_the_same_number_without_a_graph_is_told_so(value, tmp_path):
    said = judged("07.4", lambda w, x: value((torch.exp(w * x) + 1.0).sum()), tmp_path)
    assert "so is the way back to `w`" in said.text and "another number" not in said.text


class SafeRoot(torch.autograd.Function):
    """A root with the slope 0 at 0."""

    @staticmethod
    def forward(ctx, squares):
        root = squares.new_tensor(squares.item() ** 0.5)
        ctx.save_for_backward(root)
        return root

    @staticmethod
    def backward(ctx, g):
        (root,) = ctx.saved_tensors
        return torch.where(root > 0, g / (2 * torch.where(root > 0, root, 1.0)), 0.0)


class Length(torch.autograd.Function):
    """All of it in one."""

    @staticmethod
    def forward(ctx, x):
        length = x.norm()
        ctx.save_for_backward(x, length)
        return length

    @staticmethod
    def backward(ctx, g):
        x, length = ctx.saved_tensors
        return g * x / length.clamp(min=1e-30)


class SumOfLogs(torch.autograd.Function):
    """The logarithms of all that is positive, computed in plain Python."""

    @staticmethod
    def forward(ctx, w, x):
        positive = [it for it in (w.item() * it for it in x.tolist()) if it > 0]
        ctx.save_for_backward(w)
        ctx.count = len(positive)
        return w.new_tensor(sum(map(math.log, positive)))

    @staticmethod
    def backward(ctx, g):
        (w,) = ctx.saved_tensors
        return g * ctx.count / w, None


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("04.7", lambda x: SafeRoot.apply((x * x).sum())),
        ("04.7", lambda x: Length.apply(x)),
        ("07.8", lambda w, x: SumOfLogs.apply(w, x)),
    ],
)
def test_a_function_of_ones_own_is_a_repair(id, answer, tmp_path):
    said = judged(id, answer, tmp_path)
    assert said.status == "right", said.text


def test_a_point_is_copied_whole_and_a_change_is_seen():
    point = (torch.ones(2), [torch.zeros(1)], 3, "text")
    again = copied(point, differentiable=True)
    assert (
        again[0].requires_grad and not is_changed(again, point) and told(again[:1]) == ("([1, 1])")
    )
    again[1][0].add_(1.0)
    assert is_changed(again, point) and not point[1][0].any()


def switching_off(answer):
    """The right answer, after which nothing is recorded any more."""

    def off(function):
        def called(*given):
            made = function(*given)
            torch.set_grad_enabled(False)
            return made

        return called

    if isinstance(answer, type):
        return type("Step", (answer,), {"forward": staticmethod(off(answer.forward))})
    return [off(it) for it in answer] if isinstance(answer, list) else off(answer)


def is_code(answer):
    return callable(answer) or (isinstance(answer, list) and callable(answer[0]))


FUNCTIONS = {
    id: answer for id, exercise in CATALOGUE.items()
    if is_code(answer := answer_of(exercise, exercise.solution))
}  # fmt: skip


@pytest.mark.parametrize("id", FUNCTIONS)
def test_what_an_answer_switches_off_is_on_again_after_its_check(id, tmp_path):
    judged(id, switching_off(FUNCTIONS[id]), tmp_path)
    recording = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert recording
    for slip in CATALOGUE[id].slips:
        judged(id, switching_off(example_of(CATALOGUE[id], slip)), tmp_path)
        recording = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        assert recording


def test_no_judgement_of_numbers_imports_what_takes_longer_than_a_check_may():
    code = (
        "import sys; from lesson_utils.exercises.catalogue import CATALOGUE\n"
        "for it in CATALOGUE.values():\n"
        "    it.asked and it.judge(1.0), it.asked and it.asked.right(*it.asked.at[0])\n"
        "print('torch._dynamo' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=ROOT)  # fmt: skip
    assert run.stdout.strip() == "False"
