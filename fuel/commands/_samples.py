"""Rows from all over a source, read at a price that its layout allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import h5py
import numpy as np

from fuel.commands._reading import read_each, read_rows
from fuel.converters._rows import shapes_of

__all__ = ["sample_of", "sample_rows", "sample_texts"]

AT_ONCE = 1 << 24
"""Bytes of rows that are read for one part of a sample of numbers."""
UNPACKED = 1 << 27
"""Bytes that may be unpacked for a sample."""
PARTS = 16
LONGEST = 60
SHOWN = 8
PRINTED = np.frombuffer(b"\t\n\r" + bytes(range(32, 127)), np.uint8)


def sample_rows(dataset: h5py.Dataset, count: int) -> list[int]:
    """At most so many rows of a data set, from all over it, in order.

    Of packed data sets, rows that are packed together are taken, some here and some there.
    """
    length = len(dataset)
    if length <= count:
        return list(range(length))
    parts = min(count, _parts(dataset, count))
    starts = [length * part // parts for part in range(parts)]
    each = count // parts
    return sorted({min(start + row, length - 1) for start in starts for row in range(each)})


def sample_of(dataset: h5py.Dataset, count: int) -> Iterator[np.ndarray]:
    """The numbers of at most so many rows from all over a data set, flat, some rows at a time."""
    length = len(dataset)
    row = max(1, math.prod(dataset.shape[1:]) * dataset.dtype.itemsize)
    parts = min(_parts(dataset, PARTS), length)
    each = max(1, min(count // max(1, parts), AT_ONCE // row))
    stop = 0
    for part in range(parts):
        start = max(stop, length * part // parts)
        stop = min(length, start + each)
        yield from _flat(read_rows(dataset, start, stop))


def sample_texts(dataset: h5py.Dataset, rows: Sequence[int]) -> list[tuple[str, str]]:
    """Row, and what is in it, shortened, of some rows."""
    shapes = shapes_of(dataset)
    texts = []
    for row, value in read_each(dataset, rows):
        if shapes is not None:
            value = np.asarray(value).reshape(shapes[row])
        texts.append((str(row), _text(value)))
    return texts


def _parts(dataset: h5py.Dataset, most: int) -> int:
    """Into how many parts a sample is divided; few if much must be unpacked for each."""
    if dataset.chunks is None or not dataset.id.get_create_plist().get_nfilters():
        return most
    unpacked = dataset.chunks[0] * math.prod(dataset.shape[1:]) * dataset.dtype.itemsize
    return max(1, min(most, UNPACKED // max(1, unpacked)))


def _flat(block: np.ndarray) -> Iterator[np.ndarray]:
    if block.dtype == object:
        yield from (np.asarray(example).ravel() for example in block)
    else:
        yield block.ravel()


def _text(value: Any) -> str:
    if isinstance(value, bytes | np.bytes_):
        value = bytes(value).decode(errors="replace")
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    numbers = np.asarray(value)
    flat = numbers.ravel()
    if flat.dtype.names is not None:
        return str(value)[:LONGEST]
    if numbers.ndim == 1 and flat.dtype == np.uint8 and flat.size and np.isin(flat, PRINTED).all():
        return f'"{_text(flat.tobytes())}"'
    said = " ".join(_number(number) for number in flat[:SHOWN])
    return f"{said} …" if flat.size > SHOWN else said or "nothing"


def _number(number: Any) -> str:
    if isinstance(number, bytes | np.bytes_):
        return bytes(number).decode(errors="replace")
    return f"{number:.4g}" if np.asarray(number).dtype.kind == "f" else str(number)
