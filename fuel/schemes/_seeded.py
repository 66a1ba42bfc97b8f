"""What the schemes share whose epochs follow from a seed and the number of the epoch."""

from collections.abc import Iterator
from operator import index

from fuel._requests import IndexRequests
from fuel.config_parser import config
from fuel.schemes._base import BatchScheme, IndexScheme
from fuel.schemes._epochs import NumberedEpochs

__all__ = ["SeededBatches", "SeededExamples", "SeededOrder"]


class SeededOrder(NumberedEpochs):
    """An order that depends on `(seed, epoch)` alone."""

    seed: int

    def _set_seed(self, seed: int | None) -> None:
        self.seed = config.default_seed if seed is None else index(seed)

    def fingerprint(self) -> str:
        """What the order depends on."""
        return f"{super().fingerprint()[:-1]}, seed={self.seed})"


class SeededBatches(SeededOrder, BatchScheme):
    """Batches in such an order."""

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        return IndexRequests(self._next_order(), self.batch_size, drop_last=self.drop_last)


class SeededExamples(SeededOrder, IndexScheme):
    """Single indices in such an order."""

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over indices."""
        return IndexRequests(self._next_order(), None)
