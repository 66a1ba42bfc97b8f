"""Schemes for training and validating on parts of the examples."""

from collections.abc import Iterator
from typing import Any

from fuel._indices import positive

__all__ = ["cross_validation"]


def cross_validation(
    scheme_class: type[Any],
    num_examples: int,
    num_folds: int,
    strict: bool = True,
    **kwargs: Any,
) -> Iterator[tuple[Any, ...]]:
    """Yield a training and a validation scheme for each fold.

    Fold i validates on the examples `num_examples * i // num_folds` to
    `num_examples * (i + 1) // num_folds`, and trains on the others.

    Args:
        scheme_class: a scheme whose first argument is examples.
        num_examples: how many there are in all.
        num_folds: how many pairs to yield.
        strict: require folds of equal size; if not, a pair is followed by its validation size.
        **kwargs: further arguments of `scheme_class`.

    Raises:
        ValueError: if `num_folds` is not positive, or if strict and `num_examples` is not divisible
            by it.
    """
    positive("num_folds", num_folds)
    if strict and num_examples % num_folds:
        raise ValueError(
            f"{num_examples} examples are not divisible into {num_folds} equal folds; "
            "pass strict=False for folds that differ by one"
        )
    for fold in range(num_folds):
        begin = num_examples * fold // num_folds
        end = num_examples * (fold + 1) // num_folds
        train = scheme_class([*range(begin), *range(end, num_examples)], **kwargs)
        valid = scheme_class(range(begin, end), **kwargs)
        yield (train, valid) if strict else (train, valid, end - begin)
