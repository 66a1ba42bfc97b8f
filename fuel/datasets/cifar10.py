"""CIFAR-10: small photographs in ten classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX

__all__ = ["CIFAR10"]


class CIFAR10(H5PYDataset):
    """50,000 training and 10,000 test photographs of 32 by 32 pixels, as many of each class.

    A. Krizhevsky, "Learning multiple layers of features from tiny images", University of Toronto,
    2009. Reads `cifar10.hdf5` from the data path, as `fuel-download cifar10` and `fuel-convert
    cifar10` make it.

    Sources are `features`, `(batch, 3, 32, 32)` bytes (red, green, blue), and `targets`,
    `(batch, 1)` bytes: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck, from 0
    to 9. A default stream gives features as `floatX` from 0 to 1.

    Args:
        which_sets: of `"train"` and `"test"`, a sequence.
        **kwargs: as for `H5PYDataset`; `load_in_memory` is True if not given.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: as for `H5PYDataset`.
    """

    filename = "cifar10.hdf5"
    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_sets: Iterable[str], **kwargs: Any) -> None:
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)
