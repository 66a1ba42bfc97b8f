"""Gradient descent does what a step written by hand does, and costs what that costs."""

import collections
import logging
import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_graphs import (
    Graph,
    Parameter,
    layers_cost,
    layers_graph,
    linear_data,
    linear_graph,
)

from mainloop import NotFiniteError, UnusedSourcesWarning
from mainloop.algorithms import Adam, CompositeRule, GradientDescent, Scale, StepClipping


def gradient_of_linear(weights, bias, batch):
    """Of the mean squared error, by hand."""
    error = batch["x"] @ weights + bias - batch["y"]
    return 2 * batch["x"].T @ error / len(error), 2 * error.mean()


def test_a_step_subtracts_the_scaled_gradient_from_every_parameter():
    batch = linear_data()
    algorithm = GradientDescent(linear_graph([1.0, -2.0, 0.5], 0.25), Scale(0.1))

    algorithm.process_batch(batch)

    of_weights, of_bias = gradient_of_linear(np.array([1.0, -2.0, 0.5]), 0.25, batch)
    values = algorithm.values
    np.testing.assert_allclose(values["/linear.W"], [1, -2, 0.5] - 0.1 * of_weights, rtol=1e-5)
    np.testing.assert_allclose(values["/linear.b"], 0.25 - 0.1 * of_bias, rtol=1e-5)


def handwritten(graph, optimizer):
    """A training step of `layers_graph` as one writes it in plain JAX and Optax."""

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(values, state, batch):
        cost, gradients = jax.value_and_grad(layers_cost)(values, batch)
        updates, state = optimizer.update(gradients, state, values)
        return optax.apply_updates(values, updates), state, cost

    values = {parameter.path: jnp.array(parameter.value) for parameter in graph.parameters}
    return values, optimizer.init(values), step


@pytest.mark.parametrize(
    "rule", [optax.adam(1e-3), Adam(1e-3), CompositeRule([StepClipping(0.1), Scale(0.3)])]
)
def test_ten_steps_give_the_bits_of_a_handwritten_optax_loop(rule):
    rng = np.random.default_rng(0)
    graph = layers_graph([4, 5, 2])
    algorithm = GradientDescent(graph, rule)
    values, state, step = handwritten(graph, rule)

    for _ in range(10):
        batch = {"x": rng.normal(size=(8, 4)), "y": rng.normal(size=(8, 2))}
        batch = {source: array.astype(np.float32) for source, array in batch.items()}
        algorithm.process_batch(batch)
        values, state, cost = step(values, state, batch)

    assert algorithm.last_cost == cost
    for path, value in algorithm.values.items():
        np.testing.assert_array_equal(value, values[path])


def instructions(lowered):
    """The optimized program: how often each operation on these shapes occurs."""
    lines = lowered.compile().as_text().splitlines()
    plain = [re.sub(r",? metadata=\{[^}]*\}", "", line) for line in lines if " = " in line]
    return collections.Counter(
        re.sub(r"%[\w.\-]+", "%", line).replace("ROOT ", "").strip() for line in plain
    )


@pytest.mark.parametrize("sizes", [[784, 100, 10], [4, 4, 2], [4] * 11])
def test_the_compiled_step_has_the_instructions_of_one_written_by_hand(sizes):
    rule = optax.adam(1e-3)
    graph = layers_graph(sizes)
    batch = {
        "x": np.zeros((8, sizes[0]), np.float32),
        "y": np.zeros((8, sizes[-1]), np.float32),
    }

    ours = instructions(GradientDescent(graph, rule).lower(batch))

    values, state, step = handwritten(graph, rule)
    assert ours == instructions(step.lower(values, state, batch))


def test_a_step_of_adam_has_the_instructions_of_optax_with_numbers_as_inputs():
    graph = layers_graph([4, 4, 2])
    batch = {"x": np.zeros((8, 4), np.float32), "y": np.zeros((8, 2), np.float32)}

    ours = instructions(GradientDescent(graph, Adam(1e-3)).lower(batch))

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(values, state, numbers, batch):
        cost, gradients = jax.value_and_grad(layers_cost)(values, batch)
        updates, state = optax.adam(**numbers).update(gradients, state, values)
        return optax.apply_updates(values, updates), state, cost

    values = {parameter.path: jnp.array(parameter.value) for parameter in graph.parameters}
    numbers = {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8}
    numbers = {name: jnp.float32(number) for name, number in numbers.items()}
    state = optax.adam(1e-3).init(values)
    assert ours == instructions(step.lower(values, state, numbers, batch))


def test_a_frozen_parameter_keeps_its_bits_and_has_no_state():
    graph = linear_graph(frozen=["/linear.b"], bias=0.1)
    algorithm = GradientDescent(graph, Adam(0.1))

    for _ in range(3):
        algorithm.process_batch(linear_data())

    values = algorithm.values
    assert values["/linear.b"] == np.float32(0.1)
    assert not np.array_equal(values["/linear.W"], graph.parameters[0].value)
    assert not [name for name in algorithm.state_dict()["rule"] if "linear.b" in name]


def test_the_parameters_of_choice_are_trained():
    graph = linear_graph()
    algorithm = GradientDescent(graph, Scale(0.1), parameters=[graph.parameters[1]])

    algorithm.process_batch(linear_data())

    np.testing.assert_array_equal(algorithm.values["/linear.W"], [1.0, -2.0, 0.5])
    assert algorithm.values["/linear.b"] != 0


def test_values_read_earlier_survive_later_steps():
    graph = linear_graph()
    algorithm = GradientDescent(graph, Scale(0.1))
    before = algorithm.values
    algorithm.process_batch(linear_data())
    between = algorithm.values["/linear.W"]
    expected = np.array(between)

    for _ in range(3):
        algorithm.process_batch(linear_data())

    np.testing.assert_array_equal(before["/linear.W"], [1.0, -2.0, 0.5])
    np.testing.assert_array_equal(between, expected)
    np.testing.assert_array_equal(graph.parameters[0].value, [1.0, -2.0, 0.5])


def test_values_written_back_to_the_parameters_survive_later_steps():
    graph = linear_graph()
    algorithm = GradientDescent(graph, Scale(0.1))
    algorithm.process_batch(linear_data())
    expected = np.array(algorithm.values["/linear.W"])

    algorithm.write_back()
    algorithm.process_batch(linear_data())

    np.testing.assert_array_equal(graph.parameters[0].value, expected)


def test_values_that_are_set_are_those_the_next_step_begins_with():
    batch = linear_data()
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    algorithm.process_batch(batch)

    algorithm.set_values({"/linear.W": np.ones(3, np.float32), "/linear.b": np.float32(2)})
    algorithm.process_batch(batch)

    of_weights, _ = gradient_of_linear(np.ones(3), 2.0, batch)
    np.testing.assert_allclose(algorithm.values["/linear.W"], 1 - 0.1 * of_weights, rtol=1e-5)


def test_values_of_another_shape_or_name_are_refused():
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    with pytest.raises(
        ValueError,
        match=r"/linear\.V is unknown.*/linear\.W is float32\[4\], not float32\[3\]",
    ):
        algorithm.set_values({"/linear.W": np.ones(4, np.float32), "/linear.V": np.float32(2)})


def test_updates_of_the_graph_are_applied():
    def fn(values, batch, key):
        mean = 0.5 * values["/mean"] + 0.5 * batch["x"].mean()
        return {"cost": ((batch["x"] - values["/shift"]) ** 2).mean()}, {"/mean": mean}

    parameters = [Parameter("/shift", np.float32(0)), Parameter("/mean", np.float32(8))]
    algorithm = GradientDescent(Graph(fn, parameters, ["x"], frozen=["/mean"]), Scale(0.1))

    for _ in range(3):
        algorithm.process_batch({"x": np.full(4, 2.0, np.float32)})

    assert algorithm.values["/mean"] == 2.75  # 8, 5, 3.5, 2.75


def test_a_missing_source_is_an_error_that_names_both_sets():
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    with pytest.raises(ValueError, match=r"has x, z, the graph takes x, y; missing: y"):
        algorithm.process_batch({"x": np.zeros((2, 3)), "z": np.zeros(2)})


def test_an_extra_source_is_an_error_that_names_both_sets():
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    with pytest.raises(ValueError, match=r"has x, y, z, the graph takes x, y; unused: z"):
        algorithm.process_batch({**linear_data(), "z": np.zeros(2)})


def test_an_extra_source_can_be_a_warning():
    algorithm = GradientDescent(linear_graph(), Scale(0.1), on_unused_sources="warn")

    with pytest.warns(UnusedSourcesWarning, match="unused: z"):
        algorithm.process_batch({**linear_data(), "z": np.zeros(2)})


def test_an_extra_source_can_be_ignored_whatever_it_holds():
    algorithm = GradientDescent(linear_graph(), Scale(0.1), on_unused_sources="ignore")

    algorithm.process_batch({**linear_data(), "z": np.array(["not", "a number"], object)})

    assert algorithm.steps_done == 1


def test_another_mode_for_extra_sources_is_refused():
    with pytest.raises(ValueError, match="'explode' must be 'raise', 'warn' or 'ignore'"):
        GradientDescent(linear_graph(), Scale(0.1), on_unused_sources="explode")


def test_a_second_size_of_batch_compiles_again_once_without_alarm(caplog):
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    with caplog.at_level(logging.INFO, "mainloop"):
        for examples in (4, 4, 3, 4, 3):
            algorithm.process_batch(linear_data(examples))

    assert algorithm.compilations == 2
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "x from float32[4, 3] to float32[3, 3]; y from float32[4] to float32[3]" in (
        record.getMessage()
    )


def test_every_further_size_of_batch_is_a_warning(caplog):
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    for examples in (4, 3, 2):
        algorithm.process_batch(linear_data(examples))

    (message,) = caplog.messages
    assert message == (
        "the training step is compiled once more, 3 times so far: "
        "x from float32[3, 3] to float32[2, 3]; y from float32[3] to float32[2]"
    )


def test_a_source_of_another_dtype_is_a_warning_at_once(caplog):
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    batch = linear_data(4)

    for y in (batch["y"], batch["y"].astype(np.float16)):
        algorithm.process_batch({**batch, "y": y})

    (message,) = caplog.messages
    assert message.endswith(": y from float32[4] to float16[4]")


def test_a_hyperparameter_changes_between_steps_without_compiling_again():
    batch = linear_data()
    rule = CompositeRule([StepClipping(100.0), Scale(0.1)])
    algorithm = GradientDescent(linear_graph(), rule)
    algorithm.process_batch(batch)
    before = algorithm.values

    algorithm.hyperparameters["learning_rate"] = 0.01
    algorithm.process_batch(batch)

    of_weights, _ = gradient_of_linear(before["/linear.W"], before["/linear.b"], batch)
    change = algorithm.values["/linear.W"] - before["/linear.W"]
    np.testing.assert_allclose(change, -0.01 * of_weights, rtol=1e-4)
    assert algorithm.compilations == 1
    assert dict(algorithm.hyperparameters) == pytest.approx(
        {"threshold": 100.0, "learning_rate": 0.01}
    )


def test_hyperparameters_of_optax_inject_hyperparams_can_be_changed_too():
    algorithm = GradientDescent(
        linear_graph(), optax.inject_hyperparams(optax.sgd)(learning_rate=0.1)
    )
    algorithm.process_batch(linear_data())
    before = algorithm.values["/linear.W"]

    algorithm.hyperparameters["learning_rate"] = 0.0
    algorithm.process_batch(linear_data())

    np.testing.assert_array_equal(algorithm.values["/linear.W"], before)
    assert algorithm.compilations == 1


def test_two_parts_with_one_hyperparameter_are_told_apart():
    rule = CompositeRule([Scale(0.5), Scale(0.1)])

    hyperparameters = GradientDescent(linear_graph(), rule).hyperparameters

    assert list(hyperparameters) == ["[0].learning_rate", "[1].learning_rate"]
    with pytest.raises(KeyError, match="has no 'learning_rate'; it has"):
        hyperparameters["learning_rate"] = 1.0


def test_the_key_of_a_step_depends_on_seed_and_number_alone():
    def fn(values, batch, key):
        return {"cost": values["/a"] * jax.random.normal(key)}, {}

    algorithm = GradientDescent(Graph(fn, [Parameter("/a", np.float32(0))], []), Scale(1.0), seed=7)

    for _ in range(3):
        algorithm.process_batch({})

    keys = [jax.random.fold_in(jax.random.key(7), number) for number in range(3)]
    expected = np.float32(0)
    for key in keys:
        expected = expected - np.asarray(jax.random.normal(key))
    assert algorithm.values["/a"] == expected


def test_a_rule_that_needs_the_value_of_the_cost_gets_it():
    rule = optax.chain(optax.sgd(0.05), optax.contrib.reduce_on_plateau(patience=1))
    algorithm = GradientDescent(linear_graph(), rule)

    for _ in range(5):
        algorithm.process_batch(linear_data())

    assert np.isfinite(algorithm.last_cost)


def test_lbfgs_minimizes_a_quadratic_in_a_few_steps():
    batch = linear_data(20)
    algorithm = GradientDescent(linear_graph(), optax.lbfgs())

    for _ in range(15):
        algorithm.process_batch(batch)

    design = np.column_stack([batch["x"], np.ones(20)])
    solution = np.linalg.lstsq(design, batch["y"], rcond=None)[0]
    np.testing.assert_allclose(algorithm.values["/linear.W"], solution[:3], atol=1e-3)


def test_training_runs_under_strict_promotion_of_dtypes_and_ranks():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        algorithm = GradientDescent(linear_graph(), CompositeRule([StepClipping(1.0), Adam()]))
        algorithm.process_batch(linear_data())

    assert np.isfinite(algorithm.last_cost)


@pytest.mark.parametrize(
    ("fn", "message"),
    [
        (lambda values, batch, key: ({"loss": values["/a"]}, {}), "no output 'cost'.*loss"),
        (lambda values, batch, key: ({"cost": values["/a"] * jnp.ones(2)}, {}), r"float32\[2\]"),
        (lambda values, batch, key: ({"cost": values["/a"].astype(int)}, {}), r"int32\[\]"),
    ],
)
def test_a_cost_that_is_not_one_real_number_is_an_error(fn, message):
    algorithm = GradientDescent(Graph(fn, [Parameter("/a", np.float32(0))], []), Scale())

    with pytest.raises(ValueError, match=message):
        algorithm.process_batch({})


def test_a_parameter_without_a_value_is_an_error_that_names_it():
    graph = linear_graph()
    graph.parameters[1].value = None

    with pytest.raises(ValueError, match=r"/linear\.b have no value yet; initialize"):
        GradientDescent(graph, Scale()).initialize()


def test_two_parameters_with_one_path_are_an_error_that_names_it():
    parameters = [Parameter("/a", np.float32(0)), Parameter("/a", np.float32(1))]

    with pytest.raises(ValueError, match="one path: /a"):
        GradientDescent(Graph(None, parameters, []), Scale())


def test_nothing_to_train_is_an_error():
    with pytest.raises(ValueError, match="no parameter to train"):
        GradientDescent(linear_graph(frozen=["/linear.W", "/linear.b"]), Scale())


def test_a_foreign_parameter_cannot_be_trained():
    with pytest.raises(ValueError, match="/x cannot be trained: the cost depends on /linear"):
        GradientDescent(linear_graph(), Scale(), parameters=[Parameter("/x", 0)])


def test_what_is_not_an_optax_transformation_is_no_step_rule():
    with pytest.raises(TypeError, match=r"Optax transformation; got 0\.1"):
        GradientDescent(linear_graph(), 0.1)


def nan_at(batch_number, every=100):
    """Batches of which one holds a NaN."""
    for number in range(1, every + 1):
        batch = linear_data(4, seed=number)
        if number == batch_number:
            batch["y"][1] = np.nan
        yield batch


def test_a_nan_cost_is_noticed_within_64_batches():
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    def train():
        for batch in nan_at(5):
            algorithm.process_batch(batch)

    with pytest.raises(NotFiniteError, match="the cost of batch 5 is nan"):
        train()

    assert algorithm.steps_done <= 69


def test_a_state_with_a_nan_cost_behind_it_is_never_given_away():
    graph = linear_graph()
    algorithm = GradientDescent(graph, Scale(0.1))
    for batch in nan_at(2, every=3):
        algorithm.process_batch(batch)

    for _ in range(2):
        with pytest.raises(NotFiniteError, match="the cost of batch 2 is nan"):
            algorithm.state_dict()


def test_a_state_with_a_nan_parameter_is_never_given_away():
    def fn(values, batch, key):
        return {"cost": jnp.sqrt(values["/a"])}, {}  # 0 at 0, with an infinite gradient

    algorithm = GradientDescent(Graph(fn, [Parameter("/a", np.float32(0))], []), Scale())
    algorithm.process_batch({})

    with pytest.raises(NotFiniteError, match="the parameter /a became NaN or infinite"):
        algorithm.state_dict()


def test_a_state_of_other_shapes_is_refused_with_their_names():
    state = GradientDescent(linear_graph([1.0, 2.0]), Adam()).state_dict()

    with pytest.raises(ValueError, match=r"/linear\.W is float32\[2\], not float32\[3\]"):
        GradientDescent(linear_graph(), Adam()).load_state_dict(state)


def test_a_state_of_another_rule_is_refused_with_what_differs():
    state = GradientDescent(linear_graph(), Scale()).state_dict()

    with pytest.raises(ValueError, match=r"mu\['/linear\.W'\] is missing"):
        GradientDescent(linear_graph(), Adam()).load_state_dict(state)


def test_a_rule_with_a_random_key_goes_on_exactly():
    rule = optax.chain(optax.add_noise(0.1, 0.55, key=jax.random.key(3)), optax.sgd(0.1))
    straight = GradientDescent(linear_graph(), rule)
    for number in range(4):
        straight.process_batch(linear_data(seed=number))
        if number == 1:
            state = straight.state_dict()

    resumed = GradientDescent(linear_graph(), rule)
    resumed.load_state_dict(state)
    for number in (2, 3):
        resumed.process_batch(linear_data(seed=number))

    np.testing.assert_array_equal(resumed.values["/linear.W"], straight.values["/linear.W"])
