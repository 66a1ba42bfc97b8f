"""CelebA: 202,599 faces with 40 attributes each (Liu, Luo, Wang and Tang, 2015)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from fuel.downloaders._addresses import AddressMirror, get_files
from fuel.downloaders.mirrors import AbstractMirror, DataFile

__all__ = ["FILES", "MIRRORS", "download_celeba", "fill_subparser"]

# They have the MD5 sums 75e246fa4810816ffd6ee81facbd244c and 00d2c5bc6d35e252742224ab0c1e8fcb.
FILES = (
    DataFile(
        name="list_attr_celeba.txt",
        sha256="f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0",
        size=26721026,
    ),
    DataFile(
        name="img_align_celeba.zip",
        sha256="46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
        size=1443490838,
    ),
)

DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="
DROPBOX = "https://www.dropbox.com/sh/8oqt9vytwxb3s4r/"

MIRRORS: tuple[AbstractMirror, ...] = (
    AddressMirror(
        label="the authors' Google Drive",
        addresses={
            "list_attr_celeba.txt": f"{DRIVE}0B7EVK8r0v71pblRyaVFSWGxPY0U",
            "img_align_celeba.zip": f"{DRIVE}0B7EVK8r0v71pZjFTYXZWM3FlRnM",
        },
    ),
    AddressMirror(
        label="the authors' Dropbox",
        addresses={
            "list_attr_celeba.txt": (
                f"{DROPBOX}AAC7-uCaJkmPmvLX2_P5qy0ga/Anno/list_attr_celeba.txt?dl=1"
            ),
            "img_align_celeba.zip": (
                f"{DROPBOX}AADIKlz8PR9zr6Y20qbkunrba/Img/img_align_celeba.zip?dl=1"
            ),
        },
    ),
)


def download_celeba(
    directory: str | os.PathLike[str],
    clear: bool = False,
    *,
    files: Sequence[DataFile] = FILES,
    mirrors: Sequence[AbstractMirror] = MIRRORS,
) -> None:
    """Put the two files of CelebA into a directory, or clear them from it.

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
    """Describe the command `fuel-download celeba`, which has no arguments of its own."""
    subparser.description = (
        "Get CelebA's aligned and cropped images and their attributes (1.5 GB). After it, "
        "fuel-convert celeba makes one HDF5 file of them. Where the hosts refuse, fetch them in a "
        "browser from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html."
    )
    return download_celeba
