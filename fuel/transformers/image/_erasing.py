"""Rectangles of images erased at random."""

import math
from typing import Any

import numpy as np

from fuel._streams._context import Allocate
from fuel.streams import AbstractDataStream
from fuel.transformers._random import RandomTransformer, checked_probability, in_object_array
from fuel.transformers.image._formats import (
    ImageTransformer,
    checked_image,
    is_batch_array,
    listed_images,
)

__all__ = ["RandomErasing"]


class RandomErasing(RandomTransformer, ImageTransformer):
    """Of some of the images a rectangle erased, all channels alike.

    Z. Zhong, L. Zheng, G. Kang, S. Li and Y. Yang, "Random erasing data augmentation", AAAI 2020.
    The rectangle's share of the area is uniformly distributed and so is the logarithm of its height
    over its width; then it is cut to the image's height and width if need be, and every place
    where it fits is equally likely.

    Args:
        data_stream: the stream to transform.
        probability: of an image losing a rectangle.
        area: the least and the greatest share of the image's area, from 0 to 1.
        aspect: the least and the greatest height over width.
        value: what to write instead.
        **kwargs: `which_sources`, the sources to transform (default all), and `rng`, a generator to
            draw from instead of at the item's place.

    Raises:
        ValueError: if a range is empty or beyond its bounds, or if what comes are no images.
        AxisLabelsMismatchError: if a source's axes are labelled otherwise.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        probability: float = 0.5,
        *,
        area: tuple[float, float] = (0.02, 0.4),
        aspect: tuple[float, float] = (0.3, 1 / 0.3),
        value: float = 0,
        **kwargs: Any,
    ) -> None:
        self.probability = checked_probability("probability", probability)
        if not 0 <= area[0] <= area[1] <= 1:
            raise ValueError(f"area={area!r} is no range of shares; they go from 0 to 1")
        if not 0 < aspect[0] <= aspect[1] < math.inf:
            raise ValueError(f"aspect={aspect!r} is no range of positive numbers")
        self.area = area
        self.aspect = aspect
        self.value = value
        super().__init__(data_stream, **kwargs)

    def _transform_one(self, example: Any, source: str, allocate: Allocate) -> np.ndarray:
        self.verify_example(source)
        out = checked_image(example, source).copy()
        self._erase([out])
        return out

    def _transform_many(self, batch: Any, source: str, allocate: Allocate) -> Any:
        self.verify_batch(source)
        if is_batch_array(batch):
            out = allocate(source, batch.shape, batch.dtype)
            np.copyto(out, batch)
            self._erase(out)
            return out
        images = [image.copy() for image in listed_images(batch, source)]
        self._erase(images)
        return in_object_array(images) if isinstance(batch, np.ndarray) else images

    def _erase(self, images: Any) -> None:
        count = len(images)
        chosen = self._draws.coins(self.probability, (count,)).tolist()
        shares = self._draws.uniform(*self.area, count)
        low, high = map(math.log, self.aspect)
        aspects = np.exp(self._draws.uniform(low, high, count))
        down, across = self._draws.uniform(0, 1, 2 * count).reshape(2, count)
        for index, image in enumerate(images):
            if chosen[index]:
                height, width = image.shape[-2:]
                pixels = shares[index] * height * width
                rows = min(height, round(math.sqrt(pixels * aspects[index])))
                columns = min(width, round(math.sqrt(pixels / aspects[index])))
                top = int(down[index] * (height - rows + 1))
                left = int(across[index] * (width - columns + 1))
                image[:, top : top + rows, left : left + columns] = self.value
