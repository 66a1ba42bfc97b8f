"""CalTech 101 Silhouettes: outlines of objects, filled (Marlin and others, 2010)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence

from fuel.downloaders._addresses import get_files
from fuel.downloaders.mirrors import AbstractMirror, DataFile, HTTPMirror

__all__ = ["FILES", "MIRRORS", "fill_subparser", "silhouettes_downloader"]

# Of these files only the MD5 is published, so that damage is found, but not a forgery.
FILES: Mapping[int, DataFile] = {
    16: DataFile(
        name="caltech101_silhouettes_16_split1.mat", md5="3baf9e2c023aa4a187e1d1b92b5a734a"
    ),
    28: DataFile(
        name="caltech101_silhouettes_28_split1.mat", md5="4483e9c14b188fd09937f9ea6f9ea777"
    ),
}
MIRRORS: tuple[AbstractMirror, ...] = (HTTPMirror(url="https://people.cs.umass.edu/~marlin/data/"),)


def silhouettes_downloader(
    size: int,
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Mapping[int, DataFile] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put the file of this size into a directory, or clear it from it.

    Args:
        size: 16 or 28, the height and width of the pictures.
        directory: where to; made if it is not there.
        clear: delete the file instead.
        files: what is wanted, for each size.
        mirrors: where to try, in turn.

    Raises:
        ValueError: if the size is another.
        DownloadError: if no mirror has it; says why, and what to do by hand.
        OSError: if it cannot be written.
    """
    if size not in files:
        raise ValueError(f"size={size!r} is not available; choose 16 or 28")
    get_files(directory, clear, [files[size]], mirrors, {})


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Add the arguments of `fuel-download caltech101_silhouettes`."""
    subparser.description = (
        "Get the silhouettes of one size (less than 4 MB). After it, fuel-convert "
        "caltech101_silhouettes makes an HDF5 file of them."
    )
    subparser.add_argument(
        "size", type=int, choices=tuple(FILES), help="height and width of the pictures, in pixels"
    )
    return silhouettes_downloader
