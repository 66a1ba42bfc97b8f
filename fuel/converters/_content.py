"""A checksum of what a file says, whatever the layout it is stored in."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import h5py
import numpy as np

from fuel.converters._rows import dataset_blocks, shapes_of
from fuel.datasets._split import SplitTable

__all__ = ["CONTENT_ATTRIBUTE", "content_sha256"]

CONTENT_ATTRIBUTE = "content_sha256"


SeeRows = Callable[[str, int, np.ndarray], None]


def content_sha256(h5file: h5py.File, see: SeeRows | None = None) -> str:
    """The SHA-256 of the sources and splits of a file, in hexadecimal digits.

    It covers, for each source in alphabetical order, its name, type, shape, names of axes and
    numbers (as little-endian bytes in C order; of ragged ones, each example's length and bytes,
    and the shapes), and for each split the rows. Files with equal content have equal sums,
    whether they are contiguous, chunked or compressed, on whatever machine they were written.

    Args:
        h5file: an open file.
        see: called with each source's name, the number of a row, and the rows from it on, so that
            who wants to know something else of them need not read them again. It runs while the
            sum is computed, and must not change them.

    Raises:
        ValueError: if the file is not one of ours.
    """
    table = SplitTable(h5file)
    digest = hashlib.sha256()
    with ThreadPoolExecutor(1) as beside:
        for source in sorted(table.sources):
            look = None if see is None else functools.partial(see, source)
            _add_source(digest, source, table.dataset(source), look, beside)
    for split in sorted(table.splits):
        for source in table.provided_sources([split]):
            rows = table.subset([split], source).get_list_representation()
            _add(digest, ["split", split, source, len(rows)])
            digest.update(np.array(rows, "<i8").data)
    return digest.hexdigest()


def _add_source(
    digest: Any,
    name: str,
    dataset: h5py.Dataset,
    look: Callable[[int, np.ndarray], None] | None,
    beside: Executor,
) -> None:
    inner = h5py.check_vlen_dtype(dataset.dtype)
    kind = dataset.dtype if inner is None else np.dtype(inner)
    labels = [axis.label for axis in dataset.dims]
    _add(digest, ["source", name, inner is not None, _name(kind), list(dataset.shape), labels])
    for start, _, block in dataset_blocks(dataset):
        adding = beside.submit(_add_block, digest, block, kind)
        if look is not None:
            look(start, block)
        adding.result()
    shapes = shapes_of(dataset)
    if shapes is not None:
        _add(digest, ["shapes", list(shapes.shape)])
        for _, _, block in dataset_blocks(shapes):
            digest.update(np.ascontiguousarray(block, "<i8").data)


def _add_block(digest: Any, block: np.ndarray, kind: np.dtype[Any]) -> None:
    if block.dtype == object:
        for example in block:
            data = _bytes(example, kind)
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)
    else:
        digest.update(_bytes(block, kind))


def _add(digest: Any, words: list[Any]) -> None:
    text = json.dumps(words).encode()
    digest.update(len(text).to_bytes(8, "little"))
    digest.update(text)


def _name(dtype: np.dtype[Any]) -> str:
    return str(dtype.newbyteorder("<")) if dtype.names is None else str(dtype.descr)


def _bytes(values: Any, dtype: np.dtype[Any]) -> bytes | memoryview:
    if isinstance(values, str):
        return values.encode("utf-8", "surrogateescape")
    if isinstance(values, bytes):
        return values
    array = np.ascontiguousarray(values)
    return array.astype(dtype.newbyteorder("<"), copy=False).reshape(-1).view(np.uint8).data
