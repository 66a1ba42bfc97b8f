"""SVHN: digits of house numbers, as photographed from the street."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX

__all__ = ["SVHN"]


class SVHN(H5PYDataset):
    """House numbers on photographs of streets, whole or digit by digit.

    Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu and A. Y. Ng, "Reading digits in natural
    images with unsupervised feature learning", NIPS Workshop on Deep Learning, 2011. Reads
    `svhn_format_1.hdf5` or `svhn_format_2.hdf5` from the data path, as `fuel-download svhn` and
    `fuel-convert svhn` make them.

    Format 1 has 33,402 + 13,068 + 202,353 whole numbers. All sources are ragged: `features`,
    `(3, height, width)` bytes; `bbox_labels`, `(digits, 1)` bytes from 0 to 9; `bbox_heights`,
    `bbox_widths`, `bbox_lefts` and `bbox_tops`, `(digits, 1)` in pixels. Format 2 has
    73,257 + 26,032 + 531,131 digits: `features`, `(batch, 3, 32, 32)` bytes, and `targets`,
    `(batch, 1)` bytes from 0 to 9. A default stream gives features as `floatX` from 0 to 1.

    Args:
        which_format: 1 or 2.
        which_sets: of `"train"`, `"test"` and `"extra"`, a sequence; the last are easier.
        **kwargs: as for `H5PYDataset`.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: if `which_format` is another; and as for `H5PYDataset`.
    """

    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_format: int, which_sets: Iterable[str], **kwargs: Any) -> None:
        if which_format not in (1, 2):
            raise ValueError(f"which_format={which_format!r} is neither 1 nor 2")
        self.which_format = which_format
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)

    @property
    def filename(self) -> str:
        """Name of the file of this format."""
        return f"svhn_format_{self.which_format}.hdf5"
