"""The rows of a source: an array, or examples that differ in shape."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from fuel.converters._ragged import RaggedSource, write_arrays
from fuel.datasets._checked_rows import rows_reader
from fuel.datasets._layout import SourceLayout

__all__ = ["BLOCK", "RaggedRows", "as_rows", "create_rows", "dataset_blocks", "shapes_of"]

BLOCK = 1 << 23
"""How many bytes are read or written at once."""


@dataclass(frozen=True)
class RaggedRows:
    """Examples that differ in shape but in nothing else, one after the other in one flat array.

    Args:
        values: `(numbers,)`, the examples in C order.
        shapes: `(examples, axes)` integers, the shape of each.
        is_encoded: whether they are contents of files, as images in JPEG, rather than arrays; the
            shapes are the numbers of bytes then, and are not stored.
    """

    values: np.ndarray
    shapes: np.ndarray
    is_encoded: bool = False

    @classmethod
    def of(cls, arrays: Sequence[Any]) -> RaggedRows:
        """Those of a sequence of arrays; or of `bytes`, which are contents of files.

        Raises:
            ValueError: if they differ in dtype or in the number of axes, or some are `bytes` and
                others are not.
        """
        rows = [as_example(array) for array in arrays]
        are_bytes = [isinstance(array, bytes) for array in arrays]
        if any(are_bytes) and not all(are_bytes):
            raise ValueError(
                f"example {are_bytes.index(True)} is a bytes object, but example "
                f"{are_bytes.index(False)} is not; give all as bytes, or all as arrays"
            )
        for number, row in enumerate(rows):
            _check_kind(row)
            if (row.dtype, row.ndim) != (rows[0].dtype, rows[0].ndim) or row.ndim == 0:
                raise ValueError(
                    f"example {number} is an array of {row.dtype} with {row.ndim} axes, example "
                    f"0 one of {rows[0].dtype} with {rows[0].ndim}; they may differ in shape alone"
                )
        if not rows:
            return cls(np.empty(0, np.uint8), np.empty((0, 1), np.int64))
        shapes = np.array([row.shape for row in rows], np.int64)
        return cls(np.concatenate([row.ravel() for row in rows]), shapes, all(are_bytes))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.shapes)

    def blocks(self) -> Iterator[tuple[int, int, list[np.ndarray]]]:
        """First row, end, and the examples between them."""
        stops = np.cumsum(self.shapes.prod(axis=1, dtype=np.int64))
        step = max(1, BLOCK // self.dtype.itemsize)
        start = 0
        while start < len(self):
            offset = int(stops[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(stops, offset + step, side="right")))
            pieces = np.split(
                self.values[offset : stops[stop - 1]], stops[start : stop - 1] - offset
            )
            shapes = self.shapes[start:stop]
            yield start, stop, [p.reshape(s) for p, s in zip(pieces, shapes, strict=True)]
            start = stop


def as_example(value: Any) -> np.ndarray:
    """One example as an array; bytes become an array of them."""
    if isinstance(value, bytes):
        return np.frombuffer(value, np.uint8)
    return np.asarray(value)


def as_rows(values: Any) -> np.ndarray | RaggedRows:
    """Rows from an array, a sequence of examples, or an array of objects, which are ragged.

    Raises:
        ValueError: if they hold text or what is no array of numbers, or are no sequence of rows.
    """
    if isinstance(values, RaggedRows):
        return values
    if isinstance(values, np.ndarray) and values.dtype == object:
        return RaggedRows.of(list(values))
    if isinstance(values, list | tuple) and not _are_alike(values):
        return RaggedRows.of(values)
    rows = np.asarray(values)
    if rows.ndim == 0:
        raise ValueError("it is a scalar: it has no rows")
    _check_kind(rows)
    return rows


def _check_kind(array: np.ndarray) -> None:
    if array.dtype.kind in "UO":
        raise ValueError(
            "it holds text or other objects, which have no place in these files; number the words, "
            "or encode them as bytes"
        )


def create_rows(
    h5file: h5py.File,
    name: str,
    pieces: Sequence[np.ndarray | RaggedRows],
    axes: Sequence[str] = (),
) -> Iterator[int]:
    """Make a source of some pieces, one after the other; gives, bit by bit, the rows written.

    Args:
        h5file: a file open for writing.
        name: of the source.
        pieces: alike in dtype, and in shape or in being ragged.
        axes: names of the axes of one example, if it is ragged.
    """
    length = sum(len(piece) for piece in pieces)
    write = _writer(h5file, name, length, pieces[0], axes)
    done = 0
    for piece in pieces:
        blocks = piece.blocks() if isinstance(piece, RaggedRows) else _array_blocks(piece)
        for start, stop, block in blocks:
            write(done + start, block)
            yield stop - start
        done += len(piece)


def dataset_blocks(dataset: h5py.Dataset) -> Iterator[tuple[int, int, np.ndarray]]:
    """First row, end, and the rows between them, of all rows in their order.

    Rows are read in numbers that fit the memory, and whole chunks at once.

    Raises:
        OSError: if rows are not where the file says.
    """
    ragged = h5py.check_vlen_dtype(dataset.dtype) is not None or dataset.dtype == object
    row = 1 << 19 if ragged else max(1, int(np.prod(dataset.shape[1:])) * dataset.dtype.itemsize)
    unit = dataset.chunks[0] if dataset.chunks else 1
    read = rows_reader(dataset)
    start = 0
    while start < len(dataset):
        step = max(1, BLOCK // row)
        stop = min(len(dataset), start + (step // unit * unit or step))
        block = read(start, stop)
        yield start, stop, block
        if ragged:
            row = max(64, sum(np.asarray(part).nbytes for part in block) // len(block))
        start = stop


def shapes_of(dataset: h5py.Dataset) -> h5py.Dataset | None:
    """The shapes of the examples of a ragged source; None if it has none."""
    if h5py.check_vlen_dtype(dataset.dtype) is None:
        return None
    shapes = SourceLayout.of(dataset).shapes
    return None if shapes is None else dataset.file[shapes]


def _writer(
    h5file: h5py.File, name: str, length: int, like: np.ndarray | RaggedRows, axes: Sequence[str]
) -> Callable[[int, Any], None]:
    """Make an empty source; gives a function that writes rows into it, from one on."""
    if isinstance(like, RaggedRows) and not like.is_encoded:
        labels = tuple(axes) or ("",) * like.shapes.shape[1]
        return RaggedSource(h5file, name, length, like.dtype, labels).write
    if isinstance(like, RaggedRows):
        files = h5file.create_dataset(name, (length,), h5py.vlen_dtype(like.dtype))
        files.dims[0].label = "batch"
        return functools.partial(write_arrays, files)
    dataset = h5file.create_dataset(name, (length, *like.shape[1:]), like.dtype)

    def write(start: int, block: np.ndarray) -> None:
        dataset[start : start + len(block)] = block

    return write


def _array_blocks(rows: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    step = max(1, BLOCK // max(1, rows[:1].nbytes))
    for start in range(0, len(rows), step):
        stop = min(len(rows), start + step)
        yield start, stop, rows[start:stop]


def _are_alike(values: Sequence[Any]) -> bool:
    shapes = {np.shape(value) for value in values if not isinstance(value, bytes)}
    return len(shapes) <= 1 and not any(isinstance(value, bytes) for value in values)
