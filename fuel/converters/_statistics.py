"""Figures of the sources of a file, split by split, recorded in it."""

from __future__ import annotations

import json
import math
from typing import Any

import h5py
import numpy as np

from fuel.converters._figures import Statistics, figures_of
from fuel.converters._rows import shapes_of
from fuel.datasets._split import SplitTable

__all__ = ["STATISTICS_ATTRIBUTE", "StatisticsOfSplits", "read_statistics"]

STATISTICS_ATTRIBUTE = "statistics"
ROOM = 60_000  # HDF5 takes attributes of less than 64 KiB


class StatisticsOfSplits:
    """Collects the statistics of one source in each split, as its rows are read.

    Args:
        table: of the file.
        source: which of its sources.
    """

    def __init__(self, table: SplitTable, source: str) -> None:
        dataset = table.dataset(source)
        self._dataset = dataset
        self._figures = []
        if not _has_numbers(dataset):
            return
        dtype = np.dtype(h5py.check_vlen_dtype(dataset.dtype) or dataset.dtype)
        is_ragged = h5py.check_vlen_dtype(dataset.dtype) is not None
        are_labels = not is_ragged and math.prod(dataset.shape[1:]) == 1
        for split in table.splits:
            if source in table.provided_sources([split]):
                rows = table.subset([split], source).list_or_slice
                figures = figures_of(dtype, are_labels=are_labels)
                self._figures.append((split, _sorted_rows(rows), figures))

    def add(self, start: int, block: np.ndarray) -> None:
        """Take in some rows of the source, from `start` on."""
        for _, rows, figures in self._figures:
            part = _within(rows, start, block)
            if len(part):
                numbers = np.concatenate(list(part)) if part.dtype == object else part.reshape(-1)
                figures.add(numbers)

    def record(self) -> None:
        """Write them as a JSON text into the attribute `statistics` of the source's data set.

        Class counts that would not fit into it are left out.
        """
        if not self._figures:
            return
        found = {split: vars(figures.statistics()) for split, _, figures in self._figures}
        text = json.dumps(found)
        if len(text) > ROOM:
            text = json.dumps({split: {**one, "classes": None} for split, one in found.items()})
        if len(text) <= ROOM:
            self._dataset.attrs[STATISTICS_ATTRIBUTE] = text


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


def _sorted_rows(rows: list[int] | slice) -> slice | np.ndarray:
    return rows if isinstance(rows, slice) else np.array(rows, np.int64)


def _within(rows: slice | np.ndarray, start: int, block: np.ndarray) -> np.ndarray:
    """Those of a block of rows that are among some rows."""
    if isinstance(rows, slice):
        return block[max(0, rows.start - start) : max(0, rows.stop - start)]
    first, last = np.searchsorted(rows, (start, start + len(block)))
    return block[rows[first:last] - start]
