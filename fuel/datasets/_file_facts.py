"""What an open HDF5 file of ours says of itself: the questions that Fuel's users ask of it."""

from collections.abc import Iterable

import h5py

from fuel._subset import Subset
from fuel.datasets._layout import SourceLayout
from fuel.datasets._split import SplitTable

__all__ = [
    "get_all_sources",
    "get_all_splits",
    "get_axis_labels",
    "get_provided_sources",
    "get_subsets",
    "get_vlen_sources",
]


def get_all_splits(h5file: h5py.File) -> tuple[str, ...]:
    """Names of the splits in a file."""
    return SplitTable(h5file).splits


def get_all_sources(h5file: h5py.File) -> tuple[str, ...]:
    """Names of the sources in a file."""
    return SplitTable(h5file).sources


def get_provided_sources(h5file: h5py.File, split: str) -> tuple[str, ...]:
    """Names of the sources that a split has, sorted."""
    return SplitTable(h5file).provided_sources([split])


def get_vlen_sources(h5file: h5py.File) -> list[str]:
    """Names of the sources in a file whose examples have stored shapes that may differ.

    Raises:
        ValueError: if such a source has more than one axis, or its shapes do not fit it.
    """
    table = SplitTable(h5file)
    return [source for source in table.sources if SourceLayout.of(table.dataset(source)).is_ragged]


def get_axis_labels(h5file: h5py.File) -> dict[str, tuple[str, ...]]:
    """For each source in a file the names of its axes, for a ragged one those of examples too."""
    table = SplitTable(h5file)
    return {source: SourceLayout.of(table.dataset(source)).axis_labels for source in table.sources}


def get_subsets(h5file: h5py.File, splits: Iterable[str], sources: Iterable[str]) -> list[Subset]:
    """For each of `sources` the union of its rows in `splits`."""
    table = SplitTable(h5file)
    splits = tuple(splits)
    return [table.subset(splits, source) for source in sources]
