"""Batches of indices of examples of similar length."""

from collections.abc import Iterable, Sequence

import numpy as np

from fuel._indices import positive
from fuel._shuffle import philox, random_order
from fuel.schemes._groups import Groups, GroupScheme

__all__ = ["BucketScheme"]


class BucketScheme(GroupScheme):
    """Batches of indices whose examples have similar lengths, which are known beforehand.

    Bucket `i` holds the examples that are longer than `boundaries[i - 1]` and at most
    `boundaries[i]` long. With `Padding(..., lengths=boundaries)` a compiled function sees one shape
    for each bucket.

    Args:
        lengths: of each example.
        boundaries: the greatest length in each bucket.
        batch_size: examples in a batch; one number, or one for each bucket, so that long examples
            come in smaller batches. The last batch of a bucket may be smaller.
        seed: shuffle the examples of each bucket, and the batches of all, by `(seed, epoch)`;
            without, buckets and examples come in order.
        drop_last: leave out the last batch of a bucket if it would be smaller.

    Raises:
        TypeError: if a length is not an integer.
        ValueError: if an example is longer than all boundaries, or a number is not sensible.

    >>> scheme = BucketScheme([9, 2, 3, 8, 1], boundaries=[4, 10], batch_size=2)
    >>> list(scheme.get_request_iterator())
    [[1, 2], [4], [0, 3]]
    """

    def __init__(
        self,
        lengths: Iterable[int],
        boundaries: Iterable[int],
        batch_size: int | Sequence[int],
        *,
        seed: int | None = None,
        drop_last: bool = False,
    ) -> None:
        super().__init__(lengths, seed)
        self.boundaries = sorted({positive("a boundary", boundary) for boundary in boundaries})
        if not self.boundaries:
            raise ValueError("boundaries is empty; give the greatest length of each bucket")
        if self.lengths.size and (longest := int(self.lengths.max())) > self.boundaries[-1]:
            raise ValueError(
                f"example {int(self.lengths.argmax())} has length {longest}, but the greatest of "
                f"boundaries is {self.boundaries[-1]}; add a greater one"
            )
        sizes = batch_size if isinstance(batch_size, Sequence) else [batch_size]
        if len(sizes) not in (1, len(self.boundaries)):
            raise ValueError(
                f"batch_size={batch_size} must be one number, or {len(self.boundaries)}, one for "
                "each bucket"
            )
        per_bucket = [positive("batch_size", size) for size in sizes]
        self.batch_sizes = per_bucket * (len(self.boundaries) // len(per_bucket))
        self.drop_last = drop_last

    def groups(self, epoch: int) -> Groups:
        """The batches of an epoch, from 0."""
        order = np.arange(len(self.lengths))
        if self.seed is not None:
            order = random_order(philox(f"{_PURPOSE}.examples", self.seed, epoch), len(order))
        buckets = np.searchsorted(self.boundaries, self.lengths[order])
        order = order[np.argsort(buckets, kind="stable")]
        ends = np.cumsum(np.bincount(buckets, minlength=len(self.boundaries)))
        bounds = []
        for begin, end, size in zip([0, *ends[:-1]], ends, self.batch_sizes, strict=True):
            starts = np.arange(begin, end - size + 1 if self.drop_last else end, size)
            bounds.append(np.stack([starts, np.minimum(starts + size, end)], axis=1))
        batches = np.concatenate(bounds)
        if self.seed is not None:
            bits = philox(f"{_PURPOSE}.batches", self.seed, epoch)
            batches = batches[random_order(bits, len(batches))]
        return Groups(order, batches)

    def fingerprint(self) -> str:
        """Name, lengths, buckets, and seed."""
        return (
            f"{super().fingerprint()[:-1]}, boundaries={self.boundaries}, "
            f"batch_sizes={self.batch_sizes}, drop_last={self.drop_last})"
        )


_PURPOSE = "fuel.schemes.buckets"
