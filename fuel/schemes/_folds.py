"""Schemes for training on some of the examples and validating on the others."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fuel._indices import positive
from fuel._shuffle import philox, random_order
from fuel.schemes._balanced import checked_labels

__all__ = ["bootstrap", "cross_validation"]


def cross_validation(
    scheme_class: type[Any],
    num_examples: int,
    num_folds: int,
    strict: bool = True,
    *,
    fold_seed: int | None = None,
    fold_labels: ArrayLike | None = None,
    **kwargs: Any,
) -> Iterator[tuple[Any, ...]]:
    """Yield a training and a validation scheme for each fold.

    Fold i validates on the examples `num_examples * i // num_folds` to
    `num_examples * (i + 1) // num_folds`, and trains on the others. `fold_seed` and `fold_labels`
    choose other folds of the same sizes.

    Args:
        scheme_class: a scheme whose first argument is examples.
        num_examples: how many there are in all.
        num_folds: how many pairs to yield.
        strict: require folds of equal size; if not, a pair is followed by its validation size.
        fold_seed: make folds of examples chosen at random; the same for the same number.
        fold_labels: `(num_examples,)` or `(num_examples, 1)` classes of the examples: let all folds
            have as many of each class, or one more or less.
        **kwargs: further arguments of `scheme_class`.

    Raises:
        ValueError: if `num_folds` is not positive; if strict and `num_examples` is not divisible
            by it; or if there is not one label for each example.

    >>> from fuel.schemes import SequentialExampleScheme
    >>> for train, valid in cross_validation(SequentialExampleScheme, 6, 3):
    ...     print(list(train.get_request_iterator()), list(valid.get_request_iterator()))
    [2, 3, 4, 5] [0, 1]
    [0, 1, 4, 5] [2, 3]
    [0, 1, 2, 3] [4, 5]
    """
    positive("num_folds", num_folds)
    if strict and num_examples % num_folds:
        raise ValueError(
            f"{num_examples} examples are not divisible into {num_folds} equal folds; "
            "pass strict=False for folds that differ by one"
        )
    dealt = None
    if fold_seed is not None or fold_labels is not None:
        dealt = _dealt(num_examples, num_folds, fold_seed, fold_labels)
    for fold in range(num_folds):
        begin = num_examples * fold // num_folds
        end = num_examples * (fold + 1) // num_folds
        if dealt is None:
            train = scheme_class([*range(begin), *range(end, num_examples)], **kwargs)
            valid = scheme_class(range(begin, end), **kwargs)
        else:
            train = scheme_class(np.flatnonzero(dealt != fold), **kwargs)
            valid = scheme_class(np.flatnonzero(dealt == fold), **kwargs)
            end = begin + int(np.count_nonzero(dealt == fold))
        yield (train, valid) if strict else (train, valid, end - begin)


def bootstrap(
    scheme_class: type[Any],
    num_examples: int,
    num_samples: int,
    *,
    sample_seed: int,
    **kwargs: Any,
) -> Iterator[tuple[Any, Any]]:
    """Yield a training and a validation scheme for each bootstrap sample.

    A sample is `num_examples` draws with replacement; validated is on the rest, the examples that
    were not drawn ("out of bag"; 1/e = 37 % of them on average). Efron, Bootstrap methods: another
    look at the jackknife, Annals of Statistics 7, 1979.

    Args:
        scheme_class: a scheme whose first argument is examples.
        num_examples: how many there are in all.
        num_samples: how many pairs to yield.
        sample_seed: chooses the samples; sample i is the same however many there are.
        **kwargs: further arguments of `scheme_class`.

    Raises:
        ValueError: if a number is not positive.

    >>> from fuel.schemes import SequentialExampleScheme
    >>> ((train, rest),) = bootstrap(SequentialExampleScheme, 6, 1, sample_seed=2)
    >>> list(train.get_request_iterator()), list(rest.get_request_iterator())
    ([0, 2, 3, 4, 4, 5], [1])
    """
    positive("num_examples", num_examples)
    for sample in range(positive("num_samples", num_samples)):
        bits = philox("fuel.schemes.bootstrap", sample_seed, sample)
        draws = (bits.random_raw(num_examples) >> np.uint64(11)) * 2.0**-53 * num_examples
        drawn = np.minimum(draws.astype(np.int64), num_examples - 1)
        times = np.bincount(drawn, minlength=num_examples)
        train = np.repeat(np.arange(num_examples), times)
        yield scheme_class(train, **kwargs), scheme_class(np.flatnonzero(times == 0), **kwargs)


def _dealt(
    num_examples: int, num_folds: int, seed: int | None, labels: ArrayLike | None
) -> np.ndarray:
    """The fold of each example: dealt out in turn, one class after the other."""
    order = np.arange(num_examples)
    if seed is not None:
        order = random_order(philox("fuel.schemes.folds", seed), num_examples)
    if labels is not None:
        given = checked_labels(labels)
        if len(given) != num_examples:
            raise ValueError(
                f"{len(given)} fold_labels were given for {num_examples} examples; give one each"
            )
        _, classes = np.unique(given, return_inverse=True)
        order = order[np.argsort(classes[order], kind="stable")]
    dealt = np.empty(num_examples, np.int64)
    dealt[order] = np.arange(num_examples) % num_folds
    return dealt
