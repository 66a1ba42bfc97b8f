"""Examples drawn at random, each draw by itself."""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from fuel._indices import as_array, describe_numbers, is_identity
from fuel._orders import BlockOrder
from fuel._shuffle import philox
from fuel.schemes._epochs import AnyOrder, declared_length
from fuel.schemes._seeded import SeededBatches, SeededExamples, SeededOrder

__all__ = ["SampledExampleScheme", "SampledScheme"]

_BLOCK = 1 << 14
"""Draws that are made at a time."""


class _Sampling(SeededOrder):
    """What the schemes share that draw with replacement."""

    indices: Sequence[int]

    def _set_draws(self, weights: ArrayLike | None, examples_per_epoch: int | None) -> None:
        length = len(self.indices) if examples_per_epoch is None else examples_per_epoch
        self.examples_per_epoch = declared_length(length, self.indices)
        self._cumulated = None if weights is None else _cumulated(weights, self.indices)

    def fingerprint(self) -> str:
        """What the draws depend on."""
        name = f"{super().fingerprint()[:-1]}, examples_per_epoch={self.examples_per_epoch}"
        if self._cumulated is None:
            return f"{name})"
        return f"{name}, weights {describe_numbers(self._cumulated)})"

    def _order(self, epoch: int) -> AnyOrder:
        assert self.examples_per_epoch is not None
        given = None if is_identity(self.indices) else as_array(self.indices)
        return BlockOrder(self.examples_per_epoch, partial(self._draw, epoch, given), _BLOCK)

    def _draw(self, epoch: int, given: np.ndarray | None, block: int) -> np.ndarray:
        assert self.examples_per_epoch is not None
        count, cumulated = len(self.indices), self._cumulated
        bits = philox("fuel.schemes.sample", self.seed, epoch, block)
        left = self.examples_per_epoch - block * _BLOCK
        below_one = (bits.random_raw(min(_BLOCK, left)) >> np.uint64(11)) * 2.0**-53
        if cumulated is None:
            drawn = np.minimum((below_one * count).astype(np.int64), count - 1)
        else:
            below_sum = np.minimum(below_one * cumulated[-1], np.nextafter(cumulated[-1], 0))
            drawn = np.searchsorted(cumulated, below_sum, side="right")
        return drawn if given is None else given[drawn]


class SampledScheme(_Sampling, SeededBatches):
    """Batches of examples drawn with replacement, all equally likely or by weights.

    Every draw is independent of the others, so an epoch has some examples several times and others
    not at all. Epochs differ; they depend on `(seed, epoch)` alone. They need no memory but for the
    weights.

    Args:
        examples: number of examples, or the indices to draw from.
        batch_size: examples in a request; the last of an epoch may be shorter.
        weights: `(examples,)` numbers of zero or more: an example is drawn with the probability of
            its weight divided by their sum. Default: all alike.
        seed: default the configured `default_seed`.
        examples_per_epoch: how many draws are an epoch; default as many as there are examples.
        drop_last: leave out a last request that would be shorter.

    Raises:
        TypeError: if an index or `seed` is not an integer.
        ValueError: if `weights` is not one finite number of zero or more for each example, or all
            are zero; if there is nothing to draw from; or if a number is not positive.

    >>> scheme = SampledScheme(3, 4, weights=[1, 0, 1], seed=1, examples_per_epoch=8)
    >>> list(scheme.get_request_iterator())
    [[0, 0, 2, 0], [2, 0, 0, 2]]
    """

    def __init__(
        self,
        examples: int | Iterable[int],
        batch_size: int,
        *,
        weights: ArrayLike | None = None,
        seed: int | None = None,
        examples_per_epoch: int | None = None,
        drop_last: bool = False,
    ) -> None:
        super().__init__(examples, batch_size, drop_last=drop_last)
        self._set_seed(seed)
        self._set_draws(weights, examples_per_epoch)


class SampledExampleScheme(_Sampling, SeededExamples):
    """Single examples drawn with replacement, all equally likely or by weights.

    Args:
        examples: number of examples, or the indices to draw from.
        weights: as for `SampledScheme`.
        seed: as for `SampledScheme`.
        examples_per_epoch: as for `SampledScheme`.

    Raises:
        TypeError: if an index or `seed` is not an integer.
        ValueError: as for `SampledScheme`.

    >>> scheme = SampledExampleScheme(3, weights=[1, 0, 1], seed=1, examples_per_epoch=8)
    >>> list(scheme.get_request_iterator())
    [0, 0, 2, 0, 2, 0, 0, 2]
    """

    def __init__(
        self,
        examples: int | Iterable[int],
        *,
        weights: ArrayLike | None = None,
        seed: int | None = None,
        examples_per_epoch: int | None = None,
    ) -> None:
        super().__init__(examples)
        self._set_seed(seed)
        self._set_draws(weights, examples_per_epoch)


def _cumulated(weights: ArrayLike, indices: Sequence[int]) -> np.ndarray:
    """The sums of the weights up to and with each."""
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (len(indices),):
        raise ValueError(
            f"weights have shape {given.shape}, but {len(indices)} examples need as many weights"
        )
    if not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ValueError(
            "weights must be finite, zero or more, and not all zero; they are from "
            f"{given.min(initial=0)} to {given.max(initial=0)}"
        )
    return np.cumsum(given / given.max())
