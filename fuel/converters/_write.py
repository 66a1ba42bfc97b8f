"""A file of one's own data, from arrays or from streams."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from fuel._files._scratch import scratch_directory
from fuel.converters._provenance import record_provenance
from fuel.converters._rows import RaggedRows
from fuel.converters._spool import Spool
from fuel.converters._writing import create_hdf5
from fuel.converters.base import fill_hdf5_file
from fuel.streams import AbstractDataStream

__all__ = ["write_hdf5"]

EXAMPLES_AT_ONCE = 256


def write_hdf5(
    path: str | os.PathLike[str],
    splits: Mapping[str, Mapping[str, Any] | AbstractDataStream],
    *,
    axis_labels: Mapping[str, Sequence[str]] | None = None,
    licence: str | None = None,
) -> None:
    """Write arrays, or an epoch of streams, as an HDF5 file that `H5PYDataset` reads.

    The file appears when it is whole. Its sources are contiguous and start at multiples of
    4 KiB; arrays of objects and lists of arrays that differ in shape become ragged sources, and
    so do the examples of a stream if they differ in shape. Examples that are `bytes` are contents
    of files, such as images in JPEG: they become a source of variable length without shapes, which
    `ImagesFromBytes` decodes. Of a stream no more than a batch is
    in memory at a time; its rows are kept beside the target until there are no more.

    Args:
        path: where to write, with the ending `.hdf5`.
        splits: for each split, for each source, its array, of which the first axis is that of
            the examples; or for a split a stream, of batches or examples, that ends.
        axis_labels: names of the axes of the sources, the first that of the examples, which is
            all that contents of files have; default those of the streams.
        licence: under which the data may be used; recorded in the file.

    Raises:
        TypeError: if a split is neither a mapping of arrays nor a stream.
        ValueError: if a stream gives nothing, or the data does not fit together.
        OSError: if the file cannot be written; nothing is left of it then.

    >>> import numpy as np, tempfile
    >>> from fuel.datasets import H5PYDataset
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     write_hdf5(f"{directory}/tiny.hdf5", {"train": {"features": np.eye(3)}})
    ...     H5PYDataset(f"{directory}/tiny.hdf5", ("train",), load_in_memory=True).num_examples
    3
    """
    target = Path(path)
    with scratch_directory(target.parent, ".fuel-write-") as scratch:
        pieces, labels = _gather(splits, Spool(scratch))
        with create_hdf5(target) as h5file:
            fill_hdf5_file(h5file, pieces, axis_labels={**labels, **(axis_labels or {})})
            record_provenance(h5file, command=None, licence=licence)


def _gather(
    splits: Mapping[str, Mapping[str, Any] | AbstractDataStream], spool: Spool
) -> tuple[list[tuple[Any, ...]], dict[str, Sequence[str]]]:
    """The rows of each source of each split, and the names of the axes that streams know."""
    pieces: list[tuple[Any, ...]] = []
    labels: dict[str, Sequence[str]] = {}
    for split, data in splits.items():
        if isinstance(data, Mapping):
            pieces += [(split, source, rows) for source, rows in data.items()]
        elif isinstance(data, AbstractDataStream):
            labels |= _collect(spool, split, data)
        else:
            raise TypeError(
                f"split {split!r} is a {type(data).__name__}; give a mapping of sources to "
                'arrays, as in {"train": {"x": x, "y": y}}, or a stream of a data set'
            )
    for split, source, rows in spool.pieces():
        if isinstance(rows, RaggedRows) and rows.is_encoded and source in labels:
            labels[source] = labels[source][:1]  # contents of files have no axes of their own
        pieces.append((split, source, rows))
    order = list(splits)
    return sorted(pieces, key=lambda piece: order.index(piece[0])), labels


def _collect(spool: Spool, split: str, stream: AbstractDataStream) -> dict[str, Sequence[str]]:
    """Keep an epoch of a stream; gives the names of the axes, with that of the examples first."""
    epoch = stream.get_epoch_iterator()
    sources = stream.sources
    count = 0
    if stream.produces_examples:
        while examples := list(islice(epoch, EXAMPLES_AT_ONCE)):
            for source, parts in zip(sources, zip(*examples, strict=True), strict=True):
                spool.add_examples(split, source, parts)
            count += len(examples)
    else:
        for batch in epoch:
            spool.add_batch(split, dict(zip(sources, batch, strict=True)))
            count += 1
    if not count:
        raise ValueError(f"the stream of split {split!r} gave nothing")
    first = ("batch",) if stream.produces_examples else ()
    known = stream.axis_labels or {}
    return {s: (*first, *labels) for s in sources if (labels := known.get(s)) is not None}
