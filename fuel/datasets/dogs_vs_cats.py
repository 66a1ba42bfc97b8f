"""Dogs vs. Cats: photographs of either."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX

__all__ = ["DogsVsCats"]


class DogsVsCats(H5PYDataset):
    """25,000 photographs of cats and dogs, and 12,500 of which nobody says which they show.

    The data of a competition at Kaggle in 2013. Reads `dogs_vs_cats.hdf5` from the data path, as
    `fuel-download dogs_vs_cats` and `fuel-convert dogs_vs_cats` make it.

    Sources are `image_features`, ragged `(3, height, width)` bytes, and, but for `test`,
    `targets`, `(batch, 1)` bytes: 0 for a cat, 1 for a dog. A default stream gives image features
    as `floatX` from 0 to 1. The training examples were shuffled once and for all.

    Args:
        which_sets: of `"train"` and `"test"`, a sequence.
        **kwargs: as for `H5PYDataset`.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: as for `H5PYDataset`.
    """

    filename = "dogs_vs_cats.hdf5"
    default_transformers = uint8_pixels_to_floatX(("image_features",))

    def __init__(self, which_sets: Iterable[str], **kwargs: Any) -> None:
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)
