"""Vector-Jacobian products under a picture: everything on one axis, all `=` in one line."""

import re

import torch

from lesson_utils import trace
from lesson_utils.picture.equations import equations


def layer():
    X = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    w = torch.tensor([1.0, -1.0], requires_grad=True)
    with trace() as t:
        out = X @ w
    return t.graph(of=out, seed=torch.tensor([1.0, 0.0, 2.0]))


def test_matrices_signs_and_rows_have_their_middles_on_one_axis():
    svg = equations(layer()).draw(0, 0)
    tables = [
        (float(top) + float(bottom)) / 2
        for top, bottom in re.findall(r'd="M[\d.]+ ([\d.]+)H[\d.]+V([\d.]+)h4M', svg)
    ]
    signs = [
        float(y) - 0.36 * 15
        for y in re.findall(r'y="([\d.]+)" font-size="15"[^>]*><tspan class="formula">[·=]<', svg)
    ]
    assert len(tables) == 6 and len(signs) == 4
    for row in (tables[:3] + signs[:2], tables[3:] + signs[2:]):
        assert max(row) - min(row) < 1
    assert tables[3] - tables[0] > 60, "each product has a row of its own"


def test_all_products_have_their_equals_sign_in_one_line():
    found = re.findall(r'<text x="([\d.]+)"[^>]*><tspan[^>]*>=<', equations(layer()).draw(0, 0))
    assert len(found) == 4, "in symbols and in numbers"
    assert max(map(float, found)) - min(map(float, found)) < 0.5


def test_shapes_stand_in_one_line_beneath():
    svg = equations(layer()).draw(0, 0)
    shapes = re.findall(r'y="([\d.]+)"[^>]*><tspan class="shape">(\d×\d)', svg)
    assert [shape for _, shape in shapes] == ["1×3", "3×6", "1×6", "1×3", "3×2", "1×2"]
    assert [len({y for y, _ in row}) for row in (shapes[:3], shapes[3:])] == [1, 1]


def test_a_graph_without_products_has_no_equations():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        w * 3
    assert equations(t.graph()) is None
