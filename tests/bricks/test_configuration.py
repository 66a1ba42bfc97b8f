"""Settings: who gives them, who wins, and when they are fixed."""

import numpy as np
import pytest

from bricks import (
    MLP,
    Brick,
    Linear,
    LinearMaxout,
    Rectifier,
    Sequence,
    Tanh,
    dimension,
    parameter,
    setting,
)
from bricks.initialization import Constant, IsotropicGaussian
from bricks.roles import WEIGHT


def network(**settings):
    return MLP([Tanh(), None], [3, 4, 2], **settings)


def test_a_parent_gives_its_children_sizes_and_schemes():
    mlp = network(weights_init=Constant(1), biases_init=Constant(2))

    mlp.allocate()

    first, second = mlp.linear_transformations
    assert (first.input_dim, first.output_dim) == (3, 4)
    assert (second.input_dim, second.output_dim) == (4, 2)
    assert first.weights_init == second.weights_init == Constant(1)
    assert first.biases_init == Constant(2)


def test_what_was_set_on_a_child_before_is_not_overwritten():
    mlp = network(weights_init=Constant(1), biases_init=Constant(0))
    mlp.linear_transformations[0].weights_init = Constant(5)

    mlp.initialize(seed=1)

    np.testing.assert_array_equal(mlp.linear_transformations[0].W, np.full((3, 4), 5))
    np.testing.assert_array_equal(mlp.linear_transformations[1].W, np.full((4, 2), 1))


def test_what_was_set_on_a_child_after_it_was_given_another_wins_too():
    mlp = network(weights_init=Constant(1), biases_init=Constant(0))
    mlp.initialize(seed=1)
    mlp.linear_transformations[0].weights_init = Constant(5)

    mlp.initialize(seed=1)

    np.testing.assert_array_equal(mlp.linear_transformations[0].W, np.full((3, 4), 5))


def test_what_was_given_to_the_constructor_of_a_child_is_not_overwritten():
    child = Linear(3, 2, weights_init=Constant(5), use_bias=False)
    parent = Sequence([child], weights_init=Constant(1), use_bias=True)

    parent.initialize(seed=1)

    np.testing.assert_array_equal(child.W, np.full((3, 2), 5))
    assert not child.use_bias


def test_an_explicit_size_of_a_child_is_not_overwritten():
    mlp = network(weights_init=Constant(1), biases_init=Constant(0))
    mlp.linear_transformations[1].output_dim = 7

    mlp.initialize(seed=1)

    assert mlp.linear_transformations[1].W.shape == (4, 7)


def test_an_explicit_value_equal_to_the_default_counts_as_explicit():
    child = Linear(3, 2, use_bias=True, weights_init=Constant(1), biases_init=Constant(1))
    Sequence([child], use_bias=False).allocate()

    assert child.use_bias


def test_none_takes_an_explicit_value_back():
    mlp = network(weights_init=Constant(1), biases_init=Constant(0))
    layer = mlp.linear_transformations[0]
    layer.weights_init = Constant(5)
    layer.weights_init = None

    mlp.initialize(seed=1)

    np.testing.assert_array_equal(layer.W, np.full((3, 4), 1))


def test_what_a_parent_takes_back_its_children_lose():
    mlp = network(weights_init=Constant(1), biases_init=Constant(0))
    mlp.initialize(seed=1)
    mlp.weights_init = None

    with pytest.raises(ValueError, match="weights_init is not set"):
        mlp.initialize(seed=1)


def test_what_a_parent_gives_reaches_grandchildren():
    layer = Linear(3, 2)
    top = Sequence([Sequence([layer], name="inner")], weights_init=Constant(1), dtype="float16")

    top.allocate()

    assert layer.weights_init == Constant(1)
    assert layer.get_parameter("W").dtype == np.float16


def test_a_child_used_on_its_own_is_configured_by_its_parent_first():
    mlp = network(weights_init=Constant(1), biases_init=Constant(0))

    mlp.linear_transformations[1].initialize(seed=1)

    assert mlp.linear_transformations[1].W.shape == (4, 2)


def test_of_two_parents_the_first_that_has_something_to_give_wins():
    child = Linear(3, 2)
    first = Sequence([child], name="first", weights_init=Constant(1))
    second = Sequence([child], name="second", weights_init=Constant(2), biases_init=Constant(3))

    second.initialize(seed=1)

    assert child.parents == (first, second)
    np.testing.assert_array_equal(child.W, np.full((3, 2), 1))
    np.testing.assert_array_equal(child.b, [3, 3])


def test_biases_are_switched_off_for_a_whole_network():
    mlp = network(use_bias=False)

    assert [parameter.path for parameter in mlp.get_parameters()] == [
        "/mlp/linear_0.W",
        "/mlp/linear_1.W",
    ]


@pytest.mark.parametrize("name", ["input_dim", "output_dim"])
def test_a_size_left_out_is_an_error_that_names_brick_and_argument(name):
    sizes = {"input_dim": 3, "output_dim": 2} | {name: None}
    top = Sequence([Linear(**sizes, name="hidden")], name="top")

    with pytest.raises(
        ValueError, match=rf"/top/hidden: {name} is not set; .*Linear\({name}=\.\.\."
    ):
        top.initialize(seed=1)


def test_all_sizes_left_out_are_named_at_once():
    with pytest.raises(ValueError, match="/linear: input_dim and output_dim is not set"):
        Linear().allocate()


def test_a_size_that_is_a_plain_attribute_is_named_too():
    class Scale(Brick):
        scale = parameter(WEIGHT, shape=("size",), init=Constant(1))

        def __init__(self, size=None, **settings):
            self.size = size
            super().__init__(**settings)

    with pytest.raises(ValueError, match="/scale: size is not set"):
        Scale().initialize(seed=1)
    brick = Scale(3)
    brick.initialize(seed=1)
    assert brick.scale.tolist() == [1, 1, 1]


def test_a_size_left_out_is_inferred_from_the_first_input():
    layer = Linear(output_dim=2, weights_init=Constant(1), biases_init=Constant(0))
    with pytest.raises(ValueError, match=r"/linear.W has no value yet; call .*initialize"):
        layer.apply(np.ones((5, 3), "float32"))

    layer.initialize(seed=1)

    assert layer.input_dim == 3
    np.testing.assert_array_equal(layer.apply(np.ones((5, 3), "float32")), np.full((5, 2), 3))


def test_every_layer_of_a_network_infers_the_size_left_out():
    layers = [Linear(output_dim=4), Rectifier(), Linear(output_dim=2, name="last")]
    network = Sequence(layers, weights_init=Constant(1), biases_init=Constant(0))
    for _ in range(2):  # each layer refuses to run before it has values
        with pytest.raises(ValueError, match="has no value yet"):
            network.apply(np.ones((1, 3), "float32"))
        layers[0].initialize(seed=1)

    network.initialize(seed=1)

    assert [layer.input_dim for layer in (layers[0], layers[2])] == [3, 4]
    np.testing.assert_array_equal(network.apply(np.ones((1, 3), "float32")), [[12, 12]])


def test_a_size_cannot_change_once_parameters_are_allocated():
    layer = Linear(3, 2)
    layer.allocate()

    with pytest.raises(ValueError, match="/linear: output_dim is 2 and cannot become 5"):
        layer.output_dim = 5
    assert layer.output_dim == 2
    layer.output_dim = 2


def test_sizes_can_be_set_after_an_error_that_asks_for_them():
    mlp = MLP([Tanh(), None], weights_init=Constant(1), biases_init=Constant(0))
    with pytest.raises(ValueError, match="/mlp/linear_0: output_dim is not set"):
        mlp.apply(np.ones((5, 3), "float32"))

    mlp.dims = [3, 4, 2]
    mlp.initialize(seed=1)

    np.testing.assert_allclose(
        mlp.apply(np.ones((5, 3), "float32")), np.full((5, 2), 4 * np.tanh(3)), rtol=1e-6
    )
    with pytest.raises(ValueError, match=r"/mlp: dims is \(3, 4, 2\) and cannot become"):
        mlp.dims = [3, 4, 5]


def test_biases_cannot_be_switched_off_once_parameters_are_allocated():
    layer = Linear(3, 2)
    layer.allocate()

    with pytest.raises(ValueError, match="use_bias is True and cannot become False"):
        layer.use_bias = False


def test_a_parent_cannot_change_the_sizes_of_an_allocated_child():
    mlp = network()
    mlp.linear_transformations[0].allocate()
    mlp.dims = [3, 9, 2]

    with pytest.raises(ValueError, match="/mlp/linear_0: output_dim is 4 and cannot become 9"):
        mlp.allocate()


def test_an_attribute_that_does_not_exist_cannot_be_set():
    with pytest.raises(
        AttributeError, match=r"/linear: Linear has no attribute 'ouput_dim'.*mean 'output_dim'\?"
    ):
        Linear().ouput_dim = 3


def test_an_activation_has_no_weights_to_initialize():
    with pytest.raises(AttributeError, match="Tanh has no attribute 'weights_init'"):
        Tanh().weights_init = Constant(0)


def test_a_setting_that_does_not_exist_cannot_be_passed():
    with pytest.raises(
        TypeError, match=r"Linear has no setting 'weight_init'; did you mean 'weights"
    ):
        Linear(3, 2, weight_init=Constant(0))


@pytest.mark.parametrize(
    ("size", "error", "message"),
    [(0, ValueError, "a size is at least 1"), (2.0, TypeError, "float, but a size is an integer")],
)
def test_a_size_is_a_positive_integer(size, error, message):
    with pytest.raises(error, match=f"/linear: output_dim={size} .*{message}"):
        Linear(3, size)


def test_a_scheme_is_not_a_number():
    with pytest.raises(TypeError, match=r"weights_init=0.1 is not an initialization scheme"):
        Linear(3, 2, weights_init=0.1)


def test_a_missing_scheme_is_an_error_that_names_brick_and_setting():
    mlp = network(weights_init=IsotropicGaussian())

    with pytest.raises(
        ValueError, match="/mlp/linear_0: nothing says how to initialize b, because biases_init"
    ):
        mlp.initialize(seed=1)


def test_an_error_in_initialization_sets_nothing():
    mlp = network(weights_init=IsotropicGaussian())

    with pytest.raises(ValueError, match="biases_init is not set"):
        mlp.initialize(seed=1)
    assert [parameter.value for parameter in mlp.get_parameters()] == [None] * 4


def test_settings_of_ones_own_are_checked_and_pushed():
    def positive(value):
        if value <= 0:
            raise ValueError("is not positive")
        return float(value)

    class Part(Brick):
        speed = setting(1.0, positive)

    class Whole(Brick):
        speed = setting(check=positive, pushed=True)

    part = Part()
    whole = Whole(children=[part], speed=3)
    whole.allocate()

    assert part.speed == 3.0
    with pytest.raises(ValueError, match="/whole/part: speed=-1 is not positive"):
        part.speed = -1


def test_the_axis_that_a_size_is_inferred_from_can_be_chosen():
    class Channels(Brick):
        channels = dimension(infer="image", axis=1)

    brick = Channels()
    brick.prepare({"image": np.ones((2, 3, 5, 5))})

    assert brick.channels == 3


def test_configuring_a_child_that_declares_no_such_setting_is_an_error():
    class Wrapper(Brick):
        def configure_children(self):
            self.configure(self.children[0], depth=3)

    with pytest.raises(TypeError, match=r"/wrapper wants to configure depth of /wrapper/tanh"):
        Wrapper(children=[Tanh()]).allocate()


def test_a_composite_gives_sizes_that_it_computes():
    brick = LinearMaxout(3, 2, num_pieces=4)

    brick.allocate()

    assert brick.linear.output_dim == 8
