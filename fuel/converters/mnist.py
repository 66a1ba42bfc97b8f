"""MNIST's four IDX files into one HDF5 file."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuel.converters._idx import read_idx
from fuel.converters._output import IMAGE_AXES, INDEX_AXES
from fuel.converters.base import check_exists, create_hdf5, fill_hdf5_file, record_inputs

__all__ = ["convert_mnist", "fill_subparser", "read_mnist_images", "read_mnist_labels"]

logger = logging.getLogger(__name__)

IMAGES_MAGIC = 2051
LABELS_MAGIC = 2049
DTYPES = ("float32", "float64", "bool")

NAMES = {
    ("train", "features"): "train-images-idx3-ubyte",
    ("train", "targets"): "train-labels-idx1-ubyte",
    ("test", "features"): "t10k-images-idx3-ubyte",
    ("test", "targets"): "t10k-labels-idx1-ubyte",
}


def read_mnist_images(
    filename: str | os.PathLike[str], dtype: npt.DTypeLike | None = None
) -> npt.NDArray[Any]:
    """Images of an IDX file, packed by gzip or not.

    Args:
        filename: the file.
        dtype: None for the bytes as they are, a floating-point type for their 255th part, in
            [0, 1], bool for whether they are at least 128.

    Returns:
        `(images, 1, height, width)`.

    Raises:
        ValueError: if the file is damaged or holds no images, or the dtype is another.
        OSError: if it cannot be read.
    """
    kind = None if dtype is None else np.dtype(dtype)
    if kind is not None and kind != np.bool_ and not np.issubdtype(kind, np.floating):
        raise ValueError(f"dtype={dtype!r} cannot hold images; choose {', '.join(DTYPES)}")
    images = read_idx(filename, IMAGES_MAGIC, "images")[:, np.newaxis]
    if kind is None:
        return images
    if kind == np.bool_:
        return images >= 128
    return np.divide(images, 255, dtype=kind)


def read_mnist_labels(filename: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    """Labels of an IDX file, packed by gzip or not, as `(labels, 1)` bytes.

    Raises:
        ValueError: if the file is damaged or holds no labels.
        OSError: if it cannot be read.
    """
    return read_idx(filename, LABELS_MAGIC, "labels")[:, np.newaxis]


AXES = {"features": IMAGE_AXES, "targets": INDEX_AXES}


@check_exists(required_files=[(f"{name}.gz", name) for name in NAMES.values()])
def convert_mnist(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
    dtype: str | None = None,
) -> tuple[str]:
    """Make one HDF5 file of MNIST's four files: splits `train` and `test`.

    Sources are `features`, `(images, 1, 28, 28)` with axes batch, channel, height, width, and
    `targets`, `(images, 1)` bytes with axes batch, index.

    Args:
        directory: where the four files are, packed by gzip or not (a packed one is preferred).
        output_directory: where to write.
        output_filename: `mnist.hdf5` if None, or `mnist_<dtype>.hdf5` with a dtype.
        dtype: how to store the images, as for `read_mnist_images`.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if some of the four are not there.
        ValueError: if one is damaged, or they do not belong together.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    if output_filename is None:
        output_filename = "mnist.hdf5" if dtype is None else f"mnist_{dtype}.hdf5"
    paths = {pair: _either(Path(directory), name) for pair, name in NAMES.items()}
    data = [
        (
            split,
            source,
            read_mnist_images(path, dtype) if source == "features" else read_mnist_labels(path),
        )
        for (split, source), path in paths.items()
    ]
    output = Path(output_directory) / output_filename
    with create_hdf5(output) as h5file:
        fill_hdf5_file(h5file, data, axis_labels=AXES)
        record_inputs(h5file, list(paths.values()))
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert mnist`."""
    subparser.description = (
        "Make mnist.hdf5 of MNIST's four files, as fuel-download mnist gets them, packed or not."
    )
    subparser.add_argument(
        "--dtype",
        choices=DTYPES,
        help="store the images as numbers in [0, 1], or as whether they are at least 128; "
        "without it they stay bytes, and the file is named mnist.hdf5, not mnist_DTYPE.hdf5",
    )
    return convert_mnist


def _either(directory: Path, name: str) -> Path:
    packed = directory / f"{name}.gz"
    return packed if packed.is_file() else directory / name
