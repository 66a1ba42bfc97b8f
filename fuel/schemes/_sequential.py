"""Examples in their order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fuel._indices import in_order
from fuel._orders import PassesOrder
from fuel._requests import IndexRequests
from fuel.schemes._base import BatchScheme, IndexScheme
from fuel.schemes._epochs import AnyOrder, NumberedEpochs, declared_length

__all__ = ["SequentialExampleScheme", "SequentialScheme"]


class _InOrder(NumberedEpochs):
    """What the sequential schemes share: epochs that are alike, or go on where the last ended."""

    indices: Sequence[int]
    examples_per_epoch: int | None

    def _order(self, epoch: int) -> AnyOrder:
        if (length := self.examples_per_epoch) is None:
            return in_order(self.indices)
        return PassesOrder(self._pass, len(self.indices), epoch * length, length)

    def _pass(self, number: int) -> AnyOrder:
        """All indices once; the passes are alike."""
        return in_order(self.indices)

    def state_dict(self) -> dict[str, Any]:
        """The number of epochs begun, if epochs differ."""
        return {} if self.examples_per_epoch is None else super().state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next epoch the one that would have followed `state`."""
        if self.examples_per_epoch is not None:
            super().load_state_dict(state)

    def fingerprint(self) -> str:
        """What the scheme is, with the length of its epochs if that is declared."""
        name = super().fingerprint()
        if self.examples_per_epoch is None:
            return name
        return f"{name[:-1]}, examples_per_epoch={self.examples_per_epoch})"


class SequentialScheme(_InOrder, BatchScheme):
    """Batches in the order of the indices.

    Args:
        examples: number of examples, or the indices.
        batch_size: examples in a request; the last of an epoch may be shorter.
        drop_last: leave out a last request that would be shorter.
        examples_per_epoch: end an epoch after so many examples. The next epoch goes on there, and
            after the last example comes the first again, inside a batch if need be. (With
            `drop_last`, it goes on after those left out.)

    Raises:
        TypeError: if an index is not an integer.
        ValueError: if `batch_size`, `examples_per_epoch` or a number of examples is not sensible.

    >>> scheme = SequentialScheme(5, 2, examples_per_epoch=4)
    >>> [list(scheme.get_request_iterator()) for _ in range(2)]
    [[[0, 1], [2, 3]], [[4, 0], [1, 2]]]
    """

    def __init__(
        self,
        examples: int | Iterable[int],
        batch_size: int,
        *,
        drop_last: bool = False,
        examples_per_epoch: int | None = None,
    ) -> None:
        super().__init__(examples, batch_size, drop_last=drop_last)
        self.examples_per_epoch = declared_length(examples_per_epoch, self.indices)

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        return IndexRequests(self._next_order(), self.batch_size, drop_last=self.drop_last)


class SequentialExampleScheme(_InOrder, IndexScheme):
    """Single indices in their order.

    Args:
        examples: number of examples, or the indices.
        examples_per_epoch: as for `SequentialScheme`.

    Raises:
        TypeError: if an index is not an integer.
        ValueError: if `examples_per_epoch` or a number of examples is not sensible.
    """

    def __init__(
        self, examples: int | Iterable[int], *, examples_per_epoch: int | None = None
    ) -> None:
        super().__init__(examples)
        self.examples_per_epoch = declared_length(examples_per_epoch, self.indices)

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over indices."""
        return IndexRequests(self._next_order(), None)
