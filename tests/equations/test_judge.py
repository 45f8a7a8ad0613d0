"""The judge of printed equations finds what is false: what the lesson once said, and more."""

import pytest
from asking import judge_of
from backwards import chain_rule
from badges import badge
from calls import programs
from equations import split
from figures import agrees, half_digit
from filmed import film
from formulas import Formula, number_in
from inputs import tensors

from lesson_utils.words.steps import Frame

# What the film said of a call before its arguments were bound by PyTorch's schema.
FORWARD = """
torch.add(x, w, alpha=2)                | + adds: y = x + w = 3 + 2 = 7.
x // 2                                  | floordiv: y = floordiv(x) = floordiv(3) = 1.
7 % x                                   | rmod: y = rmod(x) = rmod(3) = 1.
torch.div(other=w, input=x)             | ÷ divides: y = w ÷ x = 2 ÷ 3 = 1.5.
torch.div(x, w, rounding_mode="floor")  | ÷ divides: y = x ÷ w = 3 ÷ 2 = 1.
torch.pow(exponent=w, input=p)          | ^ raises to a power: y = w ^ p = 2 ^ 0.5 = 0.25.
torch.mm(mat2=W, input=X)               | mm: y = mm(W, X), of shape [3, 2].
F.linear(X, bias=s[:2], weight=W)       | linear: y = linear(X, u, W), of shape [3, 2].
torch.clamp(w, max=1)                   | clamp: y = clamp(w, 1) = clamp(2, 1) = 1.
torch.addcmul(x, w, b, value=2)         | addcmul: y = addcmul(x, w, b) = addcmul(3, 2, 1) = 7.
torch.addcdiv(x, w, b, value=-1)        | addcdiv: y = addcdiv(x, w, b) = addcdiv(3, 2, 1) = 1.
torch.addmm(M, W, W, beta=0.5)          | addmm: y = addmm(M, W, W), of shape [2, 2].
F.leaky_relu(-w, 0.2)                   | leaky_relu: y = leaky_relu(u) = leaky_relu(-2) = -0.4.
F.elu(-w, alpha=2)                      | elu: y = elu(u) = elu(-2) = -1.729.
F.celu(-w, alpha=0.5)                   | celu: y = celu(u) = celu(-2) = -0.4908.
F.softplus(w, beta=2)                   | softplus: y = softplus(w) = softplus(2) = 2.009.
F.threshold(w, 1, 20)                   | _threshold: y = _threshold(w) = _threshold(2) = 2.
s.std(correction=0)                     | std: y = std(s) = std([1.5, -0.3, 0.7]) = 0.7364.
s.var(unbiased=False)                   | var: y = var(s) = var([1.5, -0.3, 0.7]) = 0.5422.
torch.norm(s, p=1)                      | norm: y = norm(s) = norm([1.5, -0.3, 0.7]) = 2.5.
torch.norm(o, dim=1)                    | norm: y = norm(o) = [3.742, 1.677].
o.sum(dim=0)                            | sum adds up: y = sum(o) = [2, 1.5, 3.25].
o.prod(dim=1)                           | prod: y = prod(o) = [6, -0.625].
o.mean(dim=0)                           | mean averages: y = mean(o) = [1, 0.75, 1.625].
torch.round(d, decimals=1)              | round: y = round(d) = [0.1, 0.9, 0.4].
torch.diff(s, n=2)                      | diff: y = diff(s) = diff([1.5, -0.3, 0.7]) = 2.8.
torch.tensordot(W, M, dims=([0], [1]))  | tensordot: y = tensordot(W, M), of shape [2, 2].
F.mse_loss(s, r, reduction="sum") | mse_loss averages squared errors: y = mse_loss(s, r) = 4.693.
F.smooth_l1_loss(s, r, beta=0.3)        | smooth_l1_loss: y = smooth_l1_loss(s, r) = 1.1.
F.huber_loss(s, r, delta=0.4)           | huber_loss: y = huber_loss(s, r) = 0.42.
F.hinge_embedding_loss(s, g, margin=.5) | hinge_embedding_loss: y = hinge_embedding_loss(s, g) = 1.
torch.cumsum(o, 0)                      | cumsum: y = cumsum(o), of shape [2, 3].
torch.softmax(o, 0)                     | softmax: y = softmax(o), of shape [2, 3].
r @ s                                   | @ multiplies matrices: y = r @ s = 2.225.
F.dropout(s)                            | dropout: y = dropout(s) = [0, -0, 1.4].
w ** 2                                  | ^ raises to a power: y = w ^ 2 = 2 ^ 2 = 4.1.
w / 3                                   | ÷ divides: y = w ÷ 3 = 2.001 ÷ 3 = 0.6667.
o[0]                                    | getitem: y = o[1] = [3, 1, 2].
torch.roll(s, 1)                        | roll: y = roll(s, shifts=2) = [0.7, 1.5, -0.3].
"""
BACKWARD = """
torch.div(other=w, input=x)   | ÷ divides: ∂y/∂w = 1 / x = -0.75, so w receives 1 · (-0.75) = -0.75.
torch.pow(exponent=w, input=p) | ^: ∂y/∂p = p · w^(p − 1) = 1, so p receives 1 · 1 = 1.
torch.mm(mat2=W, input=X)     | mm: W receives the seed @ Xᵀ: [[14.2, 16], [19.3, 21.8]].
F.relu(e[0])                  | ReLU: ∂y/∂u = 1 since u < 0, so u receives 1 · 1 = 1.
F.relu(w)                     | ReLU: ∂y/∂w = 0 since w < 0, so w receives 1 · 0 = 0.
x * w                         | × multiplies: ∂y/∂w = w = 3, so w receives 1 · 3 = 3.
x * w                         | × multiplies: ∂y/∂w = x = 3, so w receives 2 · 3 = 6.
x * w                         | × multiplies: ∂y/∂w = x = 3, so w receives 1 · 3 = 3.1.
w * w                         | ×: ∂y/∂w = w = 2, so w receives 1 · 2 = 2.
w * w                         | ×: w receives 2; w receives 2. w is reached in 2 ways: 2 + 2 = 5.
w * w                       | ×: w receives 2; w receives 2. w is reached in 3 ways: 2 + 1 + 1 = 4.
w * w                         | ×: w receives 2; w receives 2. w waits for one more.
X @ W                         | @: W receives X @ the seed: [[14.2, 16], [19.3, 21.8]].
s.mean()                      | mean: each of the 3 elements of s receives ∂y/∂y / 2 = 1 / 2 = 0.5.
s.sum()                       | sum: each of the 4 elements of s receives ∂y/∂y = 1.
s * r                         | ×: s receives the seed · ∂y/∂s, element by element: [0.25, -1.5, 2].
"""
BADGES = """
torch.add(x, w, alpha=2) | + ;; torch.clamp(w, max=1) | clamp ;; torch.clamp(w, max=1) | clamp 1
7 - w | − 7 ;; w ** 3 | ^ 2 ;; o.sum(dim=0) | sum ;; o.sum(dim=0) | sum dim=1 ;; o[0] | [1]
"""


def pairs(text):
    return [[part.strip() for part in line.split(" | ")] for line in programs(text)]


def faults(judge):
    assert not [equation for equation in judge.found if equation.unread]
    return [equation.fault for equation in judge.found if equation.fault]


@pytest.mark.parametrize(("code", "sentence"), pairs(FORWARD))
def test_a_false_sentence_of_the_forward_pass_is_found(code, sentence):
    judge = judge_of(code, tensors)
    film(judge, Frame(sentence, forward=(len(judge.graph.operations) - 1,)))
    assert faults(judge)


@pytest.mark.parametrize(("code", "sentence"), pairs(BACKWARD))
def test_a_false_sentence_of_the_backward_pass_is_found(code, sentence):
    judge = judge_of(code, tensors)
    film(judge, Frame(sentence, backward=(len(judge.graph.operations) - 1,)))
    assert faults(judge)


@pytest.mark.parametrize(("code", "text"), pairs(BADGES))
def test_a_false_badge_is_found(code, text):
    judge = judge_of(code, tensors)
    judge.hear("badge", None, text, badge, judge, judge.graph.operations[-1], text)
    assert faults(judge)


@pytest.mark.parametrize(
    "text",
    [
        "∂y/∂w = ∂y/∂u · ∂u/∂w = 1 · 2 = 2", "∂y/∂w = ∂y/∂u · ∂u/∂w = 1 · 3 = 4",
        "∂y/∂w = ∂y/∂u · ∂u/∂w = 3 · 1 = 3", "∂y/∂w = ∂y/∂u + ∂u/∂w = 1 + 3 = 3", "∂y/∂w = 1",
    ],
)  # fmt: skip
def test_a_false_chain_rule_is_found(text):
    judge = judge_of("x * w + b", tensors)
    right = "∂y/∂w = ∂y/∂u · ∂u/∂w = 1 · 3 = 3"
    assert not chain_rule(judge, right) and chain_rule(judge, text)


def test_a_printed_number_may_be_off_by_half_of_its_last_digit():
    assert agrees(0.3333, 1 / 3) and not agrees(0.3334, 1 / 3) and not agrees(0.333, 1 / 3)
    assert agrees(1234.57, 1234.567) and not agrees(1235, 1234.567)
    assert not agrees(True, 1.0) and not agrees([3], 3.0) and agrees(float("nan"), float("nan"))
    assert half_digit(0.5) == pytest.approx(5e-5) and half_digit(2000.0) == pytest.approx(5e-3)


def test_a_formula_is_read_as_it_is_written():
    formula = Formula("add(x, w@0, alpha=2)", ["x", "w@0", "alpha"])
    assert list(formula.places.values()) == ["x", "w@0"]
    assert list(Formula("−x / y²", ["x", "y"]).results({"_0": 3.0, "_1": 2.0}, None)) == [-0.75]
    assert number_in("[[-1, nan], [1.2e-07, 1-2j]]")[1] == [1.2e-07, 1 - 2j]
    assert split("f('a, b', [1, 2]), c", ", ") == ["f('a, b', [1, 2])", "c"]
