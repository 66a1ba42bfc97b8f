"""Dropout by query: how much, of what size, which masks are whose."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.graph import ComputationGraph, annotate, apply_dropout, apply_noise
from bricks.parameter import Parameter
from bricks.roles import DROPOUT, OUTPUT, WEIGHT, has_roles

ONES = {"x": np.ones((400, 500), np.float32)}


def two_values(x):
    return {"a": annotate(x * 2, OUTPUT, "a"), "b": annotate(x * 3, OUTPUT, "b")}


def recurrent(x):
    def step(state, _):
        state = annotate(state + 1, OUTPUT, "state")
        return state * 0, state

    _, states = jax.lax.scan(step, x * 0, None, length=3)
    return {"states": states}


@pytest.fixture
def graph():
    return ComputationGraph(two_values, ONES)


def mask(values):
    return np.asarray(values) != 0


@pytest.mark.parametrize("drop_prob", [0.1, 0.5, 0.8])
def test_a_share_of_the_elements_is_dropped_and_the_rest_scaled_up(graph, drop_prob):
    dropped = apply_dropout(graph, graph.select(":a"), drop_prob)

    a = np.asarray(dropped(ONES, jax.random.key(1))["a"])

    deviation = np.sqrt(drop_prob * (1 - drop_prob) / a.size)
    assert abs(np.mean(a == 0) - drop_prob) < 4 * deviation
    np.testing.assert_allclose(a[a != 0], 2 / (1 - drop_prob), rtol=1e-6)


def test_the_expectation_stays(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0.3)

    mean = np.mean(dropped(ONES, jax.random.key(2))["a"])

    assert abs(mean - 2) < 4 * 2 * np.sqrt(0.3 / 0.7 / 200_000)


def test_a_custom_divisor_takes_the_place_of_the_probability_to_keep(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0.5, custom_divisor=1)

    assert set(np.unique(dropped(ONES, jax.random.key(1))["a"])) == {0, 2}


def test_nothing_changes_with_probability_zero(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0)

    np.testing.assert_array_equal(dropped(ONES, jax.random.key(1))["a"], 2 * ONES["x"])


def test_one_key_gives_one_mask_and_another_key_another(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0.5)
    first = mask(dropped(ONES, jax.random.key(1))["a"])

    np.testing.assert_array_equal(mask(dropped(ONES, jax.random.key(1))["a"]), first)
    assert np.mean(mask(dropped(ONES, jax.random.key(2))["a"]) == first) < 0.51


def test_masks_of_different_variables_are_independent(graph):
    outputs = apply_dropout(graph, graph.select(".OUTPUT"), 0.5)(ONES, jax.random.key(1))

    together = np.mean(mask(outputs["a"]) & mask(outputs["b"]))

    assert abs(together - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200_000)


def test_dropout_on_one_more_variable_changes_no_other_mask(graph):
    key = jax.random.key(3)
    alone = apply_dropout(graph, graph.select(":b"), 0.5)
    noisy = apply_noise(graph, graph.select(":x"), 0.1)
    with_others = apply_dropout(noisy, noisy.select(":a, :b"), 0.5)

    np.testing.assert_array_equal(mask(with_others(ONES, key)["b"]), mask(alone(ONES, key)["b"]))


def test_a_second_dropout_on_a_variable_has_a_mask_of_its_own(graph):
    once = apply_dropout(graph, graph.select(":a"), 0.5)
    twice = apply_dropout(once, once.select(":a"), 0.5)
    key = jax.random.key(1)

    first, both = mask(once(ONES, key)["a"]), mask(twice(ONES, key)["a"])

    assert not np.any(both & ~first)
    assert abs(np.mean(both) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200_000)


def test_the_graph_stays_as_it_was_and_needs_no_key(graph):
    apply_dropout(graph, graph.select(":a"), 0.5)

    np.testing.assert_array_equal(graph(ONES)["a"], 2 * ONES["x"])


def test_a_graph_with_dropout_asks_for_a_key(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0.5)

    with pytest.raises(ValueError, match="key"):
        dropped(ONES)


def test_the_variable_gains_the_role_of_dropout_and_stays_the_same_variable(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0.5)

    (a,) = dropped.select(".DROPOUT")

    assert [a] == graph.select(":a")
    assert has_roles(a, [DROPOUT, OUTPUT], match_all=True)


def test_the_gradient_is_that_of_the_mask(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0.5)
    key = jax.random.key(1)

    def total(x):
        return jnp.sum(dropped.function({}, {"x": x}, key)[0]["a"])

    kept = mask(dropped(ONES, key)["a"])
    np.testing.assert_array_equal(jax.grad(total)(ONES["x"]), 4 * kept)


def test_each_iteration_of_a_scan_has_a_mask_of_its_own():
    graph = ComputationGraph(recurrent, ONES)
    dropped = apply_dropout(graph, graph.select(":state"), 0.5)

    masks = mask(dropped(ONES, jax.random.key(1))["states"])

    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert abs(np.mean(masks[one] & masks[other]) - 0.25) < 0.005


def test_dropout_reaches_into_branches_rematerialized_and_compiled_functions():
    @jax.checkpoint
    def rematerialized(x):
        return annotate(jnp.sin(x), OUTPUT, "sine") * 1

    def compiled(x):
        return annotate(x + 1, OUTPUT, "more") * 1

    def fn(x):
        chosen = jax.lax.cond(
            x[0, 0] > 0,
            lambda x: annotate(x * 5, OUTPUT, "branch") * 1,
            lambda x: x,
            x,
        )
        return {"one": rematerialized(x), "two": jax.jit(compiled)(x), "three": chosen}

    graph = ComputationGraph(fn, ONES)
    dropped = apply_dropout(graph, graph.select(":sine, :more, :branch"), 0.5)

    for value in dropped(ONES, jax.random.key(1)).values():
        assert abs(np.mean(mask(value)) - 0.5) < 0.005


@jax.custom_jvp
def clipped(x):
    return annotate(jnp.minimum(x, 5), OUTPUT, "inner")


@clipped.defjvp
def _slope(primals, tangents):
    return clipped(*primals), 7 * tangents[0]


def test_inside_a_custom_derivative_rule_dropout_is_refused_skipped_or_the_rule_dropped():
    graph = ComputationGraph(lambda x: {"cost": jnp.sum(clipped(x))}, ONES)
    inner = graph.select(":inner")
    key = jax.random.key(1)

    def slopes(of):
        return np.unique(jax.grad(lambda x: of.function({}, {"x": x}, key)[0]["cost"])(ONES["x"]))

    with pytest.raises(ValueError, match="inside_rules='skip' leaves it as it is"):
        apply_dropout(graph, inner, 0.5)
    skipped = apply_dropout(graph, inner, 0.5, inside_rules="skip")
    inlined = apply_dropout(graph, inner, 0.5, inside_rules="inline")

    assert skipped(ONES, key)["cost"] == graph(ONES)["cost"]
    assert set(slopes(skipped)) == {7}
    assert set(slopes(inlined)) == {0, 2}


def test_a_dropped_parameter_has_one_mask_for_all_steps_of_a_loop():
    weight = Parameter("W", (100,), roles=[WEIGHT])
    weight.value = jnp.ones(100)

    def fn(x):
        W = weight.read()
        return jax.lax.scan(lambda carry, _: (carry, carry * W), x, None, length=4)[1]

    batch = {"x": np.ones(100, np.float32)}
    graph = ComputationGraph(fn, batch)
    dropped = apply_dropout(graph, graph.select(".WEIGHT"), 0.5)

    masks = mask(dropped(batch, jax.random.key(1))["output"])

    assert 20 < masks[0].sum() < 80
    assert np.all(masks == masks[0])


def test_another_batch_size_needs_no_new_graph(graph):
    dropped = apply_dropout(graph, graph.select(":a"), 0.5)
    batch = {"x": np.ones((3, 2000), np.float32)}

    a = dropped(batch, jax.random.key(1))["a"]

    assert a.shape == (3, 2000)
    assert abs(np.mean(mask(a)) - 0.5) < 4 * np.sqrt(0.25 / 6000)


ROW = {"x": np.arange(1, 13, dtype=np.float32)}
QUARTER = ComputationGraph(two_values, ROW)
QUARTER = apply_dropout(QUARTER, QUARTER.select(":a"), 0.25)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_every_element_is_zero_or_scaled_for_any_key(seed):
    after = QUARTER(ROW, jax.random.key(seed))["a"]

    np.testing.assert_allclose(after, np.where(mask(after), 2 * ROW["x"] / 0.75, 0), rtol=1e-6)


@pytest.mark.parametrize(
    ("drop_prob", "error", "words"),
    [
        (1, ValueError, "drop_prob must be less than 1"),
        (1.5, ValueError, "drop_prob is 1.5, but must be from 0 to 1"),
        (-0.1, ValueError, "from 0 to 1"),
        (float("nan"), ValueError, "from 0 to 1"),
        ("0.5", TypeError, "must be a number"),
        (True, TypeError, "must be a number"),
    ],
)
def test_the_probability_is_checked(graph, drop_prob, error, words):
    with pytest.raises(error, match=words):
        apply_dropout(graph, graph.select(":a"), drop_prob)


def test_a_divisor_of_zero_is_refused(graph):
    with pytest.raises(ValueError, match="divided by zero"):
        apply_dropout(graph, graph.select(":a"), 0.5, custom_divisor=0)


def test_the_variables_are_checked(graph):
    other = ComputationGraph(lambda x: annotate(x, OUTPUT, "aa"), ONES)
    whole = ComputationGraph(lambda n: annotate(n * 2, OUTPUT, "twice"), {"n": np.arange(3)})

    with pytest.raises(ValueError, match="no variables to work on"):
        apply_dropout(graph, [], 0.5)
    with pytest.raises(TypeError, match=r"bare variable a; pass a list: \[a\]"):
        apply_dropout(graph, graph.select(":a")[0], 0.5)
    with pytest.raises(TypeError, match=r"graph.select\(':a'\)"):
        apply_dropout(graph, ":a", 0.5)
    with pytest.raises(TypeError, match="'a' is not a variable"):
        apply_dropout(graph, ["a"], 0.5)
    with pytest.raises(TypeError, match="must be a list"):
        apply_dropout(graph, 3, 0.5)
    with pytest.raises(ValueError, match="aa is not a variable of this graph; near it are a"):
        apply_dropout(graph, other.select(":aa"), 0.5)
    with pytest.raises(ValueError, match=r"twice holds int.*, but floats are needed"):
        apply_dropout(whole, whole.select(":twice"), 0.5)
