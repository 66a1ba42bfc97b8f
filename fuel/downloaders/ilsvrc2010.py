"""The images of the ImageNet challenge of 2010 (Russakovsky and others, 2015)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping

from fuel.downloaders._addresses import get_files

__all__ = ["ADDRESSES", "download_ilsvrc2010", "fill_subparser"]

SITE = "http://www.image-net.org/challenges/LSVRC/2010/"

ADDRESSES: Mapping[str, str | None] = {
    "ILSVRC2010_test_ground_truth.txt": f"{SITE}ILSVRC2010_test_ground_truth.txt",
    "ILSVRC2010_devkit-1.0.tar.gz": f"{SITE}download/ILSVRC2010_devkit-1.0.tar.gz",
    "ILSVRC2010_images_train.tar": None,
    "ILSVRC2010_images_val.tar": None,
    "ILSVRC2010_images_test.tar": None,
    "patch_images.tar": None,
}


def download_ilsvrc2010(
    directory: str | os.PathLike[str],
    clear: bool = False,
    url_prefix: str | None = None,
    *,
    addresses: Mapping[str, str | None] = ADDRESSES,
) -> None:
    """Put the six files of the challenge of 2010 into a directory, or clear them from it.

    Args:
        directory: where to; made if it is not there.
        clear: delete the files instead.
        url_prefix: what to put before the names of the files with images, which are given to
            registered persons alone.
        addresses: for each file name its address, or None.

    Raises:
        NeedURLPrefix: if files with images are missing and there is no `url_prefix`.
        DownloadError: if a file cannot be had.
        OSError: if it cannot be written.
    """
    get_files(directory, clear, (), (), addresses, url_prefix)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Add the arguments of `fuel-download ilsvrc2010`."""
    subparser.description = (
        "Get the six files of the ImageNet challenge of 2010 (150 GB); those with images need an "
        "account at image-net.org, which shows their address. What is there already, however it "
        "came there, is not fetched again."
    )
    subparser.add_argument(
        "-P",
        "--url-prefix",
        help="what to put before the names of the files with images; ends with a slash",
    )
    return download_ilsvrc2010
