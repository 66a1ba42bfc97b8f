"""What one must know of an HDF5 file to read it without HDF5."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import h5py
import numpy as np

from fuel._subset import Subset
from fuel.datasets._split import SplitTable

__all__ = ["DAMAGE", "FileLayout", "SourceLayout"]

DAMAGE = (KeyError, RuntimeError, OSError, TypeError, AttributeError, UnicodeDecodeError)
"""What h5py raises where a file was damaged: seen by flipping bits."""


@dataclass(frozen=True)
class SourceLayout:
    """Where and how a source is stored.

    Attributes:
        name: of the source, and of its data set.
        shape: of the data set.
        dtype: of the data set.
        offset: where in the file it lies in one piece as NumPy would store it, in bytes; None if it
            does not, or may have parts that are not yet written.
        is_ragged: whether examples differ in shape.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int | None
    is_ragged: bool

    @classmethod
    def of(cls, dataset: h5py.Dataset) -> "SourceLayout":
        """The layout of a data set in an open file."""
        return cls(
            name=dataset.name.lstrip("/"),
            shape=dataset.shape,
            dtype=dataset.dtype,
            offset=_offset(dataset),
            is_ragged=h5py.check_vlen_dtype(dataset.dtype) is not None,
        )


@dataclass(frozen=True)
class FileLayout:
    """What is stored where in a file, as far as some splits need it.

    Attributes:
        provided_sources: names of the sources that all of the splits have, sorted.
        sources: how each of them is stored.
        subsets: which rows of each of them belong to the splits.
        axis_labels: for each source in the file the names of its axes.
        signature: size and time of the file.
    """

    provided_sources: tuple[str, ...]
    sources: dict[str, SourceLayout]
    subsets: dict[str, Subset]
    axis_labels: dict[str, tuple[str, ...]]
    signature: tuple[int, int] | None

    @classmethod
    def of(cls, h5file: h5py.File, splits: Iterable[str]) -> "FileLayout":
        """The layout of an open file.

        Raises:
            ValueError: if there is no such split, if the splits share no source, or if the file is
                damaged or not one of ours.
            OSError: if h5py cannot make sense of it.
        """
        try:
            return cls._read(h5file, tuple(splits))
        except DAMAGE as error:
            raise OSError(
                f"{h5file.filename} is damaged: {error}; download or convert it anew"
            ) from error

    @classmethod
    def _read(cls, h5file: h5py.File, splits: tuple[str, ...]) -> "FileLayout":
        table = SplitTable(h5file)
        provided = table.provided_sources(splits)
        if not provided:
            raise ValueError(f"the splits {', '.join(splits)} of {h5file.filename} share no source")
        subsets: dict[str, Subset] = {}
        for source in provided:
            subset = table.subset(splits, source)
            same = (other for other in subsets.values() if other == subset)
            subsets[source] = next(same, subset)
        return cls(
            provided_sources=provided,
            sources={source: SourceLayout.of(table.dataset(source)) for source in provided},
            subsets=subsets,
            axis_labels={
                source: tuple(axis.label for axis in table.dataset(source).dims)
                for source in table.sources
            },
            signature=_signature(h5file.filename),
        )

    def check_unchanged(self, path: str) -> None:
        """Refuse to read at offsets of a file that has changed since.

        Raises:
            OSError: if it has.
        """
        if _signature(path) != self.signature:
            raise OSError(
                f"{path} was written to or replaced since it was opened; make the data set anew"
            )


def _offset(dataset: h5py.Dataset) -> int | None:
    """Where a data set's raw bytes begin, if they are those of a NumPy array."""
    creation = dataset.id.get_create_plist()
    is_plain = (
        creation.get_layout() == h5py.h5d.CONTIGUOUS
        and not creation.get_external_count()
        and dataset.file.mode == "r"
        and dataset.file.driver == "sec2"
        and dataset.dtype.kind in "biufcS"
        and dataset.dtype.itemsize == dataset.id.get_type().get_size()
        and dataset.size
    )
    return dataset.id.get_offset() if is_plain else None


def _signature(path: str) -> tuple[int, int] | None:
    if not os.path.isfile(path):  # in memory, or split over several files
        return None
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns
