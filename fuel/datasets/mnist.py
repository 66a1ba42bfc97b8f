"""MNIST: handwritten digits, the classic of image classification."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import uint8_pixels_to_floatX
from fuel.transformers.numeric import Cast

__all__ = ["MNIST"]


class MNIST(H5PYDataset):
    """60,000 training and 10,000 test images of handwritten digits, 28 by 28 pixels in grey.

    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998. Reads `mnist.hdf5` from the data path, as
    `fuel-download mnist` and `fuel-convert mnist` make it.

    Sources are `features`, `(batch, 1, 28, 28)` bytes (0 is the background, 255 ink), and
    `targets`, `(batch, 1)` bytes from 0 to 9. A default stream gives features as `floatX` from
    0 to 1. The usual validation set is the last 10,000 examples of `train`:
    `subset=slice(50_000, 60_000)`.

    Args:
        which_sets: of `"train"` and `"test"`, a sequence.
        **kwargs: as for `H5PYDataset`; `load_in_memory` is True if not given.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: as for `H5PYDataset`.
    """

    filename = "mnist.hdf5"
    default_transformers = uint8_pixels_to_floatX(("features",))

    def __init__(self, which_sets: Iterable[str], **kwargs: Any) -> None:
        kwargs.setdefault("load_in_memory", True)
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)
        layout = self._layout.sources.get("features")
        is_scaled = layout is not None and layout.dtype != np.uint8  # if converted with --dtype
        if is_scaled and self.default_transformers is MNIST.default_transformers:
            self.default_transformers = ((Cast, ["floatX"], {"which_sources": ("features",)}),)
