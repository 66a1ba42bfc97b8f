"""An HDF5 file of data written anew, in the layout that reads fast, or a smaller one."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuel.converters._content import CONTENT_ATTRIBUTE, content_sha256
from fuel.converters._rows import dataset_blocks
from fuel.converters.base import create_hdf5, progress_bar
from fuel.datasets._header_check import check_attributes
from fuel.datasets._layout import DAMAGE
from fuel.datasets._split import SplitTable
from fuel.datasets._variable_length import check_values

__all__ = ["COMPRESSIONS", "fill_subparser", "repack"]

COMPRESSIONS = ("none", "gzip", "lzf")
"""How a repacked file may be compressed."""
CHUNK = 1 << 17  # bytes; between 64 and 256 KiB, a row is quick to find and packing still pays
OF_SCALES = frozenset(
    {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "DIMENSION_LABELS"}
)  # HDF5 writes these itself
DESCRIPTION = """\
Write a file of any layout anew, with its sources in one piece each, which reads fastest:

    fuel-convert repack old.hdf5 --output-filename new.hdf5

The content is compared with the checksum that the file has; if the output has the same name and
directory, it takes the place of the old file. With --compression gzip the file becomes smaller,
in chunks of whole rows of about 128 KiB, which read well in a chunk-aware order.
"""


def repack(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
    *,
    file: str,
    compression: str = "none",
) -> tuple[str]:
    """Write a file anew. Attributes, axes, splits and other data sets stay as they are.

    Args:
        directory: what `file` is relative to.
        output_directory: where to write.
        output_filename: that of `file` if None.
        file: the path of the old one.
        compression: `none` for sources in one piece at multiples of 4 KiB; `gzip` or `lzf` for
            chunks of whole rows.

    Returns:
        The path of the file written.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not one of ours, or is damaged.
        OSError: if the file cannot be written.
    """
    path = Path(directory) / file
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    output = Path(output_directory) / (output_filename or path.name)
    try:
        with h5py.File(path, "r") as old:
            check_attributes(old)
            _rewrite(old, output, compression)
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system, for instance since the disk is full; HDF5's have no number
        raise ValueError(f"{path} is no HDF5 file, or a damaged one: {error}") from error
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert repack`."""
    subparser.description = DESCRIPTION
    subparser.formatter_class = argparse.RawDescriptionHelpFormatter
    subparser.add_argument("file", metavar="FILE", help="the file, relative to --directory")
    subparser.add_argument(
        "--compression",
        choices=COMPRESSIONS,
        default="none",
        help="of the sources (default: none, which reads fastest)",
    )
    return repack


def _rewrite(old: h5py.File, output: Path, compression: str) -> None:
    sources = SplitTable(old).sources
    recorded = old.attrs.get(CONTENT_ATTRIBUTE)
    total = sum(len(dataset) for dataset in _datasets(old) if dataset.shape)
    with create_hdf5(output) as new, progress_bar(output.name, total) as bar:
        done = 0
        for dataset in _datasets(old):
            is_packed = compression != "none" and dataset.name.lstrip("/") in sources
            for count in _copy(dataset, new, compression if is_packed else None):
                bar.update(done := done + count)
        _copy_links(old, new)
        _attach_scales(old, new)
        _copy_attributes(old, new, new)
        if recorded is not None and content_sha256(new) != recorded:
            raise ValueError(
                f"{old.filename} is damaged: its content has not the checksum that was recorded; "
                "convert or download it anew"
            )


def _datasets(h5file: h5py.File) -> list[h5py.Dataset]:
    found: list[h5py.Dataset] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(item)

    h5file.visititems(visit)
    return found


def _copy(dataset: h5py.Dataset, new: h5py.File, compression: str | None) -> Any:
    """Copy a data set; gives, bit by bit, the rows written."""
    layout: dict[str, Any] = {}
    is_ragged = h5py.check_vlen_dtype(dataset.dtype) is not None or dataset.dtype == object
    if compression is not None and dataset.size and not is_ragged:
        row = max(1, math.prod(dataset.shape[1:]) * dataset.dtype.itemsize)
        rows = min(len(dataset), max(1, round(CHUNK / row)))
        layout = {"chunks": (rows, *dataset.shape[1:]), "compression": compression, "shuffle": True}
    copy = new.create_dataset(dataset.name, dataset.shape, dataset.dtype, **layout)
    _copy_attributes(dataset, copy, new)
    for axis, old_axis in zip(copy.dims, dataset.dims, strict=True):
        if old_axis.label:
            axis.label = old_axis.label
    if not dataset.shape:
        if dataset.shape is not None:
            check_values(dataset)
            copy[()] = dataset[()]
        return
    for start, stop, block in dataset_blocks(dataset):
        copy[start:stop] = block
        yield stop - start


def _copy_attributes(old: Any, new: Any, h5file: h5py.File) -> None:
    for name in old.attrs:
        if name in OF_SCALES:
            continue
        value = old.attrs[name]
        fields = value.dtype.names if isinstance(value, np.ndarray) else None
        if name == "split" and "indices" in (fields or ()):
            value = _pointing_into(h5file, old, value)
        new.attrs.create(name, value, dtype=old.attrs.get_id(name).dtype)


def _pointing_into(h5file: h5py.File, old: h5py.File, table: np.ndarray) -> np.ndarray:
    """The split table with its references pointing to the data sets of another file."""
    table = table.copy()
    for row in range(len(table)):
        reference = np.ravel(table["indices"][row])[0]
        moved = h5file[old[reference].name].ref if reference else h5py.Reference()
        table["indices"][row] = moved
    return table


def _copy_links(old: h5py.File, new: h5py.File) -> None:
    """Make the names again that lead to data sets by their paths."""
    for name in old:
        link = old.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            new[name] = h5py.SoftLink(link.path)


def _attach_scales(old: h5py.File, new: h5py.File) -> None:
    """Make scales of what were scales, and attach them to what they were attached to.

    HDF5 itself is not asked what is attached: it crashes where a file is damaged.
    """
    for dataset in _datasets(old):
        if _is_scale(dataset):
            new[dataset.name].make_scale(h5py.h5ds.get_scale_name(dataset.id).decode())
    for dataset in _datasets(old):
        for axis, attached in enumerate(dataset.attrs.get("DIMENSION_LIST", ())):
            for reference in attached:
                scale = old[reference]
                if not _is_scale(scale):
                    raise ValueError(f"what is attached to {dataset.name} is no scale")
                new[dataset.name].dims[axis].attach_scale(new[scale.name])


def _is_scale(dataset: h5py.Dataset) -> bool:
    return bool(dataset.attrs.get("CLASS") == b"DIMENSION_SCALE")
