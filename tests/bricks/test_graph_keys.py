"""Random keys: one for each place, each iteration and each device, all from one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from _small_brick import SmallBrick, by_key
from jax import lax

from bricks.graph import ComputationGraph, annotate, application_scope, random_key
from bricks.roles import OUTPUT

X = np.zeros((2, 50), np.float32)


def draw(x):
    return x + jax.random.uniform(random_key(), x.shape)


def add_noise(graph, keys, kind="noise"):
    variables = by_key(graph)
    return graph.replace({variables[key]: draw for key in keys}, kind=kind)


def named(*names):
    """A graph of several tagged copies of its source."""

    def fn(x):
        return {name: annotate(x, OUTPUT, f"{name}_") for name in names}

    return ComputationGraph(fn, {"x": X})


def test_a_graph_that_draws_without_a_key_is_an_error_that_says_so():
    graph = ComputationGraph(draw, {"x": X})

    with pytest.raises(ValueError, match=r"draws random numbers.*pass key=jax.random.key\(seed\)"):
        graph({"x": X})


def test_the_same_key_draws_the_same_and_another_key_draws_something_else():
    graph = ComputationGraph(lambda x: {"y": draw(x)}, {"x": X})

    def drawn(seed):
        return np.asarray(graph({"x": X}, key=jax.random.key(seed))["y"])

    np.testing.assert_array_equal(drawn(0), drawn(0))
    assert not np.any(drawn(0) == drawn(1))
    np.testing.assert_array_equal(graph({"x": X}, key=jax.random.PRNGKey(0))["y"], drawn(0))


def test_each_call_of_random_key_gives_another():
    brick = SmallBrick("/sampler")

    def fn(x):
        with application_scope(brick, "apply"):
            first, second = draw(x), draw(x)
        with application_scope(brick, "apply"):
            return {"draws": jnp.stack([first, second, draw(x)]), "bare": draw(x)}

    found = ComputationGraph(fn, {"x": X})({"x": X}, key=jax.random.key(0))

    rows = {row.tobytes() for row in np.asarray(found["draws"])}
    assert len(rows | {np.asarray(found["bare"]).tobytes()}) == 4


def test_a_rewrite_elsewhere_changes_no_draw():
    graph = named("a", "b", "c")
    key = jax.random.key(0)

    alone = add_noise(graph, ["b_"])({"x": X}, key=key)
    among = add_noise(graph, ["c_", "b_", "a_"])({"x": X}, key=key)
    other_kind_first = add_noise(add_noise(graph, ["a_"], "dropout"), ["b_"])({"x": X}, key=key)

    np.testing.assert_array_equal(alone["b"], among["b"])
    np.testing.assert_array_equal(alone["b"], other_kind_first["b"])
    assert not np.any(np.asarray(among["a"]) == np.asarray(among["b"]))


def test_two_rewrites_of_one_variable_draw_differently():
    graph = named("a")
    key = jax.random.key(0)

    once = np.asarray(add_noise(graph, ["a_"])({"x": X}, key=key)["a"])
    twice = np.asarray(add_noise(add_noise(graph, ["a_"]), ["a_"])({"x": X}, key=key)["a"])

    assert not np.any(np.isclose(twice, 2 * once, atol=1e-5))


def test_a_key_depends_on_names_and_numbers_as_written_down_once():
    graph = ComputationGraph(lambda x: {"y": draw(x)}, {"x": X})
    key = jax.random.key(7)
    # The first 8 bytes of SHA-256("random_key"), as two little-endian integers.
    words = (0xD2C0B556, 0x7F95D342)

    expected = jax.random.uniform(
        jax.random.fold_in(jax.random.fold_in(key, words[0]), words[1]), X.shape
    )

    np.testing.assert_array_equal(graph({"x": X}, key=key)["y"], expected)


def test_each_iteration_of_nested_loops_has_a_key_of_its_own():
    def inner(carry, _):
        return carry, draw(X[0])

    def outer(carry, _):
        return carry, lax.scan(inner, carry, None, length=3)[1]

    graph = ComputationGraph(lambda x: {"y": lax.scan(outer, x, None, length=2)[1]}, {"x": X})

    found = np.asarray(graph({"x": X}, key=jax.random.key(0))["y"]).reshape(6, -1)

    assert len({row.tobytes() for row in found}) == 6


def test_a_rewrite_in_a_scan_draws_anew_in_each_step_and_its_gradient_uses_the_same_draw():
    def step(carry, _):
        carry = annotate(carry, OUTPUT, "state")
        return carry, carry

    def fn(x):
        _, states = lax.scan(step, x, None, length=4)
        return {"cost": jnp.sum(states)}

    graph = ComputationGraph(fn, {"x": X[0]})
    state = by_key(graph)["state"]

    def mask(value):
        return value * jax.random.bernoulli(random_key(), 0.5, value.shape)

    masked = graph.replace({state: mask}, kind="dropout")
    key, x = jax.random.key(0), jnp.ones(50)

    def cost(x):
        return masked.function({}, {"x": x}, key)[0]["cost"]

    states = np.asarray(masked.capture([state])({"x": x}, key=key)["state"])
    np.testing.assert_array_equal(jax.grad(cost)(x), states.sum(axis=0))
    kept = states.sum(axis=1)
    assert kept[0] > kept[1] > kept[2] > kept[3]


def test_a_while_loop_draws_anew_in_each_iteration():
    def step(state):
        i, total, last = state
        drawn = draw(X[0, :1])[0]
        return i + 1, total + jnp.abs(drawn - last), drawn

    def fn(x):
        return lax.while_loop(lambda state: state[0] < 3, step, (0, x, x))[1]

    graph = ComputationGraph(lambda x: {"total": fn(x)}, {"x": np.float32(0)})

    found = graph({"x": np.float32(0)}, key=jax.random.key(0))["total"]

    uniform = {
        i: float(
            ComputationGraph(
                lambda x, n=i: lax.while_loop(
                    lambda s: s[0] < n + 1, lambda s: (s[0] + 1, draw(X[0, :1])[0]), (0, x)
                )[1],
                {"x": np.float32(0)},
            )({"x": np.float32(0)}, key=jax.random.key(0))["output"]
        )
        for i in range(3)
    }
    steps = [uniform[0], abs(uniform[1] - uniform[0]), abs(uniform[2] - uniform[1])]
    assert float(found) == pytest.approx(sum(steps), rel=1e-5)
    assert len(set(uniform.values())) == 3


def test_keys_are_supplied_in_checkpoints_branches_and_helpers():
    def fn(x):
        first = jax.checkpoint(draw)(x)
        second = lax.cond(jnp.sum(x) > -1, draw, lambda x: x, x)
        return {"y": jnp.stack([first, second, jax.jit(draw)(x)])}

    graph = ComputationGraph(fn, {"x": X})

    found = np.asarray(graph({"x": X}, key=jax.random.key(0))["y"])

    assert len({row.tobytes() for row in found}) == 3


@pytest.mark.parametrize(
    ("key", "given"),
    [(3, r"int32\[\]"), (np.zeros(2, np.float32), r"float32\[2\]")],
    ids=["number", "floats"],
)
def test_what_is_no_key_is_refused(key, given):
    graph = ComputationGraph(draw, {"x": X})

    message = rf"the key is {given}, but must be one key<fry>.*jax.random.key\(seed\)"
    with pytest.raises(TypeError, match=message):
        graph({"x": X}, key=key)


def test_a_raw_key_draws_as_the_typed_one():
    graph = ComputationGraph(draw, {"x": X})

    raw = graph({"x": X}, key=jax.random.PRNGKey(3))["output"]

    np.testing.assert_array_equal(raw, graph({"x": X}, key=jax.random.key(3))["output"])


def test_a_key_of_another_generator_is_refused():
    graph = ComputationGraph(draw, {"x": X})

    with pytest.raises(TypeError, match=r"the key is key<rbg>.*must be one key<fry>"):
        graph({"x": X}, key=jax.random.key(0, impl="rbg"))


def test_a_graph_that_draws_nothing_needs_and_uses_no_key():
    graph = ComputationGraph(lambda x: {"y": x, "z": (draw(x), x)[1]}, {"x": X})

    np.testing.assert_array_equal(graph({"x": X})["z"], X)
