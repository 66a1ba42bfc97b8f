"""Replacing and capturing values, in the bodies of loops, branches and helpers too."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from _small_brick import SmallBrick, by_key, values_of
from jax import lax

from bricks.graph import ComputationGraph, Indexed, annotate, random_key
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY, COST, DROPOUT, OUTPUT

X = np.linspace(0.1, 0.6, 6, dtype=np.float32).reshape(2, 3)
STEPS = 4


def mark(value):
    return annotate(value, OUTPUT, "marked")


def scanned(x):
    def step(carry, _):
        carry = mark(carry * 2)
        return carry, carry + 1

    carry, ys = lax.scan(step, x, None, length=STEPS)
    return jnp.sum(carry) + jnp.sum(ys)


def while_looped(x):
    def step(state):
        i, carry = state
        return i + 1, mark(carry * 2)

    return jnp.sum(lax.while_loop(lambda state: state[0] < STEPS, step, (0, x))[1])


SITUATIONS = {
    "plain": lambda x: jnp.sum(mark(x * 2)),
    "jit": lambda x: jax.jit(lambda x: jnp.sum(mark(x * 2)))(x),
    "nested jit": lambda x: jax.jit(lambda x: jax.jit(lambda x: jnp.sum(mark(x * 2)))(x))(x),
    "scan": scanned,
    "reverse scan": lambda x: jnp.sum(
        lax.scan(lambda c, t: (mark(c * t), c), x, jnp.arange(1.0, 4.0), reverse=True)[1]
    ),
    "fori_loop": lambda x: jnp.sum(lax.fori_loop(0, STEPS, lambda i, c: mark(c * 2), x)),
    "while": while_looped,
    "cond": lambda x: lax.cond(x[0, 0] > 0, lambda x: jnp.sum(mark(x * 2)), jnp.sum, x),
    "switch": lambda x: lax.switch(
        jnp.int32(x[0, 0] > 0), [jnp.sum, lambda x: jnp.sum(mark(x * 2)), jnp.sum], x
    ),
    "checkpoint": lambda x: jax.checkpoint(lambda x: jnp.sum(mark(x * 2)))(x),
    "vmap": lambda x: jnp.sum(jax.vmap(lambda x: mark(x * 2))(x)),
    "vmapped cond": lambda x: jnp.sum(
        jax.vmap(lambda x: lax.cond(x[0] > 0, lambda x: mark(x * 2), lambda x: x, x))(x)
    ),
    "vmapped while": lambda x: jnp.sum(
        jax.vmap(
            lambda x, n: lax.while_loop(
                lambda s: s[0] < n, lambda s: (s[0] + 1, mark(s[1] * 2)), (0, x)
            )
        )(x, jnp.arange(1, 3))[1]
    ),
    "vmapped scan": lambda x: jnp.sum(
        jax.vmap(lambda x: lax.scan(lambda c, _: (mark(c * 2), c), x, None, length=2)[1])(x)
    ),
    "map in batches": lambda x: jnp.sum(lax.map(lambda x: mark(x * 2), x, batch_size=1)),
    "scan of a weakly typed number": lambda x: jnp.sum(
        x * lax.scan(lambda c, _: (mark(c * 2), None), 1.0, None, length=2)[0]
    ),
    "switch in a scan": lambda x: jnp.sum(
        lax.scan(
            lambda c, i: (lax.switch(i, [lambda c: mark(c * 2), lambda c: c], c), None),
            x,
            jnp.arange(2),
        )[0]
    ),
    "scan of a checkpoint": lambda x: jnp.sum(
        lax.scan(jax.checkpoint(lambda c, _: (mark(jnp.sin(c)), None)), x, None, length=2)[0]
    ),
    "unrolled scan": lambda x: jnp.sum(
        lax.scan(lambda c, _: (mark(c * 2), None), x, None, length=4, unroll=2)[0]
    ),
    "associative_scan": lambda x: jnp.sum(
        lax.associative_scan(lambda a, b: mark(a + b), jnp.concatenate([x, x]))
    ),
}
every_situation = pytest.mark.parametrize("fn", SITUATIONS.values(), ids=SITUATIONS.keys())


def marked(graph):
    return [variable for variable in graph.variables if variable.name == "marked"]


def result(graph, batch=None, key=None):
    return graph({"x": X} if batch is None else batch, key=key)["output"]


@every_situation
def test_an_identity_rewrite_keeps_values_and_gradients_to_the_bit(fn):
    graph = ComputationGraph(lambda x: fn(x), {"x": X})
    rewritten = graph.replace({variable: lambda value: value for variable in marked(graph)})

    def evaluate(graph):
        cost = jax.jit(lambda x: graph.function({}, {"x": x})[0]["output"])
        # A while loop has no reverse mode, so the gradient is taken forward.
        return cost(X), jax.jit(jax.jacfwd(cost))(X)

    assert marked(rewritten) == marked(graph)
    for expected, found in zip(evaluate(graph), evaluate(rewritten), strict=True):
        np.testing.assert_array_equal(found, expected)


@every_situation
def test_a_replacement_by_a_function_and_by_an_array_are_the_same(fn):
    graph = ComputationGraph(lambda x: fn(x), {"x": X})

    by_function = graph.replace(dict.fromkeys(marked(graph), jnp.zeros_like))
    by_array = graph.replace(
        {variable: np.zeros(variable.shape, np.float32) for variable in marked(graph)}
    )

    assert float(result(by_function)) == float(result(by_array))
    assert float(result(by_function)) != float(result(graph))


@pytest.mark.parametrize(
    "name", ["plain", "jit", "nested jit", "cond", "checkpoint", "vmap", "while"]
)
def test_what_a_replacement_does_not_use_has_no_gradient(name):
    fn = SITUATIONS[name]
    graph = ComputationGraph(lambda x: fn(x), {"x": X})
    zeroed = graph.replace(dict.fromkeys(marked(graph), jnp.zeros_like))

    gradient = jax.jacfwd(lambda x: zeroed.function({}, {"x": x})[0]["output"])(X)

    np.testing.assert_array_equal(gradient, np.zeros_like(X))


@every_situation
def test_a_capture_leaves_the_outputs_as_they_were_to_the_bit(fn):
    graph = ComputationGraph(lambda x: fn(x), {"x": X})
    captured = graph.capture(marked(graph))

    found = captured({"x": X})

    np.testing.assert_array_equal(found["output"], result(graph))
    assert {str(variable) for variable in marked(graph)} <= set(found)


def test_captures_in_a_scan_are_stacked_in_front():
    graph = ComputationGraph(lambda x: scanned(x), {"x": X})

    found = graph.capture(marked(graph))({"x": X})["marked"]

    np.testing.assert_array_equal(found, np.stack([X * 2**k for k in range(1, STEPS + 1)]))


def test_captures_in_nested_scans_are_stacked_outer_first():
    def fn(x):
        def outer(carry, _):
            return lax.scan(lambda c, _: (mark(c + 1), None), carry, None, length=2)[0], None

        return lax.scan(outer, x, None, length=3)[0]

    graph = ComputationGraph(fn, {"x": np.float32(0)})

    found = graph.capture(marked(graph))({"x": np.float32(0)})["marked"]

    np.testing.assert_array_equal(found, [[1, 2], [3, 4], [5, 6]])


def test_a_capture_in_a_while_loop_is_that_of_the_last_iteration():
    graph = ComputationGraph(lambda x: while_looped(x), {"x": X})

    found = graph.capture(marked(graph))({"x": X})

    np.testing.assert_array_equal(found["marked"], X * 2**STEPS)
    assert bool(found["marked:taken"])


def test_a_capture_in_a_while_loop_that_never_runs_is_not_taken():
    def fn(x):
        return lax.while_loop(lambda c: jnp.sum(c) < 0, lambda c: mark(c * 2), x)

    graph = ComputationGraph(fn, {"x": X})
    found = graph.capture(marked(graph))({"x": X})

    assert not bool(found["marked:taken"])
    np.testing.assert_array_equal(found["marked"], np.zeros_like(X))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_capture_in_a_branch_tells_whether_it_was_taken(sign):
    def fn(x):
        return lax.cond(x[0, 0] > 0, lambda x: mark(x * 2), lambda x: x, x)

    graph = ComputationGraph(fn, {"x": X})
    found = graph.capture(marked(graph))({"x": sign * X})

    assert bool(found["marked:taken"]) == (sign > 0)
    np.testing.assert_array_equal(found["marked"], 2 * X if sign > 0 else np.zeros_like(X))


def test_a_branch_in_a_scan_is_captured_with_a_flag_for_each_step():
    def step(carry, t):
        return carry, lax.cond(t > 1, lambda t: mark(t * 10), lambda t: t, t)

    graph = ComputationGraph(lambda x: lax.scan(step, 0.0, x)[1], {"x": np.ones(4, np.float32)})
    found = graph.capture(marked(graph))({"x": np.arange(4, dtype=np.float32)})

    np.testing.assert_array_equal(found["marked"], [0, 0, 20, 30])
    np.testing.assert_array_equal(found["marked:taken"], [False, False, True, True])


def test_an_indexed_replacement_knows_the_iterations_of_the_loops_around():
    def outer(carry, _):
        return carry, lax.scan(lambda c, _: (c, mark(c)), carry, None, length=3)[1]

    graph = ComputationGraph(lambda x: lax.scan(outer, x, None, length=2)[1], {"x": np.float32(0)})
    replacement = Indexed(lambda value, indices: value + 10 * indices[0] + indices[1])

    rewritten = graph.replace({marked(graph)[0]: replacement})

    np.testing.assert_array_equal(
        result(rewritten, {"x": np.float32(0)}), [[0, 1, 2], [10, 11, 12]]
    )


def test_an_indexed_replacement_counts_the_iterations_of_a_while_loop():
    graph = ComputationGraph(lambda x: while_looped(x), {"x": np.float32(1)})

    rewritten = graph.replace(
        {marked(graph)[0]: Indexed(lambda value, indices: value + indices[0])}
    )

    # 1 -> 2+0 -> 4+1 -> 10+2 -> 24+3
    assert float(result(rewritten, {"x": np.float32(1)})) == 27


def test_rewrites_take_effect_in_the_order_of_their_application():
    graph = ComputationGraph(lambda x: scanned(x), {"x": X})
    (variable,) = marked(graph)

    before = graph.capture([variable]).replace({variable: lambda value: value + 1})
    again = before.capture([variable])
    after = graph.replace({variable: lambda value: value + 1}).capture([variable])
    both = graph.replace({variable: lambda v: v + 1}).replace({variable: lambda v: v * 10})

    np.testing.assert_allclose(before({"x": X})["marked"][0], X * 2)
    np.testing.assert_allclose(after({"x": X})["marked"][0], X * 2 + 1)
    np.testing.assert_allclose(again({"x": X})["marked"][0], X * 2 + 1)
    np.testing.assert_allclose(both.capture([variable])({"x": X})["marked"][0], (X * 2 + 1) * 10)


def test_a_rewrite_adds_roles_and_keeps_the_old_graph_as_it_was():
    graph = ComputationGraph(lambda x: scanned(x), {"x": X})

    rewritten = graph.replace({marked(graph)[0]: lambda value: value}, roles=[DROPOUT])

    assert marked(rewritten)[0].roles == {OUTPUT, DROPOUT}
    assert marked(graph)[0].roles == {OUTPUT}


def test_every_rewrite_finds_its_target_for_other_batch_sizes():
    graph = ComputationGraph(lambda x: scanned(x), {"x": X})
    rewritten = graph.replace({marked(graph)[0]: lambda value: 0 * value}).capture(marked(graph))

    found = rewritten({"x": np.ones((7, 3), np.float32)})

    np.testing.assert_array_equal(found["marked"], np.zeros((STEPS, 7, 3)))
    assert float(found["output"]) == STEPS * 7 * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda graph, variable: graph.replace({variable: lambda value: 0 * value}),
        lambda graph, variable: graph.capture([variable]),
        lambda graph, variable: graph.map_outputs(lambda outputs, _: outputs, [variable]),
    ],
    ids=["replace", "capture", "map_outputs"],
)
def test_a_target_that_is_not_there_for_another_batch_size_is_an_error(change):
    def fn(x):
        return jnp.sum(annotate(x, OUTPUT, "marked") if x.shape[0] > 1 else x)

    graph = ComputationGraph(fn, {"x": X})
    changed = change(graph, marked(graph)[0])

    with pytest.raises(ValueError, match=r"marked is not in the graph of x float32\[1,3\]"):
        changed({"x": X[:1]})


def test_sources_can_be_replaced_and_captured():
    graph = ComputationGraph(lambda x: jnp.sum(x), {"x": X})

    rewritten = graph.replace({graph.inputs[0]: lambda value: value * 2}).capture(graph.inputs)

    assert float(result(rewritten)) == pytest.approx(2 * X.sum())
    np.testing.assert_array_equal(rewritten({"x": X})["x"], 2 * X)


def test_an_output_can_be_replaced():
    graph = ComputationGraph(lambda x: {"cost": annotate(jnp.sum(x), COST, "cost")}, {"x": X})

    rewritten = graph.replace({graph.outputs["cost"]: lambda cost: -cost})

    assert float(rewritten({"x": X})["cost"]) == pytest.approx(-X.sum())


def test_a_replacement_may_apply_bricks_whose_variables_join_the_graph():
    brick, adapter = SmallBrick("/linear"), SmallBrick("/adapter", seed=1)
    graph = ComputationGraph(lambda x: brick.apply(x), {"x": X})
    output = by_key(graph)["/linear.apply:output"]

    adapted = graph.replace({output: adapter.apply}, kind="adapt")

    assert adapted.parameters == (brick.W, adapter.W)
    added = "/adapter.apply:output@adapt0(/linear.apply:output)"
    zeroed = adapted.replace({by_key(adapted)[added]: lambda value: 0 * value})
    np.testing.assert_allclose(result(adapted), X @ brick.W.value @ adapter.W.value, rtol=1e-5)
    np.testing.assert_array_equal(result(zeroed), np.zeros_like(X))


def test_a_parameter_is_replaced_once_for_all_readers_and_steps():
    first = SmallBrick("/first")
    tied = SmallBrick("/second", W=first.W)

    def fn(x):
        x = first.apply(x)
        return lax.scan(lambda c, _: (tied.apply(c), None), x, None, length=2)[0]

    graph = ComputationGraph(fn, {"x": X})
    noisy = graph.replace({first.W: lambda W: W + jax.random.normal(random_key(), W.shape)})

    found = noisy.capture([first.W])({"x": X}, key=jax.random.key(0))

    W = found["/first.W"]
    assert not np.allclose(W, first.W.value)
    np.testing.assert_allclose(found["output"], X @ W @ W @ W, rtol=1e-4)


def test_a_parameter_can_be_replaced_anew_in_each_step_of_the_loops_that_read_it():
    brick = SmallBrick("/rnn")
    outside = SmallBrick("/outside", W=brick.W)

    def fn(x):
        W = brick.W.read()
        x = outside.apply(x)

        def step(carry, _):
            return carry, annotate(x @ W, OUTPUT, "state")

        jitted = jax.jit(lambda x, W: lax.scan(lambda c, _: (c, x @ W), 0, None, length=2)[1])
        return {"states": lax.scan(step, x, None, length=3)[1], "again": jitted(x, W), "x": x}

    graph = ComputationGraph(fn, {"x": np.eye(3, dtype=np.float32)})
    add_noise = lambda W: W + jax.random.normal(random_key(), W.shape)  # noqa: E731
    noisy = graph.replace({brick.W: add_noise}, each_step=True, kind="noise")

    found = noisy({"x": np.eye(3, dtype=np.float32)}, key=jax.random.key(0))

    weights = [found["x"]] + [
        np.linalg.solve(found["x"], state) for state in (*found["states"], *found["again"])
    ]
    assert len({np.asarray(W).round(2).tobytes() for W in weights}) == 6
    with pytest.raises(ValueError, match="was replaced for each step"):
        noisy.replace({brick.W: add_noise})


def test_each_step_is_no_different_if_the_replacement_is_none():
    brick = SmallBrick("/rnn")

    def fn(x):
        return lax.scan(lambda c, _: (brick.apply(c), None), x, None, length=3)[0]

    graph = ComputationGraph(fn, {"x": X})
    doubled = graph.replace({brick.W: lambda W: 2 * W}, each_step=True)
    at_once = graph.replace({brick.W: lambda W: 2 * W})

    np.testing.assert_array_equal(result(doubled), result(at_once))


def test_what_captured_a_parameter_does_not_see_later_replacements_of_it():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: {"cost": jnp.sum(brick.apply(x))}, {"x": X})

    changed = graph.capture([brick.W]).replace({brick.W: lambda W: 0 * W})

    found = changed({"x": X})
    np.testing.assert_array_equal(found["/linear.W"], brick.W.value)
    assert float(found["cost"]) == 0


def test_rewrites_of_a_parameter_follow_one_another_also_for_readers_that_come_later():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: brick.apply(x), {"x": X})
    output = by_key(graph)["/linear.apply:output"]

    rewritten = (
        graph.replace({brick.W: lambda W: W + 1})
        .replace({brick.W: lambda W: 2 * W})
        .replace({output: lambda value: value + brick.W.read()[0]})
    )

    W = 2 * (np.asarray(brick.W.value) + 1)
    np.testing.assert_allclose(result(rewritten), X @ W + W[0], rtol=1e-5)


def test_the_gradient_reaches_a_parameter_through_its_replacement():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: jnp.sum(brick.apply(x)), {"x": X})
    squared = graph.replace({brick.W: jnp.square})

    values = values_of(graph)
    gradient = jax.grad(lambda v: squared.function(v, {"x": X})[0]["output"])(values)

    expected = 2 * values["/linear.W"] * X.sum(axis=0)[:, None]
    np.testing.assert_allclose(gradient["/linear.W"], expected, rtol=1e-5)


def test_outputs_can_be_mapped_with_values_of_variables():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: {"cost": jnp.sum(brick.apply(x))}, {"x": X})

    def add_penalty(outputs, values):
        return {**outputs, "cost": outputs["cost"] + jnp.sum(values[brick.W] ** 2)}

    penalized = graph.map_outputs(add_penalty, [brick.W])
    twice = penalized.map_outputs(lambda outputs, _: outputs | {"more": 2 * outputs["cost"]})

    W = np.asarray(brick.W.value)
    expected = (X @ W).sum() + (W**2).sum()
    assert float(penalized({"x": X})["cost"]) == pytest.approx(expected, rel=1e-5)
    assert float(twice({"x": X})["more"]) == pytest.approx(2 * expected, rel=1e-5)


def test_a_hidden_state_has_a_gradient_at_each_step_through_an_added_source_of_zeros():
    def fn(x, shift):
        def step(carry, zero):
            carry = jnp.tanh(carry * 2) + zero
            return carry, None

        return jnp.sum(lax.scan(step, x, shift)[0])

    shift = np.zeros((3, 3), np.float32)
    graph = ComputationGraph(fn, {"x": X[0], "shift": shift})

    def cost(shift):
        return graph.function({}, {"x": X[0], "shift": shift})[0]["output"]

    def unrolled(shift):
        carry = X[0]
        for t in range(3):
            carry = jnp.tanh(carry * 2) + shift[t]
        return jnp.sum(carry)

    np.testing.assert_allclose(jax.grad(cost)(shift), jax.grad(unrolled)(shift), rtol=1e-6)


def test_vmap_of_grad_of_a_rewritten_graph():
    brick = SmallBrick("/linear")
    graph = ComputationGraph(lambda x: jnp.sum(brick.apply(x)), {"x": X[0]})
    rewritten = graph.replace({by_key(graph)["/linear.apply:output"]: jnp.square})

    def cost(x):
        return rewritten.function(values_of(graph), {"x": x})[0]["output"]

    found = jax.vmap(jax.grad(cost))(X)

    W = np.asarray(brick.W.value)
    np.testing.assert_allclose(found, 2 * (X @ W) @ W.T, rtol=1e-5)


def test_the_optimized_program_is_that_of_the_plain_function():
    brick = SmallBrick("/linear")

    def plain(values, x):
        def step(carry, _):
            return jnp.tanh(carry @ values["/linear.W"]), None

        return jnp.sum(lax.scan(step, x, None, length=STEPS)[0])

    def tagged(x):
        def step(carry, _):
            return annotate(jnp.tanh(brick.apply(carry)), OUTPUT, "state"), None

        return jnp.sum(lax.scan(step, x, None, length=STEPS)[0])

    graph = ComputationGraph(tagged, {"x": X})
    identity = graph.replace({by_key(graph)["state"]: lambda value: value})

    def program(fn):
        compiled = jax.jit(jax.value_and_grad(fn)).lower(values_of(graph), X).compile()
        text = re.sub(r", metadata=\{[^}]*\}", "", compiled.as_text())
        return [line for line in text.splitlines() if " = " in line]

    def of(graph):
        return lambda values, x: graph.function(values, {"x": x})[0]["output"]

    assert program(of(graph)) == program(plain)
    # A rewrite inside the scan numbers the iterations; the compiler removes that again.
    opcodes = [re.sub(r"[.\d]+", "", line) for line in program(of(identity))]
    assert len(opcodes) == len(program(plain))


def test_the_policy_of_a_checkpoint_is_kept():
    policy = jax.checkpoint_policies.everything_saveable

    def fn(x):
        block = jax.checkpoint(lambda x: jnp.sin(mark(jnp.sin(x))), policy=policy)
        return jnp.sum(block(x))

    graph = ComputationGraph(fn, {"x": X})
    rewritten = graph.replace({marked(graph)[0]: lambda value: value * 2})

    jaxpr = str(jax.make_jaxpr(lambda x: rewritten.function({}, {"x": x})[0])(X))
    assert "everything_saveable" in jaxpr


def test_the_options_of_a_jitted_helper_are_kept():
    mesh = jax.sharding.Mesh(jax.devices()[:1], ("data",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    helper = jax.jit(lambda x: mark(x * 2), in_shardings=sharding, out_shardings=sharding)
    graph = ComputationGraph(lambda x: {"output": helper(x)}, {"x": X})

    rewritten = graph.capture(marked(graph)).replace({marked(graph)[0]: lambda value: value + 1})

    jaxpr = str(jax.make_jaxpr(lambda x: rewritten.function({}, {"x": x})[0])(X))
    assert "NamedSharding" in jaxpr
    np.testing.assert_allclose(rewritten({"x": X})["output"], 2 * X + 1)


def test_a_parameter_read_in_a_loop_or_helper_is_supplied_there():
    brick = SmallBrick("/linear")

    def fn(x):
        x = jax.jit(brick.apply)(x)
        x = lax.scan(lambda c, _: (jnp.tanh(brick.apply(c)), None), x, None, length=2)[0]
        x = lax.cond(jnp.sum(x) > 1e9, lambda x: x, brick.apply, x)
        x = lax.while_loop(lambda c: jnp.sum(c) > 1e9, brick.apply, x)
        return jax.checkpoint(brick.apply)(x)

    graph = ComputationGraph(fn, {"x": X})
    W = np.asarray(brick.W.value)

    found = jax.jit(graph.function)({"/linear.W": W}, {"x": X})[0]["output"]

    np.testing.assert_allclose(found, np.tanh(np.tanh(X @ W @ W) @ W) @ W @ W, rtol=1e-4)


def test_a_helper_that_reads_parameters_is_still_compiled_once_for_several_calls():
    brick = SmallBrick("/linear")
    helper = jax.jit(lambda x: jnp.tanh(x @ brick.W.read()))
    graph = ComputationGraph(lambda x: helper(helper(helper(x))), {"x": X})
    W = np.asarray(brick.W.value)

    lowered = jax.jit(graph.function).lower({"/linear.W": W}, {"x": X})

    assert lowered.as_text().count("stablehlo.tanh") == 1
    expected = np.tanh(np.tanh(np.tanh(X @ W) @ W) @ W)
    np.testing.assert_allclose(result(graph), expected, rtol=1e-4)


def test_auxiliary_variables_can_be_captured_without_being_outputs():
    def fn(x):
        annotate(jnp.mean(x), AUXILIARY, "mean")
        return x

    graph = ComputationGraph(fn, {"x": X})

    found = graph.capture(graph.auxiliary_variables)({"x": X})

    assert float(found["mean"]) == pytest.approx(X.mean())


def test_the_first_variable_that_is_not_finite_is_named():
    first, second = SmallBrick("/first"), SmallBrick("/second")
    scale = Parameter("scale", ())
    graph = ComputationGraph(
        lambda x: second.apply(jnp.log(first.apply(x)) * scale.read()), {"x": X}
    )
    values = {**values_of(first_graph(first)), "/second.W": jnp.eye(3), "/scale": jnp.float32(1)}

    def first_bad(**changes):
        return graph.first_not_finite({**values, **changes}, {"x": X})

    ok = {"/first.W": jnp.eye(3)}
    assert first_bad(**ok) is None
    assert first_bad(**{"/first.W": -jnp.eye(3)}) == "/second.apply:input_"
    assert first_bad(**ok, **{"/scale": jnp.float32(jnp.inf)}) == "/scale"
    assert graph.first_not_finite({**values, **ok}, {"x": X * np.nan}) == "x"


def first_graph(brick):
    return ComputationGraph(lambda x: brick.apply(x), {"x": X})


def test_what_is_not_finite_is_looked_for_in_the_batch_at_hand():
    def fn(x):
        y = annotate(x, OUTPUT, "whole") if x.shape[0] > 1 else annotate(x, OUTPUT, "single")
        return jnp.sum(jnp.log(y))

    graph = ComputationGraph(fn, {"x": X})

    assert graph.first_not_finite({}, {"x": np.full((1, 3), np.inf, np.float32)}) == "x"
    assert graph.first_not_finite({}, {"x": np.zeros((1, 3), np.float32)}) == "output"


def test_rewrites_keep_the_order_of_the_parameters():
    first, second = SmallBrick("/first"), SmallBrick("/second")
    graph = ComputationGraph(lambda x: second.apply(first.apply(x)), {"x": X})
    scale = Parameter("scale", ())

    rewritten = graph.replace({second.W: lambda value: value * scale.read()})
    again = rewritten.capture([second.W, first.W])

    assert graph.parameters == (first.W, second.W)
    assert rewritten.parameters == again.parameters == (first.W, second.W, scale)
