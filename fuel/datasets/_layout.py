"""What an HDF5 file of ours holds: its sources, their axes, and which rows belong to splits."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

import h5py
import numpy as np

from fuel._subset import Subset
from fuel.datasets._encoded_images import COLOR_MODE
from fuel.datasets._header_check import check_attributes
from fuel.datasets._split import SplitTable
from fuel.datasets._variable_length import check_values

__all__ = ["DAMAGE", "FileLayout", "SourceLayout"]

DAMAGE = (KeyError, RuntimeError, OSError, TypeError, AttributeError, UnicodeDecodeError)
"""What h5py raises where a file was damaged: seen by flipping bits."""

SHAPES = "shapes"
SHAPE_LABELS = "shape_labels"


@dataclass(frozen=True)
class SourceLayout:
    """What a source holds.

    Attributes:
        name: of the source, and of its data set.
        shape: of the data set.
        dtype: of the data set.
        axis_labels: names of the axes of a batch; for a ragged source those of its examples, too.
        shapes: path of the data set with the shape of each example; None if it is not ragged.
        chunk_rows: how many rows are stored together in one chunk; None if it has no chunks.
        color_mode: what its encoded images are to be decoded to; None if it does not say.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    axis_labels: tuple[str, ...]
    shapes: str | None
    chunk_rows: int | None
    color_mode: str | None

    @classmethod
    def of(cls, dataset: h5py.Dataset) -> "SourceLayout":
        """The layout of a data set in an open file.

        Raises:
            ValueError: if it has shapes of examples, but they are not as the file format says.
        """
        labels = tuple(axis.label for axis in dataset.dims)
        scales = _scales(dataset)
        shapes = scales.get(SHAPES)
        if shapes is not None:
            _check_ragged(dataset, shapes)
            labels += _shape_labels(dataset, shapes, scales.get(SHAPE_LABELS))
        return cls(
            name=dataset.name.lstrip("/"),
            shape=dataset.shape,
            dtype=dataset.dtype,
            axis_labels=labels,
            shapes=None if shapes is None else shapes.name,
            chunk_rows=dataset.chunks[0] if dataset.chunks else None,
            color_mode=_color_mode(dataset),
        )

    @property
    def row_bytes(self) -> int:
        """How large a row is in its data set."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def is_ragged(self) -> bool:
        """Whether examples have stored shapes that may differ."""
        return self.shapes is not None


@dataclass(frozen=True)
class FileLayout:
    """What is stored in a file, as far as some splits need it.

    Attributes:
        provided_sources: names of the sources that all of the splits have, sorted.
        sources: what each of them holds.
        subsets: which rows of each of them belong to the splits.
        axis_labels: for each source in the file the names of its axes.
        ragged_sources: names of the sources in the file whose examples have stored shapes.
        signature: size and time of the file.
    """

    provided_sources: tuple[str, ...]
    sources: dict[str, SourceLayout]
    subsets: dict[str, Subset]
    axis_labels: dict[str, tuple[str, ...]]
    ragged_sources: tuple[str, ...]
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
            check_attributes(h5file)
            return cls._read(h5file, tuple(splits))
        except ValueError as error:
            if h5file.filename in str(error):
                raise
            raise OSError(  # h5py's own, for instance of types that are none
                f"{h5file.filename} is damaged: {error}; download or convert it anew"
            ) from error
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
        layouts = {source: SourceLayout.of(table.dataset(source)) for source in table.sources}
        return cls(
            provided_sources=provided,
            sources={source: layouts[source] for source in provided},
            subsets=subsets,
            axis_labels={source: layout.axis_labels for source, layout in layouts.items()},
            ragged_sources=tuple(name for name, layout in layouts.items() if layout.is_ragged),
            signature=_signature(h5file.filename),
        )

    @property
    def color_modes(self) -> dict[str, str | None]:
        """For each of the provided sources what its encoded images are to be decoded to."""
        return {source: layout.color_mode for source, layout in self.sources.items()}

    def check_unchanged(self, path: str) -> None:
        """Refuse to read from a file that has changed since.

        Raises:
            OSError: if it has.
        """
        if _signature(path) != self.signature:
            raise OSError(
                f"{path} was written to or replaced since it was opened; make the data set anew"
            )


def _color_mode(dataset: h5py.Dataset) -> str | None:
    mode = dataset.attrs.get(COLOR_MODE)
    if mode is not None and not isinstance(mode, str):
        raise ValueError(
            f"{dataset.file.filename} is damaged: {COLOR_MODE} of {dataset.name!r} is no text"
        )
    return mode


def _scales(dataset: h5py.Dataset) -> dict[str, h5py.Dataset]:
    """The data sets that are attached to the first axis, by the names they have as scales.

    HDF5 aborts the process if it is asked for what is attached and one is no scale.
    """
    if "DIMENSION_LIST" not in dataset.attrs:
        return {}
    attached = [dataset.file[reference] for reference in dataset.attrs["DIMENSION_LIST"][0]]
    if not all(scale.attrs.get("CLASS") == b"DIMENSION_SCALE" for scale in attached):
        raise ValueError(
            f"{dataset.file.filename} is damaged: what is attached to {dataset.name!r} is no scale"
        )
    return {h5py.h5ds.get_scale_name(scale.id).decode(): scale for scale in attached}


def _check_ragged(dataset: h5py.Dataset, shapes: h5py.Dataset) -> None:
    where = f"source {dataset.name.lstrip('/')!r} of {dataset.file.filename}"
    if dataset.ndim != 1:
        raise ValueError(
            f"{where} has shapes of examples, so it must have one axis, with examples of variable "
            f"length, but its shape is {dataset.shape}"
        )
    if h5py.check_vlen_dtype(dataset.dtype) is None:
        raise ValueError(
            f"{where} has shapes of examples, but its elements are {dataset.dtype} and no flat "
            "examples of variable length (h5py.vlen_dtype)"
        )
    if shapes.ndim != 2 or len(shapes) != len(dataset) or shapes.dtype.kind not in "iu":
        raise ValueError(
            f"{where} has {len(dataset)} examples, so their shapes must be integers with "
            f"{len(dataset)} rows and a column for each axis, but {shapes.name} holds "
            f"{shapes.dtype} {shapes.shape}"
        )


def _shape_labels(
    dataset: h5py.Dataset, shapes: h5py.Dataset, labels: h5py.Dataset | None
) -> tuple[str, ...]:
    """Names of the axes of an example; empty ones, as HDF5 has it, if they were not named."""
    count = shapes.shape[1]
    if labels is None:
        return ("",) * count
    check_values(labels)
    names = tuple(
        label.decode() if isinstance(label, bytes) else str(label) for label in labels[...].ravel()
    )
    if len(names) != count:
        raise ValueError(
            f"source {dataset.name.lstrip('/')!r} of {dataset.file.filename} has {count} axes in "
            f"its shapes, but {len(names)} in its shape labels {names}"
        )
    return names


def _signature(path: str) -> tuple[int, int] | None:
    if not os.path.isfile(path):  # in memory, or split over several files
        return None
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns
