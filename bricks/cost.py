"""Costs: how far predictions are from targets, as one number to be minimized.

Every cost is called as `cost.apply(y, y_hat)`: **targets first**, then predictions. Its rule is
always the same: `cost.per_example(y, y_hat)` gives a value for each example, and `apply` gives
their **mean**. For weighted or masked examples, reduce `per_example` yourself.

Both cross entropies take **logits** as `y_hat`, the values before a logistic function or a
softmax, because the logarithm of a rounded probability is inaccurate or infinite. So a
network that ends in `Softmax` or `Logistic` needs `probabilities=True`, or, better, to end
without it.

=========================  ===============================  =====================================
cost                       `y`                              value of an example
=========================  ===============================  =====================================
`SquaredError`             floats like `y_hat`              sum of `(y - y_hat)²`
`AbsoluteError`            floats like `y_hat`              sum of `|y - y_hat|`
`BinaryCrossEntropy`       0 to 1, like `y_hat`             sum of cross entropies, in nats
`CategoricalCrossEntropy`  labels or distributions          cross entropy, in nats
`MisclassificationRate`    labels or distributions          0 if right, 1 if wrong
=========================  ===============================  =====================================

For the first three an example is what the first axis numbers, and sums are over all other axes.
For the last two the last axis of `y_hat` are the classes, and an example is each place on the
axes before it.
"""

from abc import abstractmethod
from typing import Any

import jax
import jax.numpy as jnp

from bricks._arguments import check_array
from bricks._targets import (
    at_labels,
    labels_like,
    mean_log_probabilities,
    targets_are_labels,
)
from bricks.application import application
from bricks.brick import Brick
from bricks.configuration import flag, positive_integer, setting
from bricks.roles import COST


class Cost(Brick):
    """A brick that compares predictions with targets; abstract.

    A cost of your own defines `compare`.
    """

    @application(inputs=["y", "y_hat"], outputs=["cost"], roles={"cost": COST})
    def apply(self, y: Any, y_hat: Any) -> Any:
        """Give the mean of `per_example`: one number, named `cost`, with the role `COST`."""
        return jnp.mean(self.per_example(y, y_hat))

    @application(inputs=["y", "y_hat"], outputs=["per_example"])
    def per_example(self, y: Any, y_hat: Any) -> Any:
        """Give a value for each example, not reduced."""
        return self.compare(y, y_hat)

    @abstractmethod
    def compare(self, y: Any, y_hat: Any) -> Any:
        """Check the arguments and give a value for each example."""


class CostMatrix(Cost):
    """An abstract cost that compares value by value, summed within an example.

    A cost of your own of this kind defines `compare_values`, and may narrow `kinds`.
    """

    kinds: tuple[Any, ...] = (jnp.floating,)
    """The kinds of dtype that targets may have."""

    def compare(self, y: Any, y_hat: Any) -> Any:
        """Give the sum over each example.

        Raises:
            TypeError: if one is no array, or a dtype does not do.
            ValueError: if the shapes differ or have no axis for the examples.
        """
        here = f"{self.path}.apply"
        check_array(here, "y", y)
        check_array(here, "y_hat", y_hat)
        if not jnp.issubdtype(y_hat.dtype, jnp.floating):
            raise TypeError(
                f"{here}: y_hat has dtype {y_hat.dtype}, but needs floats; the order is "
                "(y, y_hat), targets first"
            )
        if not any(jnp.issubdtype(y.dtype, kind) for kind in self.kinds):
            raise TypeError(
                f"{here}: y has dtype {y.dtype}, but needs floats; cast it, as in "
                f"y.astype('{y_hat.dtype}')"
            )
        if y.shape != y_hat.shape:
            raise ValueError(
                f"{here}: y has shape {y.shape} and y_hat has shape {y_hat.shape}, but they must "
                "be the same; reshape one of them"
            )
        if y_hat.ndim < 1:
            raise ValueError(f"{here}: y_hat is a single number, but needs shape (batch, ...)")
        values = self.compare_values(y.astype(y_hat.dtype), y_hat)
        return jnp.sum(values, axis=tuple(range(1, values.ndim)))

    @abstractmethod
    def compare_values(self, y: Any, y_hat: Any) -> Any:
        """Compare arrays of one shape, value by value."""


class SquaredError(CostMatrix):
    """`(y - y_hat)²`, summed within each example; the cost is the mean over the examples.

    >>> import numpy as np
    >>> y = np.array([[0.0, 0.0], [1.0, 1.0]], "float32")
    >>> y_hat = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    >>> float(SquaredError().apply(y, y_hat))
    9.0
    """

    def compare_values(self, y: Any, y_hat: Any) -> Any:
        """Compare value by value."""
        return jnp.square(y - y_hat)


class AbsoluteError(CostMatrix):
    """`|y - y_hat|`, summed within each example; the cost is the mean over the examples."""

    def compare_values(self, y: Any, y_hat: Any) -> Any:
        """Compare value by value."""
        return jnp.abs(y - y_hat)


class BinaryCrossEntropy(CostMatrix):
    """`-y log(p) - (1 - y) log(1 - p)` in nats; `y_hat` are **logits**, `p = logistic(y_hat)`.

    Summed within each example; the cost is the mean over the examples. Targets are floats,
    integers or booleans from 0 to 1.

    Args:
        probabilities: `y_hat` are the probabilities `p` themselves; less accurate, and infinite
            for a probability of 0 of what happened.
        settings: `name`.
    """

    probabilities = setting(False, flag)

    kinds = (jnp.floating, jnp.integer, jnp.bool_)

    def compare_values(self, y: Any, y_hat: Any) -> Any:
        """Compare value by value."""
        if self.probabilities:
            return -jax.scipy.special.xlogy(y, y_hat) - jax.scipy.special.xlog1py(1 - y, -y_hat)
        return jax.nn.softplus(y_hat) - y * y_hat


class CategoricalCrossEntropy(Cost):
    """`-log(p[y])` in nats; `y_hat` are **logits**, `p = softmax(y_hat)` over the last axis.

    Args:
        probabilities: `y_hat` are the probabilities `p` themselves; less accurate, and infinite
            for a probability of 0 of what happened.
        settings: `name`.

    Its applications take as `y`, for `y_hat` of shape `(..., classes)`:

    * labels, integers in `[0, classes)` of shape `(...)` or `(..., 1)`; any other integer gives
      NaN;
    * distributions, of the shape of `y_hat`, one-hot for instance; the value is then
      `-sum(y log(p))`.
    """

    probabilities = setting(False, flag)

    def compare(self, y: Any, y_hat: Any) -> Any:
        """Give the cross entropy of each example.

        Raises:
            TypeError: if labels are not integers, or `y_hat` not floats.
            ValueError: if the shapes do not go together.
        """
        are_labels = targets_are_labels(f"{self.path}.apply", "y", y, "y_hat", y_hat)
        if self.probabilities:
            log_probabilities = jnp.log(y_hat)
        else:
            log_probabilities = jax.nn.log_softmax(y_hat, axis=-1)
        if are_labels:
            return -at_labels(y, log_probabilities)
        return -mean_log_probabilities(y, log_probabilities)


class MisclassificationRate(Cost):
    """The fraction of examples whose class is not among the `top_k` that score highest.

    For `top_k` of 1 the guess is the first of the highest scores. For more, a score that ties
    with the `top_k`-th counts as wrong if there is no place for all that tie. The scores may be
    logits or probabilities. Of a distribution as target, the most probable class is the right one.

    Args:
        top_k: how many guesses are allowed, at least 1.
        settings: `name`.
    """

    top_k = setting(1, positive_integer)

    def __init__(self, top_k: int = 1, **settings: Any) -> None:
        super().__init__(top_k=top_k, **settings)

    @application(inputs=["y", "y_hat"], outputs=["error_rate"])
    def apply(self, y: Any, y_hat: Any) -> Any:
        """Give the mean of `per_example`: one number from 0 to 1, named `error_rate`."""
        return jnp.mean(self.per_example(y, y_hat))

    def compare(self, y: Any, y_hat: Any) -> Any:
        """Give 0 for each example that is right, and 1 for each that is wrong.

        Raises:
            TypeError: if labels are not integers, or `y_hat` not floats.
            ValueError: if the shapes do not go together, or there are fewer than `top_k` classes.
        """
        here = f"{self.path}.apply"
        are_labels = targets_are_labels(here, "y", y, "y_hat", y_hat)
        if self.top_k > y_hat.shape[-1]:
            raise ValueError(f"{here}: top_k is {self.top_k}, but y_hat has shape {y_hat.shape}")
        labels = labels_like(y, y_hat) if are_labels else jnp.argmax(y, axis=-1)
        if self.top_k == 1:
            right = jnp.argmax(y_hat, axis=-1) == labels
        else:
            own = at_labels(labels, y_hat)
            as_high = jnp.sum(y_hat >= own[..., None], axis=-1)
            right = (as_high <= self.top_k) & ~jnp.isnan(own)
        return (~right).astype(y_hat.dtype)
