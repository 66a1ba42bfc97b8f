"""CelebA: faces of celebrities, with attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX

__all__ = ["CelebA"]

FORMATS = ("aligned_cropped", "64")


class CelebA(H5PYDataset):
    """202,599 aligned faces, each with 40 attributes such as eyeglasses or a smile.

    Z. Liu, P. Luo, X. Wang and X. Tang, "Deep learning face attributes in the wild", ICCV 2015.
    Reads `celeba_aligned_cropped.hdf5` or `celeba_64.hdf5` from the data path, as `fuel-download
    celeba` and `fuel-convert celeba` make them.

    Sources are `features`, `(batch, 3, 218, 178)` or `(batch, 3, 64, 64)` bytes, and `targets`,
    `(batch, 40)` bytes of 0 and 1, in the order of `list_attr_celeba.txt`. A default stream gives
    features as `floatX` from 0 to 1.

    Args:
        which_format: `"aligned_cropped"` or `"64"`.
        which_sets: of `"train"`, `"valid"` and `"test"` (162,770, 19,867 and 19,962 images), a
            sequence.
        **kwargs: as for `H5PYDataset`.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: if `which_format` is another; and as for `H5PYDataset`.
    """

    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_format: str, which_sets: Iterable[str], **kwargs: Any) -> None:
        if which_format not in FORMATS:
            raise ValueError(f"which_format={which_format!r} is not one of {', '.join(FORMATS)}")
        self.which_format = which_format
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)

    @property
    def filename(self) -> str:
        """Name of the file of this format."""
        return f"celeba_{self.which_format}.hdf5"
