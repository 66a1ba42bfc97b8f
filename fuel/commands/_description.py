"""What an HDF5 file of data says about itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from fuel.commands._encoded_images import EncodedImages, encoded_images
from fuel.commands._layout import layout, layout_warning, read_speed
from fuel.converters._content import CONTENT_ATTRIBUTE
from fuel.converters._figures import Statistics
from fuel.converters._statistics import read_statistics
from fuel.datasets._header_check import check_attributes
from fuel.datasets._layout import DAMAGE, SourceLayout
from fuel.datasets._split import SplitTable
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["FileDescription", "SourceDescription", "describe", "opened"]

NOT_THERE = "N/A"


@dataclass(frozen=True, kw_only=True)
class SourceDescription:
    """A source: its shape, dtype, names of axes and layout as texts, and what is bad about it.

    Args:
        speed: of reading shuffled batches: fast, fair or slow.
        statistics: by split, as far as they were recorded.
        class_names: of labels, by number; empty if they have none.
        images: figures of encoded ones; None if there are none.
    """

    name: str
    shape: str
    dtype: str
    axes: str
    layout: str
    speed: str
    warning: str | None
    statistics: dict[str, Statistics]
    class_names: tuple[str, ...]
    images: EncodedImages | None


@dataclass(frozen=True, kw_only=True)
class FileDescription:
    """A file: how it was made, its sources and its splits.

    Args:
        path: where it is.
        size: in bytes.
        command: that made it, `N/A` if the file does not say.
        repacked: the command that changed its layout; None if there was none.
        licence: under which the data may be used; None if the file does not say.
        content_sha256: the checksum of its content; None if none was recorded.
        interface_version: of the file format, or `N/A`.
        converter_version: of the converters, or `N/A`.
        inputs: file name to SHA-256 of what it was made from.
        sources: in the file's order.
        splits: for each split, for each of its sources, the number of examples and which rows.
    """

    path: str
    size: int
    command: str
    repacked: str | None
    licence: str | None
    content_sha256: str | None
    interface_version: str
    converter_version: str
    inputs: dict[str, str]
    sources: tuple[SourceDescription, ...]
    splits: dict[str, dict[str, tuple[int, str]]]


def describe(path: str | os.PathLike[str]) -> FileDescription:
    """Read a file's description.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no HDF5 file, is damaged, or is none of ours.
    """
    with opened(path) as h5file:
        size = Path(h5file.filename).stat().st_size
        return _describe(h5file, os.fspath(path), size)


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """An HDF5 file open for reading; what its damage makes h5py raise is a `ValueError`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no HDF5 file, or is damaged.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        raise ValueError(f"{path} is a directory; give a file in it")
    Path(path).stat()
    try:
        h5file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is no HDF5 file, or a damaged one: {error}") from error
    with h5file:
        try:
            check_attributes(h5file)
            yield h5file
        except DAMAGE as error:
            said = str(error).removeprefix(f"{path} is damaged: ")
            raise ValueError(f"{path} is damaged: {said}") from error


def _describe(h5file: h5py.File, path: str, size: int) -> FileDescription:
    table = SplitTable(h5file)
    return FileDescription(
        path=path,
        size=size,
        command=_text(h5file, "fuel_convert_command"),
        repacked=_text_or_none(h5file, "fuel_repack_command"),
        licence=_text_or_none(h5file, "licence"),
        content_sha256=_text_or_none(h5file, CONTENT_ATTRIBUTE),
        interface_version=_text(h5file, "h5py_interface_version"),
        converter_version=_text(h5file, "fuel_convert_version"),
        inputs=_inputs(h5file),
        sources=tuple(_source(name, table.dataset(name)) for name in table.sources),
        splits={split: _split(h5file, table, split) for split in table.splits},
    )


def _text(h5file: h5py.File, attribute: str) -> str:
    return _printable(h5file.attrs.get(attribute, NOT_THERE))


def _printable(value: Any) -> str:
    """A text of a file; where it was damaged it may be none."""
    raw = value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")
    return raw.decode(errors="replace")


def _text_or_none(h5file: h5py.File, attribute: str) -> str | None:
    return _text(h5file, attribute) if attribute in h5file.attrs else None


def _inputs(h5file: h5py.File) -> dict[str, str]:
    try:
        inputs = json.loads(h5file.attrs.get("input_sha256", "{}"))
    except ValueError as error:
        raise ValueError(
            f"{h5file.filename} is damaged: its attribute input_sha256 is not JSON"
        ) from error
    return {_printable(name): _printable(digest) for name, digest in inputs.items()}


def _source(name: str, dataset: h5py.Dataset) -> SourceDescription:
    return SourceDescription(
        name=name,
        shape=" x ".join(map(str, dataset.shape)),
        dtype=_dtype(dataset),
        axes=", ".join(label or "?" for label in SourceLayout.of(dataset).axis_labels),
        layout=layout(dataset),
        speed=read_speed(dataset),
        warning=layout_warning(dataset),
        statistics=read_statistics(dataset),
        class_names=_class_names(dataset),
        images=encoded_images(dataset),
    )


def _dtype(dataset: h5py.Dataset) -> str:
    inner = h5py.check_vlen_dtype(dataset.dtype)
    if inner in (str, bytes):
        return "text"
    return str(dataset.dtype) if inner is None else f"{inner} (ragged)"


def _class_names(dataset: h5py.Dataset) -> tuple[str, ...]:
    try:
        return tuple(map(_printable, json.loads(dataset.attrs.get("class_names", "[]"))))
    except ValueError as error:
        raise ValueError(
            f"{dataset.file.filename} is damaged: the class names of {dataset.name.lstrip('/')} "
            "are not JSON"
        ) from error


def _split(h5file: h5py.File, table: SplitTable, split: str) -> dict[str, tuple[int, str]]:
    sources = table.provided_sources([split])
    subsets = H5PYDataset.get_subsets(h5file, [split], sources)
    return {
        source: (subset.num_examples, _rows(subset.list_or_slice))
        for source, subset in zip(sources, subsets, strict=True)
    }


def _rows(rows: list[int] | slice) -> str:
    return f"{rows.start}:{rows.stop}" if isinstance(rows, slice) else f"{len(rows)} single rows"
