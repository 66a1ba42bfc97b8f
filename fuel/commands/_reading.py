"""Reading rows of a file that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import h5py
import numpy as np

from fuel.datasets._global_heap import REFERENCE, GlobalHeap
from fuel.datasets._readers import map_file

__all__ = ["read_each", "read_rows"]


def read_each(dataset: h5py.Dataset, rows: Sequence[int]) -> Iterator[tuple[int, Any]]:
    """Each of some rows with its number; those that follow each other are read at once.

    Raises:
        OSError: as `read_rows`.
    """
    for _, run in groupby(enumerate(rows), lambda pair: pair[1] - pair[0]):
        together = [row for _, row in run]
        yield from zip(together, read_rows(dataset, together[0], together[-1] + 1), strict=True)


def read_rows(dataset: h5py.Dataset, start: int, stop: int) -> Any:
    """Rows of a data set.

    HDF5 may never come back from values of variable length that were damaged, so it is asked for
    those only that are where they should be, as far as that can be seen: in contiguous data sets.

    Raises:
        OSError: if they are not.
    """
    inner = h5py.check_vlen_dtype(dataset.dtype)
    place = dataset.id.get_offset()
    if inner is not None and place is not None:
        size = 1 if inner in (str, bytes) else np.dtype(inner).itemsize
        _check(dataset.file.filename, place, slice(start, stop), size)
    return dataset[start:stop]


def _check(path: str, place: int, rows: slice, size: int) -> None:
    file = map_file(path)
    heap = GlobalHeap(file, path)
    first, last = (place + row * REFERENCE.itemsize for row in (rows.start, rows.stop))
    if last > len(file):
        raise OSError(f"{path} is damaged: a source reaches beyond its end")
    for reference in file[first:last].view(REFERENCE):
        length = int(reference["length"])
        if length:
            heap.start_of(int(reference["address"]), int(reference["number"]), length * size)
