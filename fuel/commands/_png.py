"""Pictures as PNG files, without a library of pictures."""

from __future__ import annotations

import struct
import zlib

import numpy as np

__all__ = ["png"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2  # color types of the PNG specification, section 11.2.1


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of a picture.

    Args:
        pixels: bytes, `(height, width)` for grey or `(height, width, 3)` for colors.
    """
    height, width = pixels.shape[:2]
    header = struct.pack(">2I5B", width, height, 8, GREY if pixels.ndim == 2 else RGB, 0, 0, 0)
    rows = pixels.reshape(height, -1)
    unfiltered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(unfiltered.tobytes())), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
