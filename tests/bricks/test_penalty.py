"""Penalties by query: their values and gradients beside NumPy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bricks import Linear
from bricks.graph import ComputationGraph, annotate, apply_l1, apply_l2, apply_noise
from bricks.initialization import IsotropicGaussian
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY, COST, OUTPUT, WEIGHT, has_roles

BATCH = {"x": np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)}


@pytest.fixture
def linear():
    brick = Linear(3, 2, weights_init=IsotropicGaussian(), biases_init=IsotropicGaussian())
    brick.initialize(seed=1)
    return brick


@pytest.fixture
def graph(linear):
    def fn(x):
        return {"cost": annotate(jnp.mean(linear.apply(x)), COST, "cost"), "rows": x[:, 0]}

    return ComputationGraph(fn, BATCH)


def weight_of(linear):
    return np.asarray(linear.get_parameter("W").value)


def test_l2_adds_the_weighted_sum_of_squares_without_one_half(graph, linear):
    penalized = apply_l2(graph, graph.select("Linear .WEIGHT"), 0.1)

    added = penalized(BATCH)["cost"] - graph(BATCH)["cost"]

    np.testing.assert_allclose(added, 0.1 * np.sum(weight_of(linear) ** 2), rtol=1e-5)


def test_l1_adds_the_weighted_sum_of_absolute_values(graph, linear):
    penalized = apply_l1(graph, graph.select("Linear .WEIGHT"), 0.1)

    added = penalized(BATCH)["cost"] - graph(BATCH)["cost"]

    np.testing.assert_allclose(added, 0.1 * np.sum(np.abs(weight_of(linear))), rtol=1e-5)


def test_several_parameters_count_together(graph, linear):
    penalized = apply_l2(graph, graph.select(".PARAMETER"), 0.5)
    bias = np.asarray(linear.get_parameter("b").value)

    added = penalized(BATCH)["cost"] - graph(BATCH)["cost"]

    expected = 0.5 * (np.sum(weight_of(linear) ** 2) + np.sum(bias**2))
    np.testing.assert_allclose(added, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("penalty", "slope"), [(apply_l1, np.sign), (apply_l2, lambda W: 2 * W)], ids=["l1", "l2"]
)
def test_the_gradient_gains_the_slope_of_the_penalty(graph, linear, penalty, slope):
    penalized = penalty(graph, graph.select("Linear .WEIGHT"), 0.1)
    values = linear.get_parameter_values()

    def gradient(of):
        return jax.grad(lambda values: of.function(values, BATCH)[0]["cost"])(values)

    before, after = gradient(graph), gradient(penalized)

    np.testing.assert_allclose(
        after["/linear.W"] - before["/linear.W"], 0.1 * slope(weight_of(linear)), rtol=1e-4
    )
    np.testing.assert_array_equal(after["/linear.b"], before["/linear.b"])


def test_of_an_activation_it_is_the_sum_for_each_example_averaged_over_examples(graph, linear):
    penalized = apply_l2(graph, graph.select("Linear:output"), 0.1)
    activation = BATCH["x"] @ weight_of(linear) + np.asarray(linear.get_parameter("b").value)

    added = penalized(BATCH)["cost"] - graph(BATCH)["cost"]

    np.testing.assert_allclose(added, 0.1 * np.mean(np.sum(activation**2, axis=1)), rtol=1e-5)


def test_the_average_is_over_the_examples_of_the_batch_at_hand(graph):
    penalized = apply_l1(graph, graph.select("Linear:input_"), 1)
    batch = {"x": np.ones((10, 3), np.float32)}

    added = penalized(batch)["cost"] - graph(batch)["cost"]

    np.testing.assert_allclose(added, 3, rtol=1e-5)


def test_in_a_scan_it_is_summed_over_the_iterations():
    def fn(x):
        def step(state, _):
            state = annotate(state + 1, OUTPUT, "state")
            return state, None

        return {"cost": jnp.sum(jax.lax.scan(step, x * 0, None, length=3)[0])}

    graph = ComputationGraph(fn, BATCH)
    penalized = apply_l2(graph, graph.select(":state"), 0.5)

    added = penalized(BATCH)["cost"] - graph(BATCH)["cost"]

    # the states are 1, 2 and 3 in three features
    np.testing.assert_allclose(added, 0.5 * 3 * (1 + 4 + 9), rtol=1e-6)


def test_in_a_branch_that_is_not_taken_it_is_zero():
    def fn(x):
        chosen = jax.lax.cond(x[0, 0] > 0, lambda: annotate(x * 2, OUTPUT, "twice") * 1, lambda: x)
        return {"cost": jnp.sum(chosen)}

    graph = ComputationGraph(fn, BATCH)
    penalized = apply_l1(graph, graph.select(":twice"), 1)
    ones = {"x": np.ones((2, 3), np.float32)}

    assert penalized(BATCH)["cost"] == graph(BATCH)["cost"]  # BATCH begins with -1
    assert penalized(ones)["cost"] - graph(ones)["cost"] == 6


def test_a_penalty_sees_the_noise_applied_before_it_and_not_after_it(graph, linear):
    key = jax.random.key(1)
    weights = graph.select("Linear .WEIGHT")
    before = apply_l2(apply_noise(graph, weights, 1), weights, 1)
    after = apply_noise(apply_l2(graph, weights, 1), weights, 1)
    noisy = np.asarray(before.capture(weights)(BATCH, key)["/linear.W"])

    def penalty(of):
        captured = of.capture(of.select(":l2_penalty"))(BATCH, key)
        return next(value for name, value in captured.items() if "l2_penalty" in name)

    np.testing.assert_allclose(penalty(before), np.sum(noisy**2), rtol=1e-5)
    np.testing.assert_allclose(penalty(after), np.sum(weight_of(linear) ** 2), rtol=1e-5)


def test_the_penalty_is_an_auxiliary_variable_and_the_cost_keeps_its_role(graph, linear):
    penalized = apply_l2(graph, graph.select("Linear .WEIGHT"), 0.1)

    (penalty,) = penalized.select(":l2_penalty")

    assert has_roles(penalty, [AUXILIARY])
    assert has_roles(penalized.outputs["cost"], [COST])
    np.testing.assert_allclose(
        penalized.capture([penalty])(BATCH)[str(penalty)],
        0.1 * np.sum(weight_of(linear) ** 2),
        rtol=1e-5,
    )


def test_penalties_add_up(graph, linear):
    weights = graph.select("Linear .WEIGHT")
    penalized = apply_l1(apply_l2(apply_l2(graph, weights, 1), weights, 2), weights, 3)

    added = penalized(BATCH)["cost"] - graph(BATCH)["cost"]

    W = weight_of(linear)
    np.testing.assert_allclose(added, 3 * np.sum(W**2) + 3 * np.sum(np.abs(W)), rtol=1e-5)


def test_low_precision_is_summed_in_the_precision_of_the_cost():
    weight = Parameter("W", (4096,), jnp.bfloat16, roles=[WEIGHT])
    weight.value = jnp.full(4096, 1 / 64, jnp.bfloat16)
    batch = {"x": np.zeros(1, np.float32)}
    graph = ComputationGraph(
        lambda x: {"cost": jnp.sum(x) + 0 * jnp.sum(weight.read()).astype(jnp.float32)}, batch
    )

    np.testing.assert_allclose(apply_l2(graph, [weight], 1)(batch)["cost"], 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("costs", "no output 'costs', but cost, rows; pass output='cost'"),
        ("rows", r"'rows' is float32\[4\], but a penalty can only be added to a floating scalar"),
    ],
)
def test_the_output_must_be_a_scalar_cost(graph, output, words):
    with pytest.raises(ValueError, match=words):
        apply_l2(graph, graph.select(".WEIGHT"), 0.1, output=output)


def test_a_variable_in_a_while_loop_is_refused():
    def body(x):
        return annotate(x * 2, OUTPUT, "double")

    graph = ComputationGraph(
        lambda x: {"cost": jax.lax.while_loop(lambda x: x < 10, body, jnp.sum(x))}, BATCH
    )

    with pytest.raises(ValueError, match=r"use lax\.scan"):
        apply_l2(graph, graph.select(":double"), 0.1)


def test_a_variable_in_shard_map_is_refused():
    mesh = jax.make_mesh((1,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.sharding.PartitionSpec("rows")
    doubled = jax.shard_map(
        lambda x: annotate(x * 2, OUTPUT, "double"), mesh=mesh, in_specs=spec, out_specs=spec
    )
    graph = ComputationGraph(lambda x: {"cost": jnp.sum(doubled(x))}, BATCH)

    with pytest.raises(ValueError, match="double is inside shard_map"):
        apply_l2(graph, graph.select(":double"), 0.1)


def test_the_weight_and_the_variables_are_checked(graph):
    with pytest.raises(ValueError, match="apply_l1: weight is -1, but must be at least 0"):
        apply_l1(graph, graph.select(".WEIGHT"), -1)
    with pytest.raises(ValueError, match="apply_l2: there are no variables"):
        apply_l2(graph, [], 1)
