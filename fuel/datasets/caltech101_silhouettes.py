"""CalTech 101 Silhouettes: outlines of objects, filled, for models of binary images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["CalTech101Silhouettes"]

SIZES = (16, 28)


class CalTech101Silhouettes(H5PYDataset):
    """Silhouettes of objects of 101 classes, in black and white, 16 by 16 or 28 by 28 pixels.

    B. Marlin, K. Swersky, B. Chen and N. de Freitas, "Inductive principles for restricted Boltzmann
    machine learning", AISTATS 2010. Reads `caltech101_silhouettes16.hdf5` or
    `caltech101_silhouettes28.hdf5` from the data path, as `fuel-download caltech101_silhouettes`
    and `fuel-convert caltech101_silhouettes` make them.

    Sources are `features`, `(batch, 1, size, size)` bytes that are 0 or 1, and `targets`,
    `(batch, 1)` bytes from 1 to 101. Splits `train`, `valid` and `test` have 4,082, 2,257 and 2,302
    examples of size 16, and 4,100, 2,264 and 2,307 of size 28. The pixels are in MATLAB's order,
    down the columns first: to look at a picture, transpose it.

    Args:
        which_sets: of `"train"`, `"valid"` and `"test"`, a sequence.
        size: 16 or 28.
        load_in_memory: whether to read all of it at once.
        **kwargs: as for `H5PYDataset`.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: if the size is another; and as for `H5PYDataset`.
    """

    def __init__(
        self,
        which_sets: Iterable[str],
        size: int = 28,
        load_in_memory: bool = True,
        **kwargs: Any,
    ) -> None:
        if size not in SIZES:
            raise ValueError(f"size={size!r} is not available; choose 16 or 28")
        self.size = size
        super().__init__(self.data_path, which_sets, load_in_memory=load_in_memory, **kwargs)

    @property
    def filename(self) -> str:
        """Name of the file of this size."""
        return f"caltech101_silhouettes{self.size}.hdf5"

    @property
    def data_path(self) -> str:
        """Where the file of this size is.

        Raises:
            FileNotFoundError: if it is not in the data path; says how to get it.
        """
        return find_in_data_path(self.filename)
