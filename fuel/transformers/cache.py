"""Batches of one size made of batches of another."""

from itertools import chain
from typing import Any

import numpy as np

from fuel.schemes import BatchSizeScheme
from fuel.streams import AbstractDataStream
from fuel.transformers._pieces import PiecesTransformer
from fuel.transformers.batches import as_batch, checked_size

__all__ = ["Cache"]


class Cache(PiecesTransformer):
    """Batches of the sizes that a scheme requests, cut from batches of other sizes.

    What is left of a batch of the child is at the head of the next. Batches are of the size
    requested, also if those of the child are smaller; only the last of an epoch may be short.

    Args:
        data_stream: a stream of batches.
        iteration_scheme: gives batch sizes, for instance `ConstantScheme(128)`.

    Raises:
        ValueError: if the stream produces examples, or if the scheme does not give batch sizes.
    """

    _count_name = "used"

    def __init__(
        self, data_stream: AbstractDataStream, iteration_scheme: BatchSizeScheme, **kwargs: Any
    ) -> None:
        if not isinstance(iteration_scheme, BatchSizeScheme):
            raise ValueError(
                f"Cache needs a scheme of batch sizes such as ConstantScheme, not "
                f"{iteration_scheme!r}"
            )
        if data_stream.produces_examples:
            raise ValueError(
                f"Cache cuts batches, but {type(data_stream).__name__} produces examples; use Batch"
            )
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, iteration_scheme=iteration_scheme, **kwargs)

    @property
    def cache(self) -> list[list[Any]]:
        """For each source the examples that are left of batches read so far."""
        columns: list[list[Any]] = [[] for _ in self.sources]
        for number, batch in enumerate(self._held):
            for column, part in zip(columns, batch, strict=True):
                column.extend(part[self._given if number == 0 else 0 :])
        return columns

    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next `request` examples as a batch.

        Raises:
            ValueError: if `request` is not a number of examples.
            StopIteration: if none are left.
        """
        size = checked_size(self, request)
        left = sum(map(_length, self._held)) - self._given
        while left < size:
            try:
                left += _length(self.fetch())
            except StopIteration:
                break
        if not left:
            raise StopIteration
        parts: list[list[Any]] = [[] for _ in self.sources]
        while size and self._held:
            batch = self._held[0]
            stop = min(self._given + size, _length(batch))
            for column, part in zip(parts, batch, strict=True):
                column.append(part[self._given : stop])
            size -= stop - self._given
            self._given = stop
            if stop == _length(batch):
                self.release()
                self._given = 0
        return tuple(_joined(column) for column in parts)


def _length(batch: tuple[Any, ...]) -> int:
    return len(batch[0]) if batch else 0


def _joined(parts: list[Any]) -> np.ndarray:
    """Pieces of batches as one; as objects, if the shapes of their examples differ."""
    if len(parts) == 1 and isinstance(parts[0], np.ndarray):
        return parts[0]
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    kinds = {(part.shape[1:], part.dtype == object) for part in arrays}
    if len(arrays) == len(parts) and len(kinds) == 1:
        return np.concatenate(arrays)
    return as_batch(list(chain.from_iterable(parts)))
