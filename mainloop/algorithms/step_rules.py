"""The step rules of Blocks, as thin constructors over Optax."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self, TypeAlias

import jax
import jax.numpy as jnp
import optax

from mainloop.algorithms._hyperparameters import with_hyperparameters
from mainloop.algorithms.step_rule import StepRule

Rate: TypeAlias = float | Callable[[Any], Any]


class Scale(StepRule):
    """The step times a learning rate: plain gradient descent.

    Args:
        learning_rate: a number, or an Optax schedule: a function of the step's number.
    """

    def __new__(cls, learning_rate: Rate = 1.0) -> Self:
        """Return the rule."""
        return cls.make(
            with_hyperparameters(_scale, learning_rate=learning_rate),
            with_hyperparameters(optax.scale_by_learning_rate, learning_rate=learning_rate),
            learning_rate=learning_rate,
        )


class BasicMomentum(StepRule):
    """A velocity: `velocity = momentum * velocity + step`, which is the step taken.

    Args:
        momentum: in [0, 1].
    """

    def __new__(cls, momentum: float = 0.0) -> Self:
        """Return the rule."""
        _check_fraction(momentum=momentum)
        return cls.make(with_hyperparameters(_trace, momentum=momentum), momentum=momentum)


class Momentum(StepRule):
    """`Scale`, then `BasicMomentum`: `velocity = momentum * velocity + learning_rate * step`.

    The learning rate is inside the velocity, so that changing it leaves past steps alone.

    Args:
        learning_rate: a number or an Optax schedule.
        momentum: in [0, 1].
    """

    def __new__(cls, learning_rate: Rate = 1.0, momentum: float = 0.0) -> Self:
        """Return the rule."""
        _check_fraction(momentum=momentum)
        scale, basic = Scale(learning_rate), BasicMomentum(momentum)
        return cls.make(
            optax.chain(scale.unsigned, basic),
            optax.chain(scale, basic),
            learning_rate=learning_rate,
            momentum=momentum,
        )


class Adam(StepRule):
    """Adam (Kingma and Ba 2015, algorithm 1).

    **The learning rate is 0.002 if you do not choose one**, as it was in Blocks; the paper and
    other libraries have 0.001. `epsilon` is added to the bias-corrected root, as in the paper and
    in Optax, while Blocks had the paper's "epsilon hat".

    Args:
        learning_rate: a number or an Optax schedule.
        beta1: decay of the mean of gradients, in [0, 1].
        beta2: decay of the mean of squared gradients, in [0, 1].
        epsilon: small number below the line.
    """

    def __new__(
        cls,
        learning_rate: Rate = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> Self:
        """Return the rule."""
        _check_fraction(beta1=beta1, beta2=beta2)
        settings = {
            "learning_rate": learning_rate,
            "beta1": beta1,
            "beta2": beta2,
            "epsilon": epsilon,
        }
        return cls.make(
            with_hyperparameters(_adam(_scale), **settings),
            with_hyperparameters(_adam(optax.scale_by_learning_rate), **settings),
            **settings,
        )


class BasicRMSProp(StepRule):
    """The step over the root of its mean square (Hinton, lecture 6e of his course, 2012).

    What is divided by is at least `1 / max_scaling`.

    Args:
        decay_rate: of the mean of squares, in [0, 1].
        max_scaling: the largest factor a step can grow by; above 0.
    """

    def __new__(cls, decay_rate: float = 0.9, max_scaling: float = 1e5) -> Self:
        """Return the rule."""
        _check_fraction(decay_rate=decay_rate)
        _check_positive(max_scaling=max_scaling)
        settings = {"decay_rate": decay_rate, "max_scaling": max_scaling}
        return cls.make(with_hyperparameters(_root_mean_square, **settings), **settings)


class RMSProp(StepRule):
    """`BasicRMSProp`, then `Scale`.

    Args:
        learning_rate: a number or an Optax schedule.
        decay_rate: see `BasicRMSProp`.
        max_scaling: see `BasicRMSProp`.
    """

    def __new__(
        cls, learning_rate: Rate = 1.0, decay_rate: float = 0.9, max_scaling: float = 1e5
    ) -> Self:
        """Return the rule."""
        basic, scale = BasicRMSProp(decay_rate, max_scaling), Scale(learning_rate)
        return cls.make(
            optax.chain(basic, scale.unsigned),
            optax.chain(basic, scale),
            learning_rate=learning_rate,
            decay_rate=decay_rate,
            max_scaling=max_scaling,
        )


class AdaGrad(StepRule):
    """The step over the root of the sum of its squares (Duchi et al. 2011), then `Scale`.

    `epsilon` is inside the root, as in Optax; Blocks had it outside.

    Args:
        learning_rate: a number or an Optax schedule.
        epsilon: added to the sum of squares.
    """

    def __new__(cls, learning_rate: Rate = 0.002, epsilon: float = 1e-6) -> Self:
        """Return the rule."""
        scale = Scale(learning_rate)
        basic = with_hyperparameters(_root_sum_square, epsilon=epsilon)
        return cls.make(
            optax.chain(basic, scale.unsigned),
            optax.chain(basic, scale),
            learning_rate=learning_rate,
            epsilon=epsilon,
        )


class AdaDelta(StepRule):
    """AdaDelta (Zeiler 2012, algorithm 1), with `epsilon` inside both roots.

    Args:
        decay_rate: of both means of squares, in [0, 1].
        epsilon: added to both means of squares.
    """

    def __new__(cls, decay_rate: float = 0.95, epsilon: float = 1e-6) -> Self:
        """Return the rule."""
        _check_fraction(decay_rate=decay_rate)
        settings = {"decay_rate": decay_rate, "epsilon": epsilon}
        return cls.make(with_hyperparameters(_adadelta, **settings), **settings)


class StepClipping(StepRule):
    """All steps scaled so that their joint norm is at most a threshold (Pascanu et al. 2013).

    Args:
        threshold: above 0; None leaves steps as they are.
    """

    def __new__(cls, threshold: float | None = None) -> Self:
        """Return the rule."""
        if threshold is None:
            return cls.make(optax.identity(), threshold=None)
        _check_positive(threshold=threshold)
        return cls.make(with_hyperparameters(_clip, threshold=threshold), threshold=threshold)


class _MeanSquare(NamedTuple):
    mean_square: Any


def _scale(learning_rate: Any) -> optax.GradientTransformation:
    return optax.scale_by_learning_rate(learning_rate, flip_sign=False)


def _trace(momentum: Any) -> optax.GradientTransformation:
    return optax.trace(momentum)


def _clip(threshold: Any) -> optax.GradientTransformation:
    return optax.clip_by_global_norm(threshold)


def _adadelta(decay_rate: Any, epsilon: Any) -> optax.GradientTransformation:
    return optax.scale_by_adadelta(decay_rate, epsilon)


def _root_sum_square(epsilon: Any) -> optax.GradientTransformation:
    return optax.scale_by_rss(initial_accumulator_value=0.0, eps=epsilon)


def _adam(
    scale: Callable[[Any], optax.GradientTransformation],
) -> Callable[..., optax.GradientTransformation]:
    def make(
        learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any
    ) -> optax.GradientTransformation:
        return optax.chain(optax.scale_by_adam(beta1, beta2, epsilon), scale(learning_rate))

    return make


def _root_mean_square(decay_rate: Any, max_scaling: Any) -> optax.GradientTransformation:
    def init(parameters: Any) -> _MeanSquare:
        return _MeanSquare(jax.tree.map(jnp.zeros_like, parameters))

    def update(updates: Any, state: _MeanSquare, parameters: Any = None) -> tuple[Any, _MeanSquare]:
        mean_square = jax.tree.map(
            lambda old, step: decay_rate * old + (1 - decay_rate) * step**2,
            state.mean_square,
            updates,
        )
        steps = jax.tree.map(
            lambda step, square: step / jnp.maximum(jnp.sqrt(square), 1 / max_scaling),
            updates,
            mean_square,
        )
        return steps, _MeanSquare(mean_square)

    return optax.GradientTransformation(init, update)


def _check_fraction(**settings: float) -> None:
    for name, value in settings.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name}={value} must be in [0, 1]")


def _check_positive(**settings: float) -> None:
    for name, value in settings.items():
        if not value > 0:
            raise ValueError(f"{name}={value} must be above 0")
