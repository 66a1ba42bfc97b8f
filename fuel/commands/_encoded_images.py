"""What kinds of images a source of encoded ones holds, told from some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from fuel.commands._image_header import ImageHeader, image_header
from fuel.commands._reading import peek_each
from fuel.commands._samples import sample_rows
from fuel.converters._rows import shapes_of
from fuel.datasets._layout import SourceLayout

__all__ = ["EncodedImages", "encoded_images", "holds_files"]

ROWS = 128


@dataclass(frozen=True, kw_only=True)
class EncodedImages:
    """Figures of some encoded images, which are texts for a table.

    Args:
        examined: how many rows were looked at.
        kinds: of files, and how often each comes.
        heights: least and greatest, in pixels.
        widths: the same.
        channels: how many, and how often.
        sizes: least and greatest, in bytes.
        decoded_to: what a default stream decodes them to; `bytes` if it does not.
    """

    examined: str
    kinds: str
    heights: str
    widths: str
    channels: str
    sizes: str
    decoded_to: str


def holds_files(dataset: h5py.Dataset) -> bool:
    """Whether a source may hold the contents of files: bytes of any length, without shapes."""
    inner = h5py.check_vlen_dtype(dataset.dtype)
    return dataset.ndim == 1 and inner == np.uint8 and shapes_of(dataset) is None


def encoded_images(dataset: h5py.Dataset) -> EncodedImages | None:
    """Figures of images from all over a source; None if none of those looked at is an image.

    Little more is read than the beginnings of some files.

    Raises:
        OSError: if the file is damaged.
    """
    if not len(dataset) or not holds_files(dataset):
        return None
    found: list[ImageHeader | None] = []
    sizes: list[int] = []
    for _, size, start in peek_each(dataset, sample_rows(dataset, ROWS)):
        found.append(image_header(start))
        sizes.append(size)
    known = [header for header in found if header is not None]
    if not known:
        return None
    return EncodedImages(
        examined=f"{len(found):,}",
        kinds=_counts([header.kind if header else "others" for header in found]),
        heights=_span([header.height for header in known]),
        widths=_span([header.width for header in known]),
        channels=_counts([header.channels for header in known]),
        sizes=_span(sizes),
        decoded_to=SourceLayout.of(dataset).color_mode or "bytes",
    )


def _counts(values: Sequence[Any]) -> str:
    """How often each comes, the most frequent first; the value alone if there is but one."""
    counts = sorted(Counter(values).items(), key=lambda pair: (-pair[1], str(pair[0])))
    if len(counts) == 1:
        return str(counts[0][0])
    return ", ".join(f"{value}: {count}x" for value, count in counts)


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
