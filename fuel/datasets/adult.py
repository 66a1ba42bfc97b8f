"""Adult: who earns more than 50,000 dollars a year."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["Adult"]


class Adult(H5PYDataset):
    """30,162 training and 15,060 test people from the census of 1994, of whom all is known.

    R. Kohavi, "Scaling up the accuracy of naive-Bayes classifiers: a decision-tree hybrid",
    KDD 1996. Reads `adult.hdf5` from the data path, as `fuel-download adult` and `fuel-convert
    adult` make it.

    Sources are `features`, `(batch, 104)` float64, and `targets`, `(batch, 1)` truth values:
    whether a person earns more than 50,000 dollars a year. Of the features, six are numbers as they
    are (age, weight in the census, years of education, gain and loss of capital, hours a week);
    the others are 0 or 1, for each word that education, occupation and so on may be. What each is
    stands in the file, as JSON in the attribute `feature_names` of `features`; it is the same in
    both splits.

    Args:
        which_sets: of `"train"` and `"test"`, a sequence.
        **kwargs: as for `H5PYDataset`; `load_in_memory` is True if not given.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: as for `H5PYDataset`.
    """

    filename = "adult.hdf5"

    def __init__(self, which_sets: Iterable[str], **kwargs: Any) -> None:
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)
