"""Images turned by random angles."""

import math
from typing import Any

import numpy as np

from fuel._streams._context import Allocate
from fuel.streams import AbstractDataStream
from fuel.transformers._random import RandomTransformer, in_object_array
from fuel.transformers.image._formats import (
    ImageTransformer,
    checked_image,
    is_batch_array,
    listed_images,
)
from fuel.transformers.image._resampling import checked_filter, rotate

__all__ = ["Random2DRotation"]


class Random2DRotation(RandomTransformer, ImageTransformer):
    """Each image turned about its middle by a random angle; where it had no pixel, it is 0.

    All channels of an image turn alike. The angle is uniformly distributed. What comes as one array
    goes as one, a list as a list, an array of images as such; any number of channels and any number
    type will do.

    Args:
        data_stream: the stream to transform.
        maximum_rotation: the greatest angle either way, in radians, above 0 and at most pi.
        resample: `"nearest"`, `"bilinear"` or `"bicubic"`: what to take between the pixels.
        **kwargs: `which_sources`, the sources to transform (default all), and `rng`, a generator to
            draw from instead of at the item's place.

    Raises:
        ValueError: if `maximum_rotation` or `resample` is something else, or if what comes are no
            images.
        AxisLabelsMismatchError: if a source's axes are labelled otherwise.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        maximum_rotation: float = math.pi,
        resample: str = "nearest",
        **kwargs: Any,
    ) -> None:
        if not 0 < maximum_rotation <= math.pi:
            raise ValueError(
                f"maximum_rotation={maximum_rotation} must be above 0 and at most pi; it is in "
                "radians"
            )
        self.maximum_rotation = float(maximum_rotation)
        self.resample = checked_filter(resample)
        super().__init__(data_stream, **kwargs)

    def _transform_one(self, example: Any, source: str, allocate: Allocate) -> np.ndarray:
        self.verify_example(source)
        image = checked_image(example, source)
        return rotate(image, float(self._angles(None)), self.resample)

    def _transform_many(self, batch: Any, source: str, allocate: Allocate) -> Any:
        self.verify_batch(source)
        if is_batch_array(batch):
            out = allocate(source, batch.shape, batch.dtype)
            for index, angle in enumerate(self._angles(len(batch))):
                out[index] = rotate(batch[index], angle, self.resample)
            return out
        images = listed_images(batch, source)
        turned = [
            rotate(image, angle, self.resample)
            for image, angle in zip(images, self._angles(len(images)), strict=True)
        ]
        return in_object_array(turned) if isinstance(batch, np.ndarray) else turned

    def _angles(self, count: int | None) -> np.ndarray:
        return self._draws.uniform(-self.maximum_rotation, self.maximum_rotation, count)
