"""Activations, against closed forms in double precision."""

import math

import jax
import numpy as np
import pytest

from bricks import (
    ELU,
    GELU,
    HardTanh,
    Identity,
    LeakyRectifier,
    Logistic,
    Rectifier,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from bricks.interfaces import Activation

X = np.array([[-100, -3, -1, -0.25, 0], [0.25, 1, 3, 10, 100]], "float32")
ERF = np.vectorize(math.erf)

CASES = [
    (Identity(), lambda x: x),
    (Tanh(), np.tanh),
    (Logistic(), lambda x: 1 / (1 + np.exp(-x))),
    (Rectifier(), lambda x: np.maximum(x, 0)),
    (LeakyRectifier(), lambda x: np.where(x > 0, x, 0.01 * x)),
    (LeakyRectifier(leak=0.3), lambda x: np.where(x > 0, x, 0.3 * x)),
    (Softplus(), lambda x: np.logaddexp(0, x)),
    (Softsign(), lambda x: x / (1 + np.abs(x))),
    (HardTanh(), lambda x: np.clip(x, -1, 1)),
    (ELU(), lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
    (ELU(alpha=2), lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0)))),
    (GELU(), lambda x: x * (1 + ERF(x / math.sqrt(2))) / 2),
    (SiLU(), lambda x: x / (1 + np.exp(-x))),
    (
        Softmax(),
        lambda x: (
            np.exp(x - x.max(-1, keepdims=True))
            / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)
        ),
    ),
]


@pytest.mark.parametrize(("brick", "formula"), CASES, ids=lambda case: getattr(case, "name", ""))
def test_an_activation_is_its_formula(brick, formula):
    assert isinstance(brick, Activation)
    np.testing.assert_allclose(brick.apply(X), formula(X.astype(float)), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("brick", [brick for brick, _ in CASES], ids=lambda brick: brick.name)
def test_an_activation_has_no_parameters(brick):
    assert brick.get_parameters() == ()


@pytest.mark.parametrize("brick", [brick for brick, _ in CASES], ids=lambda brick: brick.name)
def test_an_activation_hides_no_nan(brick):
    assert np.isnan(brick.apply(np.array([np.nan, 1.0], "float32"))).any()


def test_the_derivative_of_a_rectifier_at_zero_is_zero():
    gradient = jax.grad(lambda x: Rectifier().apply(x).sum())(np.array([-1.0, 0, 2], "float32"))

    np.testing.assert_array_equal(gradient, [0, 0, 1])


def test_log_probabilities_are_finite_where_probabilities_are_not():
    x = np.array([[0, 500]], "float32")

    np.testing.assert_array_equal(Softmax().log_probabilities(x), [[-500, 0]])


def test_a_softmax_takes_any_number_of_axes():
    x = np.zeros((2, 3, 4), "float32")

    np.testing.assert_allclose(Softmax().apply(x), np.full((2, 3, 4), 0.25))


def test_a_leak_is_a_number():
    with pytest.raises(ValueError, match="/leakyrectifier: leak='a'"):
        LeakyRectifier(leak="a")
