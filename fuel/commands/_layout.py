"""How a data set lies in its HDF5 file, and what that means for reading it shuffled."""

from __future__ import annotations

import math

import h5py

__all__ = ["layout", "layout_warning", "read_speed"]

CURE = "repack it: fuel-convert repack FILE"
SMALL_CHUNK = 1 << 15
LARGE_CHUNK = 1 << 19


def layout(dataset: h5py.Dataset) -> str:
    """The layout in a few words, for instance `contiguous` or `chunks 128 x 784, gzip`."""
    if dataset.is_virtual:
        return "virtual"
    if dataset.external:
        return "external"
    if dataset.chunks is not None:
        chunks = f"chunks {' x '.join(map(str, dataset.chunks))}"
        return ", ".join([chunks, *_filters(dataset)])
    if dataset.id.get_create_plist().get_layout() == h5py.h5d.COMPACT:
        return "compact"
    return "contiguous"


def read_speed(dataset: h5py.Dataset) -> str:
    """How fast shuffled batches of it can be read.

    `fast`: rows are copied straight from the file's pages. `fair`: packed rows are unpacked
    first, some at a time, and examples of variable length are looked up one by one. `slow`: much
    more is read or unpacked than is asked for.
    """
    if _troubles(dataset):
        return "slow"
    is_ragged = h5py.check_vlen_dtype(dataset.dtype) is not None
    return "fair" if is_ragged or _filters(dataset) else "fast"


def layout_warning(dataset: h5py.Dataset) -> str | None:
    """Why shuffled batches of it are slow to read, and the cure; None if they are not."""
    troubles = _troubles(dataset)
    return f"slow to read shuffled: {'; '.join(troubles)}; {CURE}" if troubles else None


def _troubles(dataset: h5py.Dataset) -> list[str]:
    if not dataset.size:
        return []
    if dataset.is_virtual or dataset.external:
        return ["its numbers are in other files"]
    if dataset.chunks is None:
        return []
    troubles = []
    per_row = math.prod(
        -(-size // chunk) for size, chunk in zip(dataset.shape[1:], dataset.chunks[1:], strict=True)
    )
    if per_row > 1:
        troubles.append(f"each row is spread over {per_row} chunks")
    if filters := _filters(dataset):
        packing = ", ".join(filters)
        rows = dataset.chunks[0]
        size = math.prod(dataset.chunks) * dataset.dtype.itemsize
        if size > LARGE_CHUNK and rows > 1:
            troubles.append(f"{rows} rows must be unpacked ({packing}) to get one")
        elif size < SMALL_CHUNK and dataset.nbytes > LARGE_CHUNK:
            troubles.append(f"it is unpacked ({packing}) in pieces of only {size} bytes")
    return troubles


def _filters(dataset: h5py.Dataset) -> list[str]:
    plist = dataset.id.get_create_plist()
    names = [plist.get_filter(index)[3] for index in range(plist.get_nfilters())]
    friendly = {b"deflate": "gzip"}
    return [friendly.get(name, name.decode(errors="replace")) for name in names]
