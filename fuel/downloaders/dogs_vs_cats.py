"""Dogs vs. Cats: 25,000 labelled and 12,500 unlabelled photographs (Kaggle, 2013)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping

from fuel.downloaders._addresses import get_files

__all__ = ["ADDRESSES", "download_dogs_vs_cats", "fill_subparser"]

ADDRESSES: Mapping[str, str] = {
    "dogs_vs_cats.train.zip": "https://www.dropbox.com/s/s3u30quvpxqdbz6/train.zip?dl=1",
    "dogs_vs_cats.test1.zip": "https://www.dropbox.com/s/21rwu6drnplsbkb/test1.zip?dl=1",
}


def download_dogs_vs_cats(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    addresses: Mapping[str, str] = ADDRESSES,
) -> None:
    """Put the two archives of Dogs vs. Cats into a directory, or clear them from it.

    Nobody published their checksums; the archives' own are held when they are converted.

    Args:
        directory: where to; made if it is not there.
        clear: delete the files instead.
        addresses: for each file name its address.

    Raises:
        DownloadError: if one cannot be had.
        OSError: if it cannot be written.
    """
    get_files(directory, clear, (), (), addresses)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Describe the command `fuel-download dogs_vs_cats`, which has no arguments of its own."""
    subparser.description = (
        "Get the two archives of Dogs vs. Cats (850 MB). After it, fuel-convert dogs_vs_cats makes "
        "one HDF5 file of them. Where the host refuses, fetch train.zip and test1.zip from "
        "https://www.kaggle.com/c/dogs-vs-cats and name them dogs_vs_cats.train.zip and "
        "dogs_vs_cats.test1.zip."
    )
    return download_dogs_vs_cats
