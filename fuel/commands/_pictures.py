"""Sample pictures of a source of images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import h5py
import numpy as np

from fuel.commands._encoded_images import holds_files
from fuel.commands._image_header import image_header
from fuel.commands._png import png
from fuel.commands._reading import peek_each, read_each, read_rows
from fuel.commands._thumbnail import thumbnail
from fuel.converters._rows import shapes_of
from fuel.datasets._layout import SourceLayout

__all__ = ["is_pictures", "sample_pictures"]

LARGEST = 128  # pixels of a side
LIGHT = 1 << 15  # bytes of an encoded picture that is shown as it is in any case
LARGEST_FILE = 1 << 25  # bytes of one that is read to make it smaller
HEAVIEST = 1 << 20  # bytes of one that is shown as it is if it cannot be made smaller


def is_pictures(dataset: h5py.Dataset) -> bool:
    """Whether its examples are arrays that can be shown: images by their axes."""
    if not len(dataset) or holds_files(dataset):
        return False
    inner = h5py.check_vlen_dtype(dataset.dtype)
    axes = _axes(dataset)
    is_number = np.dtype(inner or dataset.dtype).kind in "biuf"
    return is_number and "height" in axes and "width" in axes and len(axes) <= 3


def sample_pictures(dataset: h5py.Dataset, rows: Sequence[int]) -> Iterator[tuple[int, str, bytes]]:
    """Row, media type and content of pictures that a browser shows; others are left out.

    Args:
        dataset: of images, as arrays or encoded.
        rows: numbers of rows, in order.

    Raises:
        OSError: if the file is damaged.
    """
    if holds_files(dataset):
        for row, size, start in peek_each(dataset, rows):
            shown = _shown(start) if size <= len(start) else _large(dataset, row, size)
            if shown is not None:
                yield row, *shown
        return
    shapes = shapes_of(dataset)
    for row, value in read_each(dataset, rows):
        example = np.asarray(value)
        if shapes is not None:
            example = example.reshape(shapes[row])
        pixels = _pixels(example, _axes(dataset))
        if pixels is not None:
            yield row, "image/png", png(pixels)


def _large(dataset: h5py.Dataset, row: int, size: int) -> tuple[str, bytes] | None:
    if size > LARGEST_FILE:
        return None
    return _shown(np.asarray(read_rows(dataset, row, row + 1)[0], np.uint8).data)


def _shown(content: memoryview) -> tuple[str, bytes] | None:
    """Media type and content of an encoded picture, made smaller if it is large."""
    header = image_header(content)
    if header is not None and len(content) <= LIGHT:
        return f"image/{header.kind}", bytes(content)
    small = thumbnail(bytes(content), LARGEST)
    if small is not None:
        return "image/jpeg", small
    if header is not None and len(content) <= HEAVIEST:
        return f"image/{header.kind}", bytes(content)
    return None


def _axes(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Names of the axes of an example; those of images are guessed by shape if not given."""
    labels = SourceLayout.of(dataset).axis_labels[1:]
    shapes = shapes_of(dataset)
    sizes = dataset.shape[1:] if shapes is None else shapes[0]
    if not any(labels) and len(labels) == 3 and sizes[0] in (1, 3):
        return ("channel", "height", "width")
    return labels


def _pixels(example: np.ndarray, axes: Sequence[str]) -> np.ndarray | None:
    """Bytes `(height, width)` or `(height, width, 3)`; None if it has no pixels or other axes."""
    if not example.size or len(axes) != example.ndim:
        return None
    places = [axes.index("height"), axes.index("width")]
    others = [place for place in range(example.ndim) if place not in places]
    turned = example.transpose(*places, *others)
    step = max(1, -(-max(turned.shape[:2]) // LARGEST))
    turned = turned[::step, ::step]
    if turned.ndim == 3 and turned.shape[2] != 3:
        turned = turned[:, :, 0]
    if turned.dtype != np.uint8 or turned.max() <= 1:  # numbers of another range, or 0 and 1
        numbers = np.nan_to_num(turned.astype(np.float64), posinf=0, neginf=0)
        low, high = numbers.min(), numbers.max()
        turned = (255 * (numbers - low) / max(high - low, 1e-300)).astype(np.uint8)
    return np.ascontiguousarray(turned)
