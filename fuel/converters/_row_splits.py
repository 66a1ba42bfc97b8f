"""Splits whose rows lie one after the other in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

import h5py

from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["record_row_splits"]


def record_row_splits(
    h5file: h5py.File,
    lengths: Mapping[str, int],
    sources: Sequence[str],
    *,
    unlabelled: str | None = None,
) -> None:
    """Write in the attribute `split` that the rows are those of one split after the other.

    Args:
        h5file: the file.
        lengths: how many rows each split has, the first split first.
        sources: those that have the rows.
        unlabelled: a split that has no `targets`, if there is one.
    """
    stops = accumulate(lengths.values())
    splits = {}
    for (split, length), stop in zip(lengths.items(), stops, strict=True):
        own = [source for source in sources if split != unlabelled or source != "targets"]
        splits[split] = dict.fromkeys(own, (stop - length, stop))
    h5file.attrs["split"] = H5PYDataset.create_split_array(splits)
