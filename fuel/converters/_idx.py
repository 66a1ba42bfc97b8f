"""Files in the IDX format of MNIST: a magic number, the shape, and unsigned bytes."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["read_idx"]

GZIP_MAGIC = b"\x1f\x8b"
CURE = "delete it and fetch it anew"


def read_idx(filename: str | os.PathLike[str], magic: int, what: str) -> npt.NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes, packed by gzip or not.

    Args:
        filename: the file.
        magic: the magic number that it must begin with; its last byte is the number of axes.
        what: what the magic number means, for the error.

    Raises:
        ValueError: if it is damaged, of another kind, or has not as many bytes as its shape says.
        OSError: if it cannot be read.
    """
    content = _content(Path(filename))
    dims = magic & 0xFF
    offset = 4 + 4 * dims
    found = struct.unpack(">I", content[:4])[0] if len(content) >= 4 else None
    if found != magic:
        raise ValueError(
            f"{os.fspath(filename)} is no IDX file of {what}: it begins with magic number {found}, "
            f"which should be {magic}"
        )
    if len(content) < offset:
        raise ValueError(f"{os.fspath(filename)} is damaged: it ends within its header; {CURE}")
    shape = struct.unpack(f">{dims}I", content[4:offset])
    if len(content) - offset != math.prod(shape):
        raise ValueError(
            f"{os.fspath(filename)} is damaged: its header promises {math.prod(shape)} bytes "
            f"({' x '.join(map(str, shape))}), it has {len(content) - offset}; {CURE}"
        )
    return np.frombuffer(content, np.uint8, offset=offset).reshape(shape)


def _content(path: Path) -> bytearray:
    with path.open("rb") as handle:
        packed = handle.read(2) == GZIP_MAGIC
        handle.seek(0)
        if not packed:
            return bytearray(handle.read())
        try:
            with gzip.open(handle) as unpacked:
                return bytearray(unpacked.read())
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} is damaged: {error}; {CURE}") from error
