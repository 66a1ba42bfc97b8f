"""Iris: measured flowers, the oldest data set of classification."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["Iris"]


class Iris(H5PYDataset):
    """150 flowers of three species of iris, 50 of each, with four measures of each flower.

    R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2),
    1936. Reads `iris.hdf5` from the data path, as `fuel-download iris` and `fuel-convert iris` make
    it.

    Sources are `features`, `(batch, 4)` float32: length and width of sepal and petal in
    centimetres, and `targets`, `(batch, 1)` bytes: 0 for setosa, 1 for versicolor, 2 for
    virginica. The examples are sorted by species.

    Args:
        which_sets: `("all",)`; there is no other split.
        **kwargs: as for `H5PYDataset`; `load_in_memory` is True if not given.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: as for `H5PYDataset`.
    """

    filename = "iris.hdf5"

    def __init__(self, which_sets: Iterable[str], **kwargs: Any) -> None:
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)
