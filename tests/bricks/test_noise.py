"""Gaussian noise by query: its moments, when it is drawn, what it leaves alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bricks.graph import ComputationGraph, annotate, apply_noise
from bricks.parameter import Parameter
from bricks.roles import OUTPUT, WEIGHT

BATCH = {"x": np.ones((300, 400), np.float32)}


@pytest.fixture
def graph():
    return ComputationGraph(
        lambda x: {"a": annotate(x * 2, OUTPUT, "a"), "b": annotate(x * 3, OUTPUT, "b")}, BATCH
    )


def weight_of_ones():
    weight = Parameter("W", (400,), roles=[WEIGHT])
    weight.value = jnp.ones(400)
    return weight


def test_the_noise_has_mean_zero_and_the_variance_asked_for(graph):
    noisy = apply_noise(graph, graph.select(":a"), 0.3)

    noise = np.asarray(noisy(BATCH, jax.random.key(1))["a"]) - 2

    count = noise.size
    assert abs(noise.mean()) < 4 * 0.3 / np.sqrt(count)
    assert abs(noise.var() - 0.09) < 4 * 0.09 * np.sqrt(2 / count)


def test_the_noise_is_gaussian(graph):
    noisy = apply_noise(graph, graph.select(":a"), 1)

    noise = np.asarray(noisy(BATCH, jax.random.key(1))["a"]) - 2

    # of a normal distribution, 68.27 % lie within one and 95.45 % within two deviations
    assert abs(np.mean(np.abs(noise) < 1) - 0.6827) < 0.006
    assert abs(np.mean(np.abs(noise) < 2) - 0.9545) < 0.003


def test_a_level_of_zero_changes_nothing(graph):
    noisy = apply_noise(graph, graph.select(":a"), 0)

    np.testing.assert_array_equal(noisy(BATCH, jax.random.key(1))["a"], 2 * BATCH["x"])


def test_noise_on_one_more_variable_changes_no_other_noise(graph):
    alone = apply_noise(graph, graph.select(":b"), 0.5)
    both = apply_noise(graph, graph.select(":a, :b"), 0.5)
    key = jax.random.key(4)

    np.testing.assert_array_equal(alone(BATCH, key)["b"], both(BATCH, key)["b"])


def test_noise_of_different_variables_is_uncorrelated(graph):
    outputs = apply_noise(graph, graph.select(".OUTPUT"), 1)(BATCH, jax.random.key(5))

    a, b = np.asarray(outputs["a"]) - 2, np.asarray(outputs["b"]) - 3

    assert abs(np.mean(a * b)) < 4 / np.sqrt(a.size)


def test_weight_noise_is_one_draw_for_all_readers_and_all_steps_of_a_loop():
    weight = weight_of_ones()

    def fn(x):
        W = weight.read()
        states = jax.lax.scan(lambda carry, _: (carry, carry * W), x, None, length=3)[1]
        return {"states": states, "again": x * weight.read()}

    batch = {"x": np.ones(400, np.float32)}
    graph = ComputationGraph(fn, batch)
    outputs = apply_noise(graph, [weight], 0.5)(batch, jax.random.key(1))

    assert np.std(outputs["again"]) > 0.3
    for state in outputs["states"]:
        np.testing.assert_array_equal(state, outputs["again"])
    np.testing.assert_array_equal(weight.value, np.ones(400))


def test_weight_noise_in_each_step_is_a_choice():
    weight = weight_of_ones()

    def fn(x):
        W = weight.read()
        return jax.lax.scan(lambda carry, _: (carry, carry * W), x, None, length=3)[1]

    batch = {"x": np.ones(400, np.float32)}
    graph = ComputationGraph(fn, batch)
    noisy = apply_noise(graph, [weight], 1, each_step=True)

    first, second, third = np.asarray(noisy(batch, jax.random.key(1))["output"]) - 1

    for one, other in [(first, second), (first, third), (second, third)]:
        assert abs(np.mean(one * other)) < 4 / np.sqrt(400)
    assert abs(np.var(first) - 1) < 4 * np.sqrt(2 / 400)


def test_noise_in_each_step_needs_a_parameter(graph):
    with pytest.raises(ValueError, match="each_step is about parameters"):
        apply_noise(graph, graph.select(":a"), 1, each_step=True)


def test_the_gradient_with_respect_to_a_noisy_weight_is_taken_at_the_noisy_value():
    weight = weight_of_ones()
    batch = {"x": np.ones(400, np.float32)}
    graph = ComputationGraph(lambda x: {"cost": jnp.sum(x * weight.read() ** 2)}, batch)
    noisy = apply_noise(graph, [weight], 0.5)
    key = jax.random.key(1)

    gradient = jax.grad(lambda v: noisy.function({"/W": v}, batch, key)[0]["cost"])(weight.value)

    seen = noisy.capture([weight])(batch, key)["/W"]
    np.testing.assert_allclose(gradient, 2 * np.asarray(seen), rtol=1e-5, atol=1e-6)


def test_noise_on_an_activation_in_a_scan_is_new_in_each_iteration():
    def fn(x):
        def step(carry, _):
            return carry, annotate(carry * 1, OUTPUT, "state")

        return jax.lax.scan(step, x, None, length=3)[1]

    graph = ComputationGraph(fn, BATCH)
    noisy = apply_noise(graph, graph.select(":state"), 1)

    first, second, third = np.asarray(noisy(BATCH, jax.random.key(1))["output"]) - 1

    for one, other in [(first, second), (first, third), (second, third)]:
        assert abs(np.mean(one * other)) < 4 / np.sqrt(one.size)


def test_inside_a_custom_derivative_rule_noise_is_refused_or_the_rule_dropped():
    @jax.custom_jvp
    def doubled(x):
        return annotate(x * 2, OUTPUT, "inner")

    doubled.defjvp(lambda primals, tangents: (doubled(*primals), tangents[0] * 2))
    graph = ComputationGraph(doubled, BATCH)
    inner = graph.select(":inner")

    with pytest.raises(ValueError, match="inside_rules='inline' drops the rule"):
        apply_noise(graph, inner, 1)
    noisy = apply_noise(graph, inner, 1, inside_rules="inline")
    assert abs(np.std(noisy(BATCH, jax.random.key(1))["output"]) - 1) < 0.02


def test_the_dtype_stays():
    batch = {"x": jnp.ones(5, jnp.bfloat16)}
    graph = ComputationGraph(lambda x: annotate(x * 2, OUTPUT, "a"), batch)

    assert apply_noise(graph, graph.select(":a"), 0.1)(batch, jax.random.key(1))["a"].dtype == (
        jnp.bfloat16
    )


@pytest.mark.parametrize(
    ("level", "error", "words"),
    [
        (-0.1, ValueError, "level is -0.1, but must be at least 0 and finite"),
        (float("inf"), ValueError, "at least 0 and finite"),
        (float("nan"), ValueError, "at least 0 and finite"),
        ("a lot", TypeError, "must be a number"),
    ],
)
def test_the_level_is_checked(graph, level, error, words):
    with pytest.raises(error, match=words):
        apply_noise(graph, graph.select(":a"), level)


def test_there_must_be_a_variable_to_put_noise_on(graph):
    with pytest.raises(ValueError, match="apply_noise: there are no variables"):
        apply_noise(graph, [], 0.1)
