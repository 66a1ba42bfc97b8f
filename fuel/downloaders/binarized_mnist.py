"""Binarized MNIST: MNIST's digits in black and white, drawn once (Larochelle and Murray, 2011)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from fuel.downloaders._addresses import get_files
from fuel.downloaders.mirrors import AbstractMirror, DataFile, HTTPMirror

__all__ = ["FILES", "MIRRORS", "download_binarized_mnist", "fill_subparser"]

FILES = (
    DataFile(
        name="binarized_mnist_train.amat",
        sha256="ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
        size=78400000,
    ),
    DataFile(
        name="binarized_mnist_valid.amat",
        sha256="1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
        size=15680000,
    ),
    DataFile(
        name="binarized_mnist_test.amat",
        sha256="e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
        size=15680000,
    ),
)
MIRRORS: tuple[AbstractMirror, ...] = (
    HTTPMirror(url="https://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/"),
    HTTPMirror(url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/"),
)


def download_binarized_mnist(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Sequence[DataFile] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put the three files of binarized MNIST into a directory, or clear them from it.

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
    """Describe the command `fuel-download binarized_mnist`, which has no arguments of its own."""
    subparser.description = (
        "Get the three text files of binarized MNIST (110 MB). After it, fuel-convert "
        "binarized_mnist makes one HDF5 file of them."
    )
    return download_binarized_mnist
