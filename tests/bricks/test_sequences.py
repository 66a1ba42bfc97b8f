"""Sequences and the multilayer perceptron."""

import copy

import numpy as np
import pytest

from bricks import (
    MLP,
    Bias,
    Brick,
    FeedforwardSequence,
    Linear,
    LinearMaxout,
    Rectifier,
    Sequence,
    Softmax,
    Tanh,
    application,
)
from bricks.graph import ComputationGraph
from bricks.initialization import Constant, IsotropicGaussian

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


def initialized(brick):
    brick.initialize(seed=1)
    return brick


def schemes():
    return {"weights_init": IsotropicGaussian(), "biases_init": IsotropicGaussian()}


def test_a_sequence_applies_one_after_the_other():
    net = initialized(Sequence([Linear(3, 2), Tanh(), Softmax().log_probabilities], **schemes()))

    hidden = np.tanh(X @ np.asarray(net.children[0].W) + np.asarray(net.children[0].b))
    expected = hidden - np.log(np.exp(hidden).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(net.apply(X), expected, rtol=1e-5, atol=1e-6)


def test_several_outputs_are_the_inputs_of_the_next():
    class Split(Brick):
        @application(outputs=["left", "right"])
        def apply(self, x):
            return x, 2 * x

    class Join(Brick):
        @application(inputs=["left", "right"], outputs=["total"])
        def apply(self, left, right):
            return left + right

    np.testing.assert_allclose(Sequence([Split(), Join()]).apply(X), 3 * X, rtol=1e-6)
    left, right = Sequence([Tanh(), Split()]).apply(X)
    np.testing.assert_allclose(right, 2 * left)


def test_a_sequence_has_the_inputs_of_its_first_and_the_outputs_of_its_last():
    class Named(Brick):
        @application(inputs=["x", "mask"], outputs=["y"])
        def apply(self, x, mask):
            return x * mask

    net = Sequence([Named(), Tanh()])

    assert net.apply.inputs == ("x", "mask")
    assert net.apply.outputs == ("output",)


def test_one_brick_given_twice_is_one_child_called_twice():
    layer = Linear(3, 3, weights_init=Constant(1), use_bias=False)
    net = initialized(Sequence([layer, layer]))

    graph = ComputationGraph(lambda x: net.apply(x), {"x": X})

    assert list(net.children) == [layer]
    assert [str(parameter) for parameter in graph.parameters] == ["/sequence/linear.W"]
    np.testing.assert_allclose(net.apply(X), X @ np.full((3, 3), 3), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wrong", [np.tanh, None, Brick(), Tanh])
def test_what_is_no_brick_or_application_is_refused(wrong):
    with pytest.raises(TypeError, match="must be a brick or an application of one"):
        Sequence([wrong])


def test_an_empty_sequence_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Sequence([])


def test_a_brick_taken_out_of_the_children_can_no_longer_be_called():
    net = Sequence([Tanh(), Rectifier()])
    net.children.pop()

    with pytest.raises(ValueError, match=r"/sequence\.apply calls /rectifier\.apply"):
        net.apply(X)


def test_a_feedforward_sequence_has_the_sizes_of_its_ends():
    net = FeedforwardSequence([Linear(), Tanh(), Linear(name="last")])
    net.input_dim, net.children[0].output_dim, net.children[2].input_dim = 3, 4, 4
    net.output_dim = 2

    net.allocate()

    assert (net.input_dim, net.output_dim) == (3, 2)
    assert net.get_dims(["input_", "output"]) == [3, 2]
    assert net.children[0].get_parameter("W").shape == (3, 4)


def test_a_feedforward_sequence_that_ends_in_an_activation_has_no_output_size():
    with pytest.raises(
        AttributeError, match="no output_dim, because /feedforwardsequence/tanh.apply"
    ):
        FeedforwardSequence([Linear(3, 2), Tanh()]).output_dim  # noqa: B018


def test_a_multilayer_perceptron_is_linear_maps_and_activations():
    mlp = initialized(MLP([Tanh(), Rectifier(), None], [3, 4, 5, 2], **schemes()))

    hidden = X
    for layer, activation in zip(
        mlp.linear_transformations, [np.tanh, lambda x: np.maximum(x, 0), lambda x: x], strict=True
    ):
        hidden = activation(hidden @ np.asarray(layer.W) + np.asarray(layer.b))
    np.testing.assert_allclose(mlp.apply(X), hidden, rtol=1e-4, atol=1e-5)


def test_its_children_are_interleaved_and_numbered():
    mlp = MLP([Rectifier(), None, Rectifier(), Tanh()], [3, 4, 4, 4, 2])

    assert [child.name for child in mlp.children] == [
        "linear_0",
        "rectifier",
        "linear_1",
        "linear_2",
        "rectifier_1",
        "linear_3",
        "tanh",
    ]


def test_one_activation_for_several_layers_is_one_child_called_several_times():
    activation = Rectifier()
    mlp = MLP([activation, activation], [3, 4, 2], **schemes())

    graph = ComputationGraph(lambda x: mlp.apply(x), {"x": X})

    outputs = [str(each) for each in graph.variables if each.brick is activation]
    assert [child.name for child in mlp.children] == ["linear_0", "rectifier", "linear_1"]
    assert outputs == [
        "/mlp/rectifier.apply:input_",
        "/mlp/rectifier.apply:output",
        "/mlp/rectifier.apply:input_#1",
        "/mlp/rectifier.apply:output#1",
    ]


def test_an_activation_may_be_an_application():
    mlp = initialized(MLP([Softmax().log_probabilities], [3, 2], **schemes()))

    np.testing.assert_allclose(np.exp(mlp.apply(X)).sum(axis=-1), np.ones(5), rtol=1e-5)


def test_its_sizes_may_be_set_later():
    mlp = MLP([Tanh(), None], **schemes())
    mlp.dims = [3, 4, 2]

    assert initialized(mlp).apply(X).shape == (5, 2)


def test_the_size_of_the_input_may_be_inferred():
    mlp = MLP([Tanh(), None], [None, 4, 2], **schemes())
    ComputationGraph(lambda x: mlp.apply(x), {"x": X})

    assert initialized(mlp).linear_transformations[0].W.shape == (3, 4)


def test_the_sizes_of_its_ends_can_be_read_and_set():
    mlp = MLP([Tanh(), None], [3, 4, 2])
    mlp.input_dim, mlp.output_dim = 7, 8

    mlp.allocate()

    assert mlp.dims == (7, 4, 8)
    assert mlp.get_dims(["input_", "output"]) == [7, 8]
    assert mlp.linear_transformations[1].get_parameter("W").shape == (4, 8)


@pytest.mark.parametrize("dims", [[3, 4], [3, 4, 5, 6], []])
def test_a_wrong_number_of_sizes_is_an_error(dims):
    with pytest.raises(
        ValueError, match=rf"/mlp: dims=.* has {len(dims)} sizes, but 2 activations need 3"
    ):
        MLP([Tanh(), None], dims)


@pytest.mark.parametrize("dims", [3, "345"])
def test_sizes_are_a_list(dims):
    with pytest.raises(TypeError, match=rf"/mlp: dims={dims!r} is not a list of sizes"):
        MLP([Tanh(), None], dims)


def test_a_size_that_is_missing_is_named():
    with pytest.raises(ValueError, match="/mlp/linear_0: output_dim is not set"):
        MLP([Tanh(), None], [3, None, 2]).allocate()


def test_layers_are_copies_of_the_prototype():
    class MyLinear(Linear):
        pass

    prototype = MyLinear(weights_init=Constant(2))
    mlp = MLP(
        [None, None], [3, 4, 2], prototype=prototype, weights_init=Constant(1), use_bias=False
    )

    initialized(mlp)

    assert [child.name for child in mlp.children] == ["mylinear_0", "mylinear_1"]
    np.testing.assert_array_equal(mlp.children[0].W, np.full((3, 4), 2))
    assert prototype.parents == ()


def test_layers_may_be_of_another_kind():
    prototype = LinearMaxout(num_pieces=3)

    mlp = initialized(
        MLP([None, None], [3, 4, 2], prototype=prototype, use_bias=False, **schemes())
    )

    assert mlp.apply(X).shape == (5, 2)
    assert list(mlp.get_parameter_dict()) == [
        "/mlp/linearmaxout_0/linear.W",
        "/mlp/linearmaxout_1/linear.W",
    ]


def test_a_prototype_without_the_settings_for_sizes_is_an_error():
    with pytest.raises(TypeError, match="wants to configure input_dim of /mlp/bias_0"):
        MLP([None], [3, 3], prototype=Bias()).allocate()


def test_a_wrong_input_names_the_layer():
    mlp = initialized(MLP([Tanh(), None], [784, 4, 2], **schemes()))

    with pytest.raises(
        ValueError,
        match=r"/mlp/linear_0\.apply: input_ has shape \(5, 3\), but needs \(\.\.\., 784\)",
    ):
        mlp.apply(X)


def test_a_network_with_an_explicit_choice_of_no_biases_has_none():
    mlp = MLP([Tanh()], [3, 2], use_bias=False)

    assert [own.name for own in mlp.get_parameters()] == ["W"]


def test_a_copy_of_a_network_computes_with_its_own_parts():
    mlp = initialized(MLP([Tanh(), None], [3, 4, 2], **schemes()))
    before = np.asarray(mlp.apply(X))

    twin = copy.deepcopy(mlp)
    twin.set_parameter_values({path: 0 * own for path, own in mlp.get_parameter_values().items()})

    np.testing.assert_array_equal(twin.apply(X), np.zeros((5, 2)))
    np.testing.assert_array_equal(mlp.apply(X), before)
