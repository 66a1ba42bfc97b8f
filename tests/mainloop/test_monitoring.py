"""What is monitored is weighted by examples, accumulated in any grouping, and recorded by name."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_graphs import Graph, Parameter, Stream, linear_data, linear_graph

from mainloop import MainLoop
from mainloop.algorithms import GradientDescent, Scale
from mainloop.extensions import DataStreamMonitoring, FinishAfter, TrainingDataMonitoring
from mainloop.monitoring import DatasetEvaluator, Maximum, Mean, Minimum, Sum, TakeLast


def outputs_graph():
    """Outputs of known value: a mean, the squares of the examples, and a parameter."""

    def fn(values, batch, key):
        x = batch["x"]
        outputs = {"mean": x.mean(), "squares": x**2, "scale": values["/scale"]}
        return outputs | {"pairs": jnp.stack([x, x], 1)}, {}

    return Graph(fn, [Parameter("/scale", np.float32(3))], ["x"])


BLOCKS_EXAMPLE = {"x": np.array([1, 1, 1, 1, 3], np.float32)}


def test_a_short_last_batch_counts_by_its_examples():
    evaluator = DatasetEvaluator(outputs_graph(), ["mean", "squares"])

    results = evaluator.evaluate(Stream(BLOCKS_EXAMPLE, 4))

    # Four ones and one three: not 2, the mean of the two batches' means.
    assert {name: float(value) for name, value in results.items()} == pytest.approx(
        {"mean": 1.4, "squares": 2.6}
    )


@given(
    values=st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20),
    batch_size=st.integers(1, 7),
)
@settings(max_examples=15, deadline=None)
def test_aggregations_agree_with_numpy_however_the_data_is_cut(values, batch_size):
    data = {"x": np.array(values, np.float32)}
    evaluator = DatasetEvaluator(
        outputs_graph(),
        [
            Mean("squares"),
            Sum("squares", "sum"),
            Minimum("squares", "minimum"),
            Maximum("squares", "maximum"),
            TakeLast("mean"),
        ],
    )

    results = evaluator.evaluate(Stream(data, batch_size))

    squares = data["x"].astype(float) ** 2
    last = data["x"][(len(values) - 1) // batch_size * batch_size :]
    expected = {
        "squares": squares.mean(),
        "sum": squares.sum(),
        "minimum": squares.min(),
        "maximum": squares.max(),
        "mean": last.mean(),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(results[name], value, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", [Mean, Sum, Minimum, Maximum, TakeLast])
@given(parts=st.lists(st.integers(-9, 9), min_size=3, max_size=3))
@settings(max_examples=10, deadline=None)
def test_merging_is_associative_and_nothing_is_neutral(kind, parts):
    aggregation = kind("x")
    a, b, c = (aggregation.of_batch(jnp.float32(part), 2) for part in parts)

    left = aggregation.merge(aggregation.merge(a, b), c)
    right = aggregation.merge(a, aggregation.merge(b, c))
    from_nothing = aggregation.merge(aggregation.initial(), left)

    assert aggregation.result(left) == aggregation.result(right) == aggregation.result(from_nothing)


def test_all_outputs_are_monitored_if_none_are_named():
    def fn(values, batch, key):
        return {"one": batch["x"].mean(), "two": 2 * batch["x"].mean()}, {}

    results = DatasetEvaluator(Graph(fn, [], ["x"])).evaluate(Stream(BLOCKS_EXAMPLE, 4))

    assert list(results) == ["one", "two"]


def test_values_given_stand_in_for_those_of_the_parameters():
    evaluator = DatasetEvaluator(outputs_graph(), ["scale"])
    stream = Stream(BLOCKS_EXAMPLE, 4)

    assert evaluator.evaluate(stream)["scale"] == 3
    assert evaluator.evaluate(stream, {"/scale": np.float32(5)})["scale"] == 5


def test_sources_that_the_graph_does_not_take_are_left_out():
    stream = Stream(BLOCKS_EXAMPLE | {"name": np.array(list("abcde"), object)}, 4)

    assert DatasetEvaluator(outputs_graph(), ["scale"]).evaluate(stream)["scale"] == 3


def test_a_missing_source_is_an_error_that_names_both_sets():
    with pytest.raises(ValueError, match="has z, the graph takes x; missing: x"):
        DatasetEvaluator(outputs_graph()).evaluate(Stream({"z": np.zeros(3)}, 2))


def test_an_unknown_output_is_an_error_that_names_the_outputs():
    with pytest.raises(
        ValueError, match="'error' cannot be monitored: the outputs are mean, pairs"
    ):
        DatasetEvaluator(outputs_graph(), ["error"]).evaluate(Stream(BLOCKS_EXAMPLE, 4))


def test_an_output_that_is_no_value_an_example_is_an_error():
    with pytest.raises(ValueError, match=r"'pairs' has shape \(4, 2\) in a batch of 4 examples"):
        DatasetEvaluator(outputs_graph(), ["pairs"]).evaluate(Stream(BLOCKS_EXAMPLE, 4))


TIME_FIRST = {"x": np.ones((5, 3), np.float32), "y": np.array([1, 2, 6], np.float32)}


class OneBatch:
    """A stream of epochs of one batch."""

    sources = tuple(TIME_FIRST)

    def get_epoch_iterator(self, as_dict=False):
        yield TIME_FIRST


def time_first_graph():
    """Outputs of a batch that has 5 moments of 3 examples."""

    def fn(values, batch, key):
        return {"mean": batch["y"].mean(), "each": batch["y"], "all": batch["x"]}, {}

    return Graph(fn, [], ["x", "y"])


def test_a_scalar_of_a_batch_of_unknown_many_examples_is_not_averaged():
    evaluator = DatasetEvaluator(time_first_graph(), ["mean"])

    with pytest.raises(
        ValueError,
        match=r"'mean' cannot be monitored.*disagree about how many there are: x \(5, 3\), "
        r"y \(3,\); let the graph give a vector",
    ):
        evaluator.evaluate(OneBatch())


def test_what_needs_no_number_of_examples_is_monitored_where_the_sources_disagree_about_it():
    quantities = ["each", Maximum("mean", "largest"), TakeLast("mean", "last")]

    results = DatasetEvaluator(time_first_graph(), quantities).evaluate(OneBatch())

    assert {name: float(value) for name, value in results.items()} == {
        "each": 3.0,
        "largest": 3.0,
        "last": 3.0,
    }


def test_a_matrix_is_not_monitored_where_the_sources_disagree_either():
    with pytest.raises(ValueError, match=r"'all' has shape \(5, 3\) in a batch of unknown many"):
        DatasetEvaluator(time_first_graph(), ["all"]).evaluate(OneBatch())


def test_a_stream_without_batches_is_an_error():
    with pytest.raises(ValueError, match="there is nothing to monitor"):
        DatasetEvaluator(outputs_graph()).evaluate(Stream({"x": np.zeros(0)}, 2))


def test_two_results_of_one_name_are_an_error():
    with pytest.raises(ValueError, match="two monitored quantities are named cost"):
        DatasetEvaluator(linear_graph(), ["cost", Maximum("cost")])


def test_what_is_no_quantity_cannot_be_monitored():
    with pytest.raises(TypeError, match="3 cannot be monitored"):
        TrainingDataMonitoring([3])
    with pytest.raises(TypeError, match=r"sequence of names: \['cost'\]"):
        TrainingDataMonitoring("cost")


def test_a_stream_is_monitored_before_the_first_and_after_every_epoch():
    monitoring = DataStreamMonitoring(
        linear_graph(), Stream(linear_data(7, 1), 3), ["cost"], prefix="valid", suffix="now"
    )
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    stream = Stream(linear_data(8), 4)
    loop = MainLoop(algorithm, stream, [monitoring, FinishAfter(after_n_epochs=2)])

    loop.run()

    def cost(weights, bias):
        data = linear_data(7, 1)
        return np.mean((data["x"] @ weights + bias - data["y"]) ** 2)

    rows = [row["iterations_done"] for row in loop.log.rows() if "valid_cost_now" in row]
    assert rows == [0, 2, 4]
    assert loop.log[0]["valid_cost_now"] == pytest.approx(cost(np.array([1, -2, 0.5]), 0))
    values = algorithm.values
    assert loop.log[4]["valid_cost_now"] == pytest.approx(
        cost(values["/linear.W"], values["/linear.b"])
    )


def test_training_quantities_are_means_over_the_examples_since_the_last_record():
    data = linear_data(10)
    epoch = TrainingDataMonitoring(["cost", Maximum("errors", "worst")], "train", after_epoch=True)
    batch = TrainingDataMonitoring(["cost", "errors"], "batch", after_batch=True)
    algorithm = GradientDescent(linear_graph(), Scale(0.0))  # the values stay what they are
    loop = MainLoop(algorithm, Stream(data, 4), [epoch, batch, FinishAfter(after_n_epochs=2)])

    loop.run()

    errors = (data["x"] @ np.array([1, -2, 0.5]) - data["y"]) ** 2
    for end in (3, 6):
        assert loop.log[end]["train_cost"] == pytest.approx(errors.mean(), rel=1e-5)
        assert loop.log[end]["train_worst"] == pytest.approx(errors.max(), rel=1e-5)
    assert loop.log[2]["batch_cost"] == pytest.approx(errors[4:8].mean(), rel=1e-5)
    assert loop.log[6]["batch_errors"] == pytest.approx(errors[8:].mean(), rel=1e-5)
    assert "train_cost" not in loop.log[2]


def test_the_norms_of_gradients_and_steps_can_be_monitored():
    data = linear_data(4)
    monitoring = TrainingDataMonitoring(
        ["total_gradient_norm", "total_step_norm"], after_batch=True
    )
    algorithm = GradientDescent(linear_graph(), Scale(0.1))

    MainLoop(
        algorithm, Stream(data, 4), [monitoring, FinishAfter(after_n_batches=1)], log=None
    ).run()

    row = monitoring.main_loop.log[1]
    error = data["x"] @ np.array([1, -2, 0.5]) - data["y"]
    gradient = np.append(2 * data["x"].T @ error / 4, 2 * error.mean())
    assert row["total_gradient_norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
    assert row["total_step_norm"] == pytest.approx(0.1 * np.linalg.norm(gradient), rel=1e-5)


def test_an_unknown_training_output_is_an_error_before_anything_is_trained():
    algorithm = GradientDescent(linear_graph(), Scale(0.1))
    monitoring = TrainingDataMonitoring(["error_rate"], after_epoch=True)

    with pytest.raises(ValueError, match="'error_rate' cannot be monitored: the outputs are cost"):
        MainLoop(algorithm, Stream(linear_data(), 4), [monitoring]).run()

    np.testing.assert_array_equal(algorithm.values["/linear.W"], [1.0, -2.0, 0.5])


def test_monitoring_does_not_change_a_bit_of_training():
    plain, monitored = (GradientDescent(linear_graph(), Scale(0.1)) for _ in range(2))
    extensions = [TrainingDataMonitoring(["cost", "total_step_norm"], every_n_batches=2)]

    MainLoop(plain, Stream(linear_data(), 4), [FinishAfter(after_n_epochs=2)]).run()
    extensions.append(FinishAfter(after_n_epochs=2))
    MainLoop(monitored, Stream(linear_data(), 4), extensions).run()

    np.testing.assert_array_equal(plain.values["/linear.W"], monitored.values["/linear.W"])
