"""Readers of sources whose examples differ in shape."""

from typing import Any

import numpy as np

from fuel._streams._context import Allocate, new_array
from fuel.datasets._global_heap import GlobalHeap
from fuel.datasets._object_arrays import copied, object_array
from fuel.datasets._readers import Reader, as_rows
from fuel.datasets._selection import Selection

__all__ = ["ExamplesReader", "HeapReader", "ShapedReader"]

NEIGHBOURS = 256
"""So many rows before and after one that was looked up are likely to be in the same heap."""


class HeapReader:
    """Flat examples of variable length, copied from the mapped file.

    Args:
        references: gives the rows of the data set as `REFERENCE`s.
        count: how many rows there are.
        file: the bytes of the whole file.
        path: its name, for messages.
        dtype: of the elements.
    """

    def __init__(
        self, references: Reader, count: int, file: np.ndarray, path: str, dtype: np.dtype
    ) -> None:
        self.survives_fork = references.survives_fork
        self._references = references
        self._file = file
        self._heap = GlobalHeap(file, path)
        self._dtype = dtype
        self._starts = np.zeros(count, np.int64)  # where examples are; 0 if not yet looked up

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """The examples of a selection: an object array of flat arrays, or for an index one."""
        if isinstance(selection, int):
            return self.read(slice(selection, selection + 1, 1), source, allocate)[0]
        rows = as_rows(selection)
        references = self._references.read(selection, source, new_array)
        sizes = references["length"].astype(np.int64) * self._dtype.itemsize
        starts = self._starts[rows]
        for place in np.flatnonzero((starts == 0) & (sizes > 0)):
            starts[place] = self._look_up(int(rows[place]), references[place], int(sizes[place]))
        file, dtype = self._file, self._dtype
        stops = (starts + sizes).tolist()
        spans = map(slice, starts.tolist(), stops)
        return object_array(file[span].copy().view(dtype) for span in spans)

    def _look_up(self, row: int, reference: np.void, size: int) -> int:
        start = int(self._starts[row])  # if a neighbour was looked up meanwhile
        if not start:
            address = int(reference["address"])
            start = self._heap.start_of(address, int(reference["number"]), size)
            self._note_neighbours(row, address)
        return start

    def _note_neighbours(self, row: int, address: int) -> None:
        """Note where the rows around `row` are that lie in the same heap."""
        near = slice(max(0, row - NEIGHBOURS), min(len(self._starts), row + NEIGHBOURS), 1)
        references = self._references.read(near, "", new_array)
        values = self._heap.values(address)
        for place in np.flatnonzero(references["address"] == address):
            start, stored = values.get(int(references["number"][place]), (0, -1))
            if stored == int(references["length"][place]) * self._dtype.itemsize:
                self._starts[near.start + place] = start


class ShapedReader:
    """Flat examples, given the shapes that are stored beside them.

    Args:
        examples: gives flat examples.
        shapes: gives their shapes; None if they have one axis.
        dtype: of their elements. h5py 3.16 gives those of a foreign byte order as if they had the
            machine's, without swapping their bytes.
        path: the file's name, for messages.
    """

    def __init__(self, examples: Reader, shapes: Reader | None, dtype: np.dtype, path: str) -> None:
        self.survives_fork = examples.survives_fork and (shapes is None or shapes.survives_fork)
        self._examples = examples
        self._shapes = shapes
        self._dtype = dtype
        self._path = path

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """The examples of a selection: an object array of arrays, or for an index one array.

        Raises:
            OSError: if an example has not as many elements as its shape says.
        """
        if isinstance(selection, int):
            return self.read(slice(selection, selection + 1, 1), source, allocate)[0]
        flat = self._examples.read(selection, source, new_array)
        if not self._dtype.isnative:
            flat = object_array(example.view(self._dtype) for example in flat)
        if self._shapes is None:
            return flat
        shapes = self._shapes.read(selection, source, new_array)
        self._check(flat, shapes.astype(np.int64), selection, source)
        return object_array(map(np.ndarray.reshape, flat, shapes.tolist()))

    def _check(
        self, flat: np.ndarray, shapes: np.ndarray, selection: slice | np.ndarray, source: str
    ) -> None:
        sizes = np.fromiter(map(len, flat), np.int64, len(flat))
        wrong = (shapes.prod(axis=1) != sizes) | (shapes < 0).any(axis=1)
        if wrong.any():
            place = int(wrong.argmax())
            raise OSError(
                f"{self._path} is damaged: example {as_rows(selection)[place]} of {source!r} has "
                f"{sizes[place]} elements, but the shape {tuple(shapes[place].tolist())}; download "
                "or convert it anew"
            )

    def shapes(self, selection: Selection, source: str) -> np.ndarray | None:
        """The `(examples, axes)` shapes of a selection; None if none are stored."""
        if self._shapes is None:
            return None
        return np.asarray(self._shapes.read(selection, source, new_array))


class ExamplesReader:
    """Examples of differing shapes in memory.

    Args:
        array: object array of arrays.
    """

    survives_fork = True

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """Copies of the examples of a selection."""
        chosen = self.array[selection]
        if isinstance(selection, int):
            return copied(chosen)
        return object_array(copied(example) for example in chosen)
