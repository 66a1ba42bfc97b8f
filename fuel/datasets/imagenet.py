"""The images of the ImageNet challenges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuel.data_path import find_in_data_path
from fuel.datasets.hdf5 import H5PYDataset
from fuel.transformers.defaults import rgb_images_from_encoded_bytes

__all__ = ["ILSVRC2010", "ILSVRC2012"]


class ILSVRC2010(H5PYDataset):
    """Photographs of 1000 kinds of things: the ImageNet challenge of 2010.

    O. Russakovsky and others, "ImageNet large scale visual recognition challenge", International
    Journal of Computer Vision 115, 2015. Reads `ilsvrc2010.hdf5` from the data path, as
    `fuel-convert ilsvrc2010` makes it.

    Sources are `encoded_images`, the bytes of a JPEG file for each image; `targets`,
    `(batch, 1)` 16-bit classes from 0 to 999; `filenames`, `(batch, 1)`. A default stream decodes
    the images to `(3, height, width)` bytes, which needs Pillow.

    Args:
        which_sets: of `"train"`, `"valid"` and `"test"` (1,261,406, 50,000 and 150,000 images), a
            sequence.
        **kwargs: as for `H5PYDataset`.

    Raises:
        FileNotFoundError: if the file is not in the data path; says how to get it.
        ValueError: as for `H5PYDataset`.
    """

    filename = "ilsvrc2010.hdf5"
    default_transformers = rgb_images_from_encoded_bytes(("encoded_images",))

    def __init__(self, which_sets: Iterable[str], **kwargs: Any) -> None:
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)


class ILSVRC2012(H5PYDataset):
    """Photographs of 1000 kinds of things: the ImageNet challenge of 2012.

    As `ILSVRC2010`, but from `ilsvrc2012.hdf5`, with 1,281,167, 50,000 and 100,000 images, and
    without `targets` in the split `test`.
    """

    filename = "ilsvrc2012.hdf5"
    default_transformers = rgb_images_from_encoded_bytes(("encoded_images",))

    def __init__(self, which_sets: Iterable[str], **kwargs: Any) -> None:
        super().__init__(find_in_data_path(self.filename), which_sets, **kwargs)
