"""The Street View House Numbers, in either of their formats, into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from fuel.converters._axes import name_axes
from fuel.converters._matlab_blocks import MatArray, mat_arrays
from fuel.converters._row_splits import record_row_splits
from fuel.converters._svhn_numbers import convert_numbers
from fuel.converters.base import check_exists, create_hdf5, progress_bar, record_inputs

__all__ = ["convert_svhn", "convert_svhn_format_1", "convert_svhn_format_2", "fill_subparser"]

SPLITS = ("train", "test", "extra")
FORMAT_1_FILES = tuple(f"{split}.tar.gz" for split in SPLITS)
FORMAT_2_FILES = tuple(f"{split}_32x32.mat" for split in SPLITS)
DIGIT_SHAPE = (32, 32, 3)
ZERO = 10  # the label of the digit 0
BLOCK = 1024


def convert_svhn(
    which_format: int,
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
) -> tuple[str]:
    """Make one HDF5 file of SVHN: splits `train`, `test` and `extra`.

    Args:
        which_format: 1 for whole numbers (see `convert_svhn_format_1`), 2 for single digits (see
            `convert_svhn_format_2`).
        directory: where the three files of the format are.
        output_directory: where to write.
        output_filename: `svhn_format_<which_format>.hdf5` if None.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if one of the three is not there.
        ImportError: if the images need Pillow and it is not installed.
        ValueError: if `which_format` is another, or a file is damaged or incomplete.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    if which_format not in (1, 2):
        raise ValueError(f"which_format={which_format!r} is neither 1 nor 2")
    converter = convert_svhn_format_1 if which_format == 1 else convert_svhn_format_2
    name = output_filename or f"svhn_format_{which_format}.hdf5"
    return converter(directory, output_directory, name)


@check_exists(required_files=FORMAT_1_FILES)
def convert_svhn_format_1(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "svhn_format_1.hdf5",
) -> tuple[str]:
    """Format 1: photographs of whole house numbers, of any size, with a box around each digit.

    Sources are all ragged: `features`, `(3, height, width)` bytes with axes channel, height,
    width; `bbox_labels`, `(digits, 1)` bytes from 0 to 9, with axes bounding_box, index; and
    `bbox_heights`, `bbox_widths`, `bbox_lefts`, `bbox_tops`, `(digits, 1)` 16-bit pixels, with
    axes bounding_box and height, width, x, y. A box's corner that lies outside is moved to 0.
    """
    output = Path(output_directory) / output_filename
    archives = {
        split: Path(directory) / name for split, name in zip(SPLITS, FORMAT_1_FILES, strict=True)
    }
    convert_numbers(archives, output)
    return (str(output),)


@check_exists(required_files=FORMAT_2_FILES)
def convert_svhn_format_2(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "svhn_format_2.hdf5",
) -> tuple[str]:
    """Format 2: single digits of 32 by 32 pixels.

    Sources are `features`, `(images, 3, 32, 32)` bytes with axes batch, channel, height, width,
    and `targets`, `(images, 1)` bytes from 0 to 9 with axes batch, index.
    """
    output = Path(output_directory) / output_filename
    paths = [Path(directory) / name for name in FORMAT_2_FILES]
    arrays = [_checked(path, mat_arrays(path)) for path in paths]
    stops = np.cumsum([0, *(features.shape[-1] for features, _ in arrays)]).tolist()
    with create_hdf5(output) as h5file:
        shape = (stops[-1], DIGIT_SHAPE[2], *DIGIT_SHAPE[:2])
        features = h5file.create_dataset("features", shape, "uint8")
        targets = h5file.create_dataset("targets", (stops[-1], 1), "uint8")
        name_axes(features, "batch", "channel", "height", "width")
        name_axes(targets, "batch", "index")
        with progress_bar("images", stops[-1]) as bar:
            for start, (images, labels) in zip(stops, arrays, strict=False):
                for block in images.blocks(BLOCK):
                    stop = start + block.shape[-1]
                    features[start:stop] = np.ascontiguousarray(block.transpose(3, 2, 0, 1))
                    bar.update(start := stop)
                _write_labels(targets, start - labels.shape[0], labels)
        lengths = dict(zip(SPLITS, np.diff(stops).tolist(), strict=True))
        record_row_splits(h5file, lengths, ("features", "targets"))
        record_inputs(h5file, paths)
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert svhn`."""
    subparser.description = (
        "Make svhn_format_1.hdf5 or svhn_format_2.hdf5 of SVHN's files, as fuel-download svhn gets "
        "them."
    )
    subparser.add_argument(
        "which_format",
        type=int,
        choices=(1, 2),
        help="1: whole numbers with boxes around the digits; 2: single digits of 32 by 32 pixels",
    )
    return convert_svhn


def _checked(path: Path, arrays: dict[str, MatArray]) -> tuple[MatArray, MatArray]:
    if not {"X", "y"} <= set(arrays):
        raise ValueError(f"{path} has the arrays {sorted(arrays)}, but not X and y; fetch it anew")
    images, labels = arrays["X"], arrays["y"]
    count = images.shape[-1]
    if images.shape[:-1] != DIGIT_SHAPE or images.dtype != np.uint8 or labels.shape != (count, 1):
        raise ValueError(
            f"{path} has images {images.dtype} {images.shape} and labels {labels.shape}; it should "
            "have uint8 (32, 32, 3, n) and (n, 1)"
        )
    return images, labels


def _write_labels(targets: h5py.Dataset, start: int, labels: MatArray) -> None:
    for values in labels.blocks(1):  # one column
        if not ((values >= 1) & (values <= ZERO)).all():
            raise ValueError(f"{labels.path} has labels that are not from 1 to {ZERO}")
        targets[start : start + len(values)] = np.where(values == ZERO, 0, values)
