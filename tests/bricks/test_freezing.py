"""Freezing by query: what is trainable, what still has a gradient, what stays."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from bricks import MLP, Rectifier
from bricks.graph import ComputationGraph, apply_dropout, freeze, record_update, unfreeze
from bricks.initialization import Constant, Glorot
from bricks.parameter import Parameter
from bricks.roles import BATCH_NORM_POPULATION_MEAN

BATCH = {"x": np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)}


@pytest.fixture
def graph():
    mlp = MLP([Rectifier(), None], [3, 5, 2], weights_init=Glorot(), biases_init=Constant(0.1))
    mlp.initialize(seed=1)
    return ComputationGraph(lambda x: {"cost": jnp.sum(mlp.apply(x) ** 2)}, BATCH)


def paths(parameters):
    return sorted(parameter.path for parameter in parameters)


def test_frozen_parameters_are_parameters_that_are_not_trainable(graph):
    frozen = freeze(graph, graph.select("#linear_0 .PARAMETER"))

    assert paths(frozen.trainable_parameters) == ["/mlp/linear_1.W", "/mlp/linear_1.b"]
    assert paths(frozen.frozen_parameters) == ["/mlp/linear_0.W", "/mlp/linear_0.b"]
    assert paths(frozen.parameters) == paths(graph.parameters)


def test_the_graph_stays_as_it_was(graph):
    freeze(graph, graph.select(".PARAMETER"))

    assert len(graph.trainable_parameters) == 4


def test_what_is_computed_does_not_change(graph):
    frozen = freeze(graph, graph.select(".WEIGHT"))

    assert frozen(BATCH)["cost"] == graph(BATCH)["cost"]


def test_freezing_adds_up_and_unfreezing_takes_back(graph):
    frozen = freeze(freeze(graph, graph.select(".WEIGHT")), graph.select(".BIAS"))

    assert frozen.trainable_parameters == ()

    thawed = unfreeze(frozen, frozen.select("#linear_1 .WEIGHT"))
    assert paths(thawed.trainable_parameters) == ["/mlp/linear_1.W"]


def test_freezing_outlives_other_transformations(graph):
    frozen = freeze(graph, graph.select(".WEIGHT"))
    both = apply_dropout(frozen, frozen.select("Rectifier:output"), 0.5)

    assert paths(both.trainable_parameters) == ["/mlp/linear_0.b", "/mlp/linear_1.b"]


def test_gradients_flow_through_a_frozen_layer_to_what_lies_below(graph):
    frozen = freeze(graph, graph.select("#linear_1 .PARAMETER"))
    values = {parameter.path: parameter.value for parameter in frozen.parameters}
    trained = {parameter.path: parameter.value for parameter in frozen.trainable_parameters}

    gradient = jax.grad(lambda some: frozen.function(values | some, BATCH)[0]["cost"])(trained)

    full = jax.grad(lambda every: graph.function(every, BATCH)[0]["cost"])(values)
    assert set(gradient) == {"/mlp/linear_0.W", "/mlp/linear_0.b"}
    for path, value in gradient.items():
        assert np.any(value != 0)
        np.testing.assert_array_equal(value, full[path])


def test_frozen_parameters_stay_bit_identical_and_have_no_optimizer_state(graph):
    frozen = freeze(graph, graph.select("#linear_0 .PARAMETER"))
    fixed = {parameter.path: parameter.value for parameter in frozen.frozen_parameters}
    trained = {parameter.path: parameter.value for parameter in frozen.trainable_parameters}
    before = {path: np.asarray(value).tobytes() for path, value in fixed.items()}
    rule = optax.adam(0.1)
    state = rule.init(trained)

    @jax.jit
    def step(trained, state):
        gradient = jax.grad(lambda some: frozen.function(fixed | some, BATCH)[0]["cost"])(trained)
        updates, state = rule.update(gradient, state)
        return optax.apply_updates(trained, updates), state

    start = frozen.function(fixed | trained, BATCH)[0]["cost"]
    for _ in range(5):
        trained, state = step(trained, state)

    assert set(state[0].mu) == set(trained)
    assert frozen.function(fixed | trained, BATCH)[0]["cost"] < start
    assert {path: np.asarray(value).tobytes() for path, value in fixed.items()} == before


def test_a_recorded_update_of_a_frozen_parameter_is_left_out():
    mean = Parameter("mean", (3,), roles=[BATCH_NORM_POPULATION_MEAN])
    mean.value = jnp.zeros(3)

    def fn(x):
        record_update(mean, 0.9 * mean.read() + 0.1 * jnp.mean(x, axis=0))
        return {"cost": jnp.sum(x - mean.read())}

    graph = ComputationGraph(fn, BATCH)
    frozen = freeze(graph, [mean])
    values = {"/mean": mean.value}

    assert set(graph.function(values, BATCH)[1]) == {"/mean"}
    assert set(graph.updates) == {mean}
    assert frozen.function(values, BATCH)[1] == {}
    assert frozen.updates == {}
    assert frozen(BATCH) == graph(BATCH)


def test_only_parameters_of_the_graph_can_be_frozen(graph):
    with pytest.raises(ValueError, match=r"freeze: /mlp/rectifier.apply:output is no parameter"):
        freeze(graph, graph.select("Rectifier:output"))
    with pytest.raises(ValueError, match="unfreeze: there are no variables"):
        unfreeze(graph, [])
    with pytest.raises(TypeError, match=r"bare variable /mlp/linear_0\.W"):
        freeze(graph, graph.select(".WEIGHT")[0])


def test_a_parameter_of_another_graph_with_the_same_path_is_recognized(graph):
    other = MLP([None], [3, 5], weights_init=Glorot(), biases_init=Constant(0))
    elsewhere = ComputationGraph(lambda x: {"cost": jnp.sum(other.apply(x))}, BATCH)

    with pytest.raises(ValueError, match="it has the name of one, but is another"):
        freeze(graph, elsewhere.select(".WEIGHT"))
