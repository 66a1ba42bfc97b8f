"""SVHN: digits of house numbers on photographs of streets (Netzer and others, 2011)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from fuel.downloaders._choice import Choice
from fuel.downloaders.mirrors import DataFile, HTTPMirror
from fuel.downloaders.recipe import Recipe

__all__ = ["FORMATS", "fill_subparser", "svhn_downloader"]

SOURCE = "They are from http://ufldl.stanford.edu/housenumbers/, for use that is not commercial."
MIRRORS = (HTTPMirror(url="http://ufldl.stanford.edu/housenumbers/"),)

FORMATS = Choice(
    argument="which_format",
    meaning="1: whole numbers; 2: single digits",
    recipes={
        1: Recipe(
            name="svhn",
            contents="the three files of SVHN's whole numbers (2.6 GB)",
            source=SOURCE,
            files=(
                DataFile(
                    name="train.tar.gz",
                    sha256="4b17bb33b6cd8f963493168f80143da956f28ec406cc12f8e5745a9f91a51898",
                    size=404141560,
                ),
                DataFile(
                    name="test.tar.gz",
                    sha256="57ac9ceb530e4aa85b55d991be8fc49c695b3d71c6f6a88afea86549efde7fb5",
                    size=276555967,
                ),
                DataFile(
                    name="extra.tar.gz",
                    sha256="e857e27d1e65bd1e7d3959b094061777f6506bbc39889a0df3bba6a729d60f9c",
                    size=1955489752,
                ),
            ),
            mirrors=MIRRORS,
        ),
        # These have the MD5 sums e26dedcc434d2e4c54c9b2d4a06d8373, eb5a983be6a315427106f1b164d9cef3
        # and a93ce644f1a588dc4d68dda5feec44a7.
        2: Recipe(
            name="svhn",
            contents="those of its single digits (1.6 GB)",
            source=SOURCE,
            files=(
                DataFile(
                    name="train_32x32.mat",
                    sha256="435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                    size=182040794,
                ),
                DataFile(
                    name="test_32x32.mat",
                    sha256="cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
                    size=64275384,
                ),
                DataFile(
                    name="extra_32x32.mat",
                    sha256="a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3",
                    size=1329278602,
                ),
            ),
            mirrors=MIRRORS,
        ),
    },
)
"""The files of each of the two formats."""


def svhn_downloader(
    which_format: int, directory: str | os.PathLike[str], clear: bool = False
) -> None:
    """Put the three files of one of SVHN's formats into a directory, or clear them from it.

    Args:
        which_format: 1 for whole numbers, 2 for single digits.
        directory: where to; made if it is not there.
        clear: delete the files instead.

    Raises:
        ValueError: if `which_format` is another.
        DownloadError: if a file cannot be had; says why, and what to do by hand.
        OSError: if it cannot be written.
    """
    FORMATS.recipe(which_format).download(directory, clear)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Add the arguments of `fuel-download svhn`."""
    FORMATS.fill_subparser(subparser)
    return svhn_downloader
