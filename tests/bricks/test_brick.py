"""The life of a brick: names, children, parameters and their values."""

import copy
import struct

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bricks import (
    MLP,
    Bias,
    Brick,
    Linear,
    Rectifier,
    Sequence,
    Tanh,
    application,
    find_bricks,
    parameter,
)
from bricks.graph import ComputationGraph
from bricks.initialization import Constant, Glorot, Orthogonal
from bricks.roles import BIAS, WEIGHT


def network(**settings):
    settings = {"weights_init": Glorot(), "biases_init": Glorot(), **settings}
    return MLP([Tanh(), None], [3, 4, 2], use_bias=False, **settings)


# Names and the tree


def test_a_brick_is_named_like_its_class_unless_told():
    assert Linear().name == "linear"
    assert Linear(name="encoder").name == "encoder"


def test_the_path_of_a_parameter_leads_from_the_topmost_brick_to_it():
    mlp = network()

    assert mlp.linear_transformations[0].get_parameter("W").path == "/mlp/linear_0.W"
    assert mlp.linear_transformations[1].path == "/mlp/linear_1"


def test_the_delimiter_of_a_hierarchical_name_can_be_chosen():
    child = Linear(3, 2, name="lin")
    Sequence([child], name="a")
    parameter = child.get_parameter("W")

    assert child.get_hierarchical_name(parameter) == "/a/lin.W"
    assert child.get_hierarchical_name(parameter, delimiter="|") == "|a|lin.W"


def test_of_several_parents_the_first_makes_the_path():
    child = Linear(3, 2)
    first = Sequence([child], name="b")
    Sequence([child], name="a")

    assert child.get_unique_path() == (first, child)
    assert child.path == "/b/linear"


@pytest.mark.parametrize("name", ["", "a/b", "a.b", "a:b", "a#1"])
def test_a_name_that_would_make_paths_ambiguous_is_refused(name):
    with pytest.raises(ValueError, match="cannot name a brick"):
        Linear(name=name)


def test_siblings_without_names_are_numbered():
    parent = Brick(children=[Rectifier(), Tanh(), Rectifier()])
    parent.children.append(Rectifier())

    assert [child.name for child in parent.children] == [
        "rectifier",
        "tanh",
        "rectifier_1",
        "rectifier_2",
    ]


def test_siblings_cannot_be_given_one_name():
    with pytest.raises(ValueError, match="/top cannot have two children named 'a'"):
        Brick(name="top", children=[Tanh(name="a"), Rectifier(name="a")])


def test_a_brick_cannot_be_renamed_like_a_sibling():
    parent = Brick(children=[Tanh(), Rectifier()])

    with pytest.raises(ValueError, match="/brick has a child named 'tanh' already"):
        parent.children[1].name = "tanh"


def a_append(parent, new):
    parent.children.append(new)


def a_insert(parent, new):
    parent.children.insert(0, new)


def a_set_index(parent, new):
    parent.children[0] = new


def a_set_slice(parent, new):
    parent.children[0:2] = [new]


def a_assign(parent, new):
    parent.children = [new]


def a_extend(parent, new):
    parent.children += [new]


def a_delete(parent, new):
    del parent.children[0]


def a_clear(parent, new):
    parent.children.clear()


def a_pop(parent, new):
    parent.children.pop()


def a_reverse(parent, new):
    parent.children.reverse()


@pytest.mark.parametrize(
    "edit",
    [
        a_append,
        a_insert,
        a_set_index,
        a_set_slice,
        a_assign,
        a_extend,
        a_delete,
        a_clear,
        a_pop,
        a_reverse,
    ],
)
def test_parents_are_right_however_children_are_edited(edit):
    bricks = [Brick(name=name) for name in "abc"]
    parent = Brick(children=bricks[:2])

    edit(parent, bricks[2])

    for brick in bricks:
        assert brick.parents == ((parent,) if brick in parent.children else ())


def test_an_edit_that_is_an_error_changes_nothing():
    a, b = Brick(name="a"), Brick(name="b")
    parent = Brick(children=[a])

    with pytest.raises(TypeError, match="3 cannot be a child of /brick"):
        parent.children = [b, 3]
    assert list(parent.children) == [a]
    assert (a.parents, b.parents) == ((parent,), ())


def test_a_brick_cannot_be_below_itself():
    inner = Brick(name="inner")
    outer = Brick(name="outer", children=[inner])

    with pytest.raises(ValueError, match="/outer cannot be a child of /outer/inner"):
        inner.children.append(outer)


def test_a_brick_is_a_child_once():
    child = Tanh()

    with pytest.raises(ValueError, match="is twice among the children of /brick"):
        Brick(children=[child, child])


def test_bricks_are_found_by_a_predicate():
    mlp = network()

    found = find_bricks([mlp], lambda brick: isinstance(brick, Linear))

    assert found == list(mlp.linear_transformations)


# Sizes


def test_a_brick_knows_the_sizes_of_its_input_and_output():
    assert Linear(3, 2).get_dims(["input_", "output"]) == [3, 2]


@pytest.mark.parametrize("brick", [Linear(3, 2), Tanh()])
def test_a_size_that_a_brick_does_not_know_is_an_error(brick):
    with pytest.raises(
        ValueError, match=f"No dimension information for x available in /{brick.name}"
    ):
        brick.get_dim("x")


# Parameters


def test_own_parameters_are_in_the_order_of_declaration():
    layer = Linear(3, 2)

    assert [(own.name, own.shape) for own in layer.parameters] == [("W", (3, 2)), ("b", (2,))]
    assert [own.roles for own in layer.parameters] == [{WEIGHT}, {BIAS}]


def test_a_parameter_has_no_value_until_it_is_initialized():
    layer = Linear(3, 2, weights_init=Constant(1), biases_init=Constant(0))
    layer.allocate()
    assert layer.allocated
    assert not layer.initialized
    assert [own.value for own in layer.parameters] == [None, None]

    layer.initialize(seed=1)

    assert layer.initialized
    np.testing.assert_array_equal(layer.get_parameter("W").value, np.ones((3, 2)))


def test_using_a_brick_before_it_is_initialized_is_an_error_with_the_cure():
    with pytest.raises(ValueError, match=r"/linear.W has no value yet; call brick.initialize\("):
        Linear(3, 2).apply(np.ones((1, 3), "float32"))


def test_an_array_set_on_a_brick_is_the_value_of_the_parameter():
    layer = Linear(2, 1, use_bias=False)

    layer.W = [[1], [2]]

    assert layer.get_parameter("W").dtype == np.float32
    np.testing.assert_array_equal(layer.apply(np.array([[3, 4]], "float32")), [[11]])


@pytest.mark.parametrize("value", [np.ones((2, 3)), jnp.ones((3, 2), "float16"), "text"])
def test_an_array_of_another_shape_or_dtype_is_refused(value):
    layer = Linear(3, 2)

    with pytest.raises(ValueError, match=r"/linear.W holds float32\[3, 2\], but the value set is"):
        layer.W = value


def test_allocating_again_keeps_parameters_and_values():
    layer = Linear(3, 2, weights_init=Glorot(), biases_init=Constant(0))
    layer.initialize(seed=1)
    before = layer.parameters, np.asarray(layer.W)

    layer.allocate()

    assert layer.parameters == before[0]
    np.testing.assert_array_equal(layer.W, before[1])


def test_a_child_of_two_parents_is_allocated_once():
    child = Linear(3, 2)
    first, second = Sequence([child], name="first"), Sequence([child], name="second")
    first.allocate()
    weights = child.get_parameter("W")

    second.allocate()

    assert child.get_parameter("W") is weights
    assert first.get_parameters() == second.get_parameters()


def test_all_parameters_of_a_network_have_their_paths():
    mlp = MLP([None, None], [3, 4, 2])

    shapes = {path: own.shape for path, own in mlp.get_parameter_dict().items()}

    assert shapes == {
        "/mlp/linear_0.W": (3, 4),
        "/mlp/linear_0.b": (4,),
        "/mlp/linear_1.W": (4, 2),
        "/mlp/linear_1.b": (2,),
    }


def test_a_parameter_that_is_switched_off_is_an_error_that_says_why():
    layer = Linear(3, 2, use_bias=False)

    with pytest.raises(
        AttributeError, match="/linear has no parameter 'b', because use_bias is False"
    ):
        layer.get_parameter("b")


def test_two_parameters_of_one_path_are_an_error_in_a_graph():
    left, right = Linear(3, 2), Linear(3, 2)

    with pytest.raises(ValueError, match=r"have the path /linear\.W"):
        ComputationGraph(
            lambda x: left.apply(x) + right.apply(x), {"x": np.ones((1, 3), "float32")}
        )


def test_two_parameters_of_one_path_are_an_error_in_a_network():
    left, right = Linear(3, 2, name="left"), Linear(3, 2, name="right")
    net = Brick(children=[left, right])
    other = Sequence([Linear(3, 2, name="left")], name="brick")
    right.W = other.children[0].get_parameter("W")

    with pytest.raises(ValueError, match=r"two parameters have the path /brick/left\.W"):
        net.get_parameter_dict()


def test_values_are_read_and_set_by_path():
    source, target = network(), network()
    source.initialize(seed=1)

    target.set_parameter_values(source.get_parameter_values())

    np.testing.assert_array_equal(
        target.linear_transformations[0].W, source.linear_transformations[0].W
    )


def test_values_that_are_not_there_are_named():
    with pytest.raises(ValueError, match=r"no value yet: /mlp/linear_0.W, /mlp/linear_1.W;"):
        network().get_parameter_values()


def test_values_that_do_not_fit_are_all_named_and_none_is_set():
    mlp = MLP([None, None], [3, 4, 2], use_bias=False)
    values = {"/mlp/linear_0.W": np.ones((4, 3)), "/mlp/linear_9.W": np.ones(1)}

    with pytest.raises(ValueError, match="nothing was set") as error:
        mlp.set_parameter_values(values)

    message = str(error.value)
    assert "there are no parameters /mlp/linear_9.W" in message
    assert "no values were given for /mlp/linear_1.W" in message
    assert "/mlp/linear_0.W holds float32[3, 4], but the value is float32[4, 3]" in message
    assert [own.value for own in mlp.get_parameters()] == [None, None]


# Initialization


def test_first_values_depend_on_seed_and_path_alone():
    def weights(mlp, seed):
        mlp.initialize(seed=seed)
        return {path: np.asarray(value) for path, value in mlp.get_parameter_values().items()}

    first, again, other = (weights(network(), seed) for seed in (1, 1, 2))

    for path in first:
        np.testing.assert_array_equal(first[path], again[path])
        assert not np.array_equal(first[path], other[path])
    assert not np.array_equal(
        first["/mlp/linear_0.W"].ravel()[:8], first["/mlp/linear_1.W"].ravel()
    )


def test_another_brick_changes_no_values_of_those_that_were_there():
    first = Linear(3, 2, name="first", weights_init=Orthogonal(), use_bias=False)
    small = Sequence([first], name="net")
    small.initialize(seed=1)
    before = np.asarray(first.W)
    second = Linear(2, 5, name="second", weights_init=Glorot(), use_bias=False)
    again = Linear(3, 2, name="first", weights_init=Orthogonal(), use_bias=False)

    Sequence([second, again], name="net").initialize(seed=1)

    np.testing.assert_array_equal(again.W, before)


def test_a_part_initialized_alone_gets_the_values_it_gets_as_a_part():
    whole, part = network(), network()
    whole.initialize(seed=1)

    part.linear_transformations[1].initialize(seed=1)

    np.testing.assert_array_equal(
        part.linear_transformations[1].W, whole.linear_transformations[1].W
    )


def test_first_values_are_the_same_on_every_machine():
    layer = Linear(1, 3, weights_init=Constant(0), biases_init=Constant(0))
    layer.weights_init = Glorot(uniform=True)

    layer.initialize(seed=1)

    # `printf /linear.W | sha256sum`, as little-endian words after the seed.
    digest = bytes.fromhex("20bfcf0156fd493f4ff41a44c0a9a8cee68f54e1a0888598d88c3a3b4d595d4b")
    words = [1, *struct.unpack("<8I", digest)]
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))
    expected = (rng.random((1, 3)) - 0.5) * np.sqrt(12) * np.sqrt(2 / 4)
    np.testing.assert_allclose(layer.W, expected, rtol=1e-6)


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (1.0, TypeError), ("a", TypeError)])
def test_a_seed_is_an_integer_of_at_least_zero(seed, error):
    with pytest.raises(error, match=r"seed="):
        network().initialize(seed=seed)


def test_a_scheme_that_does_not_fit_is_an_error_that_names_the_parameter():
    layer = Linear(3, 2, weights_init=Constant([1, 2, 3]), biases_init=Constant(0))

    with pytest.raises(ValueError, match=r"/linear\.W cannot be initialized: a constant of shape"):
        layer.initialize(seed=1)


# Tied parameters


def tied():
    a = Linear(2, 2, name="a", weights_init=Glorot(), use_bias=False)
    b = Linear(2, 2, name="b", weights_init=Glorot(), use_bias=False)
    b.W = a.get_parameter("W")
    return Sequence([a, b])


def test_tied_bricks_have_one_parameter():
    net = tied()
    net.initialize(seed=1)

    assert list(net.get_parameter_dict()) == ["/sequence/a.W"]
    np.testing.assert_array_equal(net.children[0].W, net.children[1].W)


def test_a_tie_made_after_allocation_holds_too():
    a, b = (Linear(2, 2, name=name, use_bias=False) for name in "ab")
    net = Sequence([a, b])
    a.W, b.W = np.eye(2), 2 * np.eye(2)
    x = np.ones((1, 2), "float32")
    np.testing.assert_array_equal(net.apply(x), [[2, 2]])

    b.W = a.get_parameter("W")

    np.testing.assert_array_equal(net.apply(x), [[1, 1]])


def test_the_gradient_of_a_tied_parameter_is_the_sum_over_its_uses():
    net = tied()
    net.initialize(seed=1)
    x = np.array([[0.3, -1.2]], "float32")
    graph = ComputationGraph(lambda x: net.apply(x).sum(), {"x": x})
    (parameter,) = graph.parameters
    W = np.asarray(parameter.value)

    gradient = jax.grad(lambda values: next(iter(graph.function(values, {"x": x})[0].values())))(
        {parameter.path: W}
    )

    ones = np.ones((1, 2))
    expected = x.T @ (ones @ W.T) + (x @ W).T @ ones
    np.testing.assert_allclose(gradient[parameter.path], expected, rtol=1e-5)


def test_a_parameter_of_another_shape_cannot_be_tied():
    a, b = Linear(2, 3, name="a"), Linear(2, 2, name="b")
    b.W = a.get_parameter("W")

    with pytest.raises(ValueError, match=r"/b.W is float32\[2, 2\] and cannot be tied to /a.W"):
        b.allocate()


def test_a_parameter_that_is_switched_off_cannot_be_tied():
    a, b = Linear(2, 2, name="a"), Linear(2, 2, name="b", use_bias=False)
    b.b = a.get_parameter("b")

    with pytest.raises(ValueError, match=r"/b has no parameter 'b' to tie to /a\.b"):
        b.allocate()


# Copies


def test_a_copy_has_parameters_of_its_own_with_equal_values():
    mlp = network()
    mlp.initialize(seed=1)

    twin = copy.deepcopy(mlp)
    twin.linear_transformations[0].W = np.zeros((3, 4))

    assert np.asarray(mlp.linear_transformations[0].W).any()
    np.testing.assert_array_equal(twin.linear_transformations[1].W, mlp.linear_transformations[1].W)
    assert not set(twin.get_parameters()) & set(mlp.get_parameters())
    assert twin.apply.brick is twin


def test_a_copy_of_a_child_has_no_parents_and_nothing_that_they_gave():
    mlp = network()
    mlp.push_configuration()

    twin = copy.deepcopy(mlp.linear_transformations[0])

    assert twin.parents == ()
    assert twin.input_dim is None


def test_what_is_tied_within_a_copy_is_tied_to_the_copy():
    net = tied()
    net.initialize(seed=1)

    twin = copy.deepcopy(net)

    assert twin.children[1].get_parameter("W") is twin.children[0].get_parameter("W")
    assert twin.children[0].get_parameter("W") is not net.children[0].get_parameter("W")


def test_what_is_tied_to_the_outside_stays_so_in_a_copy():
    net = tied()
    net.allocate()

    twin = copy.deepcopy(net.children[1])

    assert twin.get_parameter("W") is net.children[0].get_parameter("W")


def test_a_copy_of_an_allocated_child_keeps_the_sizes_that_its_parents_gave():
    mlp = network()
    mlp.initialize(seed=1)
    layer = mlp.linear_transformations[0]

    twin = copy.deepcopy(layer)

    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(twin.apply(x), layer.apply(x))


def test_an_allocated_child_that_leaves_its_parent_keeps_its_sizes():
    mlp = network()
    mlp.initialize(seed=1)
    layer = mlp.children[0]

    mlp.children.remove(layer)
    layer.push_configuration()

    assert (layer.input_dim, layer.output_dim) == (3, 4)
    assert layer.weights_init is None


# Bricks of one's own


def test_a_brick_of_ones_own_is_an_ordinary_object():
    class Counter(Brick):
        def __init__(self, start, **settings):
            self.start = start
            super().__init__(**settings)

        @application
        def apply(self, x):
            return x + self.start

    counter = Counter(3, name="count")
    assert counter.apply(jnp.ones(())) == 4

    counter.start = 5

    assert counter.apply(jnp.ones(())) == 6


def test_a_brick_whose_constructor_leaves_out_that_of_its_base_is_an_error():
    class Forgetful(Brick):
        def __init__(self):
            self.size = 3

    with pytest.raises(TypeError, match=r"Forgetful.__init__ does not call super\(\).__init__"):
        Forgetful()


@pytest.mark.parametrize(
    ("role", "shape", "message"),
    [
        ("WEIGHT", (3,), "roles is 'WEIGHT', but must be a list of roles"),
        (["WEIGHT"], (3,), "roles holds 'WEIGHT', which is no role"),
        (WEIGHT, "dim", r"shape='dim', but needs a tuple.*write shape=\('dim',\)"),
        (WEIGHT, 3, r"shape=3, but needs a tuple.*write shape=\(3,\)"),
    ],
    ids=["role", "roles", "name", "size"],
)
def test_what_is_declared_of_a_parameter_is_checked(role, shape, message):
    with pytest.raises(TypeError, match=message):
        parameter(role, shape=shape, init=Constant(0))


@pytest.mark.parametrize(
    "declared", [{"shape": ("size",), "init": Constant(0)}, {"shape": (3,), "init": "size"}]
)
def test_an_attribute_that_a_declaration_names_in_vain_is_an_error(declared):
    class Vain(Brick):
        W = parameter(WEIGHT, **declared)

    message = r"/vain: the parameter W is declared with 'size'.*write size = dimension\(\)"
    with pytest.raises(AttributeError, match=message):
        Vain().initialize(seed=1)


def test_a_derived_brick_may_show_a_parameter_transformed():
    class Normalized(Linear):
        @property
        def W(self):  # noqa: N802
            weights = self.get_parameter("W").read()
            return weights / jnp.sqrt(jnp.sum(weights**2, axis=0, keepdims=True))

    layer = Normalized(2, 1, use_bias=False)
    layer.get_parameter("W").value = np.array([[3], [4]], "float32")

    np.testing.assert_allclose(layer.apply(np.array([[1, 1]], "float32")), [[1.4]], rtol=1e-6)


def test_a_brick_tells_its_settings():
    assert repr(Bias(3, name="shift")) == "<Bias /shift dim=3>"


def test_a_network_is_initialized_without_compiling_for_each_parameter():
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *args, **kwargs: compiled.append(name) if "compile" in name else None
    )
    mlp = MLP([None] * 12, range(20, 33), weights_init=Glorot(), biases_init=Constant(0))

    mlp.initialize(seed=1)

    assert compiled == []
