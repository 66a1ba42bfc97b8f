"""Files in archives, read whole or decoded, one at a time."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from fuel._files._archive import ArchiveError, ArchiveMember
from fuel._optional import optional_module

__all__ = ["channels_first", "pillow", "read_member", "rgb_image"]

MEMBER_LIMIT = 1 << 28
PIXEL_LIMIT = 1 << 26
FORMATS = ("JPEG", "PNG")
UNDECODABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError)


def read_member(member: ArchiveMember, limit: int = MEMBER_LIMIT) -> bytes:
    """All bytes of a file in an archive.

    Raises:
        ArchiveError: if it has more than `limit` bytes, or the archive is damaged.
    """
    if member.size > limit:
        raise ArchiveError(
            f"{member.name} in {member.archive} has {member.size} bytes, which no such file has; "
            f"at most {limit} are read"
        )
    content = member.file.read()
    if len(content) != member.size:
        raise ArchiveError(
            f"{member.name} in {member.archive} is damaged: it has {len(content)} bytes, and "
            f"should have {member.size}"
        )
    return content


def pillow() -> ModuleType:
    """Pillow's module `Image`, which decodes images.

    Raises:
        ImportError: if Pillow is not installed; says how to install it.
    """
    return optional_module("PIL.Image", purpose="decoding images", extra="images")


def rgb_image(content: bytes, name: str) -> Any:
    """A JPEG or PNG image as a Pillow image in RGB, decoded.

    Args:
        content: the file's bytes.
        name: what to call it in an error.

    Raises:
        ImportError: if Pillow is not installed.
        ValueError: if it is damaged, is of another format, or has more than 2**26 pixels.
    """
    images = pillow()
    undecodable = (*UNDECODABLE, struct.error, zlib.error, images.DecompressionBombError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, and of sizes checked here
            image = images.open(io.BytesIO(content), formats=FORMATS)
            if image.width * image.height > PIXEL_LIMIT:
                raise ValueError(f"it has {image.width} x {image.height} pixels, which is too many")
            return image.convert("RGB")
    except undecodable as error:
        raise ValueError(f"{name} is no image, or a damaged one: {error}") from error


def channels_first(image: Any) -> npt.NDArray[np.uint8]:
    """A Pillow image in RGB as `(3, height, width)` bytes."""
    return np.ascontiguousarray(np.asarray(image, np.uint8).transpose(2, 0, 1))
