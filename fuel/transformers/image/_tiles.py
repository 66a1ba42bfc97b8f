"""Images side by side in one, and one cut into images."""

import math
from collections.abc import Sequence

import numpy as np

from fuel.transformers.image._crop import checked_shape

__all__ = ["cut_tiles", "tile_images"]


def tile_images(
    images: np.ndarray | Sequence[np.ndarray],
    columns: int | None = None,
    *,
    gap: int = 1,
    value: float = 0,
) -> np.ndarray:
    """One picture of many images, row by row, for looking at a batch.

    >>> import numpy as np
    >>> batch = np.arange(1, 4).reshape(3, 1, 1, 1)
    >>> tile_images(batch, columns=2)[0]
    array([[1, 0, 2],
           [0, 0, 0],
           [3, 0, 0]])

    Args:
        images: `(batch, channel, height, width)` or a sequence of `(channel, height, width)`, of
            any sizes and one number of channels; each is put in the upper left of a tile as large
            as the largest.
        columns: how many tiles stand side by side; default the least that makes the picture no
            higher, in tiles, than wide.
        gap: pixels between tiles.
        value: what is seen between and beside images.

    Returns:
        `(channel, height, width)` of the images' common type.

    Raises:
        ValueError: if there are no images, or they have other axes or several numbers of channels.
    """
    listed = [np.asarray(image) for image in images]
    if not listed or {image.ndim for image in listed} != {3}:
        shapes = sorted({image.shape for image in listed})[:3]
        raise ValueError(
            f"images of shapes {shapes} cannot be tiled; give at least one, each (channel, height, "
            "width)"
        )
    channels = {len(image) for image in listed}
    if len(channels) != 1:
        raise ValueError(f"images have {sorted(channels)} channels; tile those of one number")
    across = math.ceil(math.sqrt(len(listed))) if columns is None else columns
    if across < 1 or gap < 0:
        raise ValueError(f"columns={columns} must be at least 1, and gap={gap} at least 0")
    height = max(image.shape[1] for image in listed) + gap
    width = max(image.shape[2] for image in listed) + gap
    down = math.ceil(len(listed) / across)
    shape = (channels.pop(), down * height - gap, across * width - gap)
    picture = np.full(shape, value, np.result_type(*listed))
    for index, image in enumerate(listed):
        row, column = divmod(index, across)
        top, left = row * height, column * width
        picture[:, top : top + image.shape[1], left : left + image.shape[2]] = image
    return picture


def cut_tiles(images: np.ndarray, tile_shape: Sequence[int]) -> np.ndarray:
    """Images cut into tiles that touch and do not overlap, row by row.

    >>> import numpy as np
    >>> cut_tiles(np.arange(8).reshape(1, 2, 4), (2, 2))[:, 0].tolist()
    [[[0, 1], [4, 5]], [[2, 3], [6, 7]]]

    Args:
        images: `(..., channel, height, width)`.
        tile_shape: height and width of a tile.

    Returns:
        `(..., tile, channel, *tile_shape)`. What is left at the right and at the bottom, being less
        than a tile, is left out. To have every tile as an example of its own, reshape the result,
        in a `Mapping`, to have one axis of examples.

    Raises:
        ValueError: if an image is smaller than a tile.
    """
    height, width = checked_shape("tile_shape", tile_shape)
    *before, channels, full_height, full_width = images.shape
    down, across = full_height // height, full_width // width
    if not down or not across:
        raise ValueError(
            f"images of {full_height} by {full_width} pixels hold no tile of {height} by {width}"
        )
    cut = images[..., : down * height, : across * width]
    split = cut.reshape(*before, channels, down, height, across, width)
    first = len(before)
    moved = np.moveaxis(split, (first + 1, first + 3), (first, first + 1))
    return moved.reshape(*before, down * across, channels, height, width)
