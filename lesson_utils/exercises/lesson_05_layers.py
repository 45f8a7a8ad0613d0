"""The exercises of notebook 05 about matrix products, a layer and its loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from lesson_utils.exercises.exercise import Slip
from lesson_utils.exercises.lesson_04_rules import backwards
from lesson_utils.exercises.unjudged import unjudged
from lesson_utils.exercises.written import behaves, function

_SQUARE = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
_OTHER, _ARRIVES = torch.tensor([[0.0, 1.0], [-2.0, 1.0]]), torch.tensor([[1.0, 0.0], [2.0, 1.0]])
_SQUARES = (
    (_SQUARE, _OTHER, _ARRIVES),
    (_OTHER, _ARRIVES, _SQUARE),
    (_ARRIVES, _SQUARE, _OTHER),
)


def _affine(X: torch.Tensor, W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return X @ W + b


_X, _W, _b = torch.tensor([[1.0, 2.0, 0.0], [3.0, -1.0, 2.0]]), torch.ones(3, 2), torch.zeros(2)
_W[0, 1], _G = -2.0, torch.tensor([[1.0, 0.5], [-1.0, 3.0]])
_LAYERS = (
    (_X, _W, _b, _G),
    (2 * _X, -_W, _b + 1, _SQUARE),
    (_X - 1, _W + 1, _b - 1, _OTHER),
)
_LOGITS, _TARGET = torch.tensor([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]]), torch.tensor([0, 2])
_SAMPLES = (
    (_LOGITS, _TARGET),
    (-2 * _LOGITS, _TARGET.flip(0)),
    (torch.cat([_LOGITS, _LOGITS[:1] + _LOGITS[1:]]), torch.tensor([1, 0, 2])),
)


MATMUL = function(
    unjudged(
        "05.3",
        "A product of matrices backwards",
        "Now both factors are matrices: `X @ W`, with `X` of shape (n, d) and `W` of shape (d, k). "
        "`G` arrives, of shape (n, k). Write what goes back to `X` and what to `W`.",
        "def matmul_backward(X, W, G):\n    ...",
        "def matmul_backward(X, W, G):\n    return G @ W.T, X.T @ G",
        "matmul_backward",
        (
            "What goes back to `X` has the shape of `X`, and is linear in `G` and in the other "
            "factor.",
            "From (n, k) and (d, k) to (n, d): which of the two has to be transposed?",
            "Multiply `G` by the other factor, transposed, on the side where that factor stood.",
        ),
        "It serves a single column as well: that was the case of `X @ w`, above.",
        (
            Slip(
                behaves(lambda X, W, G: (G @ W, X @ G), *_SQUARES),
                "With square matrices that takes both factors as they are, and no shape tells that "
                "something is missing.",
                "lambda X, W, G: (G @ W, X @ G)",
            ),
            Slip(
                behaves(lambda X, W, G: (W @ G.T, G.T @ X), *_SQUARES),
                "Each of the two is the transpose of what belongs there.",
                "lambda X, W, G: (W @ G.T, G.T @ X)",
            ),
            Slip(
                behaves(lambda X, W, G: (W.T @ G, G @ X.T), *_SQUARES),
                "A factor that stood on the right stays on the right.",
                "lambda X, W, G: (W.T @ G, G @ X.T)",
            ),
        ),
        aim="The other factor, transposed, on its own side. Expect a missing transpose (square "
        "matrices hide it) and the wrong side.",
    ),
    lambda X, W, G: backwards(torch.matmul, X, W, G),
    (
        (_SQUARE, _OTHER, _ARRIVES),
        (_X, _X.T @ _SQUARE, _ARRIVES),
        (_X.T, _SQUARE @ _X, torch.tensor([[1.0, 2.0, 0.0]] * 3)),
    ),
    linear_in=2,
    returns=("`X`", "`W`"),
)

AFFINE = function(
    unjudged(
        "05.5",
        "A whole layer backwards",
        "The layer is `X @ W + b`, for `X` of shape (n, d), `W` of shape (d, k) and `b` of shape "
        "(k,). `G` arrives, of shape (n, k). Write what goes back to `X`, to `W` and to `b`.",
        "def affine_backward(X, W, b, G):\n    ...",
        "def affine_backward(X, W, b, G):\n    return G @ W.T, X.T @ G, G.sum(0)",
        "affine_backward",
        (
            "`+` hands `G` on to both sides; to `b` it must come in the shape of `b`.",
            "`b` was repeated for each of n rows. What did you do with the rows in 05.4?",
            "The first two are those of the matrix product (05.3), with `G` as it arrives.",
        ),
        "`b` itself is not read: nothing of a bias has to be kept for the backward pass.",
        (
            Slip(
                behaves(lambda X, W, b, G: (G @ W.T, X.T @ G, G), *_LAYERS),
                "`b` has a single row, and that hands back one for each sample.",
                "lambda X, W, b, G: (G @ W.T, X.T @ G, G)",
            ),
            Slip(
                behaves(lambda X, W, b, G: (G @ W.T, X.T @ G, G.mean(0)), *_LAYERS),
                "Where does the average come from? Over several uses the chain rule does something "
                "else.",
                "lambda X, W, b, G: (G @ W.T, X.T @ G, G.mean(0))",
            ),
            Slip(
                behaves(lambda X, W, b, G: (G @ W.T, X.T @ G, G.sum(1)), *_LAYERS),
                "That adds up along the wrong axis: which one was repeated?",
                "lambda X, W, b, G: (G @ W.T, X.T @ G, G.sum(1))",
            ),
        ),
        aim="Three products of one layer. Expect `G` itself for `b`, its mean, and factors on the "
        "wrong side.",
    ),
    lambda X, W, b, G: backwards(_affine, X, W, b, G),
    ((_X, _W, _b, torch.ones(2, 2)), (_X, _W, _b + 1, _G), (_X[:1], _W, _b, _G[:1])),
    linear_in=3,
    returns=("`X`", "`W`", "`b`"),
)

CROSS_ENTROPY = function(
    unjudged(
        "05.8",
        "Softmax with cross-entropy, in one line",
        "`F.cross_entropy(z, target)` takes a row of scores for each sample and the number of its "
        "class: softmax, minus the logarithm of what the class got, and the mean over the samples. "
        "Write its gradient by `z`. One line is enough.",
        "def cross_entropy_backward(z, target):\n    ...",
        "def cross_entropy_backward(z, target):\n"
        "    return (torch.softmax(z, 1) - F.one_hot(target, z.shape[1])) / len(z)",
        "cross_entropy_backward",
        (
            "For one sample the loss is log Σ exp z − z[class]. Differentiate both parts.",
            "The first part gives softmax; the second takes 1 away at the place of the class.",
            "`F.one_hot(target, z.shape[1])` has those ones. The mean divides by how many samples "
            "there are.",
        ),
        "Each row adds up to 0: what one class gains the others lose.",
        (
            Slip(
                behaves(lambda z, target: z.softmax(1) - F.one_hot(target, 3), *_SAMPLES),
                "The loss is a mean over the samples, and that is the gradient of their sum.",
                "lambda z, target: torch.softmax(z, 1) - F.one_hot(target, z.shape[1])",
            ),
            Slip(
                behaves(
                    lambda z, target: (F.one_hot(target, 3) - z.softmax(1)) / len(z), *_SAMPLES
                ),
                "The sign: a larger score for the right class must make the loss smaller.",
                "lambda z, target: (F.one_hot(target, z.shape[1]) - torch.softmax(z, 1)) / len(z)",
            ),
            Slip(
                behaves(lambda z, target: z.softmax(1) / len(z), *_SAMPLES),
                "That does not know which class is right.",
                "lambda z, target: torch.softmax(z, 1) / len(z)",
            ),
            Slip(
                behaves(
                    lambda z, target: (z.softmax(0) - F.one_hot(target, 3)) / len(z), *_SAMPLES
                ),
                "Softmax along the wrong axis: the scores of one sample are a row.",
                "lambda z, target: (torch.softmax(z, 0) - F.one_hot(target, z.shape[1])) / len(z)",
            ),
        ),
        aim="A long chain with a short gradient. Expect the missing 1/n, the sign, and softmax "
        "along the wrong axis.",
    ),
    lambda z, target: backwards(F.cross_entropy, z, target, torch.tensor(1.0)),
    (
        (_LOGITS[:1], _TARGET[:1]),
        (_LOGITS, _TARGET),
        (torch.tensor([[100.0, 0.0], [0.0, 100.0], [3.0, 3.0]]), torch.tensor([0, 0, 1])),
    ),
)
