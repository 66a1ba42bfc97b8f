"""Readers of sources whose examples differ in shape."""

from typing import Any

import numpy as np

from fuel._selection import Selection
from fuel._streams._context import Allocate, new_array
from fuel.datasets._global_heap import GlobalHeap
from fuel.datasets._object_arrays import copied, object_array
from fuel.datasets._readers import Reader, as_rows

__all__ = ["ExamplesReader", "HeapReader", "ShapedReader"]

NEIGHBOURS = 4096
"""So many rows before and after one that is needed are looked up with it."""
NEAR = 1 << 18
"""Bytes between heaps that are looked into together: the system reads them together, too."""
NEARBY = 1 << 16
"""Bytes that are copied together to be cut into texts, at least."""


class HeapReader:
    """Flat examples of variable length, or texts, copied from the mapped file.

    Args:
        references: gives the rows of the data set as `REFERENCE`s.
        count: how many rows there are.
        file: the bytes of the whole file.
        path: its name, for messages.
        dtype: of the elements; None if they are texts, which are given as `bytes`.
    """

    def __init__(
        self, references: Reader, count: int, file: np.ndarray, path: str, dtype: np.dtype | None
    ) -> None:
        self.survives_fork = references.survives_fork
        self._references = references
        self._file = file
        self._view = memoryview(file)  # type: ignore[arg-type]  # NumPy arrays are buffers
        self._heap = GlobalHeap(file, path)
        self._dtype = dtype
        self._item = 1 if dtype is None else dtype.itemsize
        self._starts = np.zeros(count, np.int64)  # where examples are; 0 if not yet looked up

    def read(self, selection: Selection, source: str, allocate: Allocate) -> Any:
        """The examples of a selection: an object array of them, or for an index one.

        Raises:
            OSError: if one is not where its row says.
        """
        if isinstance(selection, int):
            return self.read(slice(selection, selection + 1, 1), source, allocate)[0]
        rows = as_rows(selection)
        references = self._references.read(selection, source, new_array)
        sizes = references["length"].astype(np.int64) * self._item
        starts = self._starts[rows]
        missing = np.flatnonzero((starts == 0) & (sizes > 0))
        if len(missing):
            starts[missing] = self._look_up(rows[missing], references[missing])
        if self._dtype is None:
            return self._texts(starts, starts + sizes)
        file, dtype = self._file, self._dtype
        spans = map(slice, starts.tolist(), (starts + sizes).tolist())
        return object_array(file[span].copy().view(dtype) for span in spans)

    def _texts(self, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
        """Texts, without zero bytes at their ends."""
        used = np.flatnonzero(stops > starts)
        first = int(starts[used].min(initial=len(self._file)))
        last = int(stops[used].max(initial=first))
        if last - first <= max(NEARBY, 4 * int((stops - starts).sum())):
            whole = self._view[first:last].tobytes()
            spans = map(slice, (starts - first).tolist(), (stops - first).tolist())
            texts = [whole[span] for span in spans]
        else:
            spans = map(slice, starts.tolist(), stops.tolist())
            texts = [self._view[span].tobytes() for span in spans]
        for place in used[self._file[stops[used] - 1] == 0]:  # some count it in
            texts[place] = texts[place].rstrip(b"\0")
        return object_array(texts)

    def _look_up(self, rows: np.ndarray, references: np.ndarray) -> np.ndarray:
        """Where the examples of some rows start; it is noted also for rows around them."""
        if len(rows) < NEIGHBOURS:
            for row, address in zip(rows.tolist(), references["address"], strict=True):
                if not self._starts[row]:
                    self._look_around(row, address)
        starts = self._starts[rows]
        missing = np.flatnonzero(starts == 0)
        starts[missing] = self._heap.starts_of(references[missing], self._item)
        self._starts[rows] = starts
        return starts

    def _look_around(self, row: int, address: np.uint64) -> None:
        """Note where the rows around `row` start, as far as they are in heaps nearby."""
        first = max(0, row - NEIGHBOURS)
        window = slice(first, min(len(self._starts), row + NEIGHBOURS), 1)
        references = self._references.read(window, "", new_array)
        ahead = references["address"] - address + np.uint64(NEAR)  # may wrap around
        near = np.flatnonzero((ahead < 2 * NEAR) & (references["length"] > 0))
        starts = self._heap.starts_at_a_glance(references[near], self._item)
        self._starts[first + near[starts > 0]] = starts[starts > 0]
        if not self._starts[row] and len(near):
            same = near[references["address"][near] == address]
            self._starts[first + same] = self._heap.starts_in(references[same], self._item)


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
