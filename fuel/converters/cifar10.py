"""CIFAR-10's archive into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from fuel.converters._cifar import CifarLabels, write_cifar
from fuel.converters.base import check_exists

__all__ = ["convert_cifar10", "fill_subparser"]

DISTRIBUTION_FILE = "cifar-10-python.tar.gz"
MEMBERS = {
    "train": [f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)],
    "test": ["cifar-10-batches-py/test_batch"],
}
KINDS = (CifarLabels(key="labels", source="targets", classes=10),)


@check_exists(required_files=[DISTRIBUTION_FILE])
def convert_cifar10(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "cifar10.hdf5",
) -> tuple[str]:
    """Make one HDF5 file of CIFAR-10's archive: splits `train` and `test`.

    Sources are `features`, `(images, 3, 32, 32)` bytes with axes batch, channel (red, green, blue),
    height, width, and `targets`, `(images, 1)` bytes from 0 to 9 with axes batch, index.

    Args:
        directory: where `cifar-10-python.tar.gz` is; it is not unpacked there.
        output_directory: where to write.
        output_filename: the name of the file.

    Returns:
        The path of the file written.

    Raises:
        MissingInputFiles: if the archive is not there.
        ValueError: if it is damaged.
        OSError: if the file cannot be written; nothing is left of it then.
    """
    archive, output = Path(directory) / DISTRIBUTION_FILE, Path(output_directory) / output_filename
    return write_cifar(archive, output, members=MEMBERS, kinds=KINDS)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Describe the command `fuel-convert cifar10`, which has no arguments of its own."""
    subparser.description = (
        f"Make cifar10.hdf5 of {DISTRIBUTION_FILE}, as fuel-download cifar10 gets it."
    )
    return convert_cifar10
