"""Where in a file the chunks of a data set are."""

from dataclasses import dataclass

import h5py
import numpy as np

__all__ = ["ChunkTable"]

ABSENT = -1
"""Where a chunk starts that was never written."""


@dataclass(frozen=True)
class ChunkTable:
    """The chunks of a data set whose chunks hold whole rows.

    Attributes:
        rows: how many rows a chunk holds; the last one is stored as if it were full.
        starts: first byte of each chunk in the file; `ABSENT` if it was never written.
        sizes: bytes of each chunk, as stored.
        skipped: for each chunk the filters that were not applied to it, as bits.
    """

    rows: int
    starts: np.ndarray
    sizes: np.ndarray
    skipped: np.ndarray

    @classmethod
    def of(cls, dataset: h5py.Dataset) -> "ChunkTable | None":
        """The chunks of a data set in an open file; None if its chunks hold parts of rows."""
        if dataset.chunks is None or dataset.chunks[1:] != dataset.shape[1:]:
            return None
        rows = dataset.chunks[0]
        count = -(-len(dataset) // rows)
        starts = np.full(count, ABSENT, np.int64)
        sizes = np.zeros(count, np.int64)
        skipped = np.zeros(count, np.int64)

        def note(chunk: h5py.h5d.StoreInfo) -> None:
            place = chunk.chunk_offset[0] // rows
            if place < count and chunk.byte_offset is not None:
                starts[place] = chunk.byte_offset
                sizes[place] = chunk.size
                skipped[place] = chunk.filter_mask

        dataset.id.chunk_iter(note)
        return cls(rows, starts, sizes, skipped)

    @property
    def is_complete(self) -> bool:
        """Whether every chunk was written."""
        return bool((self.starts != ABSENT).all())

    def check_within(self, length: int) -> None:
        """Refuse a table that points outside of its file.

        Args:
            length: of the file, in bytes.

        Raises:
            ValueError: if it does.
        """
        written = self.starts != ABSENT
        starts, sizes = self.starts[written], self.sizes[written]
        wrong = (starts < 0) | (sizes < 0) | (sizes > length) | (starts > length - sizes)
        if wrong.any():
            start, size = starts[wrong][0], sizes[wrong][0]
            raise ValueError(
                f"a chunk has bytes {start} to {start + size}, but the file has {length}"
            )
