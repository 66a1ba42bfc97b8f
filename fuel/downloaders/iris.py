"""Iris: 150 flowers of three species, measured (Fisher, 1936)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from fuel.downloaders._addresses import get_files
from fuel.downloaders._uci import uci_mirrors
from fuel.downloaders.mirrors import AbstractMirror, DataFile

__all__ = ["FILES", "MIRRORS", "download_iris", "fill_subparser"]

FILES = (
    DataFile(
        name="iris.data",
        sha256="6f608b71a7317216319b4d27b4d9bc84e6abd734eda7872b71a458569e2656c0",
    ),
)
MIRRORS = uci_mirrors("iris", 53, FILES)


def download_iris(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Sequence[DataFile] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put `iris.data` into a directory, or clear it from it.

    Args:
        directory: where to; made if it is not there.
        clear: delete the file instead.
        files: what is wanted.
        mirrors: where to try, in turn.

    Raises:
        DownloadError: if no mirror has it; says why, and what to do by hand.
        OSError: if it cannot be written.
    """
    get_files(directory, clear, files, mirrors, {})


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Describe the command `fuel-download iris`, which has no arguments of its own."""
    subparser.description = (
        "Get iris.data (5 kB). After it, fuel-convert iris makes an HDF5 file of it."
    )
    return download_iris
