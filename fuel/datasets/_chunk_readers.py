"""Readers of sources that are stored in chunks."""

import logging
import math
import threading
from typing import Any

import numpy as np

from fuel._selection import Selection
from fuel._streams._context import Allocate
from fuel.datasets._blocks import Blocks
from fuel.datasets._chunk_table import ChunkTable
from fuel.datasets._readers import BytesReader, as_bytes, as_rows
from fuel.datasets._threads import Threads

__all__ = ["BlockReader", "RawChunkReader"]

logger = logging.getLogger(__name__)

EMPTY = -1
"""The block in a slot that holds none, and the slot of a block that is in none."""


class RawChunkReader:
    """Examples in chunks that are stored as they are, gathered from the mapped file.

    Args:
        file: the bytes of the whole file.
        table: where in it the chunks are; complete.
        shape: of the source.
        dtype: of the source.
    """

    survives_fork = True

    def __init__(
        self, file: np.ndarray, table: ChunkTable, shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self._starts = table.starts
        self._chunk_rows = table.rows
        self._shape = shape[1:]
        self._dtype = dtype
        self._row_bytes = math.prod(shape[1:]) * dtype.itemsize
        # one row at every byte: a row at any place is gathered by its first byte
        self._rows = np.ndarray(
            (len(file) - self._row_bytes + 1,), f"V{self._row_bytes}", file, strides=(1,)
        )

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """A copy of the examples of a selection."""
        if isinstance(selection, int):
            return self.read(slice(selection, selection + 1, 1), source, _own)[0]
        rows = as_rows(selection)
        out = allocate(source, (len(rows), *self._shape), self._dtype)
        chunks = rows // self._chunk_rows
        places = self._starts[chunks] + (rows - chunks * self._chunk_rows) * self._row_bytes
        as_bytes(out).view(self._rows.dtype)[:, 0] = self._rows[places]
        return out


class BlockReader:
    """Examples in blocks, which are unpacked into memory and stay there as long as there is room.

    If all blocks fit, each is unpacked once, when it is first needed; after that it is as if the
    source were an array in memory. Otherwise those that were not used for longest make room.

    Args:
        blocks: the source.
        first: the first block that will be asked for.
        stop: one past the last.
        cache_bytes: how much memory unpacked blocks may take; it is taken as blocks come. One
            block for each thread is held in any case.
        threads: to unpack with.
    """

    survives_fork = False

    def __init__(
        self, blocks: Blocks, first: int, stop: int, cache_bytes: int, threads: Threads
    ) -> None:
        self._blocks = blocks
        self._threads = threads
        self._rows = blocks.rows
        self._shape = blocks.shape[1:]
        row_bytes = math.prod(self._shape) * blocks.dtype.itemsize
        block_bytes = row_bytes * self._rows
        wanted = max(stop - first, 1)
        self._slots = min(wanted, max(threads.count, cache_bytes // block_bytes))
        self._holds_all = self._slots == wanted
        self._missing = wanted
        self._offset = first * self._rows
        memory = np.empty((self._slots * self._rows, row_bytes), np.uint8)
        self._memory = memory
        self._reader = BytesReader(memory, self._shape, blocks.dtype)
        self._slot_of = np.full(-(-blocks.shape[0] // self._rows), EMPTY, np.int64)
        self._block_in = np.full(self._slots, EMPTY, np.int64)
        self._last_used = np.full(self._slots, EMPTY, np.int64)
        self._requests = 0
        self._waste = -2 * self._slots * self._rows
        self._lock = threading.Lock()

    @property
    def is_complete(self) -> bool:
        """Whether all blocks are in memory, so that reading needs the source no more."""
        return self._holds_all and not self._missing

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """A copy of the examples of a selection.

        Raises:
            OSError: if a block cannot be read.
        """
        if self.is_complete:
            return self._reader.read(_shifted(selection, self._offset), source, allocate)
        if isinstance(selection, int):
            return self.read(slice(selection, selection + 1, 1), source, _own)[0]
        rows = as_rows(selection)
        out = allocate(source, (len(rows), *self._shape), self._blocks.dtype)
        with self._lock:
            self._requests += 1
            unpacked = self._gather(rows, as_bytes(out))
        self._watch(unpacked, len(rows), source)
        return out

    def _gather(self, rows: np.ndarray, out: np.ndarray) -> int:
        """Write rows to `out`; the number of blocks that had to be unpacked."""
        blocks = rows // self._rows
        if (self._slot_of[blocks] != EMPTY).all():
            self._take(rows, blocks, out)
            return 0
        distinct = np.unique(blocks)
        if len(distinct) <= self._slots:
            unpacked = self._hold(distinct)
            self._take(rows, blocks, out)
            return unpacked
        return self._gather_parts(rows, blocks, distinct, out)

    def _gather_parts(
        self, rows: np.ndarray, blocks: np.ndarray, distinct: np.ndarray, out: np.ndarray
    ) -> int:
        """The same, with so many blocks that they do not fit into memory together."""
        order = np.argsort(blocks, kind="stable")
        rows, blocks = rows[order], blocks[order]
        unpacked = 0
        for start in range(0, len(distinct), self._slots):
            part = distinct[start : start + self._slots]
            unpacked += self._hold(part)
            bounds = slice(*np.searchsorted(blocks, (part[0], part[-1] + 1)))
            some = np.empty((bounds.stop - bounds.start, out.shape[1]), np.uint8)
            self._take(rows[bounds], blocks[bounds], some)
            out[order[bounds]] = some
        return unpacked

    def _take(self, rows: np.ndarray, blocks: np.ndarray, out: np.ndarray) -> None:
        slots = self._slot_of[blocks]
        self._last_used[slots] = self._requests
        self._memory.take(rows + (slots - blocks) * self._rows, axis=0, out=out, mode="clip")

    def _hold(self, wanted: np.ndarray) -> int:
        """Unpack those of some blocks, not more than there are slots, that are not in memory."""
        self._requests += 1  # so that none of them makes room for another
        slots = self._slot_of[wanted]
        self._last_used[slots[slots != EMPTY]] = self._requests
        missing = wanted[slots == EMPTY]
        free = self._free_slots(missing)
        old = self._block_in[free]
        self._slot_of[old[old != EMPTY]] = EMPTY
        self._block_in[free] = EMPTY
        self._last_used[free] = EMPTY
        if self._blocks.is_parallel:
            numbers = range(len(missing))
            self._threads.for_each(lambda n: self._unpack(missing[n], free[n]), numbers)
        else:
            for block, slot in zip(missing, free, strict=True):
                self._unpack(block, slot)
        self._slot_of[missing] = free
        self._block_in[free] = missing
        self._missing -= len(missing)
        return len(missing)

    def _free_slots(self, missing: np.ndarray) -> np.ndarray:
        if self._holds_all:
            return missing - self._offset // self._rows
        count = len(missing)
        if count == self._slots:
            return np.arange(count)
        return np.argpartition(self._last_used, count)[:count]

    def _unpack(self, block: int, slot: int) -> None:
        start = int(block) * self._rows
        count = min(self._rows, self._blocks.shape[0] - start)
        place = int(slot) * self._rows
        self._blocks.unpack(int(block), self._memory[place : place + count])

    def _watch(self, unpacked: int, delivered: int, source: str) -> None:
        """Say once if far more is unpacked than used, and what to do about it."""
        if self._holds_all or self._waste > 0:
            return
        self._waste += unpacked * self._rows - 4 * delivered
        if self._waste > 0:
            logger.warning(
                "source %r is packed in chunks of %d rows, too many for cache_bytes, and reading "
                "it in this order unpacks each many times over; use fuel.schemes."
                "ChunkShuffledScheme with chunk_size=dataset.chunk_size, a larger cache_bytes "
                "(the source has %d MB), or convert the file without compression",
                source,
                self._rows,
                math.ceil(self._blocks.shape[0] * self._memory.shape[1] / 1e6),
            )


def _own(source: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.empty(shape, dtype)


def _shifted(selection: Selection, offset: int) -> Selection:
    if isinstance(selection, slice):
        return slice(selection.start - offset, selection.stop - offset, selection.step)
    return selection - offset
