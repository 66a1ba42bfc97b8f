"""Where a file comes from and what is in it, written into the file."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from fuel.converters._content import CONTENT_ATTRIBUTE, content_sha256
from fuel.converters._statistics import StatisticsOfSplits
from fuel.converters._version import __version__
from fuel.datasets._split import SplitTable
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["record_provenance"]


def record_provenance(h5file: h5py.File, *, command: str | None, licence: str | None) -> None:
    """Write what made a file, its licence, the figures of its sources and its checksum.

    A file that says already what made it keeps that, and says besides what changed its layout.

    Args:
        h5file: a file open for writing, otherwise finished.
        command: the command line; None if it was a program.
        licence: under which the data may be used; None to leave what is there.
    """
    values = {
        "h5py_interface_version": H5PYDataset.interface_version,
        "fuel_convert_version": __version__,
    }
    if command is not None:
        is_made = "fuel_convert_command" in h5file.attrs
        values["fuel_repack_command" if is_made else "fuel_convert_command"] = command
    if licence is not None:
        values["licence"] = licence
    for key, value in values.items():
        _write_text(h5file, key, value)
    if "split" in h5file.attrs and CONTENT_ATTRIBUTE not in h5file.attrs:
        _record_content(h5file)


def _record_content(h5file: h5py.File) -> None:
    """Write statistics and checksum, which one reading gives both."""
    table = SplitTable(h5file)
    statistics = {source: StatisticsOfSplits(table, source) for source in table.sources}

    def see(source: str, start: int, rows: np.ndarray) -> None:
        statistics[source].add(start, rows)

    _write_text(h5file, CONTENT_ATTRIBUTE, content_sha256(h5file, see))
    for one in statistics.values():
        one.record()


def _write_text(h5file: h5py.File, key: str, value: str) -> None:
    """As the original does: a scalar ASCII text of variable length."""
    text: Any = h5py.string_dtype("ascii")
    h5file.attrs.create(key, value.encode("ascii", "backslashreplace"), dtype=text)
