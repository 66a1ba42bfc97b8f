"""Drawings of graphs: whether they are dot, and what leads to what."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bricks import MLP, Rectifier
from bricks.graph import ComputationGraph, annotate, apply_dropout
from bricks.parameter import Parameter
from bricks.roles import OUTPUT

TOKEN = re.compile(r'\s*(->|[{}\[\]=,]|"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z_0-9]*|[0-9.]+)')


class Drawing:
    """What a text in the dot language describes; only dot's grammar is accepted.

    The grammar is that of https://graphviz.org/doc/info/lang.html, less ports, strict graphs and
    edges between subgraphs.
    """

    def __init__(self, text):
        self.tokens = []
        place = 0
        while text[place:].strip():
            match = TOKEN.match(text, place)
            assert match, f"not dot: {text[place : place + 30]!r}"
            self.tokens.append(match.group(1))
            place = match.end()
        self.nodes, self.edges, self.clusters = {}, set(), {}
        self.expect("digraph")
        self.statements(())
        assert not self.tokens

    def expect(self, token):
        assert self.tokens.pop(0) == token

    def name(self):
        token = self.tokens.pop(0)
        assert token not in ("{", "}", "[", "]", "=", ",", "->")
        if token.startswith('"'):
            return token[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return token

    def statements(self, around):
        self.expect("{")
        while self.tokens[0] != "}":
            name = self.name()
            if name == "subgraph":
                cluster = self.name()
                assert cluster.startswith("cluster"), "only clusters are drawn"
                self.statements((*around, cluster))
            elif self.tokens[0] == "=":
                self.expect("=")
                self.clusters.setdefault(around, {})[name] = self.name()
            elif self.tokens[0] == "->":
                self.expect("->")
                self.edges.add((name, self.name()))
            else:
                attributes = self.attributes()
                if name != "node":
                    self.nodes[name] = {**attributes, "around": around}
        self.expect("}")

    def attributes(self):
        self.expect("[")
        found = {}
        while self.tokens[0] != "]":
            name = self.name()
            self.expect("=")
            found[name] = self.name()
            if self.tokens[0] == ",":
                self.expect(",")
        self.expect("]")
        return found

    def links(self):
        """The edges, by the full names of the variables."""
        names = {node: attributes["tooltip"] for node, attributes in self.nodes.items()}
        return {(names[source], names[target]) for source, target in self.edges}


def drawing_of(fn, x):
    return Drawing(ComputationGraph(fn, {"x": x}).draw())


@pytest.fixture(scope="module")
def network():
    mlp = MLP([Rectifier(), None], [3, 4, 2])
    batch = {"x": np.ones((5, 3), np.float32)}
    return ComputationGraph(lambda x: {"logits": mlp.apply(x)}, batch)


def test_every_variable_is_a_node(network):
    drawing = Drawing(network.draw())

    assert {node["tooltip"] for node in drawing.nodes.values()} == set(map(str, network.variables))


def test_nodes_stand_in_a_cluster_for_each_brick_inside_that_of_its_parent(network):
    drawing = Drawing(network.draw())
    around = {node["tooltip"]: node["around"] for node in drawing.nodes.values()}

    assert around["/mlp/linear_0.W"] == ("cluster_/mlp", "cluster_/mlp/linear_0")
    assert around["x"] == ()
    labels = {path: attributes["label"] for path, attributes in drawing.clusters.items() if path}
    assert labels[("cluster_/mlp",)] == "mlp (MLP)"
    assert labels["cluster_/mlp", "cluster_/mlp/rectifier"] == "rectifier (Rectifier)"


def test_an_edge_leads_from_a_variable_to_what_is_computed_from_it_directly(network):
    links = Drawing(network.draw()).links()

    assert ("/mlp/linear_0.W", "/mlp/linear_0.apply:output") in links
    assert ("/mlp/linear_0.b", "/mlp/linear_0.apply:output") in links
    assert ("/mlp/linear_0.apply:output", "/mlp/rectifier.apply:input_") in links
    assert ("/mlp/linear_0.W", "/mlp/rectifier.apply:output") not in links
    assert not [source for source, target in links if target == "x"]


def test_parameters_are_boxes_and_outputs_have_a_double_line(network):
    nodes = {node["tooltip"]: node for node in Drawing(network.draw()).nodes.values()}

    assert nodes["/mlp/linear_1.W"]["shape"] == "box"
    assert nodes["/mlp.apply:output"]["peripheries"] == "2"
    assert nodes["/mlp/linear_1.apply:output"]["peripheries"] == "1"
    assert nodes["/mlp/linear_1.W"]["label"] == "W\\nfloat32 4 × 2"


def test_a_graph_with_dropout_can_be_drawn(network):
    dropped = apply_dropout(network, network.select("Rectifier:output"), 0.5)

    links = Drawing(dropped.draw()).links()

    assert ("/mlp/rectifier.apply:input_", "/mlp/rectifier.apply:output") in links


def test_edges_go_through_loops():
    scale = Parameter("scale", ())

    def fn(x):
        factor = scale.read()

        def step(state, item):
            state = annotate(state * factor, OUTPUT, "state")
            return state, annotate(state + item, OUTPUT, "sum")

        items = annotate(x + 1, OUTPUT, "items")
        return annotate(jnp.sum(jax.lax.scan(step, 0.0, items)[1]), OUTPUT, "total")

    links = drawing_of(fn, np.ones(3, np.float32)).links()

    assert links == {
        ("x", "items"),
        ("/scale", "state"),
        ("state", "state"),
        ("state", "sum"),
        ("items", "sum"),
        ("sum", "total"),
    }


def test_edges_go_through_branches_and_what_chooses_them():
    def fn(x):
        choice = annotate(jnp.sum(x), OUTPUT, "choice")
        double = annotate(x * 2, OUTPUT, "double")
        chosen = jax.lax.cond(
            choice > 0, lambda x: annotate(x + 1, OUTPUT, "more") * 1, lambda x: x * 3, double
        )
        return annotate(chosen, OUTPUT, "chosen")

    links = drawing_of(fn, np.ones(3, np.float32)).links()

    assert links == {
        ("x", "choice"),
        ("x", "double"),
        ("double", "more"),
        ("double", "chosen"),
        ("more", "chosen"),
        ("choice", "chosen"),
    }


def test_edges_go_through_while_loops_and_their_conditions():
    def fn(x):
        limit = annotate(x * 10, OUTPUT, "limit")
        body = lambda x: annotate(x * 2, OUTPUT, "double")  # noqa: E731
        return annotate(jax.lax.while_loop(lambda x: x < limit, body, x), OUTPUT, "end")

    links = drawing_of(fn, np.float32(1)).links()

    assert links == {
        ("x", "limit"),
        ("x", "double"),
        ("double", "double"),
        ("x", "end"),
        ("double", "end"),
        ("limit", "end"),
    }


def test_edges_go_through_compiled_and_rematerialized_functions():
    def fn(x):
        @jax.jit
        def compiled(x):
            return annotate(x + 1, OUTPUT, "one")

        @jax.checkpoint
        def rematerialized(x):
            return annotate(jnp.sin(x), OUTPUT, "two") * 1

        return annotate(rematerialized(compiled(x)), OUTPUT, "three")

    links = drawing_of(fn, np.ones(3, np.float32)).links()

    assert links == {("x", "one"), ("one", "two"), ("two", "three")}


@pytest.mark.parametrize("name", ['say "x"', "back\\slash", "\\", "two\nlines", "a -> b; }", "<b>"])
def test_names_with_any_characters_are_quoted(name):
    drawing = drawing_of(lambda x: annotate(x * 2, OUTPUT, name), np.ones(3, np.float32))

    assert name.replace("\n", " ") in {node["tooltip"] for node in drawing.nodes.values()}
