"""How bricks and graphs look in a terminal and in a notebook."""

from html.parser import HTMLParser

import jax
import jax.numpy as jnp
import pytest

from bricks import MLP, Brick, Linear, Rectifier, Tanh
from bricks.graph import ComputationGraph, annotate, apply_dropout, freeze
from bricks.initialization import Constant
from bricks.roles import OUTPUT


class Cells(HTMLParser):
    """The texts of the cells of a table, row by row."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.open = [], []
        self.feed(html)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def rows(text):
    """The cells of a printed table, less its title and rules."""
    lines = text.splitlines()[1:]
    return [line.split() for line in lines if not line.startswith("─")]


def mlp():
    return MLP([Rectifier(), None], [784, 100, 10], name="net")


def graph_of(brick):
    return ComputationGraph(
        lambda x: {"logits": brick.apply(x)}, {"x": jax.ShapeDtypeStruct((8, 784), jnp.float32)}
    )


def test_a_brick_prints_its_parameters_with_role_shape_and_count():
    assert rows(str(mlp())) == [
        ["parameter", "role", "shape", "count"],
        ["/net/linear_0.W", "WEIGHT", "784", "×", "100", "78,400"],
        ["/net/linear_0.b", "BIAS", "100", "100"],
        ["/net/linear_1.W", "WEIGHT", "100", "×", "10", "1,000"],
        ["/net/linear_1.b", "BIAS", "10", "10"],
        ["total", "79,510"],
    ]
    assert str(mlp()).splitlines()[0] == "MLP /net"


def test_a_brick_prints_the_same_once_it_is_allocated_and_printing_does_not_allocate():
    brick = mlp()
    before = str(brick)

    assert not brick.allocated
    brick.allocate()
    assert str(brick) == before


def test_sizes_that_are_not_known_yet_print_as_the_settings_that_give_them():
    table = rows(str(Linear(output_dim=3)))

    assert table[1] == ["/linear.W", "WEIGHT", "input_dim", "×", "3", "?"]
    assert table[-1] == ["total", "at", "least", "3"]


def test_a_brick_without_parameters_prints_a_total_of_zero():
    assert rows(str(Tanh())) == [["parameter", "role", "shape", "count"], ["total", "0"]]


def test_a_parameter_that_two_bricks_share_counts_once():
    one, other = Linear(3, 3, name="one"), Linear(3, 3, name="other")
    other.W = one.get_parameter("W")
    other.allocate()
    table = rows(str(Brick(name="both", children=[one, other])))

    assert table[3] == ["/both/other.W", "=", "/both/one.W", "WEIGHT", "3", "×", "3", "shared"]
    assert table[-1] == ["total", "15"]


def test_a_graph_prints_its_variables_in_order_and_counts_its_parameters():
    graph = graph_of(mlp())

    table = rows(str(graph))

    assert [row[0] for row in table[1:-1]] == [str(variable) for variable in graph.variables]
    assert ["/net/linear_1.W", "WEIGHT", "100", "×", "10", "1,000"] in table
    assert ["x", "8", "×", "784"] in table
    assert table[-1] == ["total", "79,510"]


def test_a_graph_prints_what_transformations_did_to_it():
    graph = graph_of(mlp())
    graph = apply_dropout(graph, graph.select("Rectifier:output"), 0.5)
    graph = freeze(graph, graph.select("#linear_0 .BIAS"))

    table = rows(str(graph))

    assert ["/net/rectifier.apply:output", "DROPOUT,", "OUTPUT", "8", "×", "100"] in table
    assert ["/net/linear_0.b", "BIAS", "(frozen)", "100", "100"] in table


def test_a_graph_prints_the_loops_around_a_variable_from_the_inside_out():
    def inner(carry, _):
        return annotate(carry * 2, OUTPUT, "twice"), None

    def outer(carry, _):
        return jax.lax.scan(inner, carry, None, 7)[0], None

    graph = ComputationGraph(
        lambda x: jax.lax.scan(outer, x, None, 3)[0], {"x": jax.ShapeDtypeStruct((), jnp.float32)}
    )

    (row,) = [row for row in rows(str(graph)) if row[0] == "twice"]
    assert " ".join(row) == "twice OUTPUT scalar in a scan of 7 in a scan of 3"


def test_the_columns_of_a_printed_table_are_aligned():
    lines = str(mlp()).splitlines()[1:]

    assert {line.index("role") for line in lines[:1]} == {lines[2].index("WEIGHT")}
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("thing", [mlp(), graph_of(mlp())], ids=["brick", "graph"])
def test_the_html_of_a_notebook_has_the_same_cells(thing):
    cells = Cells(thing._repr_html_()).rows

    assert [" ".join(row).split() for row in cells] == rows(str(thing))


def test_text_in_html_is_escaped():
    evil = '<script>alert("&")</script>'
    graph = ComputationGraph(
        lambda x: annotate(x * 2, OUTPUT, evil), {"x": jax.ShapeDtypeStruct((), jnp.float32)}
    )

    html = graph._repr_html_()

    assert "<script>" not in html
    assert [evil, "OUTPUT", "scalar", ""] in Cells(html).rows


def test_the_representation_of_a_graph_is_one_line():
    assert repr(graph_of(mlp())).startswith("<ComputationGraph x -> logits: ")
    assert "4 of them parameters" in repr(graph_of(mlp()))


def test_printing_does_not_disturb_initialization():
    brick = MLP([None], [2, 2], weights_init=Constant(3), biases_init=Constant(0))
    str(brick)
    brick.initialize(seed=1)

    assert jnp.all(brick.children[0].W == 3)
