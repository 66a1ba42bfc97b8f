"""CIFAR-100's archive into one HDF5 file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from fuel.converters._cifar import CifarLabels, write_cifar
from fuel.converters.base import check_exists

__all__ = ["convert_cifar100", "fill_subparser"]

DISTRIBUTION_FILE = "cifar-100-python.tar.gz"
MEMBERS = {"train": ["cifar-100-python/train"], "test": ["cifar-100-python/test"]}
KINDS = (
    CifarLabels(key="coarse_labels", source="coarse_labels", classes=20),
    CifarLabels(key="fine_labels", source="fine_labels", classes=100),
)


@check_exists(required_files=[DISTRIBUTION_FILE])
def convert_cifar100(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str = "cifar100.hdf5",
) -> tuple[str]:
    """Make one HDF5 file of CIFAR-100's archive: splits `train` and `test`.

    Sources are `features`, `(images, 3, 32, 32)` bytes with axes batch, channel (red, green, blue),
    height, width, and, with axes batch, index, `coarse_labels`, `(images, 1)` bytes from 0 to 19,
    and `fine_labels`, `(images, 1)` bytes from 0 to 99.

    Args:
        directory: where `cifar-100-python.tar.gz` is; it is not unpacked there.
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
    """Describe the command `fuel-convert cifar100`, which has no arguments of its own."""
    subparser.description = (
        f"Make cifar100.hdf5 of {DISTRIBUTION_FILE}, as fuel-download cifar100 gets it."
    )
    return convert_cifar100
