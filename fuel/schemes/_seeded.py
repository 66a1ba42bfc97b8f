"""What the schemes share whose batches follow from a seed and the number of the epoch."""

from collections.abc import Iterable, Iterator
from operator import index

from fuel._requests import IndexRequests
from fuel.config_parser import config
from fuel.schemes._base import BatchScheme
from fuel.schemes._epochs import NumberedEpochs

__all__ = ["SeededBatches"]


class SeededBatches(NumberedEpochs, BatchScheme):
    """Batches of an order that depends on `(seed, epoch)` alone.

    Args:
        examples: number of examples, or the indices.
        batch_size: examples in a request; the last of an epoch may be shorter.
        seed: default the configured `default_seed`.
        drop_last: leave out a last request that would be shorter.
    """

    seed: int

    def __init__(
        self,
        examples: int | Iterable[int],
        batch_size: int,
        *,
        seed: int | None = None,
        drop_last: bool = False,
    ) -> None:
        super().__init__(examples, batch_size, drop_last=drop_last)
        self.seed = config.default_seed if seed is None else index(seed)

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        return IndexRequests(self._next_order(), self.batch_size, drop_last=self.drop_last)

    def fingerprint(self) -> str:
        """What the order depends on."""
        return f"{super().fingerprint()[:-1]}, seed={self.seed})"
