"""An order that is random, and still reads stored chunks whole."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from fuel._indices import is_identity, positive
from fuel._orders import BlockOrder
from fuel._shuffle import philox, random_order
from fuel.schemes._epochs import AnyOrder
from fuel.schemes._seeded import SeededBatches, SeededExamples, SeededOrder

__all__ = ["ChunkShuffledExampleScheme", "ChunkShuffledScheme"]


class _ChunkShuffling(SeededOrder):
    """What the schemes share that shuffle by chunks."""

    indices: Sequence[int]

    def _set_chunks(self, chunk_size: int, chunks_in_pool: int, offset: int) -> None:
        if not is_identity(self.indices):
            raise TypeError(
                "examples must be their number, since chunks are of neighbouring rows; for a part "
                "of the rows make a data set of them, and say where it begins by offset="
            )
        self.chunk_size = positive("chunk_size", chunk_size)
        self.chunks_in_pool = positive("chunks_in_pool", chunks_in_pool)
        if offset < 0:
            raise ValueError(f"offset={offset} must be zero or more: it is a row of the file")
        self.offset = offset

    def fingerprint(self) -> str:
        """What the order depends on."""
        return (
            f"{super().fingerprint()[:-1]}, chunk_size={self.chunk_size}, "
            f"chunks_in_pool={self.chunks_in_pool}, offset={self.offset})"
        )

    def _order(self, epoch: int) -> AnyOrder:
        examples, lead = len(self.indices), self.offset % self.chunk_size
        chunks = -(-(examples + lead) // self.chunk_size)
        order = random_order(philox("fuel.schemes.chunks", self.seed, epoch), chunks)
        begins = np.maximum(order * self.chunk_size - lead, 0)
        ends = np.minimum((order + 1) * self.chunk_size - lead, examples)
        before = np.concatenate([[0], np.cumsum(ends - begins)])
        starts = before[range(0, chunks, self.chunks_in_pool)]
        return BlockOrder(examples, partial(self._pool, epoch, begins, ends), starts)

    def _pool(self, epoch: int, begins: np.ndarray, ends: np.ndarray, pool: int) -> np.ndarray:
        part = slice(pool * self.chunks_in_pool, (pool + 1) * self.chunks_in_pool)
        rows = np.concatenate(
            [np.arange(*rows) for rows in zip(begins[part], ends[part], strict=True)]
        )
        bits = philox("fuel.schemes.pool", self.seed, epoch, pool)
        return rows[random_order(bits, len(rows))]


class ChunkShuffledScheme(_ChunkShuffling, SeededBatches):
    """Batches of rows of a chunked or compressed file, shuffled so that each chunk is read once.

    The chunks are put in a random order, and taken into a pool so many at a time; the rows in the
    pool are put in a random order, and all of them come before the next pool is begun. Every row
    comes once in an epoch. Rows of one chunk come closer together than in a full shuffle: choose a
    pool of many batches, and if neighbouring rows of the file are alike (sorted by class, say)
    `ShuffledScheme`, or a file written in another order. The order depends on `(seed, epoch)`
    alone.

    Args:
        examples: number of examples, standing for indices 0 to `examples` - 1.
        batch_size: examples in a request; the last of an epoch may be shorter.
        chunk_size: rows in a chunk of the file.
        chunks_in_pool: chunks whose rows are mixed; a reader must hold as many.
        offset: row in the file of index 0, for a split that begins inside it.
        seed: default the configured `default_seed`.
        drop_last: leave out a last request that would be shorter.

    Raises:
        TypeError: if a number is not an integer.
        ValueError: if a number is not positive, or `offset` is negative.

    >>> scheme = ChunkShuffledScheme(8, 4, chunk_size=2, chunks_in_pool=2, seed=1)
    >>> list(scheme.get_request_iterator())
    [[7, 6, 0, 1], [4, 3, 5, 2]]
    """

    def __init__(
        self,
        examples: int,
        batch_size: int,
        *,
        chunk_size: int,
        chunks_in_pool: int = 8,
        offset: int = 0,
        seed: int | None = None,
        drop_last: bool = False,
    ) -> None:
        super().__init__(examples, batch_size, drop_last=drop_last)
        self._set_seed(seed)
        self._set_chunks(chunk_size, chunks_in_pool, offset)


class ChunkShuffledExampleScheme(_ChunkShuffling, SeededExamples):
    """Single rows of a chunked or compressed file, shuffled so that each chunk is read once.

    They come in the order of `ChunkShuffledScheme`.

    Args:
        examples: number of examples, standing for indices 0 to `examples` - 1.
        chunk_size: as for `ChunkShuffledScheme`.
        chunks_in_pool: as for `ChunkShuffledScheme`.
        offset: as for `ChunkShuffledScheme`.
        seed: as for `ChunkShuffledScheme`.

    Raises:
        TypeError: if a number is not an integer.
        ValueError: as for `ChunkShuffledScheme`.

    >>> scheme = ChunkShuffledExampleScheme(8, chunk_size=2, chunks_in_pool=2, seed=1)
    >>> list(scheme.get_request_iterator())
    [7, 6, 0, 1, 4, 3, 5, 2]
    """

    def __init__(
        self,
        examples: int,
        *,
        chunk_size: int,
        chunks_in_pool: int = 8,
        offset: int = 0,
        seed: int | None = None,
    ) -> None:
        super().__init__(examples)
        self._set_seed(seed)
        self._set_chunks(chunk_size, chunks_in_pool, offset)
