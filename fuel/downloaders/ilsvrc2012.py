"""The images of the ImageNet challenge of 2012 (Russakovsky and others, 2015)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping

from fuel.downloaders._addresses import get_files

__all__ = ["ADDRESSES", "download_ilsvrc2012", "fill_subparser"]

ADDRESSES: Mapping[str, str | None] = {
    "ILSVRC2012_devkit_t12.tar.gz": None,
    "ILSVRC2012_img_train.tar": None,
    "ILSVRC2012_img_val.tar": None,
    "ILSVRC2012_img_test.tar": None,
}


def download_ilsvrc2012(
    directory: str | os.PathLike[str],
    clear: bool = False,
    url_prefix: str | None = None,
    *,
    addresses: Mapping[str, str | None] = ADDRESSES,
) -> None:
    """Put the four files of the challenge of 2012 into a directory, or clear them from it.

    Args:
        directory: where to; made if it is not there.
        clear: delete the files instead.
        url_prefix: what to put before the names of the files, which are given to registered
            persons alone.
        addresses: for each file name its address, or None.

    Raises:
        NeedURLPrefix: if files are missing and there is no `url_prefix`.
        DownloadError: if a file cannot be had.
        OSError: if it cannot be written.
    """
    get_files(directory, clear, (), (), addresses, url_prefix)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., None]:
    """Add the arguments of `fuel-download ilsvrc2012`."""
    subparser.description = (
        "Get the four files of the ImageNet challenge of 2012 (160 GB), which need an account at "
        "image-net.org, which shows their address. What is there already, however it came there, "
        "is not fetched again."
    )
    subparser.add_argument(
        "-P",
        "--url-prefix",
        help="what to put before the names of the files; ends with a slash",
    )
    return download_ilsvrc2012
