"""Runs of rows that can only be read together: chunks that must be unpacked."""

from abc import ABC, abstractmethod

import h5py
import numpy as np

from fuel.datasets._chunk_table import ABSENT, ChunkTable
from fuel.datasets._filters import DamageError, Filters

__all__ = ["Blocks", "LibraryBlocks", "PackedBlocks"]

BLOCK_BYTES = 1 << 18
"""Size of the blocks in which HDF5 is asked for a data set that has no chunks."""


class Blocks(ABC):
    """A source whose rows are read in blocks.

    Attributes:
        rows: how many rows a block has; the last may have fewer.
        shape: of the source.
        dtype: of the source.
        is_parallel: whether several threads get more done than one.
    """

    rows: int
    shape: tuple[int, ...]
    dtype: np.dtype
    is_parallel: bool

    @abstractmethod
    def unpack(self, block: int, out: np.ndarray) -> None:
        """Write a block's rows to `out`, `(rows, bytes of a row)` unsigned bytes.

        Raises:
            OSError: if they cannot be read.
        """


class PackedBlocks(Blocks):
    """Chunks of whole rows, read and unpacked here.

    Args:
        file: the bytes of the whole file.
        table: where in it the chunks are.
        filters: how they were packed.
        dataset: the open data set; it is not kept.
        dtype: what the bytes mean; rows never written are zero if it is not that of the data set.
    """

    is_parallel = True

    def __init__(
        self,
        file: np.ndarray,
        table: ChunkTable,
        filters: Filters,
        dataset: h5py.Dataset,
        dtype: np.dtype,
    ) -> None:
        self.rows = table.rows
        self.shape = dataset.shape
        self.dtype = dtype
        self._file = file
        self._table = table
        self._filters = filters
        self._name = (dataset.name.lstrip("/"), dataset.file.filename)
        fill = dataset.fillvalue if dtype == dataset.dtype else np.zeros((), dtype)
        self._fill = np.full((1, *dataset.shape[1:]), fill, self.dtype)

    def unpack(self, block: int, out: np.ndarray) -> None:
        """Write a block's rows, from their chunk."""
        table = self._table
        start, size = int(table.starts[block]), int(table.sizes[block])
        if start == ABSENT:
            out[...] = self._fill.reshape(-1).view(np.uint8)
            return
        needed = self.rows * out.shape[1]
        stored = self._file[start : start + size]
        try:
            unpacked = self._filters.undo(stored, int(table.skipped[block]), needed)
        except DamageError as error:
            raise OSError(_damage(self._name, self.rows, block, error)) from error
        out[...] = unpacked.reshape(self.rows, -1)[: len(out)]


class LibraryBlocks(Blocks):
    """Blocks of rows that HDF5 itself reads: for filters and types that only it knows.

    Args:
        dataset: open for as long as its blocks are read.
    """

    is_parallel = False

    def __init__(self, dataset: h5py.Dataset) -> None:
        self.shape = dataset.shape
        self.dtype = dataset.dtype
        row_bytes = dataset.size // len(dataset) * dataset.dtype.itemsize
        self.rows = dataset.chunks[0] if dataset.chunks else max(1, BLOCK_BYTES // row_bytes)
        self._dataset = dataset
        self._name = (dataset.name.lstrip("/"), dataset.file.filename)

    def unpack(self, block: int, out: np.ndarray) -> None:
        """Write a block's rows, as HDF5 reads them."""
        start = block * self.rows
        try:
            rows = self._dataset[start : start + len(out)]
        except OSError as error:
            if absent := _absent_filters(self._dataset):
                source, path = self._name
                raise OSError(
                    f"{source!r} in {path} is packed by {', '.join(absent)}, which HDF5 does not "
                    "have here; install hdf5plugin and import it first, or write the file anew "
                    "packed by gzip"
                ) from error
            raise OSError(_damage(self._name, self.rows, block, error)) from error
        out[...] = np.ascontiguousarray(rows, self.dtype).view(np.uint8).reshape(len(out), -1)


def _absent_filters(dataset: h5py.Dataset) -> list[str]:
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(place) for place in range(creation.get_nfilters())]
    return [
        f"filter {number} ({name.decode()})" if name else f"filter {number}"
        for number, _, _, name in filters
        if not h5py.h5z.filter_avail(number)
    ]


def _damage(name: tuple[str, str], rows: int, block: int, error: Exception) -> str:
    source, path = name
    return (
        f"rows {block * rows} to {(block + 1) * rows} of {source!r} in {path} cannot be read: "
        f"{error}; if the file is damaged, download or convert it anew"
    )
