"""Ways to read examples from where they lie: from memory, a mapped file, or through HDF5.

Each gives copies, so that nothing that is done to a batch can reach the data set.
"""

import logging
import math
import mmap
import sys
from collections.abc import Iterable
from typing import Any, Protocol

import h5py
import numpy as np

from fuel._selection import Selection
from fuel._streams._context import Allocate
from fuel._streams._pending import Pending, defers, is_suitable
from fuel.datasets._object_arrays import copied, object_array

__all__ = [
    "ArrayReader",
    "BytesReader",
    "Reader",
    "SelectionReader",
    "are_quick",
    "as_bytes",
    "as_rows",
    "map_file",
    "mapped_reader",
]

logger = logging.getLogger(__name__)

_PLAIN, _SMALL = (np.ndarray, np.memmap), 256
"""Kinds of arrays whose reading runs no other code, and bytes of a row that are quickly copied."""
AHEAD_BYTES = 1 << 28
"""The largest file that is read ahead; at 1 GB/s it takes a quarter of a second."""


class Reader(Protocol):
    """Reads examples of one source.

    Attributes:
        survives_fork: whether it can still be used in a process that was forked after it was made.
    """

    survives_fork: bool

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """The examples of a selection that is within the data.

        Args:
            selection: an index (no batch axis), a slice, or indices in any order.
            source: name to allocate for.
            allocate: makes the array of a batch.
        """


class ArrayReader:
    """Examples along the first axis of an array in memory or in a mapped file."""

    survives_fork = True

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        # elsewise `take` would first copy all of the array
        self._can_take = array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative
        self._can_defer = self._can_take and is_suitable(array)

    def is_quick(self, is_pending: bool) -> bool:
        """Whether a batch takes next to no time: because it is pending, or is small."""
        if is_pending:
            return self._can_defer
        return type(self.array) in _PLAIN and self.array.nbytes <= _SMALL * len(self.array)

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """A copy of the examples of a selection; or what is pending, if that is asked for."""
        array = self.array
        if isinstance(selection, np.ndarray):
            if self._can_defer and defers(allocate, source):
                return Pending(array, selection)
            out = allocate(source, (len(selection), *array.shape[1:]), array.dtype)
            if self._can_take:  # out= is written to directly only if the mode is not "raise"
                return array.take(selection, axis=0, out=out, mode="clip")
            out[...] = array[selection]
            return out
        part = array[selection]
        if isinstance(selection, int):
            return part.copy() if isinstance(part, np.ndarray) else part
        if self._can_defer and selection.step == 1 and defers(allocate, source):
            return Pending(part)
        out = allocate(source, part.shape, part.dtype)
        out[...] = part
        return out


def are_quick(readers: Iterable[tuple[str, Reader | None]], pending: frozenset[str]) -> bool:
    """Whether a batch from all readers takes next to no time.

    Args:
        readers: by the name of their source; None for what is read in another way.
        pending: of which sources the data may be pending.
    """
    return all(
        isinstance(reader, ArrayReader) and reader.is_quick(source in pending)
        for source, reader in readers
    )


class BytesReader:
    """Examples that are gathered as rows of bytes: for foreign byte orders and odd offsets.

    Args:
        rows: `(examples, bytes of an example)` unsigned bytes.
        shape: shape of an example.
        dtype: what the bytes mean.
    """

    survives_fork = True

    def __init__(self, rows: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.rows = rows
        self.shape = shape
        self.dtype = dtype

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """A copy of the examples of a selection."""
        if isinstance(selection, int):
            batch = np.empty((1, *self.shape), self.dtype)
            self._fill(batch, np.array([selection]))
            return batch[0]
        out = allocate(source, (_count(selection), *self.shape), self.dtype)
        self._fill(out, selection)
        return out

    def _fill(self, out: np.ndarray, selection: slice | np.ndarray) -> None:
        if isinstance(selection, slice):
            as_bytes(out)[...] = self.rows[selection]
        else:
            self.rows.take(selection, axis=0, out=as_bytes(out), mode="clip")


class SelectionReader:
    """Examples read through HDF5's own selections: slow for scattered ones, but always right.

    Args:
        dataset: open for as long as the reader is used.
        announced: names of sources of which was said that they are read so.
        sort_indices: hand HDF5 sorted, distinct indices and put the result in order afterwards;
            otherwise they must be increasing.
    """

    survives_fork = False

    def __init__(self, dataset: h5py.Dataset, announced: set[str], *, sort_indices: bool) -> None:
        self.dataset = dataset
        self.sort_indices = sort_indices
        self._announced = announced

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """The examples of a selection.

        Raises:
            OSError: if HDF5 cannot read them.
        """
        if isinstance(selection, int):
            return self._select(selection)
        if isinstance(selection, slice):
            return self._into(self._select(selection), source, allocate)
        self._announce(source)
        if not self.sort_indices:
            return self._into(self._select(selection), source, allocate)
        distinct, places = np.unique(selection, return_inverse=True)
        data = self._select(distinct)[places]
        if data.dtype.hasobject:
            data = object_array(map(copied, data))
        return self._into(data, source, allocate)

    def _select(self, selection: Selection) -> Any:
        try:
            return self.dataset[selection]
        except (OSError, RuntimeError) as error:
            raise OSError(
                f"{self.dataset.name.lstrip('/')!r} in {self.dataset.file.filename} cannot be "
                f"read: {error}; if the file is damaged, download or convert it anew"
            ) from error

    def _into(self, data: np.ndarray, source: str, allocate: Allocate) -> np.ndarray:
        if data.dtype.hasobject:  # only plain bytes can be put into given memory
            return data
        out = allocate(source, data.shape, data.dtype)
        out[...] = data
        return out

    def _announce(self, source: str) -> None:
        if source not in self._announced:
            self._announced.add(source)
            logger.warning(
                "source %r of %s is read through HDF5's selections, ten to a thousand times slower "
                "than a contiguous, uncompressed one, because its layout is %s; convert the file "
                "anew, or read it in memory (load_in_memory=True)",
                source,
                self.dataset.file.filename,
                f"chunked by {self.dataset.chunks}" if self.dataset.chunks else "not plain",
            )


def mapped_reader(
    file: np.ndarray, path: str, offset: int, shape: tuple[int, ...], dtype: np.dtype
) -> ArrayReader | BytesReader:
    """A reader of an array that lies in one piece in a file, mapped into memory.

    Args:
        file: the bytes of the whole file.
        path: its name, for messages.
        offset: where the array begins, in bytes.
        shape: of the array.
        dtype: of the array; without Python objects.

    Raises:
        OSError: if the file is shorter than that.
    """
    stop = offset + math.prod(shape) * dtype.itemsize
    if len(file) < stop:
        raise OSError(
            f"{path} has {len(file)} bytes, but a source goes on to byte {stop}; the file is "
            "truncated, download or convert it anew"
        )
    flat = file[offset:stop]
    if dtype.isnative and offset % max(dtype.alignment, 1) == 0 and dtype.kind in "biufcSV":
        return ArrayReader(flat.view(dtype).reshape(shape))
    return BytesReader(flat.reshape(shape[0], -1), shape[1:], dtype)


def map_file(path: str, *, ahead: bool = False) -> np.ndarray:
    """All bytes of a file, mapped into memory; it need not stay open.

    Args:
        path: of the file.
        ahead: read it all now, in order, if it is not large: for scattered reading, the first of
            which takes half as long with it as without if the file was not in memory.
    """
    with open(path, "rb") as file:
        length = file.seek(0, 2)
        if ahead and length <= AHEAD_BYTES and sys.platform == "linux":
            flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
            mapped = mmap.mmap(file.fileno(), 0, flags=flags, prot=mmap.PROT_READ)
        else:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, np.uint8)


def as_bytes(batch: np.ndarray) -> np.ndarray:
    """The `(rows, bytes of a row)` unsigned bytes that a C-contiguous batch is made of."""
    return batch.reshape(-1).view(np.uint8).reshape(len(batch), -1)


def as_rows(selection: slice | np.ndarray) -> np.ndarray:
    """The rows of a selection, as indices."""
    if isinstance(selection, slice):
        return np.arange(selection.start, selection.stop, selection.step)
    return selection


def _count(selection: slice | np.ndarray) -> int:
    if isinstance(selection, slice):
        return len(range(selection.start, selection.stop, selection.step))
    return len(selection)
