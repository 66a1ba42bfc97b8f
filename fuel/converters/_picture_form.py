"""The form that images of one's own are brought to."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fuel.transformers.image._decoding import decoded_image, image_pixels, pillow

__all__ = ["COLORS", "FITS", "PictureForm"]

FITS = ("crop", "stretch")
COLORS = ("RGB", "L")


@dataclass(frozen=True)
class PictureForm:
    """Size and colours of an image.

    Args:
        size: height and width; None to leave them as they are.
        fit: `crop` to fill the size, keeping the proportions, and cut what is over; `stretch`
            to change the proportions.
        color: `RGB` for three channels, `L` for one.

    Raises:
        ValueError: if `fit` or `color` is another, or `stretch` is to reach no size.
    """

    size: tuple[int, int] | None
    fit: str
    color: str

    def __post_init__(self) -> None:
        for name, value, choices in (("fit", self.fit, FITS), ("color", self.color, COLORS)):
            if value not in choices:
                raise ValueError(f"{name}={value!r} is none; choose {' or '.join(choices)}")
        if self.fit != "crop" and self.size is None:
            raise ValueError(
                f"fit={self.fit!r} says how to reach a size, but there is none; give one"
            )

    def pixels(self, content: bytes, path: Path) -> np.ndarray:
        """An image, upright and in this form, as `(channel, height, width)` bytes.

        Args:
            content: of its file.
            path: of its file, for errors.

        Raises:
            ValueError: if it is no image, or a damaged one.
        """
        upright = _upright(content, path, self.color)
        if self.size is not None:
            upright = self._sized(upright, self.size[::-1])
        return image_pixels(upright)

    def _sized(self, image: Any, width_first: tuple[int, int]) -> Any:
        smooth = pillow("Image").Resampling.LANCZOS
        if self.fit == "crop":
            return pillow("ImageOps").fit(image, width_first, smooth)
        return image.resize(width_first, smooth)


def _upright(content: bytes, path: Path, color: str) -> Any:
    images = pillow("Image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged remarks by cameras, say
            warnings.simplefilter("error", images.DecompressionBombWarning)
            return decoded_image(content, color, upright=True)
    except Exception as error:  # over damaged files Pillow's readers raise errors of any kind
        reason = "of no kind that is known" if "cannot identify" in str(error) else error
        raise ValueError(f"{path} is no image, or a damaged one: {reason}") from error
