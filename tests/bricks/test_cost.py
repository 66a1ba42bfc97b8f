"""Costs, against NumPy and numbers worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks import Logistic, Softmax
from bricks.cost import (
    AbsoluteError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Cost,
    CostMatrix,
    MisclassificationRate,
    SquaredError,
)
from bricks.graph import ComputationGraph
from bricks.roles import COST, OUTPUT

Y = np.array([[0, 0], [1, 1]], "float32")
Y_HAT = np.array([[1, 2], [3, 4]], "float32")
LOGITS = np.array([[1, 2, 0.5], [-1, 3, 3], [0, 0, 9], [5, 1, 2]], "float32")
LABELS = np.array([1, 0, 2, 2])


def log_softmax(logits):
    return logits - np.log(np.exp(logits.astype(float)).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(("cost", "expected"), [(SquaredError(), 9.0), (AbsoluteError(), 4.0)])
def test_errors_are_summed_within_an_example_and_averaged_over_examples(cost, expected):
    assert float(cost.apply(Y, Y_HAT)) == expected


def test_a_cost_gives_a_value_for_each_example():
    np.testing.assert_array_equal(SquaredError().per_example(Y, Y_HAT), [5, 13])
    np.testing.assert_array_equal(AbsoluteError().per_example(Y, Y_HAT), [3, 5])


def test_examples_are_what_the_first_axis_numbers():
    images = np.ones((4, 3, 5, 5), "float32")

    np.testing.assert_array_equal(SquaredError().per_example(0 * images, images), [75] * 4)
    np.testing.assert_array_equal(SquaredError().per_example(Y[:, 0], Y_HAT[:, 0]), [1, 4])


def test_binary_cross_entropy_takes_logits():
    p = np.array([[0.9, 0.2]])
    logits = np.log(p / (1 - p)).astype("float32")
    y = np.array([[1, 0]], "float32")

    assert float(BinaryCrossEntropy().apply(y, logits)) == pytest.approx(0.328504, abs=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool"])
def test_binary_cross_entropy_takes_probabilities_if_told(dtype):
    p = np.array([[0.9, 0.2]], "float32")
    y = np.array([[1, 0]], dtype)

    cost = BinaryCrossEntropy(probabilities=True)

    assert float(cost.apply(y, p)) == pytest.approx(0.328504, abs=1e-6)


def test_binary_cross_entropy_is_exact_for_large_logits():
    y = np.array([[0], [1], [1]], "float32")
    logits = np.array([[200], [-200], [200]], "float32")

    np.testing.assert_allclose(BinaryCrossEntropy().per_example(y, logits), [200, 200, 0])


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_categorical_cross_entropy_takes_logits_and_labels_with_or_without_an_axis(shape, dtype):
    labels = LABELS.astype(dtype).reshape(shape)
    expected = -log_softmax(LOGITS)[range(4), LABELS]

    cost = CategoricalCrossEntropy()

    np.testing.assert_allclose(cost.per_example(labels, LOGITS), expected, rtol=1e-5, atol=1e-6)
    assert float(cost.apply(labels, LOGITS)) == pytest.approx(expected.mean(), rel=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_a_one_hot_target_is_the_same_as_its_label(dtype):
    one_hot = np.eye(3, dtype=dtype)[LABELS]

    np.testing.assert_allclose(
        CategoricalCrossEntropy().per_example(one_hot, LOGITS),
        CategoricalCrossEntropy().per_example(LABELS, LOGITS),
        rtol=1e-6,
    )


def test_a_distribution_as_target_weighs_the_classes():
    y = np.array([[0.2, 0.3, 0.5]] * 4, "float32")

    expected = -(y * log_softmax(LOGITS)).sum(axis=-1)
    np.testing.assert_allclose(
        CategoricalCrossEntropy().per_example(y, LOGITS), expected, rtol=1e-5
    )


def test_probabilities_give_what_their_logits_give_if_told():
    p = np.exp(log_softmax(LOGITS)).astype("float32")

    np.testing.assert_allclose(
        CategoricalCrossEntropy(probabilities=True).per_example(LABELS, p),
        CategoricalCrossEntropy().per_example(LABELS, LOGITS),
        rtol=1e-4,
        atol=1e-6,
    )


def test_a_target_of_zero_weight_on_a_probability_of_zero_costs_nothing():
    y, p = np.array([[1.0, 0.0]], "float32"), np.array([[0.5, 0.0]], "float32")

    cost = CategoricalCrossEntropy(probabilities=True).apply(y, p)

    assert float(cost) == pytest.approx(np.log(2))


@pytest.mark.parametrize("label", [3, 100, -1])
def test_a_label_that_is_no_class_gives_nan(label):
    labels = LABELS.copy()
    labels[1] = label

    values = np.asarray(CategoricalCrossEntropy().per_example(labels, LOGITS))

    np.testing.assert_array_equal(np.isnan(values), [False, True, False, False])


def test_every_step_of_a_sequence_is_an_example():
    logits = np.stack([LOGITS, 2 * LOGITS])
    labels = np.stack([LABELS, LABELS[::-1]])

    values = CategoricalCrossEntropy().per_example(labels, logits)

    expected = -np.take_along_axis(log_softmax(logits), labels[..., None], -1)[..., 0]
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_categorical_cross_entropy_is_probabilities_less_targets():
    gradient = jax.grad(lambda x: CategoricalCrossEntropy().apply(LABELS, x))(jnp.array(LOGITS))

    expected = (np.exp(log_softmax(LOGITS)) - np.eye(3)[LABELS]) / 4
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_the_first_of_equal_maxima_is_the_guess():
    scores = np.array([[1, 1, 0], [1, 1, 0]], "float32")

    wrong = MisclassificationRate().per_example(np.array([0, 1]), scores)

    np.testing.assert_array_equal(wrong, [0, 1])


@pytest.mark.parametrize(
    "labels", [LABELS, LABELS[:, None], np.eye(3, dtype="float32")[LABELS]], ids=["n", "n1", "nc"]
)
def test_the_misclassification_rate_is_the_fraction_of_wrong_guesses(labels):
    assert float(MisclassificationRate().apply(labels, LOGITS)) == 0.5


def test_among_several_guesses_ties_at_the_last_place_are_wrong():
    scores = np.array([[3, 2, 1, 0], [3, 2, 2, 0], [3, 2, 1, 0], [2, 2, 1, 0]], "float32")

    wrong = MisclassificationRate(top_k=2).per_example(np.array([1, 1, 2, 1]), scores)

    np.testing.assert_array_equal(wrong, [0, 1, 1, 0])


RATES = {top_k: MisclassificationRate(top_k) for top_k in range(1, 6)}  # each compiled once


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(list(RATES)), st.integers(0, 1000))
def test_without_ties_top_k_is_membership_among_the_k_highest(top_k, seed):
    rng = np.random.default_rng(seed)
    scores = rng.permuted(np.tile(np.arange(5, dtype="float32"), (8, 1)), axis=1)
    labels = rng.integers(0, 5, 8)

    wrong = RATES[top_k].per_example(labels, scores)

    best = np.argsort(-scores, axis=1)[:, :top_k]
    np.testing.assert_array_equal(wrong, ~(best == labels[:, None]).any(axis=1))


@pytest.mark.parametrize("top_k", [1, 2])
@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_is_no_class_is_a_wrong_guess(label, top_k):
    wrong = MisclassificationRate(top_k).per_example(np.array([label]), LOGITS[:1])

    np.testing.assert_array_equal(wrong, [1])


def test_more_guesses_than_classes_is_an_error():
    with pytest.raises(ValueError, match=r"top_k is 4, but y_hat has shape \(4, 3\)"):
        MisclassificationRate(4).apply(LABELS, LOGITS)


CLASSIFYING = [CategoricalCrossEntropy(), MisclassificationRate()]
NAMES = ["/categoricalcrossentropy", "/misclassificationrate"]


@pytest.mark.parametrize("cost", CLASSIFYING, ids=NAMES)
def test_labels_that_are_floats_are_an_error_with_the_cure(cost):
    with pytest.raises(
        TypeError, match=rf"{cost.path}.apply: y has dtype float32 .* y.astype\('int32'\)"
    ):
        cost.apply(LABELS.astype("float32"), LOGITS)


@pytest.mark.parametrize("cost", CLASSIFYING, ids=NAMES)
def test_swapped_arguments_are_an_error_that_says_the_order(cost):
    with pytest.raises(TypeError, match=r"y_hat has dtype int.*targets first"):
        cost.apply(LOGITS, LABELS)


@pytest.mark.parametrize("cost", CLASSIFYING, ids=NAMES)
@pytest.mark.parametrize("shape", [(3,), (4, 2), (1, 4), (), (4, 3, 1)])
def test_targets_of_a_wrong_rank_or_shape_are_an_error_with_both_shapes(cost, shape):
    with pytest.raises(ValueError, match=r"y has shape .* and y_hat has shape \(4, 3\).*\(4, 1\)"):
        cost.apply(np.zeros(shape, int), LOGITS)


@pytest.mark.parametrize("cost", CLASSIFYING, ids=NAMES)
def test_scores_without_an_axis_of_classes_are_an_error(cost):
    with pytest.raises(ValueError, match=r"y_hat has shape \(4,\), but needs \(batch, classes\)"):
        cost.apply(LABELS, LOGITS[:, 0])


MATRICES = [SquaredError(), AbsoluteError(), BinaryCrossEntropy()]


@pytest.mark.parametrize("cost", MATRICES, ids=lambda cost: cost.name)
def test_shapes_that_would_broadcast_are_an_error(cost):
    with pytest.raises(ValueError, match=r"y has shape \(2,\) and y_hat has shape \(2, 1\)"):
        cost.apply(Y[:, 0], Y_HAT[:, :1])


@pytest.mark.parametrize("cost", [SquaredError(), AbsoluteError()], ids=lambda cost: cost.name)
def test_targets_of_a_wrong_dtype_are_an_error_with_the_cure(cost):
    with pytest.raises(
        TypeError, match=rf"/{cost.name}.apply: y has dtype uint8.*y.astype\('float32'\)"
    ):
        cost.apply(Y.astype("uint8"), Y_HAT)


@pytest.mark.parametrize("cost", [SquaredError, CategoricalCrossEntropy])
def test_lists_are_an_error_with_the_cure(cost):
    with pytest.raises(TypeError, match=r"\.apply: y is list, but must be an array of numbers"):
        cost().apply([0, 1], LOGITS[:2])
    with pytest.raises(TypeError, match=r"\.apply: y_hat is list, .*numpy.asarray\(y_hat\)"):
        cost().apply(LOGITS[:2], [[0.0], [1.0]])


@pytest.mark.parametrize("cost", MATRICES, ids=lambda cost: cost.name)
def test_predictions_that_are_no_floats_are_an_error(cost):
    with pytest.raises(TypeError, match="y_hat has dtype int32, but needs floats"):
        cost.apply(Y, Y_HAT.astype("int32"))


def test_a_single_number_is_no_batch():
    with pytest.raises(ValueError, match="y_hat is a single number"):
        SquaredError().apply(np.float32(1), np.float32(2))


@pytest.mark.parametrize("flag", [1, "yes", 0])
def test_the_kind_of_predictions_is_a_flag(flag):
    with pytest.raises(TypeError, match=r"probabilities=.* is neither True nor False"):
        CategoricalCrossEntropy(probabilities=flag)


def test_in_a_graph_a_cost_is_a_variable_named_cost_with_its_role():
    def fn(y, x):
        return CategoricalCrossEntropy().apply(y, x)

    graph = ComputationGraph(fn, {"y": LABELS, "x": LOGITS})

    assert list(graph.outputs) == ["cost"]
    assert graph.outputs["cost"].roles == {COST, OUTPUT}


def test_in_a_graph_an_error_rate_is_named_so_and_is_nothing_to_minimize():
    def fn(y, x):
        return MisclassificationRate().apply(y, x)

    graph = ComputationGraph(fn, {"y": LABELS, "x": LOGITS})

    assert list(graph.outputs) == ["error_rate"]
    assert graph.outputs["error_rate"].roles == {OUTPUT}


def test_the_values_of_the_examples_can_be_captured_from_a_graph():
    def fn(y, x):
        return SquaredError().apply(y, x)

    graph = ComputationGraph(fn, {"y": Y, "x": Y_HAT})
    (variable,) = [each for each in graph.variables if each.name == "per_example"]

    captured = graph.capture([variable])({"y": Y, "x": Y_HAT})

    np.testing.assert_array_equal(captured[str(variable)], [5, 13])


def test_a_cost_of_ones_own_says_how_to_compare():
    class Hinge(CostMatrix):
        def compare_values(self, y, y_hat):
            return jnp.maximum(0, 1 - y * y_hat)

    assert float(Hinge().apply(2 * Y - 1, Y_HAT)) == (2 + 3) / 2


def test_a_cost_that_does_not_say_how_to_compare_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Cost()


def test_the_softmax_brick_gives_the_cross_entropy_of_logits_too():
    values = Softmax().categorical_cross_entropy(LABELS, LOGITS)

    np.testing.assert_allclose(values, -log_softmax(LOGITS)[range(4), LABELS], rtol=1e-5, atol=1e-6)


def test_the_softmax_brick_shows_its_log_probabilities_in_a_graph():
    def fn(y, x):
        return jnp.mean(Softmax().categorical_cross_entropy(y, x))

    graph = ComputationGraph(fn, {"y": LABELS, "x": LOGITS})

    (variable,) = graph.auxiliary_variables
    captured = graph.capture([variable])({"y": LABELS, "x": LOGITS})
    assert variable.name == "log_probabilities"
    np.testing.assert_allclose(captured[str(variable)], log_softmax(LOGITS), rtol=1e-5, atol=1e-6)


def test_a_logistic_before_the_cost_on_probabilities_is_the_cost_on_logits():
    y = np.array([[1, 0]], "float32")
    logits = np.array([[0.3, -2]], "float32")

    on_probabilities = BinaryCrossEntropy(probabilities=True).apply(y, Logistic().apply(logits))

    np.testing.assert_allclose(
        on_probabilities, BinaryCrossEntropy().apply(y, logits), rtol=1e-5, atol=1e-6
    )
