"""Orders of indices that are made as they are read, so that they need not fit in memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["BlockOrder", "Order", "PassesOrder"]


class Order(ABC):
    """A sequence of indices that is read in parts, mostly one after the other.

    Args:
        length: how many indices.
    """

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: int | slice) -> Any:
        """The index at a place; or those at a slice, as an array or a range not to be changed."""
        if isinstance(place, slice):
            start, stop, _ = place.indices(self.length)
            return self.part(start, stop)
        return self.part(place, place + 1)[0]

    @abstractmethod
    def part(self, start: int, stop: int) -> np.ndarray | range:
        """The indices at `start` to `stop` - 1."""


class BlockOrder(Order):
    """An order made block by block, of which one block is kept.

    Args:
        length: how many indices.
        make_block: from the number of a block to its indices.
        starts: where each block begins, `(blocks + 1,)` with the end; or the length of all blocks
            but the last.
    """

    def __init__(
        self, length: int, make_block: Callable[[int], np.ndarray], starts: np.ndarray | int
    ) -> None:
        super().__init__(length)
        self.make_block = make_block
        self.starts = starts
        self._number = -1
        self._block = np.empty(0, np.int64)
        self._begin = 0

    def part(self, start: int, stop: int) -> np.ndarray:
        """The indices at `start` to `stop` - 1, from one block or several."""
        parts = []
        while start < stop:
            self._go_to(start)
            part = self._block[start - self._begin : stop - self._begin]
            parts.append(part)
            start += len(part)
        return _joined(parts)

    def _go_to(self, place: int) -> None:
        if self._begin <= place < self._begin + len(self._block):
            return
        if isinstance(self.starts, int):
            self._number = place // self.starts
            self._begin = self._number * self.starts
        else:
            self._number = int(np.searchsorted(self.starts, place, side="right")) - 1
            self._begin = int(self.starts[self._number])
        self._block = self.make_block(self._number)


class PassesOrder(Order):
    """A stretch of an endless order: passes through the examples, one after the other.

    Args:
        make_pass: from the number of a pass to its order; all are of one length.
        pass_length: that length.
        begin: where in the endless order the stretch begins.
        length: how many indices it has.
    """

    def __init__(
        self,
        make_pass: Callable[[int], np.ndarray | range | Order],
        pass_length: int,
        begin: int,
        length: int,
    ) -> None:
        super().__init__(length)
        self.make_pass = make_pass
        self.pass_length = pass_length
        self.begin = begin
        self._number = -1
        self._order: np.ndarray | range | Order = range(0)

    def part(self, start: int, stop: int) -> np.ndarray | range:
        """The indices at `start` to `stop` - 1, of one pass or several."""
        parts = []
        start, stop = start + self.begin, stop + self.begin
        while start < stop:
            number, offset = divmod(start, self.pass_length)
            if number != self._number:
                self._number, self._order = number, self.make_pass(number)
            size = min(stop - start, self.pass_length - offset)
            parts.append(self._order[offset : offset + size])
            start += size
        return _joined(parts)


def _joined(parts: Sequence[np.ndarray | range]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
