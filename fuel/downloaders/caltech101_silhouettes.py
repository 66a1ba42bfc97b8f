"""CalTech 101 Silhouettes: outlines of objects, filled (Marlin and others, 2010)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from fuel.downloaders._choice import Choice
from fuel.downloaders.mirrors import DataFile, HTTPMirror
from fuel.downloaders.recipe import Recipe

__all__ = ["SIZES", "fill_subparser", "silhouettes_downloader"]

# Of these files only the MD5 is published, so that damage is found, but not a forgery.
MD5 = {16: "3baf9e2c023aa4a187e1d1b92b5a734a", 28: "4483e9c14b188fd09937f9ea6f9ea777"}

SIZES = Choice(
    argument="size",
    meaning="height and width of the pictures, in pixels",
    recipes={
        size: Recipe(
            name="caltech101_silhouettes",
            contents=f"the silhouettes of {size} by {size} pixels (less than 4 MB)",
            source="They are from https://people.cs.umass.edu/~marlin/data.shtml.",
            files=(DataFile(name=f"caltech101_silhouettes_{size}_split1.mat", md5=md5),),
            mirrors=(HTTPMirror(url="https://people.cs.umass.edu/~marlin/data/"),),
        )
        for size, md5 in MD5.items()
    },
)
"""The files of each of the two sizes."""


def silhouettes_downloader(
    size: int, directory: str | os.PathLike[str], clear: bool = False
) -> None:
    """Put the file of this size into a directory, or clear it from it.

    Args:
        size: 16 or 28, the height and width of the pictures.
        directory: where to; made if it is not there.
        clear: delete the file instead.

    Raises:
        ValueError: if the size is another.
        DownloadError: if no mirror has it; says why, and what to do by hand.
        OSError: if it cannot be written.
    """
    SIZES.recipe(size).download(directory, clear)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Add the arguments of `fuel-download caltech101_silhouettes`."""
    SIZES.fill_subparser(subparser)
    return silhouettes_downloader
