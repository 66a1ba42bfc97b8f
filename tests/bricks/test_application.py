"""Applications: how a brick is called, and what the graph sees of it."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bricks import (
    Brick,
    LeakyRectifier,
    Linear,
    Parameter,
    Sequence,
    Tanh,
    add_auxiliary_variable,
    application,
)
from bricks.graph import ComputationGraph, random_key
from bricks.initialization import Constant
from bricks.roles import AUXILIARY, COST, INPUT, OUTPUT, WEIGHT

X = np.array([1.0, 2.0], "float32")


class SumAndDifference(Brick):
    """Two inputs, two outputs."""

    @application(inputs=["x", "y"], outputs=["total", "difference"])
    def apply(self, x, y):
        return x + y, x - y

    @application
    def bare(self, x, *args, scale=1.0, **kwargs):
        total = x * scale
        for value in (*args, *kwargs.values()):
            total = total + value
        return total


def variables(fn, **batch):
    graph = ComputationGraph(fn, batch)
    return {
        str(variable): variable.roles for variable in graph.variables if str(variable) not in batch
    }


# Results


def test_several_outputs_are_a_list():
    total, difference = SumAndDifference().apply(X, 2 * X)

    np.testing.assert_array_equal(total, [3, 6])
    np.testing.assert_array_equal(difference, [-1, -2])


def test_a_single_output_is_itself_unless_a_list_is_asked_for():
    np.testing.assert_array_equal(Tanh().apply(0 * X), [0, 0])
    (value,) = Tanh().apply(0 * X, as_list=True)
    np.testing.assert_array_equal(value, [0, 0])


def test_outputs_come_as_a_dict_by_their_names():
    outputs = SumAndDifference().apply(X, y=X, as_dict=True)

    assert list(outputs) == ["total", "difference"]
    np.testing.assert_array_equal(outputs["difference"], [0, 0])


def test_outputs_without_declared_names_are_numbered():
    assert list(SumAndDifference().bare(X, as_dict=True)) == ["output_0"]


def test_asking_for_a_list_and_a_dict_is_an_error():
    with pytest.raises(ValueError, match=r"/tanh.apply: ask for as_dict or for as_list"):
        Tanh().apply(X, as_dict=True, as_list=True)


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_outputs_than_declared_is_an_error(count):
    class Wrong(Brick):
        @application(outputs=["a", "b"])
        def apply(self, x):
            return [x] * count

    with pytest.raises(
        ValueError, match=rf"/wrong.apply: Unexpected outputs: it returned {count}.* 2: a, b"
    ):
        Wrong().apply(X)


def test_wrong_arguments_are_an_error_that_names_the_application():
    with pytest.raises(TypeError, match=r"/linear.apply: missing a required argument: 'input_'"):
        Linear(2, 2, name="linear").apply()


# Variables


def test_inputs_and_outputs_are_variables_with_roles():
    brick = SumAndDifference(name="pair")

    assert variables(lambda a, b: sum(brick.apply(a, b)), a=X, b=X) == {
        "/pair.apply:x": {INPUT},
        "/pair.apply:y": {INPUT},
        "/pair.apply:total": {OUTPUT},
        "/pair.apply:difference": {OUTPUT},
        "output": set(),
    }


def test_the_arguments_of_a_variable_number_are_numbered():
    brick = SumAndDifference(name="pair")

    names = variables(lambda a, b: brick.bare(a, b, a, extra=b), a=X, b=X)

    assert list(names) == [
        "/pair.bare:x",
        "/pair.bare:args_0",
        "/pair.bare:args_1",
        "/pair.bare:extra",
        "/pair.bare:output_0",
    ]


def test_the_second_call_of_an_application_is_told_from_the_first():
    brick = Tanh()

    names = variables(lambda x: brick.apply(brick.apply(x)), x=X)

    assert list(names) == [
        "/tanh.apply:input_",
        "/tanh.apply:output",
        "/tanh.apply:input_#1",
        "/tanh.apply:output#1",
    ]


def test_what_is_no_array_passes_through_untouched():
    marker = object()

    class Passing(Brick):
        @application(outputs=["value", "marker", "nothing"])
        def apply(self, x, marker, nothing=None):
            return x, marker, nothing

    found = []

    def fn(x):
        value, *others = Passing().apply(x, marker)
        found.extend(others)
        return value

    assert list(variables(fn, x=X)) == ["/passing.apply:x", "/passing.apply:value"]
    assert found == [marker, None]
    assert Passing().apply(X, marker)[1:] == [marker, None]


def test_an_input_or_output_may_have_a_further_role():
    class Loss(Brick):
        @application(inputs=["x"], outputs=["loss"], roles={"loss": COST})
        def apply(self, x):
            return jnp.sum(x)

    assert variables(lambda x: Loss().apply(x), x=X)["/loss.apply:loss"] == {COST, OUTPUT}


def test_an_auxiliary_variable_belongs_to_the_application_that_adds_it():
    class Watched(Brick):
        @application(outputs=["output"])
        def apply(self, x):
            add_auxiliary_variable(jnp.max(x), name="peak")
            add_auxiliary_variable(jnp.min(x), [WEIGHT], name="low")
            return 2 * x

    brick = Watched()
    graph = ComputationGraph(lambda x: brick.apply(x), {"x": X})

    found = {str(variable): variable for variable in graph.auxiliary_variables}
    captured = graph.capture(found.values())({"x": X})
    assert found["/watched.apply:peak"].roles == {AUXILIARY}
    assert found["/watched.apply:low"].roles == {AUXILIARY, WEIGHT}
    assert captured["/watched.apply:peak"] == 2.0
    np.testing.assert_array_equal(brick.apply(X), [2, 4])


def test_an_auxiliary_variable_outside_of_applications_is_an_error():
    with pytest.raises(ValueError, match="'norm' was added outside of an application"):
        add_auxiliary_variable(jnp.ones(()), name="norm")


def test_the_roles_of_an_auxiliary_variable_are_a_list():
    class Auxiliary(Brick):
        @application
        def apply(self, x):
            return add_auxiliary_variable(x, COST, name="extra")

    with pytest.raises(TypeError, match=r"the bare role COST; pass a list: roles=\[COST\]"):
        Auxiliary().apply(np.ones(2, "float32"))


# Declarations and attributes


def test_declared_inputs_must_be_arguments():
    with pytest.raises(ValueError, match="apply: Unexpected inputs z; its arguments are x"):

        @application(inputs=["z"])
        def apply(self, x):
            return x


@pytest.mark.parametrize("name", ["as_dict", "as_list"])
def test_the_names_that_choose_the_form_of_the_result_are_reserved(name):
    namespace = {}
    exec(f"def apply(self, {name}): pass", namespace)

    with pytest.raises(ValueError, match=f"{name} are reserved"):
        application(namespace["apply"])


def test_the_application_of_one_brick_is_always_the_same_object():
    brick = Tanh()

    assert brick.apply is brick.apply
    assert brick.apply is not Tanh().apply
    assert len({brick.apply, brick.apply}) == 1
    assert brick.apply.application is Tanh.apply
    assert brick.apply.brick is brick
    assert brick.apply.path == "/tanh.apply"


def test_an_application_has_the_documentation_of_its_method():
    assert inspect.getdoc(Tanh.apply) == "Apply it to each value."


def test_an_application_cannot_be_replaced():
    with pytest.raises(AttributeError, match="/tanh: the application 'apply' cannot be replaced"):
        Tanh().apply = 3


class Stack(Brick):
    """Shows properties, declared attributes and delegation."""

    def __init__(self, **settings):
        super().__init__(children=[SumAndDifference()], **settings)

    @application(depth=2)
    def apply(self, *args):
        return self.children[0].apply(*args)

    @apply.property("outputs")
    def apply_outputs(self):
        return [f"{self.name}_{name}" for name in self.children[0].apply.outputs]

    @apply.delegate
    def apply_delegate(self):
        return self.children[0].apply


def test_attributes_are_looked_up_in_order():
    brick = Stack(name="stack")

    assert brick.apply.outputs == ["stack_total", "stack_difference"]
    assert brick.apply.depth == 2
    assert brick.apply.inputs == ("x", "y")
    brick.apply.depth = 3
    assert brick.apply.depth == 3
    assert Stack().apply.depth == 2


def test_computed_output_names_are_used():
    assert list(Stack(name="s").apply(X, X, as_dict=True)) == ["s_total", "s_difference"]


def test_a_derived_brick_may_compute_an_attribute_differently():
    class Renamed(Stack):
        def apply_outputs(self):
            return ["a", "b"]

    assert Renamed().apply.outputs == ["a", "b"]


def test_an_attribute_that_is_nowhere_is_an_error():
    with pytest.raises(AttributeError, match=r"/tanh.apply has no attribute 'depth'"):
        Tanh().apply.depth  # noqa: B018


def test_the_name_of_a_property_is_a_string():
    with pytest.raises(TypeError, match=r"apply.property needs the attribute's name"):
        Stack.apply.property(lambda self: 3)


def test_a_derived_application_may_call_the_one_it_replaces():
    class Twice(Tanh):
        @application(inputs=["input_"], outputs=["output"])
        def apply(self, input_):
            return 2 * super().apply(input_)

    np.testing.assert_allclose(Twice().apply(X), 2 * np.tanh(X), rtol=1e-6)


# Who may call whom


class Outer(Brick):
    """Calls a brick that may or may not be its child."""

    def __init__(self, inner, **settings):
        self.inner = inner
        super().__init__(**settings)

    @application
    def apply(self, x):
        return self.inner.apply(x)


def test_calling_a_brick_that_is_not_below_is_an_error_with_the_cure():
    with pytest.raises(
        ValueError, match=r"/outer.apply calls /tanh.apply, .*add it to the children of /outer"
    ):
        Outer(Tanh()).apply(X)


def test_calling_a_grandchild_is_allowed():
    inner = Tanh()

    outer = Outer(inner, children=[Sequence([inner])])

    np.testing.assert_allclose(outer.apply(X), np.tanh(X), rtol=1e-6)


# Called like NumPy


def test_a_brick_called_with_arrays_gives_what_its_graph_gives():
    layer = Linear(2, 3, weights_init=Constant(0.1), biases_init=Constant(1))
    layer.initialize(seed=1)
    x = np.array([[1, 2], [3, 4]], "float32")

    graph = ComputationGraph(lambda x: layer.apply(x), {"x": x})

    np.testing.assert_array_equal(layer.apply(x), graph({"x": x})["output"])


def test_values_set_later_count():
    layer = Linear(2, 1, use_bias=False)
    layer.W = [[1], [2]]
    assert layer.apply(X).tolist() == [5]

    layer.W = [[0], [1]]

    assert layer.apply(X).tolist() == [2]


def test_settings_changed_later_count():
    brick = LeakyRectifier(leak=0.5)
    assert brick.apply(-X).tolist() == [-0.5, -1]

    brick.leak = 2

    assert brick.apply(-X).tolist() == [-2, -4]


def test_attributes_changed_later_count():
    class Scale(Brick):
        def __init__(self):
            super().__init__()
            self.shown, self._hidden = 1.0, 1.0

        @application
        def apply(self, x):
            return x * self.shown * self._hidden

    brick = Scale()
    assert brick.apply(X).tolist() == [1, 2]

    brick.shown = 3.0
    assert brick.apply(X).tolist() == [3, 6]
    brick._hidden = 5.0
    assert brick.apply(X).tolist() == [15, 30]


def test_settings_of_a_child_changed_later_count():
    inner = LeakyRectifier(leak=0.5)
    outer = Sequence([Sequence([inner])])
    assert outer.apply(-X).tolist() == [-0.5, -1]

    inner.leak = 2

    assert outer.apply(-X).tolist() == [-2, -4]


def test_other_shapes_are_compiled_anew():
    brick = Tanh()

    for shape in [(2,), (3, 2), (2,), ()]:
        np.testing.assert_allclose(
            brick.apply(np.ones(shape, "float32")), np.tanh(np.ones(shape)), rtol=1e-6
        )


def test_arguments_that_are_no_arrays_are_told_apart():
    brick = SumAndDifference()

    results = [brick.bare(X, scale=scale).tolist() for scale in (1, 2.0, 1.0)]

    assert results == [[1, 2], [2, 4], [1, 2]]


def test_arrays_inside_of_what_is_returned_are_computed_too():
    class Statistics(Brick):
        @application(inputs=["x"], outputs=["all", "note"])
        def apply(self, x):
            return {"sum": jnp.sum(x), "largest": [jnp.max(x)]}, "over all axes"

    brick = Statistics()
    for scale in (1, 2):  # the second call runs what the first compiled
        found, note = brick.apply(scale * np.ones((2, 3), "float32"))
        assert (float(found["sum"]), float(found["largest"][0])) == (6 * scale, scale)
        assert note == "over all axes"


def test_an_application_need_not_return_an_array():
    class Silent(Brick):
        @application(inputs=["x"], outputs=["nothing"])
        def apply(self, x):
            return None

    assert Silent().apply(np.ones(2, "float32")) is None


def test_arguments_that_cannot_be_hashed_are_used_as_they_are():
    class Scaled(Brick):
        @application
        def apply(self, x, scales):
            return x * scales["factor"]

    brick, scales = Scaled(), {"factor": 2.0}
    assert brick.apply(X, scales).tolist() == [2, 4]

    scales["factor"] = 3.0

    assert brick.apply(X, scales).tolist() == [3, 6]


def test_without_arrays_the_method_just_runs():
    class Answer(Brick):
        @application
        def apply(self, question="?"):
            return question + " 42"

    assert Answer().apply() == "? 42"


def test_a_brick_can_be_differentiated_and_batched_by_jax():
    layer = Linear(2, 1, use_bias=False)
    layer.W = [[3], [4]]

    gradient = jax.grad(lambda x: layer.apply(x)[0])(jnp.array(X))
    mapped = jax.vmap(layer.apply)(jnp.array([X, 2 * X]))

    np.testing.assert_array_equal(gradient, [3, 4])
    np.testing.assert_array_equal(mapped, [[11], [22]])


@pytest.mark.parametrize("closed_over", [False, True])
def test_a_brick_in_a_bare_jit_is_an_error_that_says_to_use_a_graph(closed_over):
    layer = Linear(2, 1, use_bias=False)
    layer.W = [[3], [4]]

    with pytest.raises(
        TypeError, match=r"/linear.W was read inside a bare jax.jit.*ComputationGraph"
    ):
        jax.jit(lambda x: layer.apply(X if closed_over else x))(X)


def test_a_brick_that_draws_needs_a_graph_that_is_given_a_key():
    class Noise(Brick):
        @application(outputs=["output"])
        def apply(self, x):
            return x + jax.random.normal(random_key(), x.shape)

    brick = Noise()
    with pytest.raises(ValueError, match="key"):
        brick.apply(X)

    graph = ComputationGraph(lambda x: brick.apply(x), {"x": X})

    assert graph({"x": X}, key=jax.random.key(1))["output"].shape == (2,)


def test_a_parameter_of_a_brick_can_be_read_anywhere():
    layer = Linear(2, 1, use_bias=False)
    layer.W = [[3], [4]]

    assert layer.W.tolist() == [[3], [4]]
    assert isinstance(layer.get_parameter("W"), Parameter)


def test_a_brick_used_in_a_scan_is_one_brick():
    layer = Linear(2, 2, use_bias=False)
    layer.W = np.eye(2) / 2

    def fn(x):
        return jax.lax.scan(lambda state, _: (layer.apply(state), None), x, length=3)[0]

    graph = ComputationGraph(fn, {"x": X})

    (output,) = graph({"x": X}).values()
    assert [str(parameter) for parameter in graph.parameters] == ["/linear.W"]
    np.testing.assert_allclose(output, X / 8)
