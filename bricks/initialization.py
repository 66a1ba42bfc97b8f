"""Initialization schemes: how the first values of a parameter are drawn.

A scheme is a frozen value; `scheme.generate(rng, shape, dtype)` draws from the given generator
and from nothing else, in double precision, and rounds to `dtype`. Schemes work in NumPy, so
drawing the first values of a network compiles nothing.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

Shape = tuple[int, ...]


class AbstractInitialization(ABC):
    """A way to draw the first values of a parameter."""

    def generate(
        self, rng: np.random.Generator, shape: Shape, dtype: DTypeLike = np.float32
    ) -> np.ndarray:
        """New values of the given shape and dtype, all randomness taken from `rng`.

        Raises:
            ValueError: if the scheme does not fit the shape.
        """
        values = np.empty(shape, dtype)
        values[...] = self.draw(rng, tuple(shape))
        return values

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """The values in double precision."""


@dataclass(frozen=True, eq=False)
class Constant(AbstractInitialization):
    """Every value is `constant`; an array is broadcast to the shape of the parameter.

    Raises:
        ValueError: on drawing, if an array does not broadcast to the parameter's shape.
    """

    constant: ArrayLike

    def __post_init__(self) -> None:
        if np.ndim(self.constant):
            own = np.array(self.constant)
            own.setflags(write=False)
            object.__setattr__(self, "constant", own)

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        values = np.asarray(self.constant)
        try:
            return np.broadcast_to(values, shape)
        except ValueError as error:
            raise ValueError(
                f"a constant of shape {values.shape} does not broadcast to a parameter of "
                f"shape {shape}"
            ) from error

    def _content(self) -> tuple[Shape, bytes]:
        values = np.asarray(self.constant, float)
        return values.shape, values.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())


@dataclass(frozen=True)
class IsotropicGaussian(AbstractInitialization):
    """Independent normal values.

    Args:
        std: standard deviation, at least zero (it comes first, before the mean).
        mean: the mean.

    Raises:
        ValueError: if `std` is negative.
    """

    std: float = 1.0
    mean: float = 0.0

    def __post_init__(self) -> None:
        _check_not_negative("std", self.std)

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        return self.mean + self.std * rng.standard_normal(shape)


@dataclass(frozen=True)
class Uniform(AbstractInitialization):
    """Independent values, uniform in `mean - width / 2` to `mean + width / 2`.

    Args:
        mean: the middle.
        width: the whole width of the interval, at least zero.
        std: the standard deviation instead of the width; the width is then `sqrt(12) * std`.

    Raises:
        ValueError: unless exactly one of `width` and `std` is given and at least zero.
    """

    mean: float = 0.0
    width: float | None = None
    std: float | None = None

    def __post_init__(self) -> None:
        if (self.width is None) == (self.std is None):
            raise ValueError(
                f"give either width or std to Uniform, not width={self.width} and std={self.std}"
            )
        _check_not_negative("width", self.width)
        _check_not_negative("std", self.std)

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        width = math.sqrt(12) * self.std if self.std is not None else self.width
        assert width is not None
        return self.mean + width * (rng.random(shape) - 0.5)


@dataclass(frozen=True)
class Identity(AbstractInitialization):
    """`mult` on the diagonal of a matrix, square or not, and zero elsewhere.

    Raises:
        ValueError: on drawing, if the parameter is not a matrix.
    """

    mult: float = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        _check_matrix("Identity", shape)
        rows, columns = shape
        return self.mult * np.eye(rows, columns)


@dataclass(frozen=True)
class Orthogonal(AbstractInitialization):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `scale`.

    All such matrices are equally likely: the QR decomposition of a Gaussian matrix, with the
    signs of R's diagonal moved into Q (Mezzadri 2007, "How to generate random matrices from the
    classical compact groups", section 5). Proposed for deep networks by Saxe, McClelland and
    Ganguli 2013, arXiv:1312.6120.

    Raises:
        ValueError: on drawing, if the parameter is not a matrix.
    """

    scale: float = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        _check_matrix("Orthogonal", shape)
        rows, columns = shape
        tall = rng.standard_normal((max(shape), min(shape)))
        q, r = np.linalg.qr(tall)
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return self.scale * (q if rows >= columns else q.T)


@dataclass(frozen=True)
class SparseND(AbstractInitialization):
    """A few values of each unit drawn by one scheme, all others by another.

    Args:
        axis: the axis, or axes, that number the units: with `axis=(0, 1)` and a parameter `W` of
            four axes, each `W[i, j]` is one unit.
        num_init: how many values of each unit `weights_init` draws: an integer of at least 1, or
            a fraction above 0 and up to 1 of the unit's size, rounded up.
        weights_init: draws those values, at places chosen at random for each unit.
        sparse_init: draws all the others; zeros unless given.

    Raises:
        ValueError: if `num_init` is out of range; on drawing, if it is more than a unit holds or
            if `axis` does not exist.
    """

    axis: int | tuple[int, ...]
    num_init: int | float
    weights_init: AbstractInitialization
    sparse_init: AbstractInitialization = Constant(0)

    def __post_init__(self) -> None:
        number = self.num_init
        if number < 1 if isinstance(number, Integral) else not 0 < number <= 1:
            raise ValueError(
                f"num_init={number!r}, but needs an integer of at least 1 or a fraction above 0 "
                "and up to 1 (the whole unit is 1.0)"
            )

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        axes = np.lib.array_utils.normalize_axis_tuple(self.axis, len(shape), "axis")
        rest = tuple(axis for axis in range(len(shape)) if axis not in axes)
        size = math.prod(shape[axis] for axis in rest)
        count = self.num_init if isinstance(self.num_init, Integral) else self.num_init * size
        if count > size:
            raise ValueError(
                f"num_init={self.num_init} is more than the {size} values in each unit of a "
                f"parameter of shape {shape}, units being numbered by axis {self.axis}"
            )
        units = math.prod(shape[axis] for axis in axes)
        chosen = np.tile(np.arange(size) < math.ceil(count), (units, 1))
        chosen = rng.permuted(chosen, axis=1)
        order = axes + rest
        mask = chosen.reshape([shape[axis] for axis in order]).transpose(np.argsort(order))
        few = self.weights_init.generate(rng, shape, float)
        return np.where(mask, few, self.sparse_init.generate(rng, shape, float))


@dataclass(frozen=True)
class Sparse(AbstractInitialization):
    """`SparseND` whose units are the rows, which the first axis numbers."""

    num_init: int | float
    weights_init: AbstractInitialization
    sparse_init: AbstractInitialization = Constant(0)

    def __post_init__(self) -> None:
        self._by_rows()

    def _by_rows(self) -> SparseND:
        return SparseND(0, self.num_init, self.weights_init, self.sparse_init)

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        return self._by_rows().generate(rng, shape, float)


@dataclass(frozen=True, kw_only=True)
class AbstractFanAware(AbstractInitialization):
    """Zero mean and a variance that depends on how many values meet in one unit.

    Args:
        uniform: draw from a uniform instead of a normal distribution of the same variance.
        gain: multiplies every value, for nonlinearities that need more or less than the paper's.

    Raises:
        ValueError: if `gain` is negative; on drawing, if the parameter has fewer than two axes.
    """

    uniform: bool = False
    gain: float = 1.0

    def __post_init__(self) -> None:
        _check_not_negative("gain", self.gain)

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw in double precision."""
        if len(shape) < 2:
            raise ValueError(
                f"{type(self).__name__} needs a parameter of two or more axes to know its "
                f"fans, not one of shape {shape}; use Constant(0) for biases, or IsotropicGaussian"
            )
        std = self.gain * math.sqrt(self._variance(*fans(shape)))
        scheme = Uniform(std=std) if self.uniform else IsotropicGaussian(std)
        return scheme.generate(rng, shape, float)

    @abstractmethod
    def _variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of the paper."""


@dataclass(frozen=True, kw_only=True)
class Glorot(AbstractFanAware):
    """Variance `2 / (fan_in + fan_out)`, for tanh and other units that are linear around zero.

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks": equation 12 for the variance, equation 16 for the uniform form, which is the default.
    """

    uniform: bool = True

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / (fan_in + fan_out)


@dataclass(frozen=True, kw_only=True)
class He(AbstractFanAware):
    """Variance `2 / ((1 + leak²) fan_in)`, for rectifiers.

    He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", arXiv:1502.01852: equation 10
    without a leak, equation 15 with one.

    Args:
        leak: the slope of the rectifier for negative inputs.
    """

    leak: float = 0.0

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / ((1 + self.leak**2) * fan_in)


@dataclass(frozen=True, kw_only=True)
class LeCun(AbstractFanAware):
    """Variance `1 / fan_in`.

    LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp", equation 16; also what
    self-normalizing networks need (Klambauer et al. 2017, arXiv:1706.02515).
    """

    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / fan_in


def fans(shape: Shape) -> tuple[int, int]:
    """How many values feed one unit (fan in), and how many units one value feeds (fan out).

    A matrix is laid out `(in, out)`, as in `Linear`; more axes are a convolution's kernel laid
    out `(out, in, *window)`, where each fan counts the whole window.

    >>> fans((784, 500))
    (784, 500)
    >>> fans((20, 3, 5, 5))
    (75, 500)

    Raises:
        ValueError: if there are fewer than two axes.
    """
    if len(shape) < 2:
        raise ValueError(f"a parameter of shape {shape} has no fans; it needs two or more axes")
    if len(shape) == 2:
        return shape[0], shape[1]
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def _check_not_negative(name: str, value: Any) -> None:
    if value is not None and value < 0:
        raise ValueError(f"{name}={value}, but needs at least 0")


def _check_matrix(scheme: str, shape: Shape) -> None:
    if len(shape) != 2:
        raise ValueError(f"{scheme} draws matrices, not a parameter of shape {shape}")
