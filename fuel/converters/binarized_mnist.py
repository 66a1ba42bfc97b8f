"""The three text files of binarized MNIST into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuel.converters._output import IMAGE_AXES, write_data_set
from fuel.converters.base import check_exists, progress_bar

__all__ = ["convert_binarized_mnist", "fill_subparser"]

NAMES = {split: f"binarized_mnist_{split}.amat" for split in ("train", "valid", "test")}
PUBLISHED = {"train": 50_000, "valid": 10_000, "test": 10_000}
HEIGHT = WIDTH = 28
PIXELS = HEIGHT * WIDTH
CURE = "delete it and fetch it anew"


@check_exists(required_files=list(NAMES.values()))
def convert_binarized_mnist(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "binarized_mnist.hdf5",
) -> tuple[str]:
    """Make one HDF5 file of the three files: splits `train`, `valid` and `test`.

    The source is `features`, `(images, 1, 28, 28)` bytes that are 0 or 1, with axes batch, channel,
    height, width.

    Args:
        directory: where `binarized_mnist_train.amat` and the other two are: a line an image, its
            784 pixels between blanks.
        output_directory: where to write.
        output_filename: the name of the file.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if one of the three is not there.
        ValueError: if one is damaged.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    paths = {split: Path(directory) / name for split, name in NAMES.items()}
    data: list[tuple[Any, ...]] = []
    with progress_bar("text", len(paths)) as bar:
        for done, (split, path) in enumerate(paths.items(), start=1):
            data.append((split, "features", _read(path)))
            bar.update(done)
    return write_data_set(
        Path(output_directory) / output_filename,
        data,
        axes={"features": IMAGE_AXES},
        inputs=list(paths.values()),
        published=PUBLISHED,
    )


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Describe the command `fuel-convert binarized_mnist`, which has no arguments of its own."""
    subparser.description = (
        "Make binarized_mnist.hdf5 of the three text files, as fuel-download binarized_mnist gets "
        "them."
    )
    return convert_binarized_mnist


def _read(path: Path) -> npt.NDArray[np.uint8]:
    content = path.read_bytes()
    rows = len([line for line in content.split(b"\n") if line.strip()])
    digits = content.translate(None, b" \t\r\n")
    if digits.translate(None, b"01"):
        pixels = _numbers(path, content)
    else:
        pixels = np.frombuffer(digits, np.uint8) - np.uint8(ord("0"))
    if len(pixels) != rows * PIXELS:
        raise ValueError(
            f"{path} is damaged: its {rows} lines have {len(pixels)} pixels, not {PIXELS} each; "
            f"{CURE}"
        )
    return pixels.reshape(rows, 1, HEIGHT, WIDTH)


def _numbers(path: Path, content: bytes) -> npt.NDArray[np.uint8]:
    """Pixels that are written with a point, say, as `0.0` and `1.0`."""
    try:
        numbers = np.array(content.split(), np.float64)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}; {CURE}") from error
    pixels = numbers == 1
    if not np.array_equal(pixels, numbers):
        wrong = numbers[pixels != numbers][0]
        raise ValueError(f"{path} is damaged: a pixel is {wrong:g}, not 0 or 1; {CURE}")
    return pixels.astype(np.uint8)
