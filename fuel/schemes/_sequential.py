"""Examples in their order."""

from collections.abc import Iterator

from fuel._indices import in_order
from fuel._requests import IndexRequests
from fuel.schemes._base import BatchScheme, IndexScheme

__all__ = ["SequentialExampleScheme", "SequentialScheme"]


class SequentialScheme(BatchScheme):
    """Batches in the order of the indices."""

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        return IndexRequests(in_order(self.indices), self.batch_size)


class SequentialExampleScheme(IndexScheme):
    """Single indices in their order."""

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over indices."""
        return IndexRequests(in_order(self.indices), None)
