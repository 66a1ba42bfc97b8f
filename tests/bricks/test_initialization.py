"""Initialization schemes, against closed forms."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.initialization import (
    AbstractInitialization,
    Constant,
    Glorot,
    He,
    Identity,
    IsotropicGaussian,
    LeCun,
    Orthogonal,
    Sparse,
    SparseND,
    Uniform,
    fans,
)

LARGE = (400, 300)


def rng(seed=1):
    return np.random.default_rng(seed)


def moments(scheme, shape=LARGE):
    values = scheme.generate(rng(), shape, np.float64)
    return values.mean(), values.std()


SCHEMES = [
    Constant(3),
    IsotropicGaussian(0.1),
    Uniform(width=2),
    Identity(2),
    Orthogonal(),
    Sparse(2, IsotropicGaussian()),
    SparseND((0, 1), 1, Constant(1)),
    Glorot(),
    Glorot(uniform=False),
    He(),
    He(uniform=True, leak=0.1),
    LeCun(),
]


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_values_have_the_shape_and_dtype_asked_for(scheme, dtype):
    shape = (5, 3, 2) if isinstance(scheme, SparseND) else (5, 3)

    values = scheme.generate(rng(), shape, dtype)

    assert values.shape == shape
    assert values.dtype == dtype


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_all_randomness_comes_from_the_given_generator(scheme):
    shape = (5, 3, 2) if isinstance(scheme, SparseND) else (5, 3)
    np.random.seed(0)  # noqa: NPY002  (it must not matter)
    first = scheme.generate(rng(7), shape)
    np.random.seed(1)  # noqa: NPY002

    second = scheme.generate(rng(7), shape)

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_the_dtype_only_rounds_what_is_drawn(scheme):
    shape = (5, 3, 2) if isinstance(scheme, SparseND) else (5, 3)

    double = scheme.generate(rng(), shape, np.float64)

    np.testing.assert_array_equal(scheme.generate(rng(), shape), double.astype(np.float32))


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_scheme_is_a_frozen_value(scheme):
    with pytest.raises(FrozenInstanceError):
        scheme.std = 3
    assert hash(scheme) == hash(scheme)


def test_a_constant_array_is_broadcast():
    values = Constant([1, 2, 3]).generate(rng(), (2, 3))

    np.testing.assert_array_equal(values, [[1, 2, 3], [1, 2, 3]])


def test_a_constant_array_is_a_copy_of_what_was_given():
    given_array = np.array([1.0, 2.0])
    scheme = Constant(given_array)
    given_array[0] = 9

    np.testing.assert_array_equal(scheme.generate(rng(), (2,)), [1, 2])


def test_constants_of_equal_content_are_equal():
    assert Constant([1, 2]) == Constant(np.array([1.0, 2.0]))
    assert hash(Constant([1, 2])) == hash(Constant(np.array([1.0, 2.0])))
    assert Constant(1) != Constant([1])
    assert repr(Constant(3)) == "Constant(constant=3)"


def test_a_constant_that_does_not_broadcast_is_an_error_with_both_shapes():
    with pytest.raises(ValueError, match=r"shape \(3,\) does not broadcast .* shape \(2, 2\)"):
        Constant([1, 2, 3]).generate(rng(), (2, 2))


def test_a_gaussian_has_its_standard_deviation_first_and_its_mean_second():
    mean, std = moments(IsotropicGaussian(0.5, 3))

    assert mean == pytest.approx(3, abs=0.01)
    assert std == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("scheme", [Uniform(1, width=3), Uniform(1, std=3 / math.sqrt(12))])
def test_a_uniform_fills_its_width_and_has_its_standard_deviation(scheme):
    values = scheme.generate(rng(), LARGE, np.float64)

    assert -0.5 <= values.min() < -0.49
    assert 2.49 < values.max() <= 2.5
    assert values.mean() == pytest.approx(1, abs=0.01)
    assert values.std() == pytest.approx(3 / math.sqrt(12), rel=0.01)


@pytest.mark.parametrize("arguments", [{}, {"width": 1, "std": 1}])
def test_a_uniform_needs_either_a_width_or_a_standard_deviation(arguments):
    with pytest.raises(ValueError, match="give either width or std"):
        Uniform(**arguments)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: IsotropicGaussian(-1), "std"),
        (lambda: Uniform(width=-1), "width"),
        (lambda: Uniform(std=-1), "std"),
        (lambda: He(gain=-1), "gain"),
    ],
)
def test_a_negative_spread_is_refused(make, name):
    with pytest.raises(ValueError, match=f"{name}=-1, but needs at least 0"):
        make()


def test_an_identity_may_be_rectangular():
    values = Identity(2).generate(rng(), (2, 3))

    np.testing.assert_array_equal(values, [[2, 0, 0], [0, 2, 0]])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.floats(0.1, 3))
def test_the_shorter_side_of_an_orthogonal_matrix_is_orthonormal(rows, columns, scale):
    q = Orthogonal(scale).generate(rng(rows), (rows, columns), np.float64)

    gram = q @ q.T if rows <= columns else q.T @ q
    np.testing.assert_allclose(gram, scale**2 * np.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_matrices_are_uniform_over_the_sphere_in_their_first_column():
    generator = rng()
    columns = np.array(
        [Orthogonal().generate(generator, (3, 3), np.float64)[:, 0] for _ in range(4000)]
    )

    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(columns.T @ columns / 4000, np.eye(3) / 3, atol=0.03)


@pytest.mark.parametrize("scheme", [Identity(), Orthogonal()], ids=str)
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_schemes_of_matrices_refuse_other_shapes(scheme, shape):
    with pytest.raises(ValueError, match=r"draws matrices, not a parameter of shape"):
        scheme.generate(rng(), shape)


@pytest.mark.parametrize(("num_init", "expected"), [(2, 2), (0.5, 5), (1.0, 10), (0.11, 2)])
def test_a_sparse_matrix_has_so_many_values_in_each_row(num_init, expected):
    values = Sparse(num_init, Constant(1)).generate(rng(), (30, 10))

    np.testing.assert_array_equal((values != 0).sum(axis=1), expected)


def test_the_places_in_a_sparse_matrix_are_chosen_anew_for_each_row():
    values = Sparse(1, Constant(1)).generate(rng(), (3000, 10))

    np.testing.assert_allclose(values.mean(axis=0), 0.1, atol=0.03)


def test_what_is_not_chosen_is_drawn_by_the_other_scheme():
    values = Sparse(1, Constant(5), Constant(7)).generate(rng(), (4, 3))

    np.testing.assert_array_equal(np.sort(values, axis=1), [[5, 7, 7]] * 4)


@pytest.mark.parametrize("axis", [(0, 2), 1])
def test_the_units_of_a_sparse_array_are_numbered_by_the_axes(axis):
    values = SparseND(axis, 2, Constant(1)).generate(rng(), (3, 4, 5, 2))

    others = tuple({0, 1, 2, 3} - set(np.atleast_1d(axis)))
    np.testing.assert_array_equal(values.sum(axis=others), 2)


@pytest.mark.parametrize("num_init", [0, -1, 0.0, 1.5])
def test_a_number_of_values_out_of_range_is_refused(num_init):
    with pytest.raises(ValueError, match=f"num_init={num_init}"):
        Sparse(num_init, Constant(1))


def test_more_values_than_a_row_holds_is_an_error():
    with pytest.raises(ValueError, match="num_init=4 is more than the 3 values in each unit"):
        Sparse(4, Constant(1)).generate(rng(), (2, 3))


def test_fans_of_a_matrix_are_its_rows_and_columns():
    assert fans((784, 500)) == (784, 500)


def test_fans_of_a_kernel_count_the_window():
    assert fans((20, 3, 5, 7)) == (3 * 5 * 7, 20 * 5 * 7)


@pytest.mark.parametrize("shape", [(400, 300), (60, 50, 3, 3)])
@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        (Glorot(), lambda n_in, n_out: 2 / (n_in + n_out)),
        (Glorot(uniform=False), lambda n_in, n_out: 2 / (n_in + n_out)),
        (He(), lambda n_in, n_out: 2 / n_in),
        (He(uniform=True), lambda n_in, n_out: 2 / n_in),
        (He(leak=0.5), lambda n_in, n_out: 2 / (1.25 * n_in)),
        (LeCun(), lambda n_in, n_out: 1 / n_in),
        (LeCun(uniform=True, gain=3), lambda n_in, n_out: 9 / n_in),
    ],
    ids=["Glorot", "Glorot normal", "He", "He uniform", "He leaky", "LeCun", "LeCun wide"],
)
def test_a_fan_aware_scheme_has_the_variance_of_its_paper(scheme, variance, shape):
    n_in, n_out = (400, 300) if len(shape) == 2 else (450, 540)

    mean, std = moments(scheme, shape)

    assert mean == pytest.approx(0, abs=0.02 * std)
    assert std == pytest.approx(math.sqrt(variance(n_in, n_out)), rel=0.02)


def test_glorot_is_uniform_within_the_bound_of_equation_16():
    values = Glorot().generate(rng(), LARGE, np.float64)

    bound = math.sqrt(6 / 700)
    assert 0.99 * bound < np.abs(values).max() <= bound


def test_a_fan_aware_scheme_refuses_a_bias_and_names_a_cure():
    with pytest.raises(ValueError, match=r"Glorot needs .* not one of shape \(10,\); use Constant"):
        Glorot().generate(rng(), (10,))


def test_a_scheme_of_ones_own_only_says_how_to_draw():
    class Ramp(AbstractInitialization):
        def draw(self, rng, shape):
            return np.arange(math.prod(shape)).reshape(shape)

    np.testing.assert_array_equal(Ramp().generate(rng(), (2, 2)), [[0, 1], [2, 3]])
