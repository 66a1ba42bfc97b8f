"""Binarized MNIST: handwritten digits in black and white, for models of binary images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset

__all__ = ["BinarizedMNIST"]


class BinarizedMNIST(H5PYDataset):
    """50,000 training, 10,000 validation and 10,000 test images of 28 by 28 pixels, 0 or 1.

    Each pixel is a draw that is 1 with the probability that MNIST's grey stands for, made once and
    for all. R. Salakhutdinov and I. Murray, "On the quantitative analysis of deep belief networks",
    ICML 2008; these draws are those of H. Larochelle and I. Murray, "The neural autoregressive
    distribution estimator", AISTATS 2011. Reads `binarized_mnist.hdf5` from the data path, as
    `fuel-download binarized_mnist` and `fuel-convert binarized_mnist` make it.

    The source is `features`, `(batch, 1, 28, 28)` bytes that are 0 or 1. There are no labels.

    Args:
        which_sets: of `"train"`, `"valid"` and `"test"`, a sequence.
        load_in_memory: whether to read all of it at once.
        **kwargs: as for `H5PYDataset`.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: as for `H5PYDataset`.
    """

    filename = "binarized_mnist.hdf5"

    def __init__(
        self, which_sets: Iterable[str], load_in_memory: bool = True, **kwargs: Any
    ) -> None:
        path = find_in_data_path(self.filename)
        super().__init__(path, which_sets, load_in_memory=load_in_memory, **kwargs)
