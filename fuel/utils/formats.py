"""Opening files by what they are."""

from __future__ import annotations

import gzip
import os
import tarfile
from typing import IO, Any, BinaryIO

__all__ = ["open_", "tar_open"]


def open_(
    filename: str | os.PathLike[str], mode: str = "r", encoding: str | None = None
) -> IO[Any]:
    """A file, unpacked while it is read if its name ends in `.gz`.

    Args:
        filename: the file.
        mode: as for `open`; without `b` it is text, packed or not.
        encoding: of text; None for the system's.
    """
    if not os.fspath(filename).endswith(".gz"):
        return open(filename, mode, encoding=encoding)
    packed_mode: Any = mode if "b" in mode else f"{mode}t"
    return gzip.open(filename, packed_mode, encoding=encoding)


def tar_open(f: str | os.PathLike[str] | BinaryIO) -> tarfile.TarFile:
    """A tar archive, packed or not, by its path or as an open binary file.

    Do not unpack with it what you did not pack: its members may lead anywhere.
    """
    if isinstance(f, str | os.PathLike):
        return tarfile.open(f)
    return tarfile.open(fileobj=f)
