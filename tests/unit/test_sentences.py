"""What notebooks and documents say of PyTorch, each sentence asked of PyTorch itself.

Each of these tests stands for a sentence that was false or half true once.
"""

import json
import re
import sysconfig
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from lecture import neuron
from torch.autograd import grad

from lesson_utils import draw, saved_memory, trace
from lesson_utils.picture import pieces as shapes


def leaf(*numbers):
    return torch.tensor(numbers, requires_grad=True)


def counted(node):
    """A list that grows by one each time this node runs."""
    runs = []
    node.register_prehook(lambda arriving: runs.append(node.name()))
    return runs


# Notebook 02, part 8, and notebook 06, part 10: what adds up where.


def test_the_paths_of_one_graph_reach_a_leaf_in_one_write():
    w, writes = leaf(2.0), []
    w.register_post_accumulate_grad_hook(lambda it: writes.append(it.grad.item()))
    (w * w + 3 * w).backward()
    assert writes == [7]


def test_grad_adds_up_over_passes():
    w = leaf(2.0)
    for expected in (7, 14, 21):
        (w * w + 3 * w).backward()
        assert w.grad.item() == expected


def test_passes_over_the_parts_of_a_batch_give_the_slope_of_the_whole():
    x, w = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), leaf(0.5)
    for rows in (slice(0, 2), slice(2, 5)):
        ((x[rows] * w) ** 2).sum().backward()
    (whole,) = grad(((x * w) ** 2).mean(), w)
    assert torch.allclose(w.grad / 5, whole)


def test_one_pass_for_a_sum_runs_the_shared_part_once_and_two_passes_twice():
    w = leaf(0.5)
    shared = torch.exp(w)
    runs = counted(shared.grad_fn)
    grad(2 * shared + 3 * shared, w, retain_graph=True)
    assert len(runs) == 1
    grad(2 * shared, w, retain_graph=True), grad(3 * shared, w)
    assert len(runs) == 3


# Notebook 02: what is saved, and what it costs.


def test_saving_makes_no_second_copy():
    e = torch.exp(leaf(*[1.0] * 1000))
    assert e.grad_fn._saved_result.data_ptr() == e.data_ptr()


def test_log_keeps_its_input_although_its_derivative_could_be_written_with_the_result():
    z = leaf(2.0)
    y = torch.log(z)
    assert y.grad_fn._saved_self.data_ptr() == z.data_ptr()
    assert torch.allclose(torch.exp(-y), grad(y, z)[0])


def test_with_adam_weights_count_four_times():
    w = leaf(*[0.0] * 100)
    adam = torch.optim.Adam([w])
    (w * 2).sum().backward()
    adam.step()
    held = [w, w.grad, *(tensor for tensor in adam.state[w].values() if tensor.numel() > 1)]
    assert [tensor.nbytes for tensor in held] == [400] * 4


def test_a_forgotten_item_keeps_five_small_nodes_a_batch_after_backward():
    w, total = torch.zeros(20, 5, requires_grad=True), 0.0
    for _ in range(20):
        loss = torch.tanh(torch.ones(250, 20) @ w).square().mean()
        loss.backward()
        total += loss
    nodes, ahead = set(), [total.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is not None and node not in nodes:
            nodes.add(node)
            ahead += [before for before, _ in node.next_functions]
    assert (saved_memory(total), len(nodes)) == (0, 5 * 20 + 1)


# Notebook 03, part 6: writing in place.


def test_a_leaf_may_be_written_to_under_no_grad_alone():
    w = leaf(-5.0)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        w[:] = 0.0
    with torch.no_grad():
        w[:] = 0.0
    assert w.is_leaf and w.requires_grad and w.item() == 0


@pytest.mark.parametrize(
    ("maker", "reader", "spoilt"),
    [
        (lambda z: z + 1, torch.sin, True),  # the reader has saved it
        (torch.tanh, lambda z: z + 1, True),  # its maker has
        (lambda z: z + 1, lambda z: z + 1, False),
        (torch.sin, torch.exp, False),  # they saved other values
    ],
)
def test_a_write_spoils_what_any_node_has_saved(maker, reader, spoilt):
    w = leaf(2.0)
    z = maker(w * 3)
    s = reader(z)
    z[:] = 0.0
    if spoilt:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            grad(s, w)
    else:
        assert grad(s, w)[0].item() != 0


def test_a_write_before_the_reading_spoils_nothing():
    w = leaf(2.0)
    z = w + 1
    z[:] = 0.0
    assert grad(torch.sin(z), w)[0].item() == 0


# Notebook 04.


def test_the_spellings_of_relu_agree_on_finite_numbers_and_not_at_minus_infinity():
    x = torch.tensor([-torch.inf])
    assert F.relu(x).item() == 0
    assert (x * (x > 0)).isnan() and (0 * x).isnan() and ((x + x.abs()) / 2).isnan()


def test_one_nan_spoils_the_gradient_of_a_weight_that_others_share():
    weight = leaf(2.0)
    roots = torch.tensor([1.0, 0.0, 3.0]) * weight
    assert grad(torch.where(roots > 0, torch.sqrt(roots), 0.0).sum(), weight)[0].isnan()


def test_a_nan_value_may_have_a_finite_gradient():
    x = leaf(-1.0)
    y = torch.log(x)
    assert y.isnan() and grad(y, x)[0].item() == -1


# Notebook 01: the picture, and the names in it.


def outlines(t):
    """For each value drawn: its role, its outlines' colours, whether it is a copy."""
    group = r'<g id="(value-[\w-]+)" class="value value-\d+ (\w+)">(.*?)<text'
    boxes = re.findall(group, draw(t).svg)
    assert boxes
    return [
        (role, re.findall(r'stroke="(#\w+)"', drawn), "again" in mark)
        for mark, role, drawn in boxes
    ]


def test_the_double_frame_is_around_the_value_that_is_differentiated_and_grey_needs_no_gradient():
    t = neuron()
    graph = t.graph()
    doubled = [role for role, strokes, _ in outlines(t) if len(strokes) == 2]
    assert doubled == [graph[graph.of].role] == ["output"]
    grey = {role for role, strokes, _ in outlines(t) if shapes.OUTLINE["input"] in strokes}
    assert grey == {value.role for value in graph.values if not value.requires_grad} == {"input"}


def test_a_leaf_used_more_than_six_times_is_drawn_again_and_is_not_grey():
    for uses, copies in ((6, 0), (7, 6)):
        w = y = leaf(1.5)
        with trace() as t:
            for _ in range(uses - 1):
                y = y * w
        again = [strokes for role, strokes, copy in outlines(t) if copy and role == "parameter"]
        assert len(again) == copies
        assert not any(shapes.OUTLINE["input"] in strokes for strokes in again)


# README and docs/teaching.md: where JupyterLab keeps its Presentation Mode.


def test_presentation_mode_stands_under_view_and_appearance():
    schemas = Path(sysconfig.get_path("data")) / "share/jupyter/lab/schemas/@jupyterlab"
    menus = json.loads((schemas / "application-extension/commands.json").read_text())
    (view,) = (
        menu for menu in menus["jupyter.lab.menus"]["main"] if menu["id"] == "jp-mainmenu-view"
    )
    (appearance,) = (
        item["submenu"] for item in view["items"] if item.get("submenu", {}).get("label")
    )
    assert appearance["label"] == "Appearance"
    commands = [item.get("command") for item in appearance["items"]]
    assert "application:toggle-presentation-mode" in commands


def test_documents_name_the_whole_way_to_presentation_mode():
    root, way = Path(__file__).parents[2], "View → Appearance"
    for name in ("README.md", "docs/teaching.md"):
        text = (root / name).read_text()
        assert text.count("Presentation Mode") == text.count(f"{way} → Presentation Mode")
