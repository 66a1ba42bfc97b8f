"""Figures of the sources of a file: least, greatest, mean, deviation, and classes of labels."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from fuel.converters._rows import dataset_blocks, shapes_of
from fuel.datasets._split import SplitTable

__all__ = ["STATISTICS_ATTRIBUTE", "Statistics", "read_statistics", "record_statistics"]

STATISTICS_ATTRIBUTE = "statistics"
MOST_CLASSES = 1024
AT_ONCE = 1 << 19  # numbers, which are 4 MiB as floats
ROOM = 60_000  # HDF5 takes attributes of less than 64 KiB


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Figures of the numbers of a source in one split.

    Args:
        count: how many finite numbers there are.
        not_finite: how many others.
        minimum: of the finite ones; None, as the next three, if there are none.
        maximum: the same.
        mean: the same.
        std: their standard deviation, of the population.
        classes: for a source of whole numbers, one an example, how often each comes; None for
            others, and where they are more than 1024 apart.
    """

    count: int
    not_finite: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    classes: dict[int, int] | None


def record_statistics(h5file: h5py.File) -> None:
    """Write the statistics of each source of numbers, split by split.

    They become a JSON text in the attribute `statistics` of its data set; class counts that
    would not fit into it are left out.

    Raises:
        ValueError: if the file is not one of ours.
    """
    table = SplitTable(h5file)
    for source in table.sources:
        dataset = table.dataset(source)
        if not _has_numbers(dataset):
            continue
        found = {
            split: vars(_statistics(dataset, table.subset([split], source).list_or_slice))
            for split in table.splits
            if source in table.provided_sources([split])
        }
        text = json.dumps(found)
        if len(text) > ROOM:
            text = json.dumps({split: {**one, "classes": None} for split, one in found.items()})
        if len(text) <= ROOM:
            dataset.attrs[STATISTICS_ATTRIBUTE] = text


def read_statistics(dataset: h5py.Dataset) -> dict[str, Statistics]:
    """For each split the statistics that were recorded with a source; empty if none were.

    Raises:
        ValueError: if they make no sense.
    """
    text = dataset.attrs.get(STATISTICS_ATTRIBUTE, "{}")
    try:
        return {str(split): _parsed(one) for split, one in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the statistics recorded with {dataset.name.lstrip('/')} make no sense: {error}"
        ) from error


def _parsed(one: dict[str, Any]) -> Statistics:
    classes = one.get("classes")
    counts = None if classes is None else {int(name): int(n) for name, n in classes.items()}
    return Statistics(**{**one, "classes": counts})


def _has_numbers(dataset: h5py.Dataset) -> bool:
    inner = h5py.check_vlen_dtype(dataset.dtype)
    if inner is not None:
        is_encoded = shapes_of(dataset) is None  # a picture's JPEG bytes are no numbers
        return not is_encoded and np.dtype(inner).kind in "biuf"
    return dataset.dtype.kind in "biuf"


def _statistics(dataset: h5py.Dataset, rows: list[int] | slice) -> Statistics:
    whole = 0
    others = 0
    low, high, mean, squares = math.inf, -math.inf, 0.0, 0.0
    for values in _selected(dataset, rows):
        finite = values if values.dtype.kind in "biu" else values[np.isfinite(values)]
        others += values.size - finite.size
        if not finite.size:
            continue
        low, high = min(low, finite.min().item()), max(high, finite.max().item())
        # Chan, Golub and LeVeque (1979), equations 1.5a and b: sums of two parts into one
        part = finite.astype(np.float64)
        part_mean = float(part.mean())
        part -= part_mean
        part_squares = float(np.dot(part, part))
        total = whole + part.size
        shift = part_mean - mean
        mean += shift * part.size / total
        squares += part_squares + shift * shift * whole * part.size / total
        whole = total
    if not whole:
        nothing = dict.fromkeys(("minimum", "maximum", "mean", "std", "classes"))
        return Statistics(count=0, not_finite=others, **nothing)
    return Statistics(
        count=whole,
        not_finite=others,
        minimum=low,
        maximum=high,
        mean=mean,
        std=math.sqrt(squares / whole),
        classes=_classes(dataset, rows, int(low), int(high)),
    )


def _classes(
    dataset: h5py.Dataset, rows: list[int] | slice, low: int, high: int
) -> dict[int, int] | None:
    is_label = dataset.dtype.kind in "biu" and math.prod(dataset.shape[1:]) == 1
    if not is_label or high - low >= MOST_CLASSES:
        return None
    counts = np.zeros(high - low + 1, np.int64)
    for values in _selected(dataset, rows):
        shifted = values.astype(np.int64) - low if values.dtype != np.uint64 else values - low
        counts += np.bincount(shifted.astype(np.int64), minlength=len(counts))
    return {low + place: int(count) for place, count in enumerate(counts) if count}


def _selected(dataset: h5py.Dataset, rows: list[int] | slice) -> Iterator[np.ndarray]:
    """The numbers of some rows, flat, a part at a time."""
    indices = None if isinstance(rows, slice) else np.array(rows, np.int64)
    for start, stop, block in dataset_blocks(dataset):
        if indices is None:
            assert isinstance(rows, slice)
            part = block[max(0, rows.start - start) : max(0, rows.stop - start)]
        else:
            first, last = np.searchsorted(indices, (start, stop))
            part = block[indices[first:last] - start]
        if len(part):
            numbers = np.concatenate(list(part)) if part.dtype == object else part.ravel()
            for place in range(0, len(numbers), AT_ONCE):
                yield numbers[place : place + AT_ONCE]
