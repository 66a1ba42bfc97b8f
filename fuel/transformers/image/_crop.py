"""Windows cut from images at random places."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fuel._streams._context import Allocate, new_array
from fuel._streams._pending import Pending, as_array
from fuel.streams import AbstractDataStream
from fuel.transformers._random import RandomTransformer
from fuel.transformers.image._formats import (
    ImageTransformer,
    checked_image,
    is_batch_array,
    listed_images,
    pending_images,
)

__all__ = ["RandomFixedSizeCrop", "checked_shape"]


class RandomFixedSizeCrop(RandomTransformer, ImageTransformer):
    """A window of fixed size from each image, every place being equally likely.

    A batch that is one array `(batch, channel, height, width)` gives such an array, a list or array
    of images of any sizes gives a list, and an example `(channel, height, width)` a view of it.

    Args:
        data_stream: the stream to transform.
        window_shape: height and width of the window.
        **kwargs: `which_sources`, the sources to transform (default all), and `rng`, a generator to
            draw from instead of at the item's place.

    Raises:
        ValueError: if `window_shape` is not two positive numbers, if an image is smaller than the
            window, or if what comes are no images.
        AxisLabelsMismatchError: if a source's axes are labelled otherwise.
    """

    def __init__(
        self, data_stream: AbstractDataStream, window_shape: Sequence[int], **kwargs: Any
    ) -> None:
        self.window_shape = checked_shape("window_shape", window_shape)
        super().__init__(data_stream, **kwargs)

    def _knows_pending(self) -> bool:
        return self._is_exactly(RandomFixedSizeCrop)

    def _transform_one(self, example: Any, source: str, allocate: Allocate) -> np.ndarray:
        self.verify_example(source)
        return self._crop(checked_image(example, source), source)

    def _transform_many(self, batch: Any, source: str, allocate: Allocate) -> Any:
        self.verify_batch(source)
        pending = pending_images(batch)
        if pending is None:
            batch = as_array(batch, source)
            if not is_batch_array(batch):
                return [self._crop(image, source) for image in listed_images(batch, source)]
        down, across = self._slack(batch, source)
        count = len(batch)
        columns = self._draws.below(across + 1, count)  # before the rows, as Fuel draws them
        rows = self._draws.below(down + 1, count)
        if pending is not None:
            return pending.cropped(rows, columns, self.window_shape).hand_on(source, allocate)
        windows = _windows(batch, self.window_shape, rows, columns)
        if allocate is new_array:
            return windows
        out = allocate(source, windows.shape, windows.dtype)
        out[...] = windows
        return out

    def _crop(self, image: np.ndarray, source: str) -> np.ndarray:
        down, across = self._slack(image, source)
        row = int(self._draws.below(down + 1)) if down else 0
        column = int(self._draws.below(across + 1)) if across else 0
        height, width = self.window_shape
        return image[:, row : row + height, column : column + width]

    def _slack(self, images: np.ndarray | Pending, source: str) -> tuple[int, int]:
        height, width = images.shape[-2:]
        down, across = height - self.window_shape[0], width - self.window_shape[1]
        if down < 0 or across < 0:
            raise ValueError(
                f"an image of {height} by {width} pixels in source {source!r} holds no window of "
                f"{self.window_shape[0]} by {self.window_shape[1]}; choose a smaller window_shape, "
                "or enlarge small images by MinimumImageDimensions before"
            )
        return down, across


def checked_shape(name: str, shape: Sequence[int]) -> tuple[int, int]:
    """Height and width as a tuple.

    Raises:
        ValueError: if they are not two positive integers.
    """
    sizes = tuple(shape)
    if len(sizes) != 2 or not all(int(size) == size and size >= 1 for size in sizes):
        raise ValueError(f"{name}={shape!r} is no (height, width); give two positive integers")
    return int(sizes[0]), int(sizes[1])


def _windows(
    batch: np.ndarray, shape: tuple[int, int], rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """A window of each image, copied row by row.

    A row of a window is one element of a type as wide as the row, which is copied at once; it is
    twice as fast as a loop over the images.
    """
    batch = np.ascontiguousarray(batch)
    count, channels, height, width = batch.shape
    per_image, per_channel, per_row, per_pixel = batch.strides
    every = np.ndarray(
        (count, height - shape[0] + 1, width - shape[1] + 1, channels, shape[0]),
        f"V{shape[1] * per_pixel}",
        batch,
        strides=(per_image, per_row, per_pixel, per_channel, per_row),
    )
    chosen = every[np.arange(count), rows, columns]
    return chosen.view(batch.dtype).reshape(count, channels, *shape)
