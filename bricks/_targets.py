"""Targets of classifications: labels or distributions, checked against the scores they are for."""

from typing import Any

import jax.numpy as jnp


def targets_are_labels(application: str, name: str, y: Any, other: str, scores: Any) -> bool:
    """Whether the targets are labels, of shape `(...)` or `(..., 1)`, or distributions.

    Args:
        application: who asks, for the errors.
        name: what the targets are called.
        y: the targets.
        other: what the scores are called.
        scores: `(..., classes)` floats.

    Raises:
        TypeError: if labels are not integers, or the scores not floats.
        ValueError: if the shapes do not go together.
    """
    if not jnp.issubdtype(scores.dtype, jnp.floating):
        raise TypeError(
            f"{application}: {other} has dtype {scores.dtype}, but needs floats, one for each "
            f"class; the order is ({name}, {other}), targets first"
        )
    if scores.ndim < 2:
        raise ValueError(
            f"{application}: {other} has shape {scores.shape}, but needs (batch, classes)"
        )
    examples = scores.shape[:-1]
    label_shapes = (examples, (*examples, 1))
    if y.shape == scores.shape and y.shape not in label_shapes:
        return False
    if y.shape not in label_shapes:
        raise ValueError(
            f"{application}: {name} has shape {y.shape} and {other} has shape {scores.shape}, but "
            f"{name} needs labels of shape {label_shapes[0]} or {label_shapes[1]}, or "
            f"distributions of shape {scores.shape}"
        )
    if not jnp.issubdtype(y.dtype, jnp.integer):
        raise TypeError(
            f"{application}: {name} has dtype {y.dtype} and shape {y.shape}, but labels are "
            f"integers; cast them, as in {name}.astype('int32'), or pass distributions of shape "
            f"{scores.shape}"
        )
    return True


def labels_like(y: Any, scores: Any) -> Any:
    """The labels in the shape of the scores without their last axis."""
    return y.reshape(scores.shape[:-1])


def label_log_probabilities(y: Any, log_probabilities: Any) -> Any:
    """The log probability of each label; NaN for one that is no class.

    As unsigned integers, negative labels are too large, instead of counting from the end.
    """
    indices = labels_like(y, log_probabilities).astype(jnp.uint32)[..., None]
    found = jnp.take_along_axis(log_probabilities, indices, axis=-1, mode="fill")
    return found[..., 0]


def mean_log_probabilities(y: Any, log_probabilities: Any) -> Any:
    """The mean log probability under each target distribution; no weight times -inf is 0."""
    weights = y.astype(log_probabilities.dtype)
    weighted = jnp.where(weights == 0, 0, weights * log_probabilities)
    return jnp.sum(weighted, axis=-1)
