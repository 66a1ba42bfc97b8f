"""The MATLAB files of the CalTech 101 Silhouettes into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuel.converters._matlab_blocks import mat_arrays
from fuel.converters._output import IMAGE_AXES, INDEX_AXES, write_data_set
from fuel.converters.base import check_exists

__all__ = ["convert_silhouettes", "fill_subparser"]

SIZES = (16, 28)
CLASSES = 101
SPLITS = {"train": "train", "valid": "val", "test": "test"}  # and what MATLAB's variables call them
PUBLISHED = {
    16: {"train": 4082, "valid": 2257, "test": 2302},
    28: {"train": 4100, "valid": 2264, "test": 2307},
}
CURE = "delete it and fetch it anew"


def convert_silhouettes(
    size: int,
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
) -> tuple[str]:
    """Make one HDF5 file of the file of this size: splits `train`, `valid` and `test`.

    Sources are `features`, `(images, 1, size, size)` bytes that are 0 or 1, with axes batch,
    channel, height, width, and `targets`, `(images, 1)` bytes from 1 to 101 with axes batch, index.
    The pixels keep the order of the file, as in Fuel; MATLAB counts down the columns first, so to
    look at a picture, transpose it.

    Args:
        size: 16 or 28, the height and width of the pictures.
        directory: where `caltech101_silhouettes_<size>_split1.mat` is.
        output_directory: where to write.
        output_filename: `caltech101_silhouettes<size>.hdf5` if None.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if the file is not there.
        ValueError: if the size is another, or the file is damaged.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    if size not in SIZES:
        raise ValueError(f"size={size!r} is not available; choose 16 or 28")
    filename = f"caltech101_silhouettes_{size}_split1.mat"
    if output_filename is None:
        output_filename = f"caltech101_silhouettes{size}.hdf5"
    convert = check_exists(required_files=[filename])(_convert)
    return convert(Path(directory), filename, size, Path(output_directory) / output_filename)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert caltech101_silhouettes`."""
    subparser.description = (
        "Make caltech101_silhouettes16.hdf5 or caltech101_silhouettes28.hdf5 of the MATLAB file, "
        "as fuel-download caltech101_silhouettes gets it."
    )
    subparser.add_argument(
        "size", type=int, choices=SIZES, help="height and width of the pictures, in pixels"
    )
    return convert_silhouettes


def _convert(directory: Path, filename: str, size: int, output: Path) -> tuple[str]:
    path = directory / filename
    data: list[tuple[Any, ...]] = []
    for split, name in SPLITS.items():
        images = _read(path, f"{name}_data", size * size, 0, 1)
        labels = _read(path, f"{name}_labels", 1, 1, CLASSES)
        data.append((split, "features", images.reshape(-1, 1, size, size)))
        data.append((split, "targets", labels))
    return write_data_set(
        output,
        data,
        axes={"features": IMAGE_AXES, "targets": INDEX_AXES},
        inputs=[path],
        published=PUBLISHED[size],
    )


def _read(path: Path, name: str, width: int, least: int, most: int) -> npt.NDArray[np.uint8]:
    """A matrix of so many columns, of integers from `least` to `most`."""
    arrays = mat_arrays(path)
    if name not in arrays:
        raise ValueError(f"{path} has no {name}, only {', '.join(arrays) or 'others'}; {CURE}")
    shape = arrays[name].shape
    if len(shape) != 2 or shape[1] != width:
        raise ValueError(f"{path}: {name} has shape {shape}, not (images, {width}); {CURE}")
    (values,) = arrays[name].blocks(width)
    if not np.all((values >= least) & (values <= most) & (values == np.floor(values))):
        raise ValueError(f"{path}: {name} has values that are not {least} to {most}; {CURE}")
    return np.ascontiguousarray(values, np.uint8)
