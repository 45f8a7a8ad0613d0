"""Networks fold into their modules: what is left keeps its numbers, its order and its gradients."""

import re
from itertools import pairwise

import pytest
import torch
from reading import read
from torch import nn

from lesson_utils import draw, side_by_side, trace
from lesson_utils.graph import folded
from lesson_utils.picture.arrangement import WHOLE


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.one, self.two = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return torch.relu(self.two(torch.relu(self.one(x))) + x)


class Skipping(nn.Module):
    """As U-Net does: the first part is read again by the last."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(2, 2), nn.Linear(2, 2)
        self.last = nn.Linear(4, 1)

    def forward(self, x):
        first = torch.tanh(self.down(x))
        return self.last(torch.cat([first, self.up(first)], -1))


class Twice(nn.Module):
    """One layer before and after another."""

    def __init__(self):
        super().__init__()
        self.outer, self.inner = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        return self.outer(torch.tanh(self.inner(torch.tanh(self.outer(x)))))


class Both(nn.Module):
    """Reads what it is given twice, and something else in between."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        first = self.one(x)
        return self.two(first * x + torch.sin(x))


def mlp():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))


def tower():
    return nn.Sequential(nn.Linear(2, 2), *[Residual(2) for _ in range(4)], nn.Linear(2, 1))


def encoder():
    layer = nn.TransformerEncoderLayer(4, 1, 4, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)


NETWORKS = {
    "MLP": (mlp, (1, 2)),
    "tower": (tower, (1, 2)),
    "skipping": (Skipping, (1, 2)),
    "twice": (Twice, (1, 2)),
    "both": (Both, (1, 2)),
    "LSTM": (lambda: nn.LSTMCell(2, 2), (1, 2)),
    "encoder": (encoder, (1, 2, 4)),
    "batch norm": (lambda: nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU()), (3, 2)),
}


def run(name):
    torch.manual_seed(0)
    make, shape = NETWORKS[name]
    model, x = make(), torch.randn(shape, requires_grad=True)
    with trace() as t:
        out = model(x)
        out = sum(part.sum() for part in out) if isinstance(out, tuple) else out
        loss = (out * out).sum()
    return t.graph(of=loss), model


def flat(data):
    return [n for part in data for n in flat(part)] if isinstance(data, tuple) else [data]


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_left_is_as_in_the_whole_graph(name, depth):
    whole, _ = run(name)
    graph = folded(whole, depth)
    for value in graph:
        same = whole[value.name]
        assert (value.data, value.gradient, value.role) == (same.data, same.gradient, same.role)
    made = set()
    for position, op in enumerate(graph.operations):
        assert op.id == position
        later = {out for other in graph.operations[position:] for out in other.outputs}
        assert not later.intersection(op.inputs), "each step comes after what it reads"
        made.update(op.outputs)
    assert graph.of in made and [value.id for value in graph] == list(range(len(graph.values)))


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_what_flows_along_the_arrows_that_are_left_adds_up(name, depth):
    graph = folded(run(name)[0], depth)
    for value in graph:
        sent = [
            use.contribution
            for op in graph.operations
            for use in (*op.uses, *op.inside)
            if use.value == value.id and use.flowed
        ]
        if not sent or None in sent or value.id == graph.of:
            continue
        total = torch.tensor([flat(part) for part in sent], dtype=torch.float64).sum(0)
        assert torch.allclose(total, torch.tensor(flat(value.gradient)).double(), atol=1e-5)


def names(name, depth):
    return [op.name for op in folded(run(name)[0], depth).operations]


def test_modules_are_steps_and_parameters_are_in_them():
    assert names("MLP", 0) == ["model", "mul", "sum"]
    assert names("MLP", 1) == ["model.0", "relu", "model.2", "mul", "sum"]
    graph = folded(run("MLP")[0], 1)
    assert not [value.name for value in graph if value.role == "parameter" and "." in value.name]


def test_a_run_of_modules_built_alike_is_one_step_and_says_how_many():
    assert names("tower", 1) == ["model.0", "model.1–4 × 4", "model.5", "mul", "sum"]
    assert "model.layers.0–2 × 3" in names("encoder", 2)
    assert "model.1.one" in names("tower", 2), "one level down they are apart"


def test_modules_woven_into_others_are_no_step_that_reads_itself():
    assert "model.outer" not in names("twice", 1) or "model.inner" not in names("twice", 1)
    assert "model" in names("twice", 0)
    assert names("skipping", 1)[:2] == ["model.down", "tanh"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_picture_says_what_was_folded(name):
    graph, model = run(name)
    drawing = draw(graph, depth=0)
    count = sum(parameter.numel() for parameter in model.parameters())
    inside = len(graph.operations) - len(drawing.graph.operations) + 1
    assert f"Folded: model ({inside} operations, {count:,} parameters)." in drawing.text or (
        inside == 1 and f"Folded: model (1 operation, {count:,} parameters)." in drawing.text
    )
    shown = re.sub("<[^>]*>", "", drawing.svg)
    assert "Folded: model" in shown
    assert int(re.search(r'width="(\d+)"', drawing.svg)[1]) <= 836


def test_large_networks_fit_a_page_when_folded():
    torch.manual_seed(0)
    model = nn.Sequential(*[Residual(16) for _ in range(30)])
    with trace() as t:
        loss = model(torch.randn(4, 16)).sum()
    graph = t.graph(of=loss)
    assert len(graph.operations) > WHOLE
    drawing = draw(graph, depth=1)
    assert [op.name for op in drawing.graph.operations] == ["model.0–29 × 30", "sum"]
    assert len(read(drawing.svg)) == 1


def test_what_a_module_keeps_is_counted():
    graph, _ = run("MLP")
    step = folded(graph, 0).operations[0]
    (kept,) = step.saved
    inside = [tensor for op in graph.operations[:3] for tensor in op.saved]
    assert kept.nbytes == sum(tensor.nbytes for tensor in inside) and kept.state == "kept"
    assert f"{len(inside)} tensors, {kept.nbytes:,} bytes" in draw(graph, depth=0, saved=True).text


def test_without_modules_nothing_changes_and_a_bad_depth_says_so():
    w = torch.tensor(2.0, requires_grad=True)
    with trace() as t:
        y = w * w
    assert y.requires_grad
    assert folded(t.graph(), 1) == t.graph()
    with pytest.raises(ValueError, match="depth must be 0 or more, not -1"):
        draw(t, depth=-1)
    assert side_by_side({"a": t, "b": draw(t, depth=0).graph})


def test_a_cut_names_the_step_that_it_is_in_and_a_module_its_nodes():
    torch.manual_seed(0)
    model, x = mlp(), torch.randn(1, 2, requires_grad=True)
    with trace() as t:
        out = model(x)
        loss = (out * out.detach()).sum()
    whole = t.graph(of=loss)
    graph = folded(whole, 0)
    (cut,) = graph.cuts
    assert cut.reason == "detach" and graph.operations[cut.operation].name == "detach"
    assert cut.value in graph.operations[cut.operation].inputs
    nodes = sum(op.backward is not None for op in whole.operations[:3])
    assert graph.operations[0].backward == f"{nodes} nodes"


def step(graph, name):
    return next(op for op in graph.operations if op.name == name)


def paths(whole, depth, at=()):
    """All that can be unfolded, each way from the folded graph."""
    graph = folded(whole, depth, at)
    asked = [opened for opened in graph.opened if opened.asked]
    for op in graph.operations:
        if op.folds and (not at or op.id in asked[-1].operations):
            yield (*at, op.name)
            yield from paths(whole, depth, (*at, op.name))


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_unfolded_is_as_in_the_whole_graph(name):
    whole, _ = run(name)
    for path in paths(whole, 0):
        graph = folded(whole, 0, path)
        assert sum(op.folds or 1 for op in graph.operations) == len(whole.operations)
        for value in graph:
            same = whole[value.name]
            assert (value.data, value.gradient) == (same.data, same.gradient)
        for op in graph.operations:
            later = {out for other in graph.operations[op.id :] for out in other.outputs}
            assert not later.intersection(op.inputs)
        asked = [opened for opened in graph.opened if opened.asked]
        assert tuple(opened.name for opened in asked) == path
        for outer, inner in pairwise(asked):
            assert set(inner.operations) <= set(outer.operations)


def test_a_run_unfolds_to_its_modules_and_a_module_to_what_is_in_it():
    whole, _ = run("tower")
    four = folded(whole, 1, ["model.1–4 × 4"])
    assert [op.name for op in four.operations] == [
        "model.0", "model.1", "model.2", "model.3", "model.4", "model.5", "mul", "sum",
    ]  # fmt: skip
    second = folded(whole, 1, ["model.1–4 × 4", "model.2"])
    inside = ["model.2.one", "relu", "model.2.two", "add", "relu"]
    assert [op.name for op in second.operations] == [
        "model.0", "model.1", *inside, "model.3", "model.4", "model.5", "mul", "sum",
    ]  # fmt: skip
    last = folded(whole, 1, ["model.5"])
    assert "linear" in [op.name for op in last.operations] and "model.5.weight" in last
    assert step(last, "model.1–4 × 4").folds == 20, "the others are as they were"
    with pytest.raises(KeyError, match="nothing"):
        folded(whole, 1, ["nothing"])


def test_what_is_unfolded_is_not_merged_with_what_is_around_it():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 2))
    x = torch.randn(1, 2)
    with trace() as t:
        loss = model(x).sum()
    graph = folded(t.graph(of=loss), 1, ["model.0"])
    assert [op.name for op in graph.operations] == ["model.0.0–1 × 2", "model.1", "sum"]


def test_modules_that_read_one_another_are_left_unfolded():
    """As two generators do, each after the other: neither can be one step before the other."""
    torch.manual_seed(0)
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    x, y = torch.randn(1, 2), torch.randn(1, 2)
    with trace() as t:
        loss = (model["b"](model["a"](x)) + torch.tanh(model["a"](model["b"](y)))).sum()
    names = [op.name for op in folded(t.graph(of=loss), 1).operations]
    assert names.count("linear") == 2 and ("model.a" in names) != ("model.b" in names)


def test_another_form_of_what_a_module_reads_is_part_of_it():
    graph = folded(run("encoder")[0], 0)
    assert [op.name for op in graph.operations] == ["model", "mul", "sum"]
    torch.manual_seed(0)
    fc, x = nn.Linear(4, 1), torch.randn(1, 2, 2, requires_grad=True)
    with trace() as t:
        loss = fc(x.flatten(1)).sum()
    names = [op.name for op in folded(t.graph(of=loss), 0).operations]
    assert names == ["flatten", "fc", "sum"], "which reads nothing else: it was made for it outside"
