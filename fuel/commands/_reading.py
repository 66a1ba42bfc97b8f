"""Reading rows of a file that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import h5py
import numpy as np

from fuel.datasets._checked_rows import rows_reader
from fuel.datasets._global_heap import REFERENCE, GlobalHeap
from fuel.datasets._readers import map_file

__all__ = ["peek_each", "read_each", "read_rows"]

BEGINNING = 1 << 18
"""Bytes of a value that are looked at."""
UNMAPPED = 1 << 25
"""Bytes that are read of values that are not found in the mapped file."""


def read_each(dataset: h5py.Dataset, rows: Sequence[int]) -> Iterator[tuple[int, Any]]:
    """Each of some rows with its number; those that follow each other are read at once.

    Raises:
        OSError: if they are not where the file says.
    """
    read = rows_reader(dataset)
    for _, run in groupby(enumerate(rows), lambda pair: pair[1] - pair[0]):
        together = [row for _, row in run]
        yield from zip(together, read(together[0], together[-1] + 1), strict=True)


def peek_each(dataset: h5py.Dataset, rows: Sequence[int]) -> Iterator[tuple[int, int, memoryview]]:
    """Of some values of variable length, row, length in bytes, and the beginning.

    They are looked at in the mapped file, so that no more is read than is looked at. Where only
    HDF5 finds them, whole values are read, until they are 32 MiB together.

    Args:
        dataset: of bytes of variable length.
        rows: numbers of rows, in order.

    Raises:
        OSError: if they are not where they should be.
    """
    place = dataset.id.get_offset()
    if place is None:
        read, looked_at = rows_reader(dataset), 0
        for row in rows:
            value = np.asarray(read(row, row + 1)[0], np.uint8)
            yield row, value.size, value.data[:BEGINNING]
            looked_at += value.size
            if looked_at > UNMAPPED:
                return
        return
    file, heap = _heap(dataset)
    for row in rows:
        length, address, number = _references(dataset, file, place, slice(row, row + 1))[0].item()
        start = heap.start_of(address, number, length) if length else 0
        yield row, length, file.data[start : start + min(length, BEGINNING)]


def read_rows(dataset: h5py.Dataset, start: int, stop: int) -> Any:
    """Rows of a data set.

    Raises:
        OSError: if they are not where the file says.
    """
    return rows_reader(dataset)(start, stop)


def _heap(dataset: h5py.Dataset) -> tuple[np.ndarray, GlobalHeap]:
    path = dataset.file.filename
    file = map_file(path)
    return file, GlobalHeap(file, path)


def _references(dataset: h5py.Dataset, file: np.ndarray, place: int, rows: slice) -> np.ndarray:
    first, last = (place + row * REFERENCE.itemsize for row in (rows.start, rows.stop))
    if last > len(file):
        raise OSError(f"{dataset.file.filename} is damaged: a source reaches beyond its end")
    return file[first:last].view(REFERENCE)
