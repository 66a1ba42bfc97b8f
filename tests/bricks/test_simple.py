"""Linear maps, biases and maxout, against NumPy."""

import numpy as np
import pytest

from bricks import Bias, Linear, LinearMaxout, Maxout
from bricks.graph import ComputationGraph
from bricks.initialization import Constant, IsotropicGaussian

RNG = np.random.default_rng(0)


def drawn(brick):
    if not isinstance(brick, Bias):
        brick.weights_init = IsotropicGaussian()
    brick.biases_init = IsotropicGaussian()
    brick.initialize(seed=1)
    return brick


@pytest.mark.parametrize("leading", [(), (5,), (4, 5)])
def test_a_linear_map_is_of_the_last_axis(leading):
    layer = drawn(Linear(3, 2))
    x = RNG.normal(size=(*leading, 3)).astype("float32")

    expected = x @ np.asarray(layer.W) + np.asarray(layer.b)
    np.testing.assert_allclose(layer.apply(x), expected, rtol=1e-5, atol=1e-6)


def test_a_linear_map_may_have_no_bias():
    layer = drawn(Linear(3, 2, use_bias=False))

    np.testing.assert_array_equal(layer.apply(np.zeros((1, 3), "float32")), [[0, 0]])


def test_the_norms_of_weights_and_biases_are_auxiliary_variables():
    layer = drawn(Linear(3, 2))
    x = np.ones((1, 3), "float32")
    graph = ComputationGraph(lambda x: layer.apply(x), {"x": x})

    found = graph.auxiliary_variables
    values = graph.capture(found)({"x": x})

    assert [variable.name for variable in found] == ["W_norm", "b_norm"]
    for variable, own in zip(found, layer.parameters, strict=True):
        norm = np.linalg.norm(np.asarray(own.value))
        np.testing.assert_allclose(values[str(variable)], norm, rtol=1e-5)


@pytest.mark.parametrize("shape", [(5, 4), (3, 5), (4,)])
def test_a_wrong_last_axis_is_an_error_that_names_brick_argument_and_both_shapes(shape):
    layer = drawn(Linear(3, 2, name="hidden"))

    with pytest.raises(
        ValueError, match=r"/hidden\.apply: input_ has shape \(.*\), but needs \(\.\.\., 3\)"
    ):
        layer.apply(np.ones(shape, "float32"))


def test_a_single_number_is_no_input():
    with pytest.raises(ValueError, match=r"input_ has shape \(\), but needs \(\.\.\., 3\)"):
        drawn(Linear(3, 2)).apply(np.float32(1))


def test_a_list_is_an_error_with_the_cure():
    with pytest.raises(TypeError, match=r"/linear.apply: input_ is list.*numpy.asarray\(input_\)"):
        Linear(3, 2, use_bias=False).apply([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("brick", [Linear(3, 2), Bias(3)], ids=["linear", "bias"])
def test_integers_are_an_error_with_the_cure(brick):
    with pytest.raises(TypeError, match=r"input_ has dtype uint8, .*input_\.astype\('float32'\)"):
        drawn(brick).apply(np.ones((1, 3), "uint8"))


def test_a_bias_is_added_to_the_last_axis():
    bias = Bias(biases_init=Constant([1, 2, 3]))
    bias.prepare({"input_": np.ones((2, 3))})
    bias.initialize(seed=1)

    np.testing.assert_array_equal(bias.apply(np.zeros((2, 3), "float32")), [[1, 2, 3]] * 2)
    assert bias.input_dim == bias.output_dim == bias.dim == 3


def test_the_size_of_a_bias_has_two_more_names():
    bias = Bias()
    bias.input_dim = 4

    assert bias.get_dims(["input_", "output"]) == [4, 4]


def test_maxout_takes_the_largest_of_neighbours():
    x = np.array([[1, 5, 2, 3]], "float32")

    np.testing.assert_array_equal(Maxout(2).apply(x), [[5, 3]])
    np.testing.assert_array_equal(Maxout(4).apply(x[0]), [5])


def test_maxout_needs_whole_groups():
    with pytest.raises(
        ValueError, match=r"/maxout.apply: input_ has shape \(1, 4\).*num_pieces, 3"
    ):
        Maxout(3).apply(np.ones((1, 4), "float32"))


def test_maxout_needs_its_number_of_pieces():
    with pytest.raises(ValueError, match="/maxout: num_pieces is not set"):
        Maxout().apply(np.ones((1, 4), "float32"))


def test_linear_maxout_is_a_linear_map_and_a_maxout():
    brick = drawn(LinearMaxout(3, 2, num_pieces=4))
    x = RNG.normal(size=(5, 3)).astype("float32")

    linear = x @ np.asarray(brick.linear.W) + np.asarray(brick.linear.b)
    expected = linear.reshape(5, 2, 4).max(axis=-1)
    np.testing.assert_allclose(brick.apply(x), expected, rtol=1e-5)
    assert [child.name for child in brick.children] == ["linear", "maxout"]
    assert brick.get_dims(["input_", "output"]) == [3, 2]


def test_linear_maxout_needs_its_number_of_pieces():
    with pytest.raises(ValueError, match="/linearmaxout/linear: output_dim is not set"):
        LinearMaxout(3, 2).allocate()


def test_linear_maxout_may_have_no_bias():
    brick = LinearMaxout(3, 2, num_pieces=4, use_bias=False)

    assert [own.path for own in brick.get_parameters()] == ["/linearmaxout/linear.W"]


def test_parameters_may_be_of_another_dtype():
    layer = drawn(Linear(3, 2, dtype="float16"))

    assert layer.apply(np.ones((1, 3), "float16")).dtype == np.float16
