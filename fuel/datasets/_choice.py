"""Which way of reading suits which data set of a file."""

import math
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from fuel._subset import Subset
from fuel.datasets._blocks import Blocks, LibraryBlocks, PackedBlocks
from fuel.datasets._chunk_readers import BlockReader, RawChunkReader
from fuel.datasets._chunk_table import ChunkTable
from fuel.datasets._filters import Filters
from fuel.datasets._global_heap import REFERENCE
from fuel.datasets._mapped_file import MappedFile
from fuel.datasets._ragged import HeapReader, ShapedReader
from fuel.datasets._readers import Reader, SelectionReader, mapped_reader
from fuel.datasets._threads import Threads
from fuel.datasets._variable_length import check_values

__all__ = ["ReaderChoice"]

PLAIN_KINDS = "biufcS"
"""Kinds of dtypes that HDF5 stores as NumPy does."""


class ReaderChoice:
    """Chooses how the data sets of an open file are read: as fast as it goes, and right.

    What lies in one piece, or in chunks as it is, is gathered from the mapped file; what is packed
    is unpacked into memory; what only HDF5 can unpack it is asked for in blocks; and what may
    change, or is not in one file, is read through HDF5's selections.

    Args:
        h5file: an open file.
        sort_indices: for HDF5's selections.
        threads: to unpack with.

    Attributes:
        needs_library: whether a reader that was given needs the file to stay open.
        mapped: the file in memory, if a reader that was given reads from it there.
    """

    def __init__(self, h5file: h5py.File, sort_indices: bool, threads: Threads) -> None:
        self.needs_library = False
        self._h5file = h5file
        self._path = h5file.filename
        self._sort_indices = sort_indices
        self._threads = threads
        self._announced: set[str] = set()
        self._is_plain_file = h5file.mode == "r" and h5file.driver == "sec2"
        self._has_usual_addresses = (
            h5file.userblock_size == 0 and h5file.id.get_create_plist().get_sizes() == (8, 8)
        )
        self.mapped: MappedFile | None = None

    def readers(
        self, names: Sequence[tuple[str, str | None]], rows: Sequence[Subset], cache_bytes: int
    ) -> list[Reader]:
        """One reader for each source.

        Args:
            names: of each data set, and of the data set with the shapes of its examples.
            rows: which rows of each will be asked for.
            cache_bytes: how much memory unpacked data may take, all sources together. What needs
                least is unpacked for good; the rest shares what is left.
        """
        ways = [self._way(self._h5file[name], shapes) for name, shapes in names]
        packed = [
            (_needed(way, part), place)
            for place, (way, part) in enumerate(zip(ways, rows, strict=True))
            if isinstance(way, Blocks)
        ]
        for done, (needed, place) in enumerate(sorted(packed)):
            share = min(needed, cache_bytes // (len(packed) - done))
            cache_bytes -= share
            ways[place] = self._unpacking(ways[place], rows[place], share)
        return ways

    # a "way" is a reader, or blocks for which one is made when it is known how much they may keep

    def _way(self, dataset: h5py.Dataset, shapes: str | None) -> Any:
        element = h5py.check_vlen_dtype(dataset.dtype)
        if element is None:
            return self._plain_way(dataset)
        examples = self._heap_reader(dataset, element) or self._selection(dataset)
        return ShapedReader(
            examples,
            None if shapes is None else self._whole(self._plain_way(self._h5file[shapes])),
            np.dtype(element),
            self._path,
        )

    def _plain_way(self, dataset: h5py.Dataset) -> Any:
        is_odd = dataset.is_virtual or dataset.external or dataset.dtype.hasobject
        if not self._is_plain_file or is_odd or not dataset.size:
            return self._selection(dataset)
        kind, size = dataset.dtype.kind, dataset.id.get_type().get_size()
        is_plain = kind in PLAIN_KINDS and size == dataset.dtype.itemsize
        if is_plain and (way := self._own_way(dataset, dataset.dtype)) is not None:
            return way
        self.needs_library = True
        return LibraryBlocks(dataset)

    def _own_way(self, dataset: h5py.Dataset, dtype: np.dtype) -> Any:
        """A reader or blocks that do without HDF5; None if that is not possible."""
        is_contiguous = dataset.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS
        if is_contiguous and (offset := dataset.id.get_offset()) is not None:
            return mapped_reader(self._file, self._path, offset, dataset.shape, dtype)
        if dataset.chunks is None or not self._has_usual_addresses:
            return None
        filters, table = Filters.of(dataset), ChunkTable.of(dataset)
        if filters is None or table is None:
            return None
        table.check_within(len(self._file))
        if not filters.steps and table.is_complete:
            return RawChunkReader(self._file, table, dataset.shape, dtype)
        return PackedBlocks(self._file, table, filters, dataset, dtype)

    def _heap_reader(self, dataset: h5py.Dataset, element: Any) -> Reader | None:
        is_usual = (
            self._is_plain_file
            and self._has_usual_addresses
            and not (dataset.is_virtual or dataset.external)
            and dataset.ndim == 1
            and dataset.size
            and (element in (str, bytes) or _is_plain_element(dataset, np.dtype(element)))
        )
        way = self._own_way(dataset, REFERENCE) if is_usual else None
        if way is None:
            return None
        dtype = None if element in (str, bytes) else np.dtype(element)
        return HeapReader(self._whole(way), len(dataset), self._file, self._path, dtype)

    def _whole(self, way: Any) -> Reader:
        """A reader that keeps all that it unpacks: for the little that belongs to ragged data."""
        if not isinstance(way, Blocks):
            return way
        everything = Subset(slice(None), way.shape[0])
        return self._unpacking(way, everything, _needed(way, everything))

    def _unpacking(self, way: Blocks, rows: Subset, cache_bytes: int) -> Reader:
        return BlockReader(way, *_span(way, rows), cache_bytes, self._threads)

    def _selection(self, dataset: h5py.Dataset) -> Reader:
        self.needs_library = True
        check_values(dataset)
        return SelectionReader(dataset, self._announced, sort_indices=self._sort_indices)

    @property
    def _file(self) -> np.ndarray:
        if self.mapped is None:
            self.mapped = MappedFile(self._path)
        return self.mapped.bytes


def _is_plain_element(dataset: h5py.Dataset, element: np.dtype) -> bool:
    """Whether values of variable length are stored as NumPy stores them."""
    return (
        element.kind in PLAIN_KINDS
        and dataset.id.get_type().get_super().get_size() == element.itemsize
    )


def _span(blocks: Blocks, rows: Subset) -> tuple[int, int]:
    """The first block that holds some of the rows, and one past the last."""
    if rows.is_empty:
        return 0, 0
    first, last = rows[0], rows[rows.num_examples - 1]
    return first // blocks.rows, last // blocks.rows + 1


def _needed(blocks: Blocks, rows: Subset) -> int:
    """Bytes of the blocks from the first to the last that hold some of the rows."""
    first, stop = _span(blocks, rows)
    row_bytes = math.prod(blocks.shape[1:]) * blocks.dtype.itemsize
    return (stop - first) * blocks.rows * row_bytes
