"""Decoding the contents of image files with Pillow."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from fuel._optional import optional_module

__all__ = ["decoded_image", "image_pixels", "pillow"]

OF_16_BITS = 257
"""What a value of 16 bits is divided by to get one of 8: 65535 / 255."""


def decoded_image(content: bytes, color_mode: str | None, *, upright: bool) -> Any:
    """The image in a file's contents.

    Grey of 16 bits is scaled to 8, where Pillow by itself would cut off what is above 255.

    Args:
        content: of the file.
        color_mode: Pillow's name of what to convert to; None to leave it as it is.
        upright: whether to turn it as its file says that the camera was turned.

    Returns:
        Pillow's image.

    Raises:
        ImportError: if Pillow is not installed.
        Exception: of any kind, if it is damaged or no image.
    """
    images: Any = pillow("Image")
    with images.open(BytesIO(content)) as image:
        if upright:
            pillow("ImageOps").exif_transpose(image, in_place=True)
        if color_mode is None:
            image.load()
            return image.copy()
        if image.mode.startswith("I;16"):
            grey = np.rint(np.asarray(image) / OF_16_BITS).astype(np.uint8)
            return images.fromarray(grey).convert(color_mode)
        return image.convert(color_mode)


def image_pixels(image: Any) -> np.ndarray:
    """Pixels of an image of Pillow's, `(channel, height, width)`."""
    pixels = np.array(image)
    if pixels.ndim == 2:
        return pixels[np.newaxis]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def pillow(name: str) -> Any:
    """A module of Pillow's.

    Raises:
        ImportError: if it is not installed.
    """
    return optional_module(f"PIL.{name}", purpose="decoding images", extra="images")
