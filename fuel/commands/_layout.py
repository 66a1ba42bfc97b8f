"""How a data set lies in its HDF5 file, and what that means for reading it shuffled."""

from __future__ import annotations

import math

import h5py

__all__ = ["layout", "layout_warning"]

CURE = "convert it again, or rewrite it with `h5repack -f NONE -l CONTI OLD.hdf5 NEW.hdf5`"


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


def layout_warning(dataset: h5py.Dataset) -> str | None:
    """Why shuffled batches of it are slow to read, and the cure; None if they are not."""
    if dataset.chunks is None or dataset.size == 0:
        return None
    rows = dataset.chunks[0]
    per_row = math.prod(
        -(-size // chunk) for size, chunk in zip(dataset.shape[1:], dataset.chunks[1:], strict=True)
    )
    troubles = []
    if per_row > 1:
        troubles.append(f"each row is spread over {per_row} chunks")
    if rows > 1:
        troubles.append(f"each chunk holds {rows} rows, all read to get one")
    if filters := _filters(dataset):
        troubles.append(f"each chunk must be unpacked ({', '.join(filters)})")
    if not troubles:
        return None
    return f"slow to read shuffled: {'; '.join(troubles)}; {CURE}"


def _filters(dataset: h5py.Dataset) -> list[str]:
    plist = dataset.id.get_create_plist()
    names = [plist.get_filter(index)[3] for index in range(plist.get_nfilters())]
    friendly = {b"deflate": "gzip"}
    return [friendly.get(name, name.decode(errors="replace")) for name in names]
