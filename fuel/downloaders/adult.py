"""Adult: what 48,842 people earned, from the census of 1994 (Kohavi and Becker, 1996)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from fuel.downloaders._addresses import get_files
from fuel.downloaders._uci import uci_mirrors
from fuel.downloaders.mirrors import AbstractMirror, DataFile

__all__ = ["FILES", "MIRRORS", "download_adult", "fill_subparser"]

FILES = (
    DataFile(
        name="adult.data",
        sha256="5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
        size=3974305,
    ),
    DataFile(
        name="adult.test",
        sha256="a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
        size=2003153,
    ),
)
MIRRORS = uci_mirrors("adult", 2, FILES)


def download_adult(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Sequence[DataFile] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put `adult.data` and `adult.test` into a directory, or clear them from it.

    Args:
        directory: where to; made if it is not there.
        clear: delete the files instead.
        files: what is wanted.
        mirrors: where to try, in turn.

    Raises:
        DownloadError: if no mirror has them; says why, and what to do by hand.
        OSError: if they cannot be written.
    """
    get_files(directory, clear, files, mirrors, {})


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Describe the command `fuel-download adult`, which has no arguments of its own."""
    subparser.description = (
        "Get adult.data and adult.test (6 MB). After it, fuel-convert adult makes one HDF5 file of "
        "them."
    )
    return download_adult
