"""What PyTorch really does where a letter is predicted: each answer is found by running it."""

import ast
import contextlib
import weakref
from pathlib import Path

import nbformat
import pytest
import torch
import torch.nn.functional as F
from answers import answer_of
from torch import nn
from torch.autograd import grad, gradcheck
from torch.func import jacrev

from lesson_utils import saved_memory, trace
from lesson_utils.exercises.catalogue import CATALOGUE

TRUTHS = {}
LETTERS = {id: it for id, it in CATALOGUE.items() if id[-1].isalpha() and it.asked is None}


def truth(id):
    """Registers what finds the letter of a prediction."""

    def named(function):
        TRUTHS[id] = function
        return function

    return named


def leaf(*numbers):
    return torch.tensor(numbers if len(numbers) > 1 else numbers[0], requires_grad=True)


def fails(function, *given):
    try:
        function(*given)
    except RuntimeError:
        return True
    return False


def only(facts):
    """The letter of the one fact that holds."""
    (letter,) = (letter for letter, holds in facts.items() if holds)
    return letter


@truth("01.a")
def _():
    w, b = leaf(2.0), leaf(1.0)
    a = F.relu(3.0 * w + b)
    first = grad(a, b)[0]
    second = None
    with contextlib.suppress(RuntimeError):
        second = grad(a, b)
        second = second[0]
    return only({"a": second is not None and second == first, "c": second is None})


@truth("02.a")
def _():
    x, w = leaf(2.0), leaf(0.5)
    node = (x * w).grad_fn
    kept = {node._saved_self.item(), node._saved_other.item()}
    return only({"a": kept == {2.0}, "b": kept == {0.5}, "c": kept == {2.0, 0.5}, "d": 1.0 in kept})


@truth("02.d")
def _():
    data, p = torch.ones(3), torch.ones(3, requires_grad=True)
    product, exists = data * p, weakref.ref(data)
    del data
    first = exists() is not None
    del product
    second = exists() is not None
    return {(True, True): "a", (True, False): "b", (False, False): "c"}[first, second]


@truth("02.e")
def _():
    x, w, b = torch.tensor(2.0), leaf(0.5), leaf(1.0)
    with trace() as t:
        u = x * w
        y = torch.exp(u) + b
    grad(y, u)
    freed = {op.name for op in t.graph().operations for it in op.saved if it.state == "freed"}
    return only({"a": freed == {"exp"}, "b": len(freed) == 2, "c": not freed})


@truth("02.f")
def _():
    w, b = leaf(1.0), leaf(2.0)
    s = w + b - torch.tensor(3.0)
    failed = [fails(grad, s, w) for _ in range(3)]
    return "abcd"[failed.index(True) if any(failed) else 3]


@truth("02.j")
def _():
    batch, one, two = torch.ones(100, 20), nn.Linear(20, 50), nn.Linear(50, 1)
    one.requires_grad_(False)
    result, weights = 100 * 50 * 4, 50 * 4
    kept = saved_memory(two(torch.tanh(one(batch))))
    letters = {batch.nbytes + result: "a", 0: "b", result + weights: "c", result: "d"}
    return letters[kept]


@truth("02.m")
def _():
    w = leaf(2.0)
    w.grad = torch.ones(())
    torch.optim.SGD([w], lr=0.1).zero_grad()
    return "b" if w.grad is None else "a" if w.grad == 0 else "c"


def relu_if(z):
    return z if z > 0 else 0.0 * z


def relu_where(z):
    return torch.where(z > 0, z, 0.0)


def names(relu, number):
    w, b = torch.tensor([2.0], requires_grad=True), torch.tensor([1.0], requires_grad=True)
    with trace() as t:
        a = relu(torch.tensor([number]) * w + b)
    return [op.name for op in t.graph(of=a).operations]


@truth("03.a")
def _():
    one, other = names(relu_if, 3.0), names(relu_if, -3.0)
    more = len(other) - len(one)
    return only({"a": more == 0, "b": not other, "c": more == 1 and other[-1] == "mul",
                 "d": "if" in other})  # fmt: skip


@truth("03.b")
def _():
    one, other = names(relu_where, 3.0), names(relu_where, -3.0)
    return "a" if one == other else "b" if "where" in one and "where" in other else "c"


@truth("03.c")
def _():
    x, w = torch.tensor([-3.0]), torch.tensor([2.0], requires_grad=True)
    z = x * w
    out = z if z > 0 else torch.zeros_like(z)
    return only({"d": fails(grad, out, w)})


def climb(w):
    z = w
    while z < 10.0:
        z = z * w
    return z


@truth("03.e")
def _():
    slopes = []
    for number in (3.16, 3.17):
        w = leaf(number)
        slopes.append(grad(climb(w), w)[0].item())
    one, two = slopes
    assert climb(3.17) < climb(3.16)
    return only({"a": max(slopes) < 0, "b": min(slopes) > 0, "d": one > 0 and two == 0})


@truth("03.f")
def _():
    x, cutoff = leaf(3.0), leaf(1.0)
    passed = x if x > cutoff else 0.0 * x
    by_x, by_cutoff = grad(passed * passed, [x, cutoff], allow_unused=True)
    assert by_x == 6
    return "b" if by_cutoff is None else {0.0: "a", 6.0: "c", -6.0: "d"}[by_cutoff.item()]


@truth("03.h")
def _():
    w = leaf(2.0)
    a = torch.tanh(-w)

    def write():
        a[...] = 0.0

    if fails(write):
        return "a"
    return "b" if fails(grad, a, w) else "c"


@truth("04.e")
def _():
    functions = (
        torch.sqrt, torch.log, torch.reciprocal, lambda x: torch.sqrt(x * x),
        lambda x: x * torch.log(x), lambda x: torch.exp(torch.log(x)),
    )  # fmt: skip
    found = []
    for function in functions:
        x = leaf(0.0)
        found.append(bool(grad(function(x), x)[0].isnan()))
    letters = {(False,) * 3 + (True,) * 3: "a", (True,) * 3 + (False,) * 3: "b",
               (False,) * 4 + (True, False): "c", (True,) * 6: "d"}  # fmt: skip
    return letters[tuple(found)]


@truth("04.f")
def _():
    z = leaf(0.0)
    y = torch.where(z > 0, torch.sqrt(z), 0.0)
    slope = grad(y, z)[0]
    return only(
        {"a": slope == 0, "b": slope.isinf(), "c": y.isnan(), "d": slope.isnan() & (y == 0)}
    )


@truth("04.h")
def _():
    z = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    passes = [gradcheck(it, z, raise_exception=False) for it in (F.relu, torch.abs)]
    letters = {(False, False): "a", (True, False): "b", (False, True): "c", (True, True): "d"}
    return letters[tuple(passes)]


@truth("05.c")
def _():
    b, X = torch.tensor([0.5, -0.5], requires_grad=True), torch.arange(6.0).reshape(3, 2)
    arriving = torch.arange(1.0, 7.0).reshape(3, 2)
    found = grad(X + b, b, arriving)[0]
    if found.shape != b.shape:
        return "b"
    facts = {"a": arriving.sum(0), "c": arriving.mean(0), "d": arriving[-1]}
    return only({letter: torch.equal(found, it) for letter, it in facts.items()})


@truth("05.d")
def _():
    out = torch.ones(3, 2, requires_grad=True) * 1.0
    return only({"c": fails(grad, out.clone(), out, torch.ones(3))})


@truth("05.e")
def _():
    def passes(M):
        rows, columns = M.shape  # backward passes, and forward ones
        return "backward" if rows < columns else "forward"

    jacobian = jacrev(lambda x: torch.ones(6, 2) @ x)(torch.ones(2))
    tall, wide = passes(jacobian), passes(jacobian.T)
    letters = {("backward", "backward"): "a", ("forward", "backward"): "b",
               ("backward", "forward"): "c", ("forward", "forward"): "d"}  # fmt: skip
    return letters[tall, wide]


@truth("05.f")
def _():
    def errors(dtype):
        x = torch.tensor(0.3, dtype=dtype)
        exact = torch.tensor(0.3, dtype=torch.float64).cos()
        steps = [10.0**-k for k in range(1, 11)]
        return [
            abs(((torch.sin(x + h) - torch.sin(x - h)) / (2 * h)).double() - exact).item()
            for h in steps
        ]

    double, single = errors(torch.float64), errors(torch.float32)
    near = abs(double[0] / single[0] - 1) < 0.01
    deepest = double.index(min(double)), single.index(min(single))
    lower = min(single) > 100 * min(double) and deepest[1] < deepest[0]
    return only({"a": near and deepest[0] == deepest[1], "b": not near, "c": near and lower})


@truth("06.a")
def _():
    model, X, y = nn.Linear(2, 1), torch.tensor([[1.0, 2.0], [3.0, 1.0]]), torch.tensor([0.0, 1.0])
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    output = model(X).view(-1)
    output.retain_grad()
    F.mse_loss(output, y).backward()
    zero = output.grad == 0
    return only({"a": bool((model.weight.grad == 0).all()), "b": torch.equal(zero, y == 0),
                 "c": bool(zero.all()), "d": not zero.any()})  # fmt: skip


@truth("06.b")
def _():
    w, seen = leaf(2.0), []
    for _ in range(3):
        (w * 3.0).backward()
        seen.append(w.grad.item())
    return {1.0: "a", 0.5: "b", 0.0: "c", 2.0: "d"}[seen[1] / seen[0]]


def quadratic(factor):
    """Whether steps at a factor of the limit come closer, of a loss with two curvatures."""
    p, curvatures = torch.ones(2), torch.tensor([1.0, 4.0])
    for _ in range(100):
        p = p - factor * (2 / curvatures.max()) * curvatures * p
    return bool(p.norm() < 1)


@truth("06.d")
def _():
    letters = {(True, False): "a", (True, True): "b", (False, False): "c", (False, True): "d"}
    return letters[quadratic(0.95), quadratic(1.05)]


@truth("07.a")
def _():
    w = leaf(2.0)
    a = F.relu(3.0 * w + 1.0)
    a.backward()
    failed = fails(a.backward)
    return only({"a": w.grad == 6, "b": w.grad == 3 and not failed, "c": failed and w.grad == 3})


@truth("07.c")
def _():
    log_rate = leaf(0.0)
    rate = torch.exp(log_rate)

    def loop():
        for x in (1.0, 2.0, 3.0):
            ((rate * x - 1.0) ** 2).backward(retain_graph=True)
            with torch.no_grad():
                log_rate.sub_(0.1)

    if fails(loop):
        return "c"
    return "a" if rate == torch.exp(log_rate) else "b"


@truth("07.d")
def _():
    w = leaf(0.5)
    with trace() as t:
        trunk = torch.tanh(w)
        first, second = (trunk - 1.0) ** 2, 3.0 * trunk
    first.backward()
    freed = {
        op.name for op in t.graph(of=first).operations for it in op.saved if it.state == "freed"
    }
    failed = fails(second.backward)
    return only({"a": failed and "tanh" in freed, "b": not failed,
                 "c": failed and "tanh" not in freed})  # fmt: skip


@truth("07.e")
def _():
    w, h, count = leaf(0.5), torch.tensor(0.5), []
    for x in (1.0, -1.0):
        with trace() as t:
            h = torch.tanh(w * h + x)
            loss = (h - 1.0) ** 2
        nodes, ahead = set(), [loss.grad_fn]
        while ahead:
            node = ahead.pop()
            if node is not None and node not in nodes:
                nodes.add(node)
                ahead += [it for it, _ in node.next_functions]
        count.append(len(nodes - {None}))
        own = len(t.graph().operations)
    return only({"a": count[1] <= own + 1, "c": not count[1], "d": count[1] > count[0]})


@truth("07.f")
def _():
    def behind(batches):
        w, h = leaf(0.5), torch.tensor(0.5)
        for _ in range(batches):
            h = torch.tanh(w * h + 1.0)
            loss = (h - 1.0) ** 2
        return saved_memory(loss)

    one, two, three = behind(10), behind(20), behind(30)
    return only({"a": one == two, "b": two - one == three - two > 0, "c": three - two > two - one})


@truth("07.g")
def _():
    w = leaf(2.0)
    s = torch.sigmoid(3.0 * w)
    if fails(s.add_, 1.0):
        return "a"
    y = 2.0 * s
    if not fails(y.backward):
        return "d"
    s = torch.sigmoid(3.0 * w)
    return "b" if fails((2.0 * s).backward) else "c"  # without the write it works


def points():
    return torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]), leaf(0.5)


@truth("07.i")
def _():
    x, y, w = points()
    loss = (((w * x).detach() - y) ** 2).sum()
    return only({"a": fails(loss.backward) and w.grad is None})


@truth("07.k")
def _():
    x, y, w = points()
    loss = (((w * x).detach() - y) ** 2).sum().requires_grad_()
    loss.backward()
    return only({"c": loss.grad is None, "d": w.grad is None and loss.grad == 1,
                 "a": w.grad is not None})  # fmt: skip


@truth("07.l")
def _():
    x, y, w = points()
    return only({"c": fails(((w * x - y) ** 2).backward)})


@truth("07.m")
def _():
    x, y, w = points()
    v = w.clone()
    return only({"c": fails(grad, ((w * x - y) ** 2).sum(), v)})


@truth("07.n")
def _():
    whole = fails(lambda: torch.tensor([1, 2, 3], requires_grad=True))
    points = fails(lambda: torch.tensor([1.0, 2.0, 3.0], requires_grad=True))
    return only({"a": points, "b": whole and not points, "d": not whole})


@truth("07.o")
def _():
    return only({"a": fails((leaf(1.0, 2.0) * 2.0).numpy)})


@truth("07.p")
def _():
    guess = leaf(0.5) * torch.tensor([1.0, 2.0])
    array = guess.detach().numpy()
    by_numpy, by_torch = torch.from_numpy(array).log().sum(), guess.log().sum()
    letters = {(True, True): "a", (True, False): "b", (False, False): "c", (False, True): "d"}
    return letters[by_numpy.requires_grad, by_torch.requires_grad]


@truth("07.q")
def _():
    x, y, w = points()
    guess = w * x
    ((guess - y) ** 2).sum().backward()
    return "b" if guess.grad is None else "a"


@truth("07.t")
def _():
    def loss():
        return torch.tanh(leaf(1.0, 2.0)).sum()

    losses = [loss() for _ in range(10)]
    last, one = losses[-1], saved_memory(losses[-1])
    mean = torch.stack(losses).mean()
    del losses
    held = saved_memory(last, mean)
    return {0: "a", one: "b", 10 * one: "c"}[held]


@truth("07.u")
def _():
    x, w = torch.tensor([0.0, 4.0]), leaf(1.0)
    z = w * x
    torch.where(z > 0, torch.sqrt(z), 0.0).sum().backward()
    found = w.grad
    return only({"a": found == 1, "b": found == 0, "c": found.isinf(), "d": found.isnan()})


@truth("06.c")
def _():
    """The notebook's own run, whose output nbval checks."""
    (path,) = (Path(__file__).parents[3] / "notebooks").glob("06_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    (cell,) = (it for it in cells if it.source.startswith("runs = {rate: train_module(rate)"))
    assert "(0.01, 0.1, 0.5, 1.0)" in cell.source
    lower = ast.literal_eval(cell.outputs[0].data["text/plain"])
    letters = {(True,) * 4: "a", (True, True, False, False): "b", (True, True, True, False): "c",
               (True, False, False, False): "d"}  # fmt: skip
    return letters[tuple(lower)]


def test_each_letter_has_its_truth():
    assert set(TRUTHS) == set(LETTERS) and len(LETTERS) > 35


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("id", sorted(TRUTHS))
def test_the_letter_that_is_right_is_what_happens(id):
    assert TRUTHS[id]() == answer_of(CATALOGUE[id], CATALOGUE[id].solution)


def test_the_letters_are_spread():
    given = [answer_of(it, it.solution) for it in LETTERS.values()]
    assert all(given.count(letter) < len(given) / 2 for letter in "abcd")
    assert set(given) == set("abcd")
