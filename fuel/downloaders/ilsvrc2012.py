"""The images of the ImageNet challenge of 2012 (Russakovsky and others, 2015)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from fuel.downloaders._addresses import get_files
from fuel.downloaders.mirrors import DataFile

__all__ = ["FILES", "download_ilsvrc2012", "fill_subparser"]

# The MD5 sums are those that image-net.org shows.
FILES = (
    DataFile(name="ILSVRC2012_devkit_t12.tar.gz", md5="fa75699e90414af021442c21a62c3abf"),
    DataFile(name="ILSVRC2012_img_train.tar", md5="1d675b47d978889d74fa0da5fadfb00e"),
    DataFile(name="ILSVRC2012_img_val.tar", md5="29b22e2961454d5413ddabcf34fc5622"),
    DataFile(name="ILSVRC2012_img_test.tar"),  # there are two, of 2012 and of 2019
)


def download_ilsvrc2012(
    directory: str | os.PathLike[str],
    clear: bool = False,
    url_prefix: str | None = None,
    *,
    files: Sequence[DataFile] = FILES,
) -> None:
    """Put the four files of the challenge of 2012 into a directory, or clear them from it.

    Args:
        directory: where to; made if it is not there.
        clear: delete the files instead.
        url_prefix: what to put before the names of the files, which are given to registered
            persons alone.
        files: what is wanted.

    Raises:
        NeedURLPrefix: if files are missing and there is no `url_prefix`.
        DownloadError: if a file cannot be had, or is damaged.
        OSError: if it cannot be written.
    """
    verified = [file for file in files if file.checksum is not None]
    unverified = {file.name: None for file in files if file.checksum is None}
    get_files(directory, clear, verified, (), unverified, url_prefix)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Add the arguments of `fuel-download ilsvrc2012`."""
    subparser.description = (
        "Get the four files of the ImageNet challenge of 2012 (160 GB), which need an account at "
        "image-net.org, which shows their address; there, the test images are named "
        "ILSVRC2012_img_test_v10102019.tar: name them ILSVRC2012_img_test.tar. What is there "
        "already, however it came there, is verified and not fetched again."
    )
    subparser.add_argument(
        "-P",
        "--url-prefix",
        help="what to put before the names of the files; ends with a slash",
    )
    return download_ilsvrc2012
