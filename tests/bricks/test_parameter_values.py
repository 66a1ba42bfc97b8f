"""A parameter: its value is its own, and its roles say what it is for."""

import jax
import numpy as np
import pytest

from bricks import Linear
from bricks.parameter import Parameter
from bricks.roles import (
    BATCH_NORM_POPULATION_MEAN,
    DROPOUT,
    FILTER,
    PARAMETER,
    PERSISTENT,
    WEIGHT,
)


def aligned(values):
    """The values in memory that JAX could use as it is: at a multiple of 64 bytes."""
    memory = np.zeros(values.size + 16, values.dtype)
    start = -memory.ctypes.data % 64 // values.itemsize
    view = memory[start : start + values.size].reshape(values.shape)
    view[...] = values
    return view


def set_directly(values):
    parameter = Parameter("W", values.shape, values.dtype, roles=[WEIGHT])
    parameter.value = values
    return parameter


def set_on_a_brick(values):
    linear = Linear(*values.shape, use_bias=False)
    linear.W = values
    return linear.get_parameter("W")


def set_by_path(values):
    linear = Linear(*values.shape, use_bias=False)
    linear.allocate()
    linear.set_parameter_values({"/linear.W": values})
    return linear.get_parameter("W")


@pytest.mark.parametrize("set_value", [set_directly, set_on_a_brick, set_by_path])
def test_changing_the_array_that_a_value_was_set_from_changes_no_parameter(set_value):
    values = aligned(np.ones((32, 32), np.float32))
    parameter = set_value(values)

    values[...] = 7

    np.testing.assert_array_equal(jax.device_get(parameter.value), np.ones((32, 32)))


def test_roles_of_a_parameter_say_whether_it_is_trained():
    assert Parameter("W", ()).roles == {PARAMETER}
    assert Parameter("W", (), roles=[FILTER, DROPOUT]).roles == {FILTER, DROPOUT}
    assert Parameter("mean", (), roles=[BATCH_NORM_POPULATION_MEAN]).roles == {
        BATCH_NORM_POPULATION_MEAN
    }
    assert Parameter("count", (), roles=[PERSISTENT]).roles == {PERSISTENT}


def test_the_roles_of_a_parameter_are_a_list():
    with pytest.raises(TypeError, match=r"the bare role WEIGHT; pass a list: roles=\[WEIGHT\]"):
        Parameter("W", (), roles=WEIGHT)
    with pytest.raises(TypeError, match="roles holds 'WEIGHT', which is no role"):
        Parameter("W", (), roles=["WEIGHT"])
