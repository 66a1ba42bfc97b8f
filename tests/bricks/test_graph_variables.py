"""What a graph lists: variables with keys of their own, parameters, outputs, updates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from _small_brick import SmallBrick, by_key, struct, values_of
from jax import lax
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

from bricks.graph import ComputationGraph, annotate, application_scope, record_update
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY, BATCH_NORM_POPULATION_MEAN, COST, INPUT, OUTPUT
from bricks.variable import Loop

X = np.ones((2, 3), np.float32)


def test_variables_are_listed_in_order_of_evaluation_with_path_application_and_name():
    first, second = SmallBrick("/mlp/linear_0"), SmallBrick("/mlp/linear_1")
    graph = ComputationGraph(lambda x: second.apply(jnp.tanh(first.apply(x))), {"x": X})

    assert list(by_key(graph)) == [
        "x",
        "/mlp/linear_0.apply:input_",
        "/mlp/linear_0.W",
        "/mlp/linear_0.apply:output",
        "/mlp/linear_1.apply:input_",
        "/mlp/linear_1.W",
        "/mlp/linear_1.apply:output",
    ]
    output = by_key(graph)["/mlp/linear_0.apply:output"]
    assert (output.path, output.application, output.name) == ("/mlp/linear_0", "apply", "output")
    assert output.brick is first
    assert output.roles == {OUTPUT}
    assert (output.shape, output.dtype, output.call_id) == ((2, 3), jnp.float32, 0)
    assert graph.parameters == (first.W, second.W)
    assert [str(variable) for variable in graph.inputs] == ["x"]


def test_each_call_of_a_brick_has_its_own_number():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: brick.apply(brick.apply(x)), {"x": X})

    outputs = [variable for variable in graph.variables if variable.name == "output"]

    assert [str(output) for output in outputs] == [
        "/linear.apply:output",
        "/linear.apply:output#1",
    ]
    assert [output.call_id for output in outputs] == [0, 1]
    assert graph.parameters == (brick.W,)


@jax.jit
def shared_jit(x, W):
    return jnp.tanh(annotate(x @ W, AUXILIARY, "product"))


def shared_step(carry, _):
    return annotate(jnp.tanh(carry), AUXILIARY, "state"), None


def shared_scan(x, W):
    return lax.scan(shared_step, x @ W, None, length=2)[0]


shared_checkpoint = jax.checkpoint(shared_jit.__wrapped__)


def shared_branch(x):
    return annotate(x * 2, AUXILIARY, "branch")


def shared_cond(x, W):
    return lax.cond(jnp.sum(x) > 0, shared_branch, shared_branch, x @ W)


@pytest.mark.parametrize(
    "helper", [shared_jit, shared_scan, shared_checkpoint, shared_cond], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("trace", ["first", "second"])
def test_a_helper_that_two_bricks_share_has_two_paths(helper, trace):
    foo, bar = SmallBrick("/foo/lstm"), SmallBrick("/bar/lstm")
    graph = ComputationGraph(lambda x: bar.apply(foo.apply(x, helper), helper), {"x": X})

    shared = graph.auxiliary_variables
    half = len(shared) // 2

    assert [variable.path for variable in shared] == ["/foo/lstm"] * half + ["/bar/lstm"] * half
    assert [variable.brick for variable in shared] == [foo] * half + [bar] * half


def test_loops_around_a_variable_are_listed_outermost_first():
    brick = SmallBrick("/rnn")

    def outer(carry, _):
        def inner(carry, _):
            return jnp.tanh(brick.apply(carry)), None

        return lax.scan(inner, carry, None, length=4)[0], None

    def fn(x):
        x, _ = lax.scan(outer, x, None, length=2)
        return lax.while_loop(lambda c: jnp.sum(c) > 100, lambda c: tag_state(c), x)

    def tag_state(c):
        return annotate(c * 2, OUTPUT, "state")

    variables = by_key(ComputationGraph(fn, {"x": X}))

    assert variables["/rnn.apply:output"].loops == (Loop("scan", 2), Loop("scan", 4))
    assert variables["state"].loops == (Loop("while"),)


def test_associative_scan_gives_several_numbered_tags():
    def combine(a, b):
        return annotate(a + b, OUTPUT, "partial")

    graph = ComputationGraph(lambda x: lax.associative_scan(combine, x), {"x": struct(5)})

    names = [str(variable) for variable in graph.variables]

    assert names[:3] == ["x", "partial", "partial#1"]
    np.testing.assert_array_equal(graph({"x": np.ones(5, np.float32)})["output"], [1, 2, 3, 4, 5])


def test_an_input_and_an_output_of_one_name_have_different_keys():
    brick = SmallBrick("/rnn")

    def fn(x):
        with application_scope(brick, "apply"):
            return annotate(jnp.tanh(annotate(x, INPUT, "states")), OUTPUT, "states")

    keys = list(by_key(ComputationGraph(fn, {"x": X})))

    assert keys == ["x", "/rnn.apply:states", "/rnn.apply:states(OUTPUT)"]


def test_vmap_inside_of_a_graph_gives_variables_with_the_batched_shape():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: jax.vmap(brick.apply)(x), {"x": X})

    assert by_key(graph)["/linear.apply:output"].shape == (2, 3)
    assert by_key(graph)["/linear.apply:output"].blocked is None


def test_variables_found_after_grad_are_listed_as_blocked():
    brick = SmallBrick("/linear")
    gradient = jax.grad(lambda x: jnp.sum(brick.apply(x) ** 2))
    graph = ComputationGraph(lambda x: gradient(x), {"x": X})

    assert "jax.grad" in by_key(graph)["/linear.apply:output"].blocked


def test_grad_of_the_graph_for_a_new_batch_size_does_not_count_as_grad_inside():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: jnp.sum(brick.apply(x)), {"x": X})
    doubled = graph.replace({by_key(graph)["/linear.apply:output"]: lambda value: 2 * value})
    values = values_of(graph)

    def cost(values, x):
        return doubled.function(values, {"x": x})[0]["output"]

    gradient = jax.jit(jax.grad(cost))(values, np.ones((5, 3), np.float32))

    np.testing.assert_allclose(gradient["/linear.W"], np.full((3, 3), 10))


def test_dead_code_and_its_parameters_are_not_in_the_graph():
    used, unused, monitored = (SmallBrick(f"/{name}") for name in ("used", "unused", "monitored"))

    def fn(x):
        unused.apply(x)
        annotate(monitored.apply(x), AUXILIARY, "extra")
        return used.apply(x)

    graph = ComputationGraph(fn, {"x": X})

    assert graph.parameters == (used.W,)
    assert monitored.W in graph.variables
    assert not any(str(variable).startswith("/unused") for variable in graph.variables)
    assert [str(variable) for variable in graph.auxiliary_variables] == ["extra"]


def test_dead_code_is_found_through_the_carry_of_a_scan():
    alive, dead, feeding = (SmallBrick(f"/{name}") for name in ("alive", "dead", "feeding"))

    def step(carry, _):
        a, b, c = carry
        return (alive.apply(a) + b, feeding.apply(b), dead.apply(c)), None

    def fn(x):
        return lax.scan(step, (x, x, x), None, length=3)[0][0]

    graph = ComputationGraph(fn, {"x": X})

    assert graph.parameters == (alive.W, feeding.W)
    a = b = X
    for _ in range(3):
        a, b = a @ alive.W.value + b, b @ feeding.W.value
    np.testing.assert_allclose(graph({"x": X})["output"], a, rtol=1e-5)


@pytest.mark.parametrize("result", ["array", "dict", "jitted", "untagged"])
def test_an_output_is_named_by_its_key_or_its_tag_or_else_output(result):
    def tagged(x):
        return annotate(jnp.sum(x), COST, "cost")

    fn, expected = {
        "array": (tagged, {"cost": "cost"}),
        "dict": (lambda x: {"a": tagged(x), "b": x}, {"a": "cost", "b": "x"}),
        "jitted": (jax.jit(tagged), {"cost": "cost"}),
        "untagged": (lambda x: x + 1, {"output": "output"}),
    }[result]

    graph = ComputationGraph(lambda x: fn(x), {"x": X})

    assert {name: str(variable) for name, variable in graph.outputs.items()} == expected
    assert list(graph({"x": X})) == list(expected)


def test_a_variable_belongs_to_the_brick_that_made_it_though_another_has_its_path():
    first, second = SmallBrick("/same"), SmallBrick("/same")
    second.W = first.W
    graph = ComputationGraph(lambda x: second.apply(first.apply(x)), {"x": X})

    rewritten = graph.replace({by_key(graph)["/same.apply:output"]: lambda value: 0 * value})

    for found in (graph, rewritten):
        outputs = [each for each in found.variables if each.name == "output"]
        assert [each.brick for each in outputs] == [first, second]


def test_a_shared_parameter_has_the_sum_of_the_gradients():
    first = SmallBrick("/first")
    tied = SmallBrick("/second", W=first.W)
    graph = ComputationGraph(
        lambda x: jnp.sum(first.apply(x)) + 3 * jnp.sum(tied.apply(x)), {"x": X}
    )

    gradient = jax.grad(lambda v: graph.function(v, {"x": X})[0]["output"])(values_of(graph))

    assert graph.parameters == (first.W,)
    np.testing.assert_allclose(gradient["/first.W"], np.full((3, 3), 8))


def test_two_distinct_parameters_with_one_path_are_an_error_that_names_both():
    first, second = SmallBrick("/linear"), SmallBrick("/linear", dim=3)

    with pytest.raises(ValueError, match=r"have the path /linear.W: .*float32.*and <Parameter"):
        ComputationGraph(lambda x: first.apply(second.apply(x)), {"x": X})


def test_a_recorded_update_is_returned_by_the_function():
    mean = Parameter("mean", (3,))
    mean.value = jnp.zeros(3)

    @jax.jit
    def normalize(x):
        record_update(mean, 0.5 * mean.read() + 0.5 * jnp.mean(x, axis=0))
        return x - mean.read()

    graph = ComputationGraph(lambda x: normalize(x), {"x": X})
    outputs, updates = jax.jit(graph.function)({"/mean": jnp.ones(3)}, {"x": 3 * X})

    assert list(graph.updates) == [mean]
    np.testing.assert_array_equal(outputs["output"], 3 * X - 1)
    np.testing.assert_array_equal(updates["/mean"], np.full(3, 2.0))


@pytest.mark.parametrize("place", ["scan", "cond"])
def test_an_update_in_a_loop_or_branch_is_refused(place):
    mean = Parameter("mean", (3,))

    def update(x):
        record_update(mean, x[0])
        return x

    fn = {
        "scan": lambda x: lax.scan(lambda c, _: (update(c), None), x, None, length=2)[0],
        "cond": lambda x: lax.cond(jnp.sum(x) > 0, update, lambda x: x, x),
    }[place]

    with pytest.raises(ValueError, match="an update of /mean was recorded in a"):
        ComputationGraph(fn, {"x": X})


def test_an_update_under_vmap_is_refused():
    mean = Parameter("mean", (3,))

    def one(row):
        record_update(mean, 2 * row)
        return row

    with pytest.raises(ValueError, match=r"/mean was recorded under jax.vmap.*shape \(2, 3\)"):
        ComputationGraph(lambda x: jax.vmap(one)(x), {"x": X})


def test_an_update_that_each_device_would_make_is_refused():
    mean = Parameter("mean", (3,))
    mesh = jax.make_mesh((1,), ("data",), axis_types=(AxisType.Auto,))

    def part(x):
        record_update(mean, jnp.mean(x, axis=0))
        return x

    mapped = jax.shard_map(part, mesh=mesh, in_specs=P("data"), out_specs=P("data"))
    with pytest.raises(ValueError, match="/mean was recorded inside shard_map"):
        ComputationGraph(lambda x: mapped(x), {"x": X})


def test_two_updates_of_one_parameter_are_refused():
    mean = Parameter("mean", (2, 3))

    def fn(x):
        record_update(mean, x)
        record_update(mean, x + 1)
        return x

    with pytest.raises(ValueError, match="two updates of /mean"):
        ComputationGraph(fn, {"x": X})


def test_an_update_is_one_of_a_parameter():
    brick = SmallBrick("/linear")

    with pytest.raises(TypeError, match=r"record_update was given SmallBrick.*get_parameter"):
        ComputationGraph(lambda x: (record_update(brick, x), x)[1], {"x": X})


def test_a_tag_needs_a_role():
    with pytest.raises(TypeError, match="roles is 'OUTPUT', but must be a list of roles"):
        ComputationGraph(lambda x: annotate(x, "OUTPUT", "y"), {"x": X})


def test_a_variable_prints_as_its_name_and_kind():
    (variable,) = ComputationGraph(lambda x: x, {"x": X}).inputs

    assert (str(variable), repr(variable)) == ("x", "<Variable x float32[2, 3]>")


def test_an_update_of_another_shape_is_refused():
    mean = Parameter("mean", (3,))

    with pytest.raises(ValueError, match=r"update of /mean is float32\[2, 3\].*float32\[3\]"):
        ComputationGraph(lambda x: (record_update(mean, x), x)[1], {"x": X})


def test_frozen_parameters_are_not_trainable_but_gradients_flow_through_them():
    first, second = SmallBrick("/first"), SmallBrick("/second")
    graph = ComputationGraph(lambda x: jnp.sum(second.apply(first.apply(x))), {"x": X})

    frozen = graph.with_frozen([second.W])
    gradient = jax.grad(lambda v: frozen.function(v, {"x": X})[0]["output"])(values_of(graph))

    assert frozen.trainable_parameters == (first.W,)
    assert frozen.parameters == graph.trainable_parameters == (first.W, second.W)
    expected = 2 * np.ones((3, 1)) @ np.asarray(second.W.value).sum(axis=1)[None]
    np.testing.assert_allclose(gradient["/first.W"], expected, rtol=1e-5)


def test_integer_parameters_are_not_trainable():
    table = Parameter("table", (3,), jnp.int32)

    graph = ComputationGraph(lambda x: x * table.read(), {"x": X})

    assert graph.parameters == (table,)
    assert graph.trainable_parameters == ()


def test_statistics_that_are_persistent_but_no_parameters_are_not_trainable():
    mean = Parameter("mean", (3,), roles=[BATCH_NORM_POPULATION_MEAN])
    scale = Parameter("scale", (3,))

    def fn(x):
        record_update(mean, jnp.mean(x, axis=0))
        return (x - mean.read()) * scale.read()

    graph = ComputationGraph(fn, {"x": X})
    outputs, updates = graph.function({"/mean": jnp.ones(3), "/scale": jnp.ones(3)}, {"x": 3 * X})

    assert graph.parameters == (mean, scale)
    assert graph.trainable_parameters == (scale,)
    assert graph.select(".PARAMETER") == [scale]
    np.testing.assert_array_equal(updates["/mean"], np.full(3, 3.0))
    np.testing.assert_array_equal(outputs["output"], np.full((2, 3), 2.0))
