"""The three primitives under every transformation of JAX, inside and outside of graphs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from _small_brick import SmallBrick, by_key, struct
from jax import lax

from bricks.graph import ComputationGraph, annotate, is_tracing, random_key
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY, OUTPUT


def tag(value, name="tagged"):
    return annotate(value, OUTPUT, name)


def double_custom_jvp(x):
    @jax.custom_jvp
    def double(x):
        return 2 * x

    double.defjvp(lambda primals, tangents: (double(*primals), tag(2 * tangents[0], "tangent")))
    return double(tag(x))


def double_custom_vjp(x):
    @jax.custom_vjp
    def double(x):
        return 2 * x

    double.defvjp(lambda x: (2 * tag(x), None), lambda residual, cotangent: (2 * tag(cotangent),))
    return double(x)


SITUATIONS = {
    "plainly": lambda x: tag(x) * 2,
    "in jit": lambda x: jax.jit(lambda x: tag(x) * 2)(x),
    "in scan": lambda x: lax.scan(lambda c, _: (tag(c) * 2, None), x, None, length=1)[0],
    "in fori_loop": lambda x: lax.fori_loop(0, 1, lambda i, c: tag(c) * 2, x),
    "in cond": lambda x: lax.cond(True, lambda x: tag(x) * 2, lambda x: x, x),
    "in switch": lambda x: lax.switch(1, [lambda x: x, lambda x: tag(x) * 2, lambda x: -x], x),
    "in checkpoint": lambda x: jax.checkpoint(lambda x: tag(x) * 2)(x),
    "with a policy": lambda x: jax.checkpoint(
        lambda x: tag(x) * 2, policy=jax.checkpoint_policies.everything_saveable
    )(x),
    "in vmap": lambda x: jax.vmap(lambda x: tag(x) * 2)(x),
    "in map": lambda x: lax.map(lambda x: tag(x) * 2, x),
    "in associative_scan": lambda x: x + lax.associative_scan(lambda a, b: tag(a) * 0 + b, x),
    "in a custom_jvp rule": double_custom_jvp,
    "in a custom_vjp rule": double_custom_vjp,
    "unused": lambda x: (tag(x), 2 * x)[1],
}
X = jnp.asarray([1.0, 2.0, 3.0])


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
class TestATag:
    """Each function doubles its argument."""

    def test_leaves_the_value_as_it_is_in_a_graph(self, situation):
        graph = ComputationGraph(lambda x: situation(x), {"x": X})

        np.testing.assert_array_equal(graph({"x": X})["output"], 2 * X)

    def test_differentiates_as_identity_in_a_graph(self, situation):
        graph = ComputationGraph(lambda x: jnp.sum(situation(x) ** 2), {"x": X})

        gradient = jax.grad(lambda x: graph.function({}, {"x": x})[0]["output"])(X)

        np.testing.assert_allclose(gradient, 8 * X)

    def test_differentiates_as_identity_when_grad_is_inside_of_the_graph(self, situation):
        gradient = jax.grad(lambda x: jnp.sum(situation(x) ** 2))

        graph = ComputationGraph(lambda x: gradient(x), {"x": X})

        np.testing.assert_allclose(graph({"x": X})["output"], 8 * X)

    def test_batches_as_identity(self, situation):
        graph = ComputationGraph(lambda x: situation(x), {"x": X})

        batched = jax.vmap(lambda x: graph.function({}, {"x": x})[0]["output"])(X + X[:, None])

        np.testing.assert_allclose(batched, 2 * (X + X[:, None]))

    def test_lowers_to_nothing(self, situation):
        graph = ComputationGraph(lambda x: situation(x), {"x": X})

        text = jax.jit(lambda x: graph.function({}, {"x": x})[0]).lower(X).as_text()

        assert "annotate" not in text

    def test_is_no_work_at_all_outside_of_a_graph(self, situation):
        jaxpr = jax.make_jaxpr(situation)(X)

        assert "annotate" not in str(jaxpr)


@pytest.mark.parametrize("transform", ["jvp", "linearize", "hessian", "jacrev", "jacfwd"])
def test_forward_and_second_derivatives_go_through_tags(transform):
    graph = ComputationGraph(lambda x: jnp.sum(tag(x) ** 3), {"x": X})

    def cube(x):
        return graph.function({}, {"x": x})[0]["output"]

    one = jnp.ones(3)
    found = {
        "jvp": lambda: jax.jvp(cube, (X,), (one,))[1],
        "linearize": lambda: jax.linearize(cube, X)[1](one),
        "hessian": lambda: jax.hessian(cube)(X) @ one / 2,
        "jacrev": lambda: jax.jacrev(cube)(X),
        "jacfwd": lambda: jax.jacfwd(cube)(X),
    }[transform]()

    expected = {"jvp": 3 * np.sum(X**2), "linearize": 3 * np.sum(X**2), "hessian": 3 * X}
    np.testing.assert_allclose(found, expected.get(transform, 3 * X**2))


@pytest.mark.parametrize(
    "value",
    [
        np.arange(3, dtype=np.int32),
        np.float32(2),
        jnp.ones((), jnp.bfloat16),
        np.array([True, False]),
        jnp.zeros((0, 2)),
    ],
    ids=["integers", "a NumPy scalar", "bfloat16", "booleans", "nothing"],
)
def test_values_of_any_dtype_can_be_tagged(value):
    graph = ComputationGraph(lambda x: {"x": tag(x)}, {"x": jnp.asarray(value)})

    result = graph({"x": value})["x"]

    np.testing.assert_array_equal(result, value)
    assert result.dtype == value.dtype


def test_keys_can_be_tagged():
    key = jax.random.key(3)
    graph = ComputationGraph(lambda k: jax.random.key_data(tag(k)), {"k": key})

    np.testing.assert_array_equal(graph({"k": key})["output"], jax.random.key_data(key))


def test_a_weakly_typed_value_stays_weak_through_a_tag():
    graph = ComputationGraph(lambda x: x * tag(2.0), {"x": jnp.bfloat16(3)})

    assert graph({"x": jnp.bfloat16(3)})["output"].dtype == jnp.bfloat16


def test_tracing_is_known_inside_of_a_graph_alone():
    seen = []

    ComputationGraph(lambda x: (seen.append(is_tracing()), x)[1], {"x": X})
    jax.jit(lambda x: (seen.append(is_tracing()), x)[1])(X)

    assert seen == [True, False]


def test_a_parameter_reads_as_its_current_value_outside_of_graphs():
    W = Parameter("W", (3,))
    W.value = X

    assert float(jnp.sum(W.read())) == 6
    np.testing.assert_array_equal(jax.vmap(lambda x: x * W.read()[0])(X), X)
    np.testing.assert_array_equal(jax.grad(lambda x: jnp.sum(x * W.read()))(X), X)


def test_a_parameter_without_a_value_says_how_to_get_one():
    with pytest.raises(ValueError, match=r"/W has no value yet; call brick.initialize\(seed"):
        Parameter("W", (3,)).read()


def test_a_parameter_in_a_bare_jit_is_an_error_that_says_what_to_do():
    brick = SmallBrick("/mlp/linear_0")

    with pytest.raises(TypeError, match=r"/mlp/linear_0.W was read inside a bare jax.jit.*Graph"):
        jax.jit(brick.apply)(X)


def test_a_random_key_outside_of_a_graph_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match=r"random_key\(\) was called outside of a graph"):
        random_key()
    with pytest.raises(TypeError, match=r"build ComputationGraph"):
        jax.jit(lambda: jax.random.normal(random_key()))()


def test_a_graph_exports_to_the_same_bits():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: jnp.tanh(brick.apply(x)), {"x": X})

    def call(values, x):
        return graph.function(values, {"x": x})[0]["output"]

    exported = jax.export.export(jax.jit(call))({"/linear.W": struct(3, 3)}, struct(3))

    values = {"/linear.W": brick.W.value}
    np.testing.assert_array_equal(exported.call(values, X), jax.jit(call)(values, X))


def test_tags_in_dead_code_of_a_transform_do_not_count():
    def cost(x):
        annotate(x + 1, OUTPUT, "unused")
        annotate(x + 2, AUXILIARY, "monitored")
        return x

    graph = ComputationGraph(cost, {"x": X})

    assert list(by_key(graph)) == ["x", "monitored"]
