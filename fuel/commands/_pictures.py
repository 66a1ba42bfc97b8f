"""Sample pictures of a source of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from fuel.commands._png import png
from fuel.commands._reading import read_each, read_rows
from fuel.converters._rows import shapes_of
from fuel.datasets._layout import SourceLayout

__all__ = ["is_pictures", "sample_pictures"]

LARGEST = 128  # pixels of a side
HEAVIEST = 1 << 20  # bytes of an encoded picture
ENCODED = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif"}


def is_pictures(dataset: h5py.Dataset) -> bool:
    """Whether its examples can be shown: images by their axes, or encoded ones by their bytes."""
    if not len(dataset):
        return False
    inner = h5py.check_vlen_dtype(dataset.dtype)
    if inner == np.uint8 and shapes_of(dataset) is None:
        return _kind_of(read_rows(dataset, 0, 1)[0]) is not None
    axes = _axes(dataset)
    is_number = np.dtype(inner or dataset.dtype).kind in "biuf"
    return is_number and "height" in axes and "width" in axes and len(axes) <= 3


def sample_pictures(dataset: h5py.Dataset, rows: Sequence[int]) -> list[tuple[int, str, bytes]]:
    """Row, media type and content of pictures that a browser shows; others are left out."""
    found = []
    for row, value in read_each(dataset, rows):
        example = np.asarray(value)
        shapes = shapes_of(dataset)
        kind = _kind_of(example) if example.dtype == np.uint8 and example.ndim == 1 else None
        if shapes is None and kind is not None:
            if example.size <= HEAVIEST:
                found.append((row, kind, example.tobytes()))
            continue
        if shapes is not None:
            example = example.reshape(shapes[row])
        pixels = _pixels(example, _axes(dataset))
        if pixels is not None:
            found.append((row, "image/png", png(pixels)))
    return found


def _axes(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Names of the axes of an example; those of images are guessed by shape if not given."""
    labels = SourceLayout.of(dataset).axis_labels[1:]
    shapes = shapes_of(dataset)
    sizes = dataset.shape[1:] if shapes is None else shapes[0]
    if not any(labels) and len(labels) == 3 and sizes[0] in (1, 3):
        return ("channel", "height", "width")
    return labels


def _kind_of(example: Any) -> str | None:
    start = np.asarray(example)[:4].tobytes()
    return next((kind for magic, kind in ENCODED.items() if start.startswith(magic)), None)


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
