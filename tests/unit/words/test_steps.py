"""The film of a graph: every number in every frame, against hooks on PyTorch's own nodes."""

import math
import re
from xml.etree import ElementTree

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lesson_utils import play, trace
from lesson_utils.film.film import Film
from lesson_utils.operations import OPERATIONS, kind_of
from lesson_utils.words.notation import format_number
from lesson_utils.words.steps import MOST, frames


def scalar(value, grad=True):
    return torch.tensor([value], requires_grad=grad)


def neuron():
    x, w, b = scalar(3.0, False), scalar(2.0), scalar(1.0)
    u = x * w
    v = u + b
    a = F.relu(v)
    return {"x": x, "w": w, "b": b, "u": u, "v": v, "a": a}


def diamond():
    w = scalar(3.0)
    u = w * w
    v = u + w
    return {"w": w, "u": u, "v": v}


def branchy():
    x, w, b = scalar(-3.0, False), scalar(2.0), scalar(1.0)
    u = x * w
    z = u + b
    a = z if z > 0 else z * 0.0
    return {"x": x, "w": w, "b": b, "u": u, "z": z, "a": a}


def perceptron():
    torch.manual_seed(123)
    X, y = torch.randn(3, 2), torch.randn(3, 1)
    W1, b1 = torch.randn(2, 4, requires_grad=True), torch.randn(4, requires_grad=True)
    W2, b2 = torch.randn(4, 1, requires_grad=True), torch.randn(1, requires_grad=True)
    s = X @ W1
    t = s + b1
    h = torch.tanh(t)
    r = h @ W2
    o = r + b2
    d = o - y
    q = d * d
    loss = q.mean()
    return {
        "X": X, "y": y, "W1": W1, "b1": b1, "W2": W2, "b2": b2, "s": s, "t": t, "h": h,
        "r": r, "o": o, "d": d, "q": q, "loss": loss,
    }  # fmt: skip


def graph_of(make):
    """The graph of a recipe, and the recipe's own tensors by name."""
    with trace() as t:
        made = make()
    return t.graph(), made


def hooked(made):
    """What PyTorch's engine does: the nodes in their order, and what each sends on."""
    log = []
    end = list(made.values())[-1]
    seen, waiting = set(), [end.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen or "AccumulateGrad" in node.name():
            continue
        seen.add(node)
        node.register_hook(lambda sent, _, node=node: log.append((node.name(), sent)))
        waiting += [parent for parent, _ in node.next_functions]
    leaves = [tensor for tensor in made.values() if tensor.is_leaf and tensor.requires_grad]
    torch.autograd.grad(end, leaves, retain_graph=True)
    return log


def close(data, tensor):
    return torch.allclose(
        torch.tensor(data, dtype=torch.float32).reshape(tensor.shape), tensor, atol=1e-6
    )


RECIPES = [neuron, diamond, branchy, perceptron]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.__name__)
def test_nodes_run_and_send_what_pytorchs_engine_does(recipe):
    graph, made = graph_of(recipe)
    steps = [frame for frame in frames(graph) if frame.backward]
    log = hooked(made)
    assert [graph.operations[step.backward[0]].backward for step in steps] == [n for n, _ in log]
    seen = {}
    for step, (_, sent) in zip(steps, log, strict=True):
        (op,) = (graph.operations[i] for i in step.backward)
        into = [use.value for use in op.uses if use.flowed]
        for value, tensor in zip(into, [flow for flow in sent if flow is not None], strict=True):
            seen.setdefault(value, []).append(tensor.sum_to_size(graph[value].shape))
        for arrival in step.arrivals:
            assert len(arrival.terms) == len(seen[arrival.value])
            for term, tensor in zip(arrival.terms, seen[arrival.value], strict=True):
                assert close(term, tensor)
            if arrival.total is not None:
                assert close(arrival.total, sum(seen[arrival.value]))


def tensor_of(graph, value, made):
    """The recipe's tensor that a value of the graph stands for, found by its numbers' maker."""
    order = [tensor for tensor in made.values() if not tensor.is_leaf]
    computed = [graph[op.outputs[0]] for op in graph.operations if graph[op.outputs[0]].dtype
                != "bool"]  # fmt: skip
    if value in computed:
        return order[computed.index(value)]
    leaves = [tensor for tensor in made.values() if tensor.is_leaf]
    return next(
        leaf for leaf in leaves
        if tuple(leaf.shape) == value.shape and close(value.data, leaf.detach())
        and leaf.requires_grad == value.requires_grad
    )  # fmt: skip


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.__name__)
def test_a_complete_gradient_is_autograds(recipe):
    graph, made = graph_of(recipe)
    end = list(made.values())[-1]
    complete = {}
    for number, frame in enumerate(frames(graph)):
        for arrival in frame.arrivals:
            assert arrival.value not in complete, "a gradient changed after it was complete"
            if not arrival.missing:
                complete[arrival.value] = number
                tensor = tensor_of(graph, graph[arrival.value], made)
                (expected,) = torch.autograd.grad(end, tensor, retain_graph=True)
                assert close(arrival.total, expected)
    wanted = {value.id for value in graph.values if value.requires_grad}
    assert set(complete) == wanted


def visible(svg, number):
    """All text that a frame shows, box by box."""
    shown = []

    def walk(element, group):
        for mark in element.get("class", "").split():
            if re.fullmatch(r"[fu]\d+", mark):
                at = int(mark[1:])
                if (number < at) if mark[0] == "f" else (number >= at):
                    return
        if element.tag == "text":
            shown.append((group, "".join(spoken(element)).replace("\u2007", "").strip()))
            return
        for child in element:
            walk(child, element.get("id", group))

    def spoken(element):
        for mark in element.get("class", "").split():
            if re.fullmatch(r"[fu]\d+", mark) and (
                (number < int(mark[1:])) if mark[0] == "f" else (number >= int(mark[1:]))
            ):
                return
        yield element.text or ""
        for child in element:
            yield from spoken(child)

    walk(ElementTree.fromstring(svg.replace(" xmlns=", " was=", 1)), "")
    return shown


@pytest.mark.parametrize("recipe", [neuron, diamond, branchy], ids=lambda recipe: recipe.__name__)
def test_each_frame_shows_what_has_arrived_and_nothing_else(recipe):
    graph, _ = graph_of(recipe)
    film = Film(graph)
    svg = film.svg
    known, sums, ways = set(), {}, set()
    for number, frame in enumerate(film.frames):
        known |= set(frame.values)
        sums |= {arrival.value: arrival for arrival in frame.arrivals}
        ways |= set(frame.backward)
        shown = visible(svg, number)
        boxes = {}
        for group, text in shown:
            boxes.setdefault(group, []).append(text)
        for value in graph.values:
            if value.role == "constant":
                continue
            says = boxes[f"value-{value.id}"]
            data = f" = {format_number(value.data)}"
            assert says[0] == value.name + (data if value.id in known else "")
            gradient = [line for line in says if "∂" in line or "…" in line]
            coming = [line for line in gradient if line.endswith("= ?")]
            awaited = value.has_gradient and number >= film.turn and value.id not in sums
            assert len(coming) == awaited
            gradient = [line for line in gradient if line not in coming]
            assert len(gradient) == (value.id in sums)
            if not gradient:
                continue
            if sums[value.id].missing:
                assert gradient[0].endswith(f"{format_number(sums[value.id].total)} + …")
            else:
                assert gradient[0].endswith(f" = {format_number(value.gradient)}")
        arcs = {int(g.split("-")[1]) for g in boxes if g.startswith("backward-")}
        assert arcs == ways


@pytest.mark.parametrize("recipe", [neuron, diamond, branchy], ids=lambda recipe: recipe.__name__)
def test_sentences_say_pytorchs_numbers(recipe):
    graph, made = graph_of(recipe)
    told = [f.sentence for f in frames(graph) if f.backward]
    for sentence, (_, sent) in zip(told, hooked(made), strict=True):
        sentence = sentence.replace("−", "-")
        said = re.findall(r"receives (\S+) · (\S+) = ([-\d.]+?)[.;]", sentence)
        sent = [flow.item() for flow in sent if flow is not None]
        assert [float(product) for _, _, product in said] == sent
        for above, local, product in said:
            assert float(above) * float(local.strip("()")) == pytest.approx(float(product))


def test_the_lecture_in_words():
    x, w, b = scalar(3.0, False), scalar(2.0), scalar(1.0)
    with trace() as t:
        u = x * w
        v = u + b
        a = F.relu(v)
    assert a.item() == 7
    assert [frame.sentence for frame in frames(t.graph())] == [
        "Given: x = 3, w = 2, b = 1. w and b require a gradient.",
        "× multiplies: u = x × w = 3 × 2 = 6.",
        "+ adds: v = u + b = 6 + 1 = 7.",
        "ReLU keeps what is positive: a = ReLU(v) = ReLU(7) = 7.",
        "The backward pass starts at the end: ∂a/∂a = 1.",
        "ReLU lets the gradient through where its input is positive: ∂a/∂v = 1 since v > 0, "
        "so v receives 1 · 1 = 1.",
        "+ passes the gradient on: ∂v/∂u = 1, so u receives 1 · 1 = 1; "
        "∂v/∂b = 1, so b receives 1 · 1 = 1.",
        "× multiplies: ∂u/∂w = x = 3, so w receives 1 · 3 = 3.",
        "The backward pass is done: ∂a/∂w = 3 and ∂a/∂b = 1.",
    ]


def test_a_join_is_told_as_it_adds_up():
    w = scalar(3.0)
    with trace() as t:
        v = w * w + w
    assert v.item() == 12
    told = [frame.sentence for frame in frames(t.graph()) if frame.backward]
    assert told[0].endswith("w waits for 2 more.")
    assert told[1].endswith("w is reached in 3 ways: 1 + 3 + 3 = 7.")


def test_a_question_is_a_frame_between_the_operations_around_it():
    graph, _ = graph_of(branchy)
    told = frames(graph)
    (asked,) = [i for i, frame in enumerate(told) if frame.branches]
    assert "The answer is False" in told[asked].sentence
    assert graph.operations[told[asked - 1].forward[0]].name == "gt"
    assert graph.operations[told[asked + 1].forward[0]].name == "mul"


def test_what_is_written_in_place_is_told_by_its_formula():
    w = scalar(3.0)
    with trace() as t:
        z = w * 2
        z.add_(1)
    assert z.item() == 7
    told = " ".join(frame.sentence for frame in frames(t.graph()))
    assert "+ in place adds: z = z@0 + 1 = 6 + 1 = 7." in told


def test_elements_that_are_picked_and_written_are_told():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        z = w * 2
        z[0] = 5.0
        y = z[1] * z[0]
    assert y.item() == 20
    told = " ".join(frame.sentence for frame in frames(t.graph()))
    assert "[ ] ← writes into z@0: z = [5, 4]." in told and "[ ] picks from z: u = 4." in told


def test_at_zero_the_slope_of_relu_is_called_a_choice():
    w = scalar(0.0)
    with trace() as t:
        a = F.relu(w)
    assert a.item() == 0
    told = [frame.sentence for frame in frames(t.graph()) if frame.backward]
    assert "∂a/∂w = 0 (PyTorch's choice at w = 0), so w receives 1 · 0 = 0." in told[0]


def test_without_gradients_there_is_a_forward_pass_and_the_reason():
    x = torch.tensor([3.0])
    with trace() as t:
        p = x * 2
    assert p.item() == 6
    told = frames(t.graph())
    assert not any(frame.backward or frame.arrivals for frame in told)
    assert told[-1].sentence.startswith("No backward pass: p does not depend on a tensor")


def test_a_seed_is_where_the_backward_pass_starts():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with trace() as t:
        y = w * 3
    told = frames(t.graph(of=y, seed=torch.tensor([1.0, 10.0])))
    assert "with the seed that was given: [1, 10]" in " ".join(f.sentence for f in told)
    assert told[-1].sentence == "The backward pass is done: seed·∂y/∂w = [3, 30]."


def test_what_does_not_lie_on_a_path_takes_no_part():
    w = scalar(2.0)
    with trace() as t:
        y = w * 3
        z = w * 5
    graph = t.graph(of=y)
    assert z.item() == 10
    assert [frame.backward for frame in frames(graph) if frame.backward] == [(0,)]


STEPS = [torch.mul, torch.add, torch.sub, torch.sin, torch.tanh, torch.exp, F.relu]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9)),
                min_size=1, max_size=9))  # fmt: skip
def test_any_graph_runs_backwards_in_the_engines_order(recipe):
    made = [scalar(0.7), scalar(-0.4)]
    with trace() as t:
        for step, i, j in recipe:
            arguments = (made[i % len(made)], made[j % len(made)])
            two = step in (torch.mul, torch.add, torch.sub)
            made.append(step(*arguments) if two else step(arguments[0]))
    graph = t.graph(of=made[-1])
    log = []
    for number, tensor in enumerate(made[2:]):
        tensor.grad_fn.register_hook(lambda sent, _, number=number: log.append((number, sent)))
    torch.autograd.grad(made[-1], made[:2], allow_unused=True)
    steps = [frame for frame in frames(graph) if frame.backward]
    assert [frame.backward[0] for frame in steps] == [number for number, _ in log]
    for frame, (number, sent) in zip(steps, log, strict=True):
        flows = [flow for flow in graph.operations[number].contributions if flow is not None]
        assert flows == pytest.approx(
            [flow.item() for flow in sent if flow is not None], nan_ok=True
        )
        assert {arrival.value for arrival in frame.arrivals} == set(graph.operations[number].inputs)


def test_a_long_film_shows_neighbours_together_and_loses_nothing():
    w = scalar(0.9)
    with trace() as t:
        h = w
        for _ in range(150):
            h = torch.sin(h * w)
    film = frames(t.graph())
    assert len(film) <= MOST + 2
    assert [i for frame in film for i in frame.forward] == list(range(300))
    assert [i for frame in film for i in frame.backward] == list(range(299, -1, -1))


LOCAL = {name: kind.local for name, kind in OPERATIONS.items() if kind.local}


@pytest.mark.parametrize("name", sorted(LOCAL))
def test_every_textbook_formula_gives_pytorchs_derivative(name):
    a, b = torch.tensor(1.7, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    for position, formula in enumerate(LOCAL[name]):
        function = getattr(torch, name)
        y = function(a, 3) if name == "pow" else function(a, b) if len(LOCAL[name]) > 1 else (
            function(a))  # fmt: skip
        (expected,) = torch.autograd.grad(y, (a, b)[position])
        text = formula(["a", "3" if name == "pow" else "b"], "y")
        code = text.replace("−", "-").replace("·", "*").replace("²", "**2").replace("^", "**")
        numbers = {"a": 1.7, "b": 3.0, "y": y.item(), "sin": math.sin, "cos": math.cos}
        assert eval(code, numbers) == pytest.approx(expected.item(), rel=1e-5), text


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("matmul", [(3, 2), (2, 4)]), ("mm", [(3, 2), (2, 4)]), ("matmul", [(3, 2), (2,)]),
     ("mv", [(3, 2), (2,)]), ("linear", [(3, 2), (4, 2), (4,)])],
)  # fmt: skip
def test_every_matrix_formula_gives_pytorchs_gradient(name, shapes):
    made = dict(
        zip("abc", (torch.randn(shape, requires_grad=True) for shape in shapes), strict=False)
    )
    y = (F if name == "linear" else torch).__dict__[name](*made.values())
    G = torch.randn(y.shape)
    for i, leaf in enumerate(made.values()):
        formula = kind_of(name).flow(i, list(made), [len(shape) for shape in shapes], "G")
        if formula:
            code = formula.replace("ᵀ", ".mT").replace("the sum of G over its rows", "G.sum(0)")
            (expected,) = torch.autograd.grad(y, leaf, G, retain_graph=True)
            assert torch.allclose(eval(code, {**made, "G": G}), expected, atol=1e-5), formula
    assert formula, "the last input has one always"


def test_tensors_are_told_by_their_formulas():
    X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    w = torch.tensor([[1.0], [-1.0]], requires_grad=True)
    b = torch.tensor([0.5], requires_grad=True)
    with trace() as t:
        s = X @ w
        h = s + b
        loss = (h * h).mean()
    assert loss.ndim == 0
    told = [frame.sentence for frame in frames(t.graph()) if frame.backward]
    assert told == [
        "mean averages: each of the 2 elements of u receives ∂loss/∂loss / 2 = 1 / 2 = 0.5.",
        "× multiplies: h receives ∂loss/∂u · ∂u/∂h₁, element by element: [[−0.25], [−0.25]]; "
        "h receives ∂loss/∂u · ∂u/∂h₂, element by element: [[−0.25], [−0.25]]. "
        "h is reached in 2 ways, and its gradient is their sum.",
        "+ passes the gradient on: s receives ∂loss/∂h · ∂h/∂s, element by element: "
        "[[−0.5], [−0.5]]; "
        "b is used many times, and receives the sum over all its uses: −1.",
        "@ multiplies matrices: w receives Xᵀ @ ∂loss/∂h: [[−2], [−3]].".replace("h:", "s:"),
    ]


def test_the_size_of_a_large_film_is_bounded():
    w, x = scalar(0.9), scalar(3.0, False)
    with trace() as t:
        h = w
        for _ in range(30):
            h = torch.sin(h * x)
    film = Film(t.graph())
    assert len(play(t).html) < 400_000, "60 operations"
    assert len(film.svg) < 1.2 * len(film.drawing.svg)
