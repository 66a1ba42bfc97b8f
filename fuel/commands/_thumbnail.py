"""Small pictures of encoded images."""

from __future__ import annotations

import importlib.util
import io
import warnings
from typing import Any

from fuel._optional import optional_module

__all__ = ["thumbnail"]

MOST_PIXELS = 1 << 25
"""Of an image that is decoded for it."""


def thumbnail(content: bytes, side: int) -> bytes | None:
    """A JPEG file of an image, upright, whose longer side has at most so many pixels.

    Gives None if Pillow is not installed, if the image is larger than 32 million pixels, or if it
    is none that Pillow can decode.
    """
    if importlib.util.find_spec("PIL") is None:
        return None
    images: Any = optional_module("PIL.Image", purpose="small pictures", extra="images")
    operations: Any = optional_module("PIL.ImageOps", purpose="small pictures", extra="images")
    small = io.BytesIO()
    try:
        with warnings.catch_warnings(action="ignore"), images.open(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            image.thumbnail((side, side))
            operations.exif_transpose(image).convert("RGB").save(small, "jpeg")
    except Exception:  # over damaged files Pillow's readers raise errors of any kind
        return None
    return small.getvalue()
