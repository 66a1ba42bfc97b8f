"""What a graph refuses, and how it says so."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from _small_brick import SmallBrick, by_key, struct, values_of
from jax import lax

from bricks.graph import ComputationGraph, annotate, random_key
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY, OUTPUT

X = np.ones((2, 3), np.float32)


def mark(value):
    return annotate(value, OUTPUT, "marked")


@jax.custom_jvp
def slow_tanh(x):
    return mark(jnp.tanh(x))


slow_tanh.defjvp(lambda primals, tangents: (slow_tanh(*primals), 100 * tangents[0]))


@jax.custom_vjp
def slow_tanh_vjp(x):
    return mark(jnp.tanh(x))


slow_tanh_vjp.defvjp(lambda x: (slow_tanh_vjp(x), None), lambda _, g: (100 * g,))

RULES = {"custom_jvp": slow_tanh, "custom_vjp": slow_tanh_vjp}
each_rule = pytest.mark.parametrize(("rule", "fn"), RULES.items(), ids=RULES)


@each_rule
def test_a_variable_in_a_custom_derivative_rule_is_listed_but_refused(rule, fn):
    graph = ComputationGraph(lambda x: {"y": fn(x)}, {"x": X})
    variable = by_key(graph)["marked"]

    assert rule in variable.blocked
    with pytest.raises(ValueError, match=rf"marked cannot be replaced.*{rule} rule; inside_rules"):
        graph.replace({variable: lambda value: value})
    with pytest.raises(ValueError, match=rf"marked cannot be captured.*{rule}"):
        graph.capture([variable])


@each_rule
def test_a_custom_rule_can_be_dropped_for_a_rewrite(rule, fn):
    graph = ComputationGraph(lambda x: {"y": jnp.sum(fn(x))}, {"x": X})

    inlined = graph.replace(
        {by_key(graph)["marked"]: lambda value: 3 * value}, inside_rules="inline"
    )

    gradient = jax.grad(lambda x: inlined.function({}, {"x": x})[0]["y"])(X)
    np.testing.assert_allclose(gradient, 3 / np.cosh(X) ** 2, rtol=1e-5)
    assert by_key(inlined)["marked"].blocked is None


@each_rule
def test_a_variable_in_a_custom_rule_can_be_left_as_it_is(rule, fn):
    graph = ComputationGraph(lambda x: {"y": jnp.sum(fn(x)), "z": mark(x)}, {"x": X})
    variables = by_key(graph)

    skipped = graph.replace(
        {variables["marked"]: lambda v: 3 * v, variables["marked#1"]: lambda v: 5 * v},
        inside_rules="skip",
    )

    found = skipped({"x": X})
    assert float(found["y"]) == pytest.approx(6 * np.tanh(1), rel=1e-5)
    np.testing.assert_array_equal(found["z"], 5 * X)


@each_rule
def test_a_custom_rule_without_targets_keeps_its_derivative(rule, fn):
    graph = ComputationGraph(lambda x: {"y": jnp.sum(fn(mark(x)))}, {"x": X})

    rewritten = graph.replace({by_key(graph)["marked"]: lambda value: 2 * value})

    gradient = jax.grad(lambda x: rewritten.function({}, {"x": x})[0]["y"])(X)
    np.testing.assert_array_equal(gradient, 200 * X)


def test_a_parameter_read_in_a_custom_rule_is_refused():
    brick = SmallBrick("/linear")
    hidden = jax.custom_jvp(lambda x: brick.apply(x))
    hidden.defjvp(lambda primals, tangents: (primals[0], tangents[0]))

    with pytest.raises(ValueError, match=r"/linear.W cannot be supplied.*custom_jvp.*argument"):
        ComputationGraph(lambda x: hidden(x), {"x": X})


def test_a_variable_that_went_through_grad_is_refused():
    gradient = jax.grad(lambda x: jnp.sum(mark(x) ** 2))
    graph = ComputationGraph(lambda x: gradient(x), {"x": X})

    with pytest.raises(ValueError, match=r"marked cannot be replaced.*jax.grad.*rewrite first"):
        graph.replace({by_key(graph)["marked"]: lambda value: value})


def test_a_primitive_that_hides_a_jaxpr_is_opaque():
    def fn(x):
        return lax.custom_linear_solve(
            lambda x: mark(2.0 * x), x, lambda matvec, b: b / 2, symmetric=True
        )

    graph = ComputationGraph(fn, {"x": X})
    variable = by_key(graph)["marked"]

    assert "'custom_linear_solve', which is opaque" in variable.blocked
    with pytest.raises(ValueError, match="marked cannot be replaced.*opaque"):
        graph.replace({variable: lambda value: value}, inside_rules="inline")
    np.testing.assert_array_equal(graph({"x": X})["output"], X / 2)


@pytest.mark.skipif(not hasattr(jax.config, "jax_remat3"), reason="this JAX has no jax_remat3")
def test_the_jaxpr_of_the_new_checkpoint_is_found_and_opaque():
    jax.config.update("jax_remat3", True)
    try:
        graph = ComputationGraph(lambda x: jax.checkpoint(mark)(x), {"x": X})
    finally:
        jax.config.update("jax_remat3", False)

    assert "opaque" in by_key(graph)["marked"].blocked


@pytest.mark.parametrize("batch", [{"y": X}, {"x": X, "y": X}, {}], ids=["other", "extra", "none"])
def test_a_batch_with_other_sources_is_refused_with_both_sets(batch):
    graph = ComputationGraph(lambda x: x, {"x": X})

    with pytest.raises(
        ValueError, match=r"the batch has the sources \[.*but the graph takes \['x'"
    ):
        graph(batch)
    with pytest.raises(ValueError, match=r"the batch has the sources \[.*the graph takes \['x'"):
        graph.function({}, batch)
    with pytest.raises(ValueError, match=r"the batch has .*the traced function takes \['x'\]"):
        ComputationGraph(lambda x: x, batch)


@pytest.mark.parametrize("batch", [X, (X,), None], ids=["array", "tuple", "none"])
def test_a_batch_is_a_dict(batch):
    graph = ComputationGraph(lambda x: x, {"x": X})

    for use in (graph, lambda batch: graph.function({}, batch)):
        with pytest.raises(TypeError, match=f"the batch is {type(batch).__name__}, but must be a"):
            use(batch)
    with pytest.raises(TypeError, match="must be a dict from the names of sources to arrays"):
        ComputationGraph(lambda x: x, batch)


def test_a_function_may_have_defaults_or_take_any_source():
    with_default = ComputationGraph(lambda x, scale=2: x * scale, {"x": X})
    with_any = ComputationGraph(lambda **sources: sources["x"] + sources["y"], {"x": X, "y": X})

    np.testing.assert_array_equal(with_default({"x": X})["output"], 2 * X)
    np.testing.assert_array_equal(with_any({"y": X, "x": 2 * X})["output"], 3 * X)


def test_a_source_that_is_no_array_is_refused():
    with pytest.raises(TypeError, match="the source 'x' is list, but must be an array"):
        ComputationGraph(lambda x: x, {"x": [1, 2]})


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([1, 2], "returned a list of 2; return one array, or a dict"),
        ({"a": None}, "returned NoneType for the output 'a'"),
        ({"a": {"b": X}}, "returned dict for the output 'a'"),
        ({}, "an empty dict"),
    ],
)
def test_an_output_that_is_no_array_is_refused(result, message):
    with pytest.raises(TypeError, match=message):
        ComputationGraph(lambda x: result, {"x": X})


def test_missing_and_misshapen_values_are_refused_by_path():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: brick.apply(x), {"x": X})

    with pytest.raises(ValueError, match=r"missing for the parameters \['/linear.W'\].*\['/other'"):
        graph.function({"/other": X}, {"x": X})
    with pytest.raises(ValueError, match=r"/linear.W is float32\[2, 3\].*is float32\[3, 3\]"):
        graph.function({"/linear.W": X}, {"x": X})


def test_a_value_of_another_dtype_is_refused_by_path():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: brick.apply(x), {"x": X})

    with pytest.raises(ValueError, match=r"/linear.W is bfloat16\[3, 3\].*is float32\[3, 3\]"):
        graph.function({"/linear.W": brick.W.value.astype(jnp.bfloat16)}, {"x": X})
    with pytest.raises(TypeError, match=r"the value given for /linear.W is list, but must be an"):
        graph.function({"/linear.W": [[1.0]]}, {"x": X})


def test_more_values_than_needed_may_be_given():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: brick.apply(x), {"x": X})

    outputs, updates = graph.function({**values_of(graph), "/other": X}, {"x": X})

    assert list(outputs) == ["output"]
    assert updates == {}


def test_evaluating_with_an_uninitialized_parameter_says_what_to_do():
    W = Parameter("W", (3,))
    graph = ComputationGraph(lambda x: x * W.read(), {"x": X})

    with pytest.raises(ValueError, match="/W has no value yet; call brick.initialize"):
        graph({"x": X})


@pytest.mark.parametrize(
    ("replacement", "found"),
    [
        (lambda value: value[:1], r"float32\[1, 3\]"),
        (lambda value: value.astype(jnp.bfloat16), r"bfloat16\[2, 3\]"),
        (0.0, r"float32\[\]"),
    ],
    ids=["shape", "dtype", "scalar"],
)
def test_a_replacement_of_another_shape_or_dtype_is_refused_with_both(replacement, found):
    graph = ComputationGraph(lambda x: mark(x), {"x": X})

    message = rf"replacement of marked is {found}, but must be float32\[2, 3\]"
    with pytest.raises(ValueError, match=message):
        graph.replace({by_key(graph)["marked"]: replacement})


def test_a_variable_of_another_graph_is_refused_with_near_misses():
    graph = ComputationGraph(lambda x: mark(x), {"x": X})
    other = ComputationGraph(lambda x: annotate(x, OUTPUT, "marker"), {"x": X})
    brick = SmallBrick("/linear")

    with pytest.raises(
        ValueError,
        match=r"marker is not in the graph of x float32\[\d,3\]; near it are \['marked'\]",
    ):
        graph.replace({by_key(other)["marker"]: lambda value: value})
    with pytest.raises(ValueError, match=r"/linear.W is not in the graph of .*; there are \['x'"):
        graph.capture([brick.W])


def test_the_condition_of_a_while_loop_can_be_rewritten_but_not_captured():
    def fn(x):
        return lax.while_loop(lambda c: mark(jnp.sum(c)) < 20, lambda c: 2 * c, x)

    graph = ComputationGraph(lambda x: {"y": fn(x)}, {"x": X})
    variable = by_key(graph)["marked"]

    stopped = graph.replace({variable: lambda value: value + 100})

    np.testing.assert_array_equal(graph({"x": X})["y"], 4 * X)
    np.testing.assert_array_equal(stopped({"x": X})["y"], X)
    with pytest.raises(ValueError, match="in the condition of a while loop"):
        graph.capture([variable])


def test_an_output_with_the_name_of_a_captured_variable_is_not_overwritten():
    graph = ComputationGraph(lambda x: {"marked": x + 1, "y": mark(x)}, {"x": X})

    variable = next(v for v in graph.variables if v.roles == {OUTPUT})
    assert str(variable) == "marked"
    with pytest.raises(ValueError, match=r"the outputs \['marked'\] have the names of variables"):
        graph.capture([variable])


def test_a_traced_value_cannot_be_set_on_a_parameter():
    W = Parameter("W", (3,))

    def assign(value):
        W.value = value
        return value

    with pytest.raises(TypeError, match=r"value set on /W is traced.*record_update"):
        jax.jit(assign)(jnp.ones(3))


@pytest.mark.parametrize("value", [np.ones(3), np.ones((3, 1), np.float32)], ids=["dtype", "shape"])
def test_a_value_of_another_shape_or_dtype_cannot_be_set(value):
    W = Parameter("W", (3,))

    with pytest.raises(ValueError, match=r"/W holds float32\[3\], but the value set is"):
        W.value = value


def test_a_parameter_keeps_its_own_copy_of_a_numpy_array():
    W = Parameter("W", (16,))
    array = np.ones(16, np.float32)
    W.value = array

    array[:] = 5

    np.testing.assert_array_equal(W.value, np.ones(16))


@pytest.mark.parametrize("name", ["", "a/b", "a.b", "a:b"])
def test_a_parameter_needs_a_plain_name(name):
    with pytest.raises(ValueError, match="cannot name a parameter"):
        Parameter(name, ())


def test_an_auxiliary_draw_that_nothing_depends_on_needs_no_key():
    def fn(x):
        annotate(jax.random.normal(random_key()), AUXILIARY, "sample")
        return {"y": x}

    graph = ComputationGraph(fn, {"x": struct(2, 3)})

    np.testing.assert_array_equal(graph({"x": X})["y"], X)
    captured = graph.capture(graph.auxiliary_variables)
    assert captured({"x": X}, key=jax.random.key(0))["sample"].shape == ()
