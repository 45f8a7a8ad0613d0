"""The DOT text is a whole picture for any Graphviz, and nothing in a name can break it."""

import json
import subprocess
from xml.etree import ElementTree

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lecture import neuron

from lesson_utils import draw, trace
from lesson_utils.graph import ComputationGraph, Operation, Use, Value
from lesson_utils.picture.layout import find_program


def read(source):
    """Nodes by name and edges, as Graphviz itself understands the text."""
    command = [find_program(), "-Tjson0"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=True)
    document = json.loads(done.stdout)
    nodes = {node["name"]: node for node in document["objects"]}
    names = [node["name"] for node in document["objects"]]
    edges = [(names[e["tail"]], names[e["head"]], e.get("label", "")) for e in document["edges"]]
    return nodes, edges


def test_names_numbers_gradients_and_both_directions_are_in_it():
    nodes, edges = read(draw(neuron()).source)
    labels = [node["label"] for node in nodes.values()]
    assert labels == [
        "x = 3", "w = 2\n∂a/∂w = 3", "u = 6\n∂a/∂u = 1", "b = 1\n∂a/∂b = 1",
        "v = 7\n∂a/∂v = 1", "a = 7\n∂a/∂a = 1", "×", "+", "ReLU",
    ]  # fmt: skip
    assert ("o0", "v1", "∂u/∂w = 3") in edges and ("o2", "v4", "∂a/∂v = 1") in edges
    assert ("v0", "o0", "") in edges and ("o0", "v2", "") in edges
    assert not any(head == "v0" for _, head, _ in edges), "x needs no gradient"


def test_gradients_and_buffers_are_shown_as_asked():
    assert "∂" not in draw(neuron(), gradients=False).source
    assert "4 bytes, kept" in draw(neuron(), saved=True).source
    assert "keeps nothing" in draw(neuron(), saved=True).source


def test_a_branch_is_a_question():
    z = torch.tensor(-2.0, requires_grad=True)
    with trace() as t:
        y = z if z > 0 else z * 0
    nodes, _ = read(draw(t).source)
    assert any("z > 0?\nFalse, line" in node["label"] for node in nodes.values())
    assert y.item() == 0


def named(name):
    values = (
        Value(0, name, "parameter", (), "float32", True, 2.0, None),
        Value(1, "y", "output", (), "float32", True, 4.0, None),
    )
    return ComputationGraph(values, (Operation(0, "sin", (Use(0),), (1,)),))


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=12))
def test_no_name_breaks_the_text(name):
    nodes, edges = read(draw(named(name)).source)
    assert len(nodes) == 3 and len(edges) == 2


@settings(max_examples=40, deadline=None)
@example("&lt;x")
@example("a\\nb")
@given(st.text("ab&;<>\\\"'#ltnN{}|é∂😀", min_size=1, max_size=12))
def test_any_name_is_shown_as_it_is(name):
    source = draw(named(name)).source
    done = subprocess.run([find_program(), "-Tsvg"], input=source.encode(), capture_output=True)
    root = ElementTree.fromstring(done.stdout)
    shown = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert f"{name} = 2" in {(text or "").replace("\u00a0", " ") for text in shown}
