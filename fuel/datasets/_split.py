"""The `split` attribute of Fuel's HDF5 files: which rows of which source make up which split."""

from collections.abc import Iterable, Mapping
from typing import Any

import h5py
import numpy as np

from fuel._subset import Subset

__all__ = ["SplitTable", "create_split_array"]

NO_COMMENT = "."
NEEDED = ("split", "source", "start", "stop", "available")  # the oldest files have no more


class SplitTable:
    """The rows of a `split` attribute, by split and source.

    Args:
        h5file: an open file.

    Raises:
        ValueError: if the file has no such attribute, or it is no such table.
    """

    def __init__(self, h5file: h5py.File) -> None:
        if "split" not in h5file.attrs:
            raise ValueError(
                f"{h5file.filename} has no 'split' attribute, so it is not a file of fuel's; "
                "H5PYDataset.create_split_array makes one"
            )
        table = h5file.attrs["split"]
        fields = table.dtype.names or () if isinstance(table, np.ndarray) else ()
        if np.ndim(table) != 1 or not set(NEEDED) <= set(fields):
            raise ValueError(
                f"{h5file.filename} has a 'split' attribute that is no table with the fields "
                f"{', '.join(NEEDED)}, so it is not a file of fuel's, or it is damaged"
            )
        self._file = h5file
        self._rows: dict[tuple[str, str], Any] = {
            (_text(row["split"]), _text(row["source"])): row for row in table
        }
        self.splits = tuple(dict.fromkeys(split for split, _ in self._rows))
        self.sources = tuple(dict.fromkeys(source for _, source in self._rows))

    def provided_sources(self, splits: Iterable[str]) -> tuple[str, ...]:
        """Names of the sources that all of `splits` have, sorted.

        Raises:
            ValueError: if there is no such split.
        """
        splits = tuple(splits)
        if unknown := [split for split in splits if split not in self.splits]:
            raise ValueError(
                f"{self._file.filename} has no split {unknown[0]!r}, only {', '.join(self.splits)}"
            )
        return tuple(
            sorted(
                source
                for source in self.sources
                if all(self._is_available(split, source) for split in splits)
            )
        )

    def dataset(self, source: str) -> h5py.Dataset:
        """The data of a source.

        Raises:
            ValueError: if there is none, or it has no axis for examples.
        """
        dataset = self._file.get(source)
        if not isinstance(dataset, h5py.Dataset) or not dataset.shape:
            what = "such data set" if dataset is None else "data set with examples of this name"
            raise ValueError(
                f"{self._file.filename} is damaged: its split attribute names the source "
                f"{source!r}, but there is no {what}"
            )
        return dataset

    def subset(self, splits: Iterable[str], source: str) -> Subset:
        """The rows of a source that belong to one or more of `splits`.

        Raises:
            ValueError: if they are not among the rows that there are.
        """
        length = len(self.dataset(source))
        union = Subset.empty_subset(length)
        for split in splits:
            try:
                union = union + Subset(self._rows_of(split, source), length)
            except (ValueError, KeyError) as error:
                raise ValueError(
                    f"{self._file.filename} is damaged: its split attribute gives {source!r} of "
                    f"{split!r} rows that are not there: {error}"
                ) from error
        return union

    def _is_available(self, split: str, source: str) -> bool:
        row = self._rows.get((split, source))
        return row is not None and bool(_scalar(row["available"]))

    def _rows_of(self, split: str, source: str) -> slice | np.ndarray:
        row = self._rows[split, source]
        if "indices" in row.dtype.names and (reference := _scalar(row["indices"])):
            indices = self._file[reference]
            if not isinstance(indices, h5py.Dataset) or indices.dtype.kind not in "iu":
                raise ValueError(f"what it says are indices is {indices}")
            return np.asarray(indices[...], dtype=np.int64).ravel()
        start, stop = int(_scalar(row["start"])), int(_scalar(row["stop"]))
        return slice(start, stop) if start != stop else slice(0, 0)  # an empty one lies nowhere


def create_split_array(split_dict: Mapping[str, Mapping[str, tuple[Any, ...]]]) -> np.ndarray:
    """The value of a `split` attribute.

    Args:
        split_dict: for each split, for each of its sources, a tuple of start and stop, perhaps
            followed by a reference to a data set of indices (or None) and by a comment.

    Returns:
        One row for each pair of split and source; a pair that is missing is marked unavailable.

    >>> create_split_array({"train": {"features": (0, 9)}})["stop"]
    array([9])
    """
    sources = sorted({source for parts in split_dict.values() for source in parts})
    rows = [
        _row(split, source, parts.get(source))
        for split, parts in split_dict.items()
        for source in sources
    ]

    def width(column: int) -> int:
        return max([1, *(len(row[column]) for row in rows)])

    dtype = np.dtype(
        [
            ("split", f"S{width(0)}"),
            ("source", f"S{width(1)}"),
            ("start", np.int64),
            ("stop", np.int64),
            ("indices", h5py.ref_dtype),
            ("available", np.bool_),
            ("comment", f"S{width(6)}"),
        ]
    )
    return np.array(rows, dtype=dtype)


def _row(split: str, source: str, part: tuple[Any, ...] | None) -> tuple[Any, ...]:
    start, stop, reference, comment = (*(part or (0, 0)), None, None)[:4]
    return (
        split.encode(),
        source.encode(),
        start,
        stop,
        h5py.Reference() if reference is None else reference,
        part is not None,
        (comment or NO_COMMENT).encode(),
    )


def _scalar(value: Any) -> Any:
    """The value of a field that old files declare as an array of one element."""
    return value.ravel()[0] if isinstance(value, np.ndarray) else value


def _text(value: Any) -> str:
    value = _scalar(value)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
