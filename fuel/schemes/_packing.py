"""Batches of indices of sequences that fill rows of a fixed length."""

from collections.abc import Iterable

import numpy as np

from fuel._first_fit import Rows
from fuel._indices import positive
from fuel._shuffle import philox, random_order
from fuel.schemes._groups import Groups, GroupScheme

__all__ = ["PackScheme"]


class PackScheme(GroupScheme):
    """Batches of indices of sequences that `Pack` packs into so many rows, from stored lengths.

    A batch is filled by first fit: of the sequences that wait, each goes to the first row that has
    room for it; those that fit nowhere wait for the next batch, and are the first there.

    Args:
        lengths: of each sequence.
        row_length: elements in a row.
        rows: in a batch; the last batches of an epoch may fill fewer.
        waiting: how many sequences may wait until a batch is closed. More fill rows better and take
            longer to plan; default eight for each row.
        seed: shuffle the sequences beforehand by `(seed, epoch)`; without, they come in order.

    Raises:
        TypeError: if a length is not an integer.
        ValueError: if a sequence is longer than a row, or a number is not sensible.

    >>> scheme = PackScheme([3, 4, 1, 2, 5], row_length=5, rows=2)
    >>> list(scheme.get_request_iterator())
    [[0, 2, 1], [3, 4]]
    """

    def __init__(
        self,
        lengths: Iterable[int],
        row_length: int,
        rows: int,
        *,
        waiting: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(lengths, seed)
        self.row_length = positive("row_length", row_length)
        self.rows = positive("rows", rows)
        self.waiting = 8 * rows if waiting is None else positive("waiting", waiting)
        if self.lengths.size and (longest := int(self.lengths.max())) > row_length:
            raise ValueError(
                f"sequence {int(self.lengths.argmax())} has length {longest}, but row_length is "
                f"{row_length}; choose a greater one, or cut sequences with Segments first"
            )

    def groups(self, epoch: int) -> Groups:
        """The batches of an epoch, from 0."""
        order = np.arange(len(self.lengths))
        if self.seed is not None:
            order = random_order(philox(_PURPOSE, self.seed, epoch), len(order))
        packed: list[int] = []
        ends = [0]
        waiting: list[int] = []
        todo = iter(zip(order.tolist(), self.lengths[order].tolist(), strict=True))
        lengths = self.lengths.tolist()
        while True:
            rows = Rows(self.row_length, self.rows)
            waiting = [number for number in waiting if not rows.add(number, lengths[number])]
            while len(waiting) < self.waiting:
                number, length = next(todo, (None, 0))
                if number is None:
                    break
                if not rows.add(number, length):
                    waiting.append(number)
            if not rows.filled:
                bounds = np.array([ends[:-1], ends[1:]], np.int64).T
                return Groups(np.array(packed, np.int64), bounds)
            packed.extend(number for row in rows.filled for number in row)
            ends.append(len(packed))

    def fingerprint(self) -> str:
        """Name, lengths, rows, and seed."""
        return (
            f"{super().fingerprint()[:-1]}, row_length={self.row_length}, rows={self.rows}, "
            f"waiting={self.waiting})"
        )


_PURPOSE = "fuel.schemes.packing"
