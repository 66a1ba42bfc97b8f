"""What an HDF5 file of data says about itself."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from fuel.commands._layout import layout, layout_warning
from fuel.datasets._layout import DAMAGE
from fuel.datasets._split import SplitTable
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["FileDescription", "SourceDescription", "describe"]

NOT_THERE = "N/A"


@dataclass(frozen=True, kw_only=True)
class SourceDescription:
    """A source: its shape, dtype, names of axes and layout as texts, and what is bad about it."""

    name: str
    shape: str
    dtype: str
    axes: str
    layout: str
    warning: str | None


@dataclass(frozen=True, kw_only=True)
class FileDescription:
    """A file: how it was made, its sources and its splits.

    Args:
        path: where it is.
        size: in bytes.
        command: that made it, `N/A` if the file does not say.
        interface_version: of the file format, or `N/A`.
        converter_version: of the converters, or `N/A`.
        inputs: file name to SHA-256 of what it was made from.
        sources: in the file's order.
        splits: for each split, for each of its sources, the number of examples and which rows.
    """

    path: str
    size: int
    command: str
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
    path = os.fspath(path)
    if os.path.isdir(path):
        raise ValueError(f"{path} is a directory; give a file in it")
    size = Path(path).stat().st_size
    try:
        h5file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is no HDF5 file, or a damaged one: {error}") from error
    with h5file:
        try:
            return _describe(h5file, path, size)
        except DAMAGE as error:
            raise ValueError(f"{path} is damaged: {error}") from error


def _describe(h5file: h5py.File, path: str, size: int) -> FileDescription:
    table = SplitTable(h5file)
    return FileDescription(
        path=path,
        size=size,
        command=_text(h5file, "fuel_convert_command"),
        interface_version=_text(h5file, "h5py_interface_version"),
        converter_version=_text(h5file, "fuel_convert_version"),
        inputs=_inputs(h5file),
        sources=tuple(_source(name, table.dataset(name)) for name in table.sources),
        splits={split: _split(h5file, table, split) for split in table.splits},
    )


def _text(h5file: h5py.File, attribute: str) -> str:
    value: Any = h5file.attrs.get(attribute, NOT_THERE)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _inputs(h5file: h5py.File) -> dict[str, str]:
    try:
        inputs = json.loads(h5file.attrs.get("input_sha256", "{}"))
    except ValueError as error:
        raise ValueError(
            f"{h5file.filename} is damaged: its attribute input_sha256 is not JSON"
        ) from error
    return {str(name): str(digest) for name, digest in inputs.items()}


def _source(name: str, dataset: h5py.Dataset) -> SourceDescription:
    ragged = h5py.check_vlen_dtype(dataset.dtype)
    return SourceDescription(
        name=name,
        shape=" x ".join(map(str, dataset.shape)),
        dtype=str(dataset.dtype) if ragged is None else f"{ragged} (ragged)",
        axes=", ".join(axis.label or "?" for axis in dataset.dims),
        layout=layout(dataset),
        warning=layout_warning(dataset),
    )


def _split(h5file: h5py.File, table: SplitTable, split: str) -> dict[str, tuple[int, str]]:
    sources = table.provided_sources([split])
    subsets = H5PYDataset.get_subsets(h5file, [split], sources)
    return {
        source: (subset.num_examples, _rows(subset.list_or_slice))
        for source, subset in zip(sources, subsets, strict=True)
    }


def _rows(rows: list[int] | slice) -> str:
    return f"{rows.start}:{rows.stop}" if isinstance(rows, slice) else f"{len(rows)} single rows"
